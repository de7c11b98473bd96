"""The HTTP API as the kiosk sees it."""
