"""The languages of the kiosk: gettext catalogues, read at the start.

English is the language of the source. To add or update another one:

    pybabel extract -k t -k _t -k language -k N_ -k plural:1,2 -k N_plural:1,2 --no-location \\
        -o /tmp/kiosk.pot frontend
    pybabel update -D kiosk -i /tmp/kiosk.pot -d frontend/words/locale

`init -l it` in place of `update` begins a new one.

The `.po` files are read as they are, so there is nothing to compile or to keep in step.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from types import MappingProxyType

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LOCALE = Path(__file__).with_name("locale")
SOURCE = "en"


@dataclass(frozen=True)
class Language:
    """A language: its messages, and the locale that formats numbers and times.

    Times are shown as the shop's clock shows them.
    """

    code: str
    locale: Locale
    messages: NullTranslations = field(default_factory=NullTranslations, repr=False)
    zone: tzinfo = UTC
    """The shop's time zone."""

    def __call__(self, message: str, **values: object) -> str:
        """The message in this language, with values in the places of `{name}`."""
        text = self.messages.gettext(message)
        return text.format(**values) if values else text

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """The message in the form that goes with a number, which stands where `{n}` is."""
        text = self.messages.ngettext(one, many, n)
        return text.format(n=format_decimal(n, locale=self.locale), **values)

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


@cache
def load_languages(folder: Path = LOCALE) -> Mapping[str, Language]:
    """English, and every language that has a catalogue, by the names they give themselves.

    Read once: the settings look at them, and then the pages.
    """
    languages = [Language(SOURCE, Locale.parse(SOURCE))]
    for file in folder.glob("*/LC_MESSAGES/kiosk.po"):
        code = file.parents[1].name
        with file.open("rb") as text:
            catalogue = read_po(text, locale=code, domain="kiosk")
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        languages.append(Language(code, Locale.parse(code), GNUTranslations(compiled)))
    first, *others = languages
    return MappingProxyType(
        {one.code: one for one in (first, *sorted(others, key=lambda one: one.endonym))}
    )


def load_languages_in(zone: tzinfo) -> Mapping[str, Language]:
    """The languages of a shop in a time zone."""
    return MappingProxyType(
        {code: replace(one, zone=zone) for code, one in load_languages().items()}
    )
