"""A day's report."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from frontend.labels.issued import Issued
from frontend.labels.report import as_csv, figures, report_of, row
from frontend.labels.slip import slip
from frontend.words.languages import load_languages
from smartscale.contract.weighing import Act, ConfirmedBy, Result, StaffAct, Status, Unit

EN = load_languages()["en"]
AT = datetime(2026, 11, 28, 9, tzinfo=UTC)


def sale(label: str = "Banana", **said: object) -> Result:
    """A weighing that was sold: half a kilogram for 0.95."""
    usual: dict[str, object] = {
        "job_id": "1", "status": Status.DONE, "label": label, "name": label, "unit": Unit.KG,
        "quantity": 1, "net_kg": Decimal("0.500"), "price": Decimal("0.95"), "currency": "EUR",
        "needs_confirmation": False,
    }  # fmt: skip
    return Result.model_validate(usual | said)


VOIDED = StaffAct(what=Act.VOID, staff="manager@kiosk-1", at=AT)
AGAIN = StaffAct(what=Act.REPRINT, staff="attendant@kiosk-1", at=AT)
DAY = (
    sale(),
    sale(confirmed_label="Banana", confirmed_by=ConfirmedBy.ATTENDANT, acts=(AGAIN, AGAIN)),
    sale("Pepper", unit=Unit.EACH, quantity=4, price=Decimal("3.56"), net_kg=Decimal("0.702")),
    sale(voided=True, acts=(VOIDED,), price=Decimal("99.00")),
    sale(needs_confirmation=True),
    sale("Pepper", unit=Unit.EACH, needs_count=True),
    sale("Leek", suspicious=True, price=Decimal("0.10")),
    Result(job_id="9", status=Status.FAILED, error="bad"),
)


def test_what_was_sold_is_added_up_and_what_was_voided_or_is_open_is_not() -> None:
    report = report_of(DAY, labels=5, copies=2)
    assert [row(line, EN) for line in (*report.lines, *report.totals)] == [
        ("Pepper", "1", "4", "0.702\u00a0kg", "€3.56"),
        ("Banana", "2", "", "1.000\u00a0kg", "€1.90"),
        ("Leek", "1", "", "0.500\u00a0kg", "€0.10"),
        ("All items", "4", "4", "2.202\u00a0kg", "€5.56"),
    ]
    assert dict(figures(report, EN)) == {
        "Weighings": "8",
        "Without a price that holds": "3",
        "Corrections": "1",
        "Voided": "1",
        "Suspicious": "1",
        "Labels": "5",
        "Of these copies": "2",
        "Printed again by staff": "2",
    }


def test_a_spreadsheet_has_plain_figures() -> None:
    table = list(csv.reader(as_csv(report_of(DAY, 5, 2), EN).lstrip("\ufeff").splitlines()))
    assert table[0] == ["Item", "Weighings", "Pieces", "Kilograms", "Money", "Currency"]
    assert table[1] == ["Pepper", "1", "4", "0.702", "3.56", "EUR"]
    assert ["Voided", "1"] in [line[:2] for line in table]


def test_a_day_without_weighings_is_all_zeros() -> None:
    report = report_of((), 0, 0)
    assert (report.lines, report.totals, report.weighings) == ([], [], 0)


def test_the_slip_grows_with_its_lines() -> None:
    few, many = (slip("Report", [("Banana", "€1.90")] * n, EN) for n in (1, 9))
    assert few.width == many.width == 384
    assert many.height - few.height == 8 * 28
    assert min(few.tobytes()) < 128, "something is printed"


def test_labels_are_counted_with_their_copies(tmp_path: Path) -> None:
    issued = Issued(tmp_path / "labels.sqlite")
    for sold in ("a", "b", "a"):
        issued.issue(sold)
    issued.take_back("b", copy=False)
    now = datetime.now(UTC)
    assert issued.count(now - timedelta(days=1), now + timedelta(days=1)) == (2, 1)
    assert issued.count(AT.replace(year=2020), AT.replace(year=2021)) == (0, 0)
    issued.close()
