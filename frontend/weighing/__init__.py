"""One weighing at the kiosk: its steps, its picture and what it stands on; no screen."""
