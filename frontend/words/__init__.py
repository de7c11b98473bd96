"""The kiosk's sentences in six languages."""
