"""How model and system are doing."""
