"""What the manager's pages consist of."""
