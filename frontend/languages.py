"""The languages of the kiosk: gettext catalogues, read at the start.

English is the language of the source. To add or update another one:

    pybabel extract -k t -k _t -k language -k N_ --no-location -o /tmp/kiosk.pot frontend
    pybabel update -D kiosk -i /tmp/kiosk.pot -d frontend/locale    # `init -l fr` for a new one

The `.po` files are read as they are, so there is nothing to compile or to keep in step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

LOCALE = Path(__file__).with_name("locale")
SOURCE = "en"


@dataclass(frozen=True)
class Language:
    """A language: its messages, and the locale that formats numbers and times."""

    code: str
    locale: Locale
    messages: Mapping[str, str]

    def __call__(self, message: str, **values: object) -> str:
        """The message in this language, with values in the places of `{name}`."""
        text = self.messages.get(message) or message
        return text.format(**values) if values else text

    @property
    def endonym(self) -> str:
        """Its name for those who speak it."""
        return (self.locale.display_name or self.code).capitalize()

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.locale.text_direction


def N_(message: str) -> str:  # noqa: N802 - gettext's name for a message that is looked up later
    """Mark a message for extraction where no language is known yet."""
    return message


def load_languages(folder: Path = LOCALE) -> dict[str, Language]:
    """English, and every language that has a catalogue."""
    languages = {SOURCE: Language(SOURCE, Locale.parse(SOURCE), {})}
    for file in sorted(folder.glob("*/LC_MESSAGES/kiosk.po")):
        code = file.parents[1].name
        with file.open("rb") as text:
            catalogue = read_po(text, locale=code, domain="kiosk")
        messages = {
            message.id: message.string
            for message in catalogue
            if isinstance(message.id, str) and isinstance(message.string, str) and message.id
        }
        languages[code] = Language(code, Locale.parse(code), messages)
    return languages
