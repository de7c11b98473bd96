"""What the shopper's and the staff's pages draw with."""
