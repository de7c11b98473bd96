"""What the shop teaches its scales."""
