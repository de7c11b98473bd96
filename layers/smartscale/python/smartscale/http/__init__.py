"""What the HTTP functions share: the application, its error format, and its documents."""
