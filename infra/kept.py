"""What the embedded emulator keeps, and for how long."""

from datetime import timedelta

ROWS_FILE = "rows.sqlite"
"""The file, beside the saved state, that the weighings' rows are in all the time."""
FIGURES_KEPT = timedelta(days=32)
"""How long figures are kept: a day longer than the longest time that analytics show."""
