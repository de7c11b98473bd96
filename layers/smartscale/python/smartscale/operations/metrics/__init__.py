"""What the operators are told, and ask."""
