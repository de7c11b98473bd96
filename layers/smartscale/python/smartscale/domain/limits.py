"""How much of something is taken."""

MAX_IMAGE_BYTES = 10_000_000
"""The largest picture file."""
