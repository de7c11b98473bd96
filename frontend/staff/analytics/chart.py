"""Charts to hover and to export, each with the same figures as a table."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nicegui import ui

from frontend.screen import theme
from frontend.words.languages import Language
from smartscale.contract.table import write_table

MAIN, OTHER, ALERT = "#14532d", "#3f8f5f", "#8f2d1d"
"""Colours that stand out from white by 3:1 and more."""
_INK = "#17211b"


@dataclass(frozen=True)
class Series:
    """One row of figures over the same places; None where nothing is known."""

    name: str
    values: Sequence[float | None]
    kind: str = "line"
    colour: str = MAIN


@dataclass(frozen=True)
class Chart:
    """Figures over places, such as times or items."""

    name: str
    """For the file and for tests."""
    title: str
    places: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    """The unit behind a figure: ` ms`, ` %`."""
    place: str = ""
    """What the places are."""
    top: float | None = None
    across: bool = False
    """Whether the bars are horizontal, which leaves room for long names."""

    @property
    def rows(self) -> list[list[str]]:
        """The figures as a table, with its head."""
        head = [self.place, *(f"{one.name}{self.unit}" for one in self.series)]
        columns = [[_data_value(value) for value in one.values] for one in self.series]
        return [head, *([place, *row] for place, *row in zip(self.places, *columns, strict=True))]

    def options(self, t: Language) -> dict[str, Any]:
        """As ECharts draws it."""
        # Our own units and a language's code: nothing of it comes from outside.
        formatter = (
            "(value) => value == null ? '—' : "
            f"value.toLocaleString({json.dumps(t.code)}) + {json.dumps(self.unit)}"
        )
        places: dict[str, Any] = {
            "type": "category",
            "data": list(self.places),
            "axisLabel": {"color": _INK, "alignMinLabel": "left", "alignMaxLabel": "right"},
        }
        figures: dict[str, Any] = {
            "type": "value",
            "axisLabel": {"color": _INK, ":formatter": formatter},
            "splitLine": {"lineStyle": {"color": "#d7ded8"}},
            "minInterval": 0 if self.unit else 1,
        }
        if self.top is not None:
            figures["max"] = self.top
        if self.across:
            places |= {"inverse": True, "axisLabel": {"color": _INK}}
        return {
            "textStyle": {"fontFamily": "inherit", "fontSize": 14},
            "animation": False,
            "color": [one.colour for one in self.series],
            "grid": {
                "left": 8,
                "right": 16,
                "top": 44 if len(self.series) > 1 else 12,
                "bottom": 8,
                "containLabel": True,
            },
            "legend": {
                "show": len(self.series) > 1,
                "left": 0,
                "top": 0,
                "textStyle": {"color": _INK},
            },
            "tooltip": {
                "trigger": "axis",
                "confine": True,
                ":valueFormatter": formatter,
            },
            "xAxis": figures if self.across else places,
            "yAxis": places if self.across else figures,
            "series": [
                {
                    "name": one.name,
                    "type": one.kind,
                    "data": list(one.values),
                    "symbolSize": 7,
                    "showSymbol": sum(value is not None for value in one.values) < _FEW,
                    "barMaxWidth": 28,
                    "lineStyle": {"width": 2.5},
                    "showAllSymbol": True,
                }
                for one in self.series
            ],
        }

    def build(self, t: Language) -> None:
        """Draw the chart, with buttons that download its picture and its figures."""
        drawn = None
        if any(value is not None for one in self.series for value in one.values):
            height = f"{max(len(self.places) * 34 + 60, 160)}px" if self.across else "260px"
            drawn = canvas(self.options(t), self.title, height)
        take_away(self.name, self.title, self.rows, t, drawn)


_FEW = 40
"""With more points, dots would hide the line."""
_SAVE = (
    "() => Object.assign(document.createElement('a'), "
    "{{href: getElement({chart}).chart.getDataURL(), download: '{file}'}}).click()"
)


def canvas(options: dict[str, Any], title: str, height: str) -> ui.echart:
    """A chart of ECharts; what it shows stands in the table below it, too."""
    chart = ui.echart(options, renderer="svg").classes("echart").style(f"height: {height}")
    chart.props["role"] = "img"
    chart.props["aria-label"] = title
    chart.props["dir"] = "ltr"
    return chart


def take_away(
    name: str, title: str, rows: list[list[str]], t: Language, drawn: ui.echart | None
) -> None:
    """The figures as a table that unfolds and as a file, and what is drawn as a picture."""
    with ui.element("div").classes("take-away"):
        with ui.element("details").classes("figures").mark(f"figures-{name}"):
            figures = f"{t('Figures')}: {title}"
            theme.text(t("Figures"), "summary").props["aria-label"] = figures
            table(rows, figures)
        if drawn is not None:
            save = theme.action(t("Save as picture"), kind="quiet").mark(f"picture-{name}")
            save.props["aria-label"] = f"{t('Save as picture')}: {title}"
            # The browser drew the chart, so the browser saves its picture.
            save.on("click", js_handler=_SAVE.format(chart=drawn.id, file=f"{name}.svg"))
        button = theme.action("CSV", lambda: _download(name, rows), kind="quiet")
        button.mark(f"csv-{name}").props["aria-label"] = f"CSV: {title}"


def table(rows: list[list[str]], title: str) -> None:
    """A table with a head, for eyes and screen readers; one element, since it may be long."""
    head, *body = rows
    with ui.element("div").classes("scroller").props("tabindex=0 role=region") as scroller:
        scroller.props["aria-label"] = title
        lines = "".join(
            f'<tr><th scope="row">{escape(place)}</th>{_cells("td", figures)}</tr>'
            for place, *figures in body
        )
        ui.html(
            f'<table class="comparison"><thead><tr>{_cells("th scope=col", head)}</tr></thead>'
            f"<tbody>{lines}</tbody></table>",
            sanitize=False,  # every text is escaped above
        )


def _cells(tag: str, texts: list[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag.partition(' ')[0]}>" for text in texts)


def _download(name: str, rows: list[list[str]]) -> None:
    ui.download.content(write_table(rows).encode(), f"{name}.csv", "text/csv")


def _data_value(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
