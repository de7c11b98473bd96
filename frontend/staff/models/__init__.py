"""Which model answers, and what the shop has taught it."""
