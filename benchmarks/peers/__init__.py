"""What SmartScale is measured against: README.md says what, and how."""
