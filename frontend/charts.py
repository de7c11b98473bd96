"""Small charts as SVG text: they need no library in the browser, and say what they show."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 320, 72
_FOOT = 2


def bars(
    values: Sequence[float | None], titles: Sequence[str], label: str, *, full: float | None = None
) -> str:
    """One bar a period, as high as its share of `full`, else of the largest.

    Its title appears where a pointer rests on it.
    """
    top = full or max((value for value in values if value), default=0.0)
    step = WIDTH / max(len(values), 1)
    drawn = []
    for index, (value, title) in enumerate(zip(values, titles, strict=True)):
        share = (value or 0.0) / top if top else 0.0
        height = max(share * (HEIGHT - _FOOT), 3.0) if share else 1.0
        drawn.append(
            f'<rect class="{"bar-value" if share else "bar-none"}" x="{index * step:.1f}" '
            f'y="{HEIGHT - height:.1f}" width="{max(step - 2, 1):.1f}" height="{height:.1f}" '
            f'rx="1.5"><title>{escape(title)}</title></rect>'
        )
    return _svg("".join(drawn), label)


def lines(series: Sequence[Sequence[float | None]], label: str) -> str:
    """Lines over the same periods, the last one most prominent; gaps where nothing is known."""
    top = max((value for line in series for value in line if value), default=0.0)
    drawn = [f'<path class="line-zero" d="M0 {HEIGHT - 1}H{WIDTH}"/>']
    for order, line in enumerate(series):
        kind = "line-main" if order == len(series) - 1 else "line-other"
        drawn.extend(f'<polyline class="{kind}" points="{points}"/>' for points in _runs(line, top))
    return _svg("".join(drawn), label)


def _runs(line: Sequence[float | None], top: float) -> list[str]:
    """The unbroken runs of a line as SVG points; a lone value becomes a short dash."""
    step = WIDTH / max(len(line), 1)
    runs: list[list[str]] = [[]]
    for index, value in enumerate(line):
        if value is None:
            runs.append([])
            continue
        y = HEIGHT - 4 - (value / top if top else 0.0) * (HEIGHT - 10)
        runs[-1].append(f"{(index + 0.5) * step:.1f},{y:.1f}")
    joined = []
    for run in runs:
        if len(run) == 1:
            left, height = run[0].split(",")
            run.append(f"{float(left) + min(step, 6):.1f},{height}")
        if run:
            joined.append(" ".join(run))
    return joined


def _svg(content: str, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label, quote=True)}">{content}</svg>'
    )
