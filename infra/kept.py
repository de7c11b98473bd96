"""What the embedded emulator keeps, for how long, and who has it kept."""

from datetime import timedelta

ROWS_FILE = "rows.sqlite"
"""The file, beside the saved state, that the weighings' rows are in all the time."""
FIGURES_KEPT = timedelta(days=32)
"""How long figures are kept: a day longer than the longest time that analytics show."""
SAVE_PATH = "/_smartscale/save"
"""Where a signed POST has the emulator save the rest."""
