"""Weighings as a table for a spreadsheet."""

from collections.abc import Iterable

from fastapi import Response

from smartscale.contract.weighing import Result
from smartscale.domain.spreadsheet import write_table

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
    "confirmed_by_staff",
    "voided",
    "suspicious",
    "suspicious_reason",
    "charged_offline",
    "weight_kg",
    "tare_kg",
    "net_kg",
    "unit",
    "quantity",
    "needs_count",
    "unit_price",
    "price",
    "currency",
    "error",
)


def as_csv(results: Iterable[Result]) -> Response:
    """The weighings as a CSV file, one a line."""
    rows = (result.model_dump(mode="json") for result in results)
    table = write_table([COLUMNS, *([row[column] for column in COLUMNS] for row in rows)])
    return csv_file(table, "weighings.csv")


def csv_file(table: str, name: str) -> Response:
    """An answer that a browser saves as a file of this name."""
    return Response(
        table,
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
