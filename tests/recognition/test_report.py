"""The report is one file that shows every photo that went wrong, and nothing it was not given."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from smartscale.recognition.evaluation import judge, summarise
from smartscale.recognition.hierarchy import CoarseClass
from smartscale.recognition.labelled_photos import Truth
from smartscale.recognition.recogniser import Score
from smartscale.recognition.report.charts import Axis, Plot
from smartscale.recognition.report.document import Document, Section, Table, render
from smartscale.recognition.report.quality import headlines, quality_sections


class Outline(HTMLParser):
    """Collects headings, pictures and addresses, and checks that tags are closed in order."""

    VOID = frozenset({"meta", "img", "path", "polyline"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def scores(label: str, confidence: float, other: str = "unknown") -> list[Score]:
    return [Score(label, confidence), Score(other, 1 - confidence)]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (600, 400), "orange").save(path)
    return path


def made(paths: list[Path] | None) -> str:
    truths: list[Truth] = ["Orange", "Orange", "Lemon", CoarseClass("apple"), None, None]
    answers = [
        scores("Orange", 0.9),
        scores("Satsumas", 0.8, "Orange"),
        scores("Lemon", 0.6),
        scores("Lemon", 0.7),
        scores("Orange", 0.55),
        scores("unknown", 0.9, "Orange"),
    ]
    outcomes = [judge(*pair, confirm=0.75) for pair in zip(truths, answers, strict=True)]
    quality = summarise(outcomes)
    sections = quality_sections(outcomes, quality, 0.75, paths)
    return render(Document("A report", [("Model", "<m>")], headlines(quality), sections))


def test_the_report_is_one_whole_page_without_scripts_or_addresses(photo: Path) -> None:
    html = made([photo] * 6)
    outline = Outline(html)

    assert not {"script", "link", "iframe"} & set(outline.tags)
    assert re.findall(r"(?:src|href)=.(?!data:)|url\(|@import", html) == []
    assert "<m>" in outline.texts  # escaped, so read back as text


def test_the_report_shows_every_figure_and_the_photos_that_went_wrong(photo: Path) -> None:
    outline = Outline(made([photo] * 6))

    for expected in (
        "Can its confidence be believed?",
        "How much can go unconfirmed?",
        "What is taken for what?",
        "Class by class",
        "The right kind",
        "What is not on the menu",
        "Satsumas 80%",
        "is Orange",
        "is apple",
        "is not on the menu",
    ):
        assert expected in outline.texts
    assert outline.tags.count("img") == 3  # two wrong ones and the negative taken for an orange
    assert "66.7%" in outline.texts  # top-1


def test_a_package_s_report_can_leave_photos_out() -> None:
    assert "<img" not in made(None)


def test_a_report_of_negatives_alone_says_what_can_be_said() -> None:
    outcomes = [judge(None, scores("unknown", 0.9), confirm=0.5)]
    quality = summarise(outcomes)
    html = render(Document("t", [], headlines(quality), quality_sections(outcomes, quality, 0.5)))

    assert "Negatives sold unasked" in html
    assert "Class by class" not in html


def test_what_a_table_holds_is_escaped() -> None:
    html = render(Document("t", [], [], [Section("s", tables=[Table(["a"], [["<script>"]])])]))

    assert "<script>" not in html


@given(st.floats(0.001, 5000))
def test_an_axis_has_a_handful_of_round_ticks(high: float) -> None:
    ticks = Axis("x", high=high).ticks()

    assert 3 <= len(ticks) <= 7
    assert all(0 <= tick <= high * 1.001 for tick in ticks)


def test_a_plot_draws_upwards_and_to_the_right() -> None:
    plot = Plot("t", Axis("x"), Axis("y"))

    assert plot.across(0) < plot.across(1) < plot.width
    assert plot.down(1) < plot.down(0) < plot.height
