"""What the shopper sees and does."""
