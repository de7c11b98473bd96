"""A day's report: what was weighed and sold, by item, with what staff did and the labels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.table import write_table
from smartscale.contract.weighing import Act, ConfirmedBy, Result, Status, Unit

ITEM, WEIGHINGS, PIECES, KILOGRAMS, MONEY = (
    N_("Item"),
    N_("Weighings"),
    N_("Pieces"),
    N_("Kilograms"),
    N_("Money"),
)
COLUMNS = (ITEM, WEIGHINGS, PIECES, KILOGRAMS, MONEY)


@dataclass
class Line:
    """What was sold of one item in one currency. Kilograms are net."""

    name: str
    currency: str
    weighings: int = 0
    pieces: int = 0
    kg: Decimal = Decimal("0.000")
    money: Decimal = Decimal(0)

    def add(self, result: Result) -> None:
        """Add one sale."""
        self.weighings += 1
        self.pieces += (result.quantity or 1) if result.unit is Unit.EACH else 0
        self.kg += result.net_kg or 0
        self.money += result.price or 0


@dataclass
class Report:
    """The figures of one day."""

    lines: list[Line] = field(default_factory=list)
    """By item, what brought most money first."""
    totals: list[Line] = field(default_factory=list)
    """By currency, nearly always one."""
    weighings: int = 0
    """All of them, whatever became of them."""
    open: int = 0
    """Those that nobody has confirmed or counted, and that failed: they are in no sum."""
    corrections: int = 0
    """By staff."""
    voids: int = 0
    reprints: int = 0
    suspicious: int = 0
    labels: int = 0
    copies: int = 0
    """How many of the labels were marked as copies."""


def report_of(results: Iterable[Result], labels: int, copies: int) -> Report:
    """The report of a day's weighings; what was voided is in no sum.

    Args:
        results: the weighings.
        labels: how many labels the kiosk issued.
        copies: how many of them were copies.
    """
    report = Report(labels=labels, copies=copies)
    lines: dict[tuple[str, str], Line] = {}
    totals: dict[str, Line] = {}
    for result in results:
        report.weighings += 1
        report.corrections += result.confirmed_by is ConfirmedBy.ATTENDANT
        report.voids += result.voided
        report.reprints += sum(act.what is Act.REPRINT for act in result.acts)
        report.suspicious += result.suspicious
        if result.voided:
            continue
        settled = not (result.needs_confirmation or result.needs_count)
        if result.status is not Status.DONE or not settled or result.price is None:
            report.open += 1
            continue
        label, currency = result.sold_label or "", result.currency or ""
        new = Line(result.name or label, currency)
        lines.setdefault((label, currency), new).add(result)
        totals.setdefault(currency, Line("", currency)).add(result)
    report.lines = sorted(lines.values(), key=lambda line: line.money, reverse=True)
    report.totals = list(totals.values())
    return report


def figures(report: Report, t: Language) -> list[tuple[str, str]]:
    """The figures besides the items."""
    counts = (
        (t("Weighings"), report.weighings),
        (t("Without a price that holds"), report.open),
        (t("Corrections"), report.corrections),
        (t("Voided"), report.voids),
        (t("Suspicious"), report.suspicious),
        (t("Labels"), report.labels),
        (t("Of these copies"), report.copies),
        (t("Printed again by staff"), report.reprints),
    )
    return [(title, wording.count(number, t)) for title, number in counts]


def row(line: Line, t: Language) -> tuple[str, ...]:
    """A line as people read it."""
    return (
        line.name or t("All items"),
        wording.count(line.weighings, t),
        wording.count(line.pieces, t) if line.pieces else "",
        wording.kilograms(line.kg, t),
        wording.money(line.money, line.currency, t) if line.currency else "",
    )


def as_csv(report: Report, t: Language) -> str:
    """The report as a table for a spreadsheet."""
    header = [t(title) for title in COLUMNS]
    table: list[list[object]] = [
        [*header[:4], t("Money"), t("Currency")],
        *(
            [line.name or t("All items"), line.weighings, line.pieces, f"{line.kg:f}",
             f"{line.money:f}", line.currency]
            for line in (*report.lines, *report.totals)
        ),
        *([title, number] for title, number in _plain(report, t)),
    ]  # fmt: skip
    return write_table(table)


def _plain(report: Report, t: Language) -> list[tuple[str, int]]:
    numbers = (
        report.weighings, report.open, report.corrections, report.voids, report.suspicious,
        report.labels, report.copies, report.reprints,
    )  # fmt: skip
    return [(title, number) for (title, _), number in zip(figures(report, t), numbers, strict=True)]
