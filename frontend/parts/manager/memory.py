"""What the shop has taught its scales by photos: versions, a way back, and teaching more."""

from nicegui import run, ui
from nicegui.events import UploadEventArguments

from frontend import theme, wording
from frontend.admin_client import MAX_PHOTOS, AdminClient, MemoryVersion
from frontend.languages import N_
from frontend.manager import Desk, Told
from frontend.parts.manager.picker import pick_item
from frontend.parts.manager.section import Section, card
from frontend.pictures import MAX_FILE_BYTES, Picture, UnreadablePicture, prepare

UNREADABLE = N_("A file was left out: it is not a picture that can be read.")
TOO_MANY = N_("Only {n} photos at once. The others were left out.")
_STATES = {
    "pending": ("ask", N_("Learning")),
    "ready": ("good", N_("Ready")),
    "failed": ("bad", N_("Failed")),
}


class Memory(Section[tuple[MemoryVersion, ...]]):
    """The versions of the memory."""

    async def fetch(self, admin: AdminClient) -> tuple[MemoryVersion, ...]:
        """The versions."""
        return await admin.memory()

    @property
    def learning(self) -> bool:
        """Whether a version is not ready yet."""
        return any(version.state == "pending" for version in self.document or ())

    def draw(self, document: tuple[MemoryVersion, ...]) -> None:
        """Draw the versions."""
        t = self.t
        if not document:
            theme.text(t("Nothing was taught yet."), "p").classes("hint").mark("no-memory")
            return
        with ui.element("ul").classes("entries"):
            for version in document:
                self._row(version)
        if any(version.state == "ready" for version in document):
            back = theme.action(t("Forget the last one"), self._back, symbol="back")
            back.mark("memory-rollback").classes("desk-action")

    def _row(self, version: MemoryVersion) -> None:
        t = self.t
        kind, words = _STATES.get(version.state, ("plain", version.state))
        with ui.element("li").classes("entry").mark("memory-version"):
            if version.label is not None:
                theme.picture(self.desk.visit.kiosk.drawing(version.label), "", 44)
            with ui.element("div").classes("entry-text"):
                with ui.element("div").classes("entry-head"):
                    said = t("Version {n}", n=version.version)
                    name = said if version.label is None else f"{said} · {version.label}"
                    theme.text(name, "p").classes("entry-name")
                    theme.text(t(words)).classes(f"pill {kind}")
                    if version.active:
                        theme.text(t("In use")).classes("pill good")
                facts = []
                if version.images is not None:
                    facts.append(t.plural("{n} photo", "{n} photos", version.images))
                if version.created_at is not None:
                    facts.append(wording.clock_time(version.created_at, t))
                theme.text(" · ".join(facts), "p").classes("hint")
                if version.error:
                    theme.notice(version.error, kind="calm")
            if version.state == "pending":
                theme.spinner()

    async def _back(self) -> None:
        if await self.desk.act(AdminClient.roll_memory_back, N_("The last version is forgotten.")):
            await self.load()


class Teach:
    """Photos of an item, on their way to the memory."""

    def __init__(self, desk: Desk, memory: Memory) -> None:
        self._desk = desk
        self._memory = memory
        self._item: str | None = None
        self._photos: list[Picture] = []
        self._sending = False

    def build(self) -> None:
        """Draw the memory, and the form below it."""
        t = self._desk.visit.language
        with card(t("Shop memory"), "memory"):
            theme.text(
                t("The scales learn a new item from a few photos, without another model."), "p"
            )
            self._memory.view()
            theme.text(t("Teach an item"), "h3")
            uploader = ui.upload(
                on_upload=self._take,
                on_rejected=lambda: self._desk.say(UNREADABLE),
                auto_upload=True,
                multiple=True,
                max_file_size=MAX_FILE_BYTES,
            )
            uploader.props('accept="image/jpeg,image/png,image/webp"').classes("hidden-uploader")
            uploader.mark("enrol-upload")
            self._form(f"() => getElement({uploader.id}).$refs.qRef.pickFiles()")

    @ui.refreshable_method
    def _form(self, pick: str) -> None:
        t = self._desk.visit.language
        with ui.element("div").classes("desk-actions"):
            title = t("Choose the item") if self._item is None else self._item
            theme.action(title, self._choose, symbol="search").mark("enrol-item")
            # In the browser: a file dialog opens only as the direct answer to a tap.
            photos = theme.action(t("Add photos"), symbol="camera").mark("enrol-photos")
            photos.on("click", js_handler=pick)
        if self._photos:
            with ui.element("ul").classes("thumbs").mark("thumbs"):
                for number, photo in enumerate(self._photos):
                    self._thumb(number, photo)
        else:
            hint = t("Five photos from different sides do well, {n} at most.", n=MAX_PHOTOS)
            theme.text(hint, "p").classes("hint")
        if self._sending:
            with ui.element("div").classes("waiting").mark("enrolling") as wait:
                wait.props["role"] = "status"
                theme.spinner()
                theme.text(t("Sending the photos…"))
            return
        teach = theme.action(t("Teach"), self._teach, kind="primary", symbol="check")
        teach.mark("enrol").classes("desk-action")
        teach.set_enabled(self._item is not None and bool(self._photos))

    def _thumb(self, number: int, photo: Picture) -> None:
        t = self._desk.visit.language

        def leave_out() -> None:
            self._photos.remove(photo)
            self._form.refresh()

        with ui.element("li").mark(f"photo-{number + 1}"):
            theme.picture(photo.preview_url, t("Photo {n}", n=number + 1), 88)
            out = theme.action("", leave_out, kind="quiet", symbol="close")
            out.props["aria-label"] = t("Leave out photo {n}", n=number + 1)

    def _choose(self) -> None:
        async def chosen(item: str) -> None:
            self._item = item
            self._form.refresh()

        pick_item(self._desk, self._desk.visit.language("Which item is it?"), chosen)

    async def _take(self, event: UploadEventArguments) -> None:
        if len(self._photos) >= MAX_PHOTOS:
            self._desk.tell(Told(TOO_MANY, values={"n": MAX_PHOTOS}))
            return
        try:
            photo = await run.io_bound(prepare, await event.file.read())
        except UnreadablePicture:
            self._desk.say(UNREADABLE)
            return
        if photo is not None:  # None: the kiosk is being stopped
            self._photos.append(photo)
            self._form.refresh()

    async def _teach(self) -> None:
        item, photos = self._item, [photo.jpeg for photo in self._photos]
        if item is None or not photos:
            return
        self._sending = True
        self._form.refresh()

        async def send(admin: AdminClient) -> None:
            await admin.enrol(item, photos)

        try:
            taught = await self._desk.act(
                send, N_("The scales are learning {item}. Its progress is above."), item=item
            )
        finally:
            self._sending = False
        if taught:
            self._item, self._photos = None, []
            await self._memory.load()
        self._form.refresh()
