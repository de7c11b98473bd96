"""Makes a machine a kiosk, and takes that away again: what is written where, and how."""
