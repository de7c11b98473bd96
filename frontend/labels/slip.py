"""Lines of text as a picture for the label printer: a report on its paper."""

from PIL import Image

from frontend.labels.render import WIDTH, Page, drawn
from frontend.words.languages import Language

_SIZE, _STEP = 22, 28


def slip(title: str, lines: list[tuple[str, str]], t: Language) -> Image.Image:
    """A slip of as many lines as there are, each with something at its start and at its end."""
    height = 60 + _STEP * len(lines) + 20
    page = Page(t, height)
    page.set_title(title)
    page.write_line(title, 8, 32, bold=True)
    for place, (start, end) in enumerate(lines):
        page.write_line(start, 60 + place * _STEP, _SIZE, end=end)
    return drawn(bytes(page.output()), WIDTH, height)
