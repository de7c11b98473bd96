"""Scales: the port that the kiosk weighs through, and the scales behind it."""
