"""The page for the shop's owner is one page, and says what the committed figures say today."""

import runpy
from pathlib import Path

import pypdfium2
import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "one_pager.pdf"


def text_of(file: Path) -> str:
    """What a PDF of one A4 page says."""
    with pypdfium2.PdfDocument(file) as document:
        [page] = document
        width, height = page.get_size()
        assert (round(width * 25.4 / 72), round(height * 25.4 / 72)) == (210, 297)
        words: str = page.get_textpage().get_text_bounded()
        return words


def test_the_committed_page_is_the_one_that_the_script_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made.pdf"
    monkeypatch.setattr("sys.argv", ["one_pager.py", str(made)])
    runpy.run_path(str(ROOT / "docs" / "one_pager.py"), run_name="__main__")
    assert text_of(PAGE) == text_of(made), "make it anew: python docs/one_pager.py"


def test_nothing_on_it_is_cut_off() -> None:
    with pypdfium2.PdfDocument(PAGE) as document:
        textpage = document[0].get_textpage()
        width, height = document[0].get_size()
        for number in range(textpage.count_rects()):
            left, bottom, right, top = textpage.get_rect(number)
            assert 0 < left < right < width
            assert 0 < bottom < top < height
