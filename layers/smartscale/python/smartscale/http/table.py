"""Weighings as a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterable

from fastapi import Response

from smartscale.contract.weighing import Result

COLUMNS = (
    "created_at",
    "job_id",
    "scale_id",
    "status",
    "label",
    "name",
    "confidence",
    "needs_confirmation",
    "confirmed_label",
    "confirmed_by",
    "suspicious",
    "suspicious_reason",
    "charged_offline",
    "weight_kg",
    "tare_kg",
    "net_kg",
    "unit",
    "quantity",
    "unit_price",
    "price",
    "currency",
    "error",
)


def as_csv(results: Iterable[Result]) -> Response:
    """The weighings as CSV (RFC 4180), one a line."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    table.writeheader()
    for result in results:
        row = result.model_dump(mode="json")
        table.writerow({column: _cell(row[column]) for column in COLUMNS})
    return Response(
        out.getvalue(),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="weighings.csv"'},
    )


def _cell(value: object) -> object:
    # A spreadsheet runs a cell that starts like a formula; names and errors are other people's.
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
