"""What was weighed, and its corrections."""
