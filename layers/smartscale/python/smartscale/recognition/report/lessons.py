"""What the report says of lessons: curves over how many of them each item was taught."""

from collections.abc import Callable, Sequence

from smartscale.recognition.report.charts import Axis, Dot, Line, Plot
from smartscale.recognition.report.document import Chart, Section, Share, Table, percent
from smartscale.recognition.teaching import LessonQuality

_Figure = Callable[[LessonQuality], float | None]
_SHARES: tuple[tuple[str, str, _Figure], ...] = (
    ("Right at once (top-1)", "top-1", lambda one: one.top1),
    ("Among the first three (top-3)", "top-3", lambda one: one.top3),
    ("Asked", "asked", lambda one: one.asked),
    ("Wrong among those not asked", "wrong when not asked", lambda one: one.error_when_sure),
)
_ROOM = 1.1
_LEAST = {"wrong when not asked": 0.02}
"""How far up an axis goes at least; the others go up to 1."""


def lessons_section(lessons: Sequence[LessonQuality]) -> Section:
    """The curves and the figures, one row for each number of lessons."""
    curves = [_curve(lessons, *named) for named in _SHARES]
    curves.append(_curve(lessons, "Taps per weighing", "taps", lambda one: one.taps, percent=False))
    rows = [
        (
            str(one.k),
            one.n,
            Share(one.top1) if one.top1 is not None else "-",
            percent(one.top3),
            percent(one.ece),
            percent(one.asked),
            percent(one.error_when_sure),
            "-" if one.taps is None else f"{one.taps:.2f}",
            "-" if one.known is None else f"{one.known.top1 - one.known.top1_before:+.1%}",
        )
        for one in lessons
    ]
    headings = (
        *("lessons", "photos", "top-1", "top-3", "calibration error", "asked"),
        *("wrong when not asked", "taps", "top-1 of what was known"),
    )
    return Section(
        "What lessons bring",
        f"So many photos of each item were taught and the others measured: means over "
        f"{lessons[0].draws} draws. Photos of one scene are never on both sides.",
        [Chart(plot, "By the number of lessons per item.") for plot in curves],
        [Table(headings, rows)],
    )


def _curve(
    lessons: Sequence[LessonQuality],
    title: str,
    name: str,
    figure: _Figure,
    *,
    percent: bool = True,
) -> Plot:
    found = [(one.k, value) for one in lessons if (value := figure(one)) is not None]
    highest = max((value for _, value in found), default=0.0)
    top = 1.0
    if not percent or name in _LEAST:
        top = max(_ROOM * highest, _LEAST.get(name, 1.0))
    plot = Plot(
        f"{title}, by lessons per item",
        Axis("lessons per item", high=max([k for k, _ in found] + [1]), percent=False),
        Axis(name, high=top, percent=percent),
        lines=[Line(found)] if len(found) > 1 else [],
    )
    for k, value in found:
        shown = f"{value:.1%}" if percent else f"{value:.2f}"
        plot.dots.append(Dot(k, value, f"{k} lessons: {shown}"))
    return plot
