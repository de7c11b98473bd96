"""The kiosk's pages, one module each."""
