"""Importing a catalogue file: first what it would change, then doing just that."""

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import UploadEventArguments

from frontend.api.admin import AdminClient
from frontend.screen import theme
from frontend.staff.catalogue.item_form import period
from frontend.staff.desk import Desk
from frontend.words import wording
from frontend.words.languages import N_
from smartscale.contract.catalogue import ChangeKind, FieldChange, ImportPreview, ItemChange

MOST_BYTES = 5_000_000
TOO_LARGE = N_("Please choose a CSV file of at most 5 MB.")
KINDS = {
    ChangeKind.ADDED: ("good", N_("new")),
    ChangeKind.CHANGED: ("ask", N_("changed")),
    ChangeKind.RETURNED: ("ask", N_("sold again")),
    ChangeKind.UNCHANGED: ("plain", N_("unchanged")),
}


class ItemImport:
    """A file on its way into the catalogue."""

    def __init__(
        self, desk: Desk, on_done: Callable[[], Awaitable[None]], on_closed: Callable[[], None]
    ) -> None:
        self._desk = desk
        self._done = on_done
        self._closed = on_closed
        self._name = ""
        self._file = b""
        self._preview: ImportPreview | None = None

    def build(self) -> None:
        """Draw it."""
        t = self._desk.visit.language
        title = t("Import a catalogue file")
        with ui.element("section").classes("card desk-card").mark("item-import") as card:
            card.props["aria-label"] = title
            with ui.element("div").classes("search-head"):
                theme.text(title, "h2").classes("serving-name")
                theme.action(t("Back to the list"), self._closed, kind="quiet", symbol="back").mark(
                    "close-import"
                )
            theme.text(
                t(
                    "A CSV file as the export writes it. You see first what it changes; nothing "
                    "happens before you apply it. Items that it does not name stay as they are."
                ),
                "p",
            ).classes("hint")
            uploader = theme.hidden_uploader(
                self._take,
                lambda: self._desk.show_problem(TOO_LARGE),
                accepts='accept=".csv,text/csv"',
                most_bytes=MOST_BYTES,
            )
            uploader.mark("csv-upload")
            with ui.element("div").classes("desk-actions"):
                choose = theme.action(t("Choose a CSV file"), symbol="folder").mark("choose-csv")
                pick = f"() => getElement({uploader.id}).$refs.qRef.pickFiles()"
                choose.on("click", js_handler=pick)
            self._changes()

    async def _take(self, event: UploadEventArguments) -> None:
        self._name, self._file, self._preview = event.file.name, await event.file.read(), None
        self._desk.show(None)
        self._desk.session.touch()

        async def preview(admin: AdminClient) -> None:
            self._preview = await admin.import_items(self._file, self._desk.visit.language.code)

        await self._desk.ask(preview)
        self._changes.refresh()

    @ui.refreshable_method
    def _changes(self) -> None:
        t, preview = self._desk.visit.language, self._preview
        if preview is None:
            return
        counts = preview.counts
        theme.text(
            t(
                "{name}: {added} new, {changed} changed, {unchanged} unchanged",
                name=self._name,
                added=counts[ChangeKind.ADDED],
                changed=counts[ChangeKind.CHANGED] + counts[ChangeKind.RETURNED],
                unchanged=counts[ChangeKind.UNCHANGED],
            ),
            "h3",
        ).mark("preview")
        if not preview.changes:
            theme.notice(t("This file changes nothing.")).mark("no-changes")
            return
        with ui.element("ul").classes("entries preview").mark("changes"):
            for change in preview.changes:
                self._change(change)
        with ui.element("div").classes("desk-actions"):
            theme.action(t("Apply"), self._apply, kind="primary", symbol="check").mark("apply")
            theme.action(t("Cancel"), self._closed, kind="quiet").mark("cancel-import")

    def _change(self, change: ItemChange) -> None:
        t = self._desk.visit.language
        kind, words = KINDS[change.kind]
        with ui.element("li").classes("entry").mark("change"):
            theme.picture(self._desk.visit.kiosk.drawing(change.label), "", 40)
            with ui.element("div").classes("entry-text"):
                with ui.element("div").classes("entry-head"):
                    theme.text(change.name).classes("entry-name")
                    theme.text(t(words)).classes(f"pill {kind}")
                shown = change.fields
                if change.kind is ChangeKind.ADDED:
                    shown = tuple(one for one in shown if one.field in {"plu", "unit_price"})
                for field in shown:
                    theme.text(self._field_change(field), "p").classes("hint")

    def _field_change(self, field: FieldChange) -> str:
        t = self._desk.visit.language
        words = (
            f"{field.field}: {field.before or wording.EM_DASH} → {field.after or wording.EM_DASH}"
        )
        if field.valid_from is not None:
            words = f"{words}, {period(field.valid_from, field.valid_to, t)}"
        return words

    async def _apply(self) -> None:
        preview = self._preview
        if preview is None:
            return
        done: list[ImportPreview] = []

        async def apply(admin: AdminClient) -> None:
            language = self._desk.visit.language.code
            done.append(await admin.import_items(self._file, language, preview.fingerprint))

        changed = len(preview.changes)
        if await self._desk.act(apply, N_("The file is imported. Items changed: {n}"), n=changed):
            self._desk.visit.kiosk.catalogue.forget()
            await self._done()
