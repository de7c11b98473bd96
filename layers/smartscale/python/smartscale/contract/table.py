"""Tables as files for spreadsheets, by the same rule wherever they are made."""

from smartscale.domain.spreadsheet import write_table

__all__ = ["write_table"]
