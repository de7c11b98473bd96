"""The frame around every page, and the few building blocks that all pages use."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import Any

from nicegui import events, ui

from frontend.kiosk import STATIC, Visit
from frontend.screen.view import ViewSwitches
from frontend.weighing.pictures import ACCEPTED_FILES, MAX_FILE_BYTES
from frontend.words.languages import N_, Language

PAGES = (
    ("/", N_("Weigh")),
    ("/history", N_("Staff")),
)
"""What a shopper is shown; the pages for staff are behind a login, and have their own way."""

AWAY = N_("One moment, please: the scale is starting again. Your item can stay where it is.")

_ICONS = "/static/icons.svg"


def add_head(visit: Visit) -> None:
    """The style sheet, and the page's language and looks before anything is drawn."""
    ui.add_head_html(
        f'<link rel="stylesheet" href="{_file("kiosk.css")}">'
        '<meta name="theme-color" content="#14532d">'
        f'<link rel="manifest" href="{_file("kiosk.webmanifest")}">'
        f'<link rel="apple-touch-icon" href="{_file("icon-192.png")}">'
        f'<script src="{_file("view.js")}" data-view="{visit.kiosk.settings.view}"'
        f' data-staff="{_hidden_entry(visit)}"></script>'
        f"<script>{_speak(visit.language)}</script>"
    )


def _hidden_entry(visit: Visit) -> str:
    """Where the hidden entry of staff leads; nothing where it is shown."""
    hidden = visit.kiosk.settings.staff_entry == "hidden"
    return address(PAGES[-1][0], visit.language) if hidden else ""


@lru_cache
def _file(name: str) -> str:
    """The address of a static file, another one for each version of it."""
    version = sha256((STATIC / name).read_bytes()).hexdigest()[:8]
    return f"/static/{name}?v={version}"


@contextmanager
def frame(
    visit: Visit,
    here: str,
    on_language: Callable[[Language], Awaitable[None]],
    section: str = "",
) -> Iterator[None]:
    """The header with the pages and languages; what is built inside is the page's main part.

    `section` is the page of the header that this one belongs to, where that is another one.
    """
    t = visit.language
    with ui.element("header").classes("bar"):
        with ui.element("a").classes("brand") as brand:
            brand.props["href"] = address("/", t)
            shop = visit.kiosk.labels.shop
            brand.props["aria-label"] = name = shop.name or "SmartScale"
            logo = "/static/logo.svg" if shop.logo is None else shop.logo_address
            picture(logo, "").classes("logo" if shop.logo is None else "logo own")
            text(name)
        with ui.element("nav").classes("tabs") as nav:
            nav.props["aria-label"] = t("Pages")
            hidden = visit.kiosk.settings.staff_entry == "hidden" and not section
            for path, title in PAGES[:1] if hidden else PAGES:
                with (
                    ui.element("a").classes("tab").mark(f"tab-{path.strip('/') or 'weigh'}") as tab
                ):
                    tab.props["href"] = address(path, t)
                    if path == (section or here):
                        tab.props["aria-current"] = "page"
                    text(t(title))
        with ui.element("div").classes("languages") as languages:
            languages.props["role"] = "group"
            languages.props["aria-label"] = t("Language")
            for language in visit.kiosk.languages.values():
                _language_button(visit, language, here, on_language)
        ViewSwitches(t)
    # Shown by view.js while the kiosk's process is away: what the page says holds no more then.
    with ui.element("div").classes("away-note") as away:
        away.props["role"] = "alert"
        text(t(AWAY), "p")
    # Quasar's page is the document's `main` already.
    yield


def _language_button(
    visit: Visit,
    language: Language,
    here: str,
    on_language: Callable[[Language], Awaitable[None]],
) -> None:
    async def change() -> None:
        if language is visit.language:
            return
        speak(visit, language, here)
        await on_language(language)

    button = ui.button(language.endonym, on_click=change, color=None)
    button.props("flat no-caps").classes("language").mark(f"language-{language.code}")
    button.props["lang"] = language.code
    button.props["aria-pressed"] = str(language is visit.language).lower()


def speak(visit: Visit, language: Language, here: str) -> None:
    """Switch to another language and redraw the page."""
    visit.language = language
    visit.client.run_javascript(
        f"{_speak(language)}history.replaceState(null, '', '{address(here, language)}')"
    )


def address(path: str, language: Language) -> str:
    """The address of a page in the given language."""
    return f"{path}?lang={language.code}"


def _speak(language: Language) -> str:
    # Codes come from our own catalogues' folder names, nothing of it from outside.
    return f"smartscale.speak('{language.code}', '{language.direction}');"


class text(ui.label):  # noqa: N801 - reads like NiceGUI's own elements
    """Text in an HTML element that says what it is."""

    def __init__(self, content: str, tag: str = "span") -> None:
        super().__init__(content)
        self.tag = tag


class picture(ui.element):  # noqa: N801 - reads like NiceGUI's own elements
    """A plain image: its size is known before it arrives, so nothing jumps."""

    def __init__(self, source: str, alternative: str, size: int | None = None) -> None:
        super().__init__("img")
        self.props["src"] = source
        self.props["alt"] = alternative
        self.props["draggable"] = "false"
        if size is not None:
            self.props["width"] = self.props["height"] = str(size)


def icon(name: str) -> str:
    """An icon of the kiosk's own sprite, for a button: no icon font has to be loaded."""
    return f"svguse:{_ICONS}#{name}"


def action(
    label: str,
    on_click: Callable[..., Any] | None = None,
    *,
    kind: str = "secondary",
    symbol: str | None = None,
) -> ui.button:
    """A button of the kiosk: `primary`, `secondary` or `quiet`."""
    button = ui.button(label, on_click=on_click, color=None)
    button.props("unelevated no-caps").classes(f"action {kind}")
    button.props["ripple"] = False
    if symbol is not None:
        button.props["icon"] = icon(symbol)
    return button


def choice(
    label: str,
    options: Iterable[tuple[Any, str]],
    chosen: Any,
    on_choose: Callable[[Any], Awaitable[None]],
) -> None:
    """A few options of which one holds; they stay the same ones, and the keyboard on them."""
    buttons: list[tuple[Any, ui.button]] = []

    def press(held: Any) -> None:
        for value, button in buttons:
            button.props["aria-pressed"] = str(value == held).lower()

    async def choose(value: Any) -> None:
        press(value)
        await on_choose(value)

    with ui.element("div").classes("choice") as group:
        group.props["role"] = "group"
        group.props["aria-label"] = label
        for value, title in options:
            button = action(title, lambda value=value: choose(value), kind="option")
            buttons.append((value, button))
    press(chosen)


def hidden_uploader(
    on_upload: Callable[[events.UploadEventArguments], Awaitable[None]],
    on_rejected: Callable[[], None],
    *,
    accepts: str = ACCEPTED_FILES,
    most_bytes: int = MAX_FILE_BYTES,
    multiple: bool = False,
) -> ui.upload:
    """What takes chosen files without being seen; a button of the page's own opens its dialog.

    Args:
        on_upload: called with each file.
        on_rejected: called when a file is too large or of another kind.
        accepts: the kinds of files, as the HTML attribute.
        most_bytes: how large a file may be.
        multiple: whether several files may be chosen at once.
    """
    uploader = ui.upload(
        on_upload=on_upload,
        on_rejected=on_rejected,
        auto_upload=True,
        multiple=multiple,
        max_file_size=most_bytes,
    )
    # In the browser: it keeps a list of its files, and takes none that is in it already.
    uploader.on("finish", js_handler=f"() => getElement({uploader.id}).$refs.qRef.reset()")
    return uploader.props(accepts).classes("hidden-uploader")


def notice(message: str, *, kind: str = "info") -> ui.element:
    """One calm sentence; screen readers say it as it comes."""
    with ui.element("p").classes(f"notice {kind}") as box:
        box.props["role"] = "status"
        text(message)
    return box


def spinner() -> None:
    """Something that moves, for as long as somebody waits; the words are beside it."""
    ui.element("span").classes("spinner").props("aria-hidden=true")
