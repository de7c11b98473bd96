"""Who may do what staff does."""
