"""Keys on the screen: a public kiosk has no keyboard, and the system's own hides in full screen."""

from nicegui import ui

from frontend.words.languages import SOURCE, Language

LETTERS = {
    "en": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "de": ("qwertzuiopü", "asdfghjklöä", "yxcvbnmß"),
    "es": ("qwertyuiop", "asdfghjklñ", "zxcvbnm"),
    "fr": ("azertyuiop", "qsdfghjklm", "wxcvbnéèçà"),
    "ru": ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбюё"),
    "ar": ("ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤرىةوزظذ"),
}
"""The rows of keys as people of each language know them. Search takes no notice of accents, so
those that have no key of their own are not missed."""
DIGITS = ("123", "456", "789", "0")


class Keypad(ui.element, component="keypad.js"):
    """Types into a field: letters and digits, each shown when it is wanted.

    All of it happens in the browser, so that keys answer at once however slow the network is.
    """

    def __init__(self, field: ui.input, t: Language, *, digits_first: bool = False) -> None:
        """Draw it below its field.

        Args:
            field: what it types into. Its own keyboard of the system stays away.
            t: the language whose letters it has.
            digits_first: whether the digits are there at once.
        """
        super().__init__()
        field.props["inputmode"] = "none"
        self.props["field"] = field.id
        self.props["letters"] = list(LETTERS.get(t.code, LETTERS[SOURCE]))
        self.props["digits"] = list(DIGITS)
        self.props["first"] = "digits" if digits_first else ""
        self.props["texts"] = {
            "letters": t("Letters"),
            "digits": t("Digits"),
            "keys": t("Keys"),
            "delete": t("Delete"),
            "space": t("Space"),
            "enter": t("Done"),
        }
