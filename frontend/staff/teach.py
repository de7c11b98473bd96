"""Teaching the scales a new item, step by step: which one, five photos, learning, recognised."""

from enum import IntEnum

from nicegui import run, ui
from nicegui.events import UploadEventArguments

from frontend.api.admin import AdminClient
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.staff.catalogue.item_form import ItemForm
from frontend.staff.desk import Notice, Pace
from frontend.staff.page import StaffPage
from frontend.staff.photos import UNREADABLE, teaching_camera
from frontend.staff.picker import pick_item
from frontend.staff.progress import progress_bar
from frontend.weighing.pictures import (
    Picture,
    UnreadablePicture,
    prepare,
)
from frontend.words.languages import N_
from smartscale.contract.catalogue import CatalogueItem, EditableItem
from smartscale.contract.memory import IMAGES_AT_ONCE, MemoryProgress, MemoryVersion

ENOUGH = 5
TAKEN_BACK = N_("Somebody has taken this lesson back. Please teach the item again.")
HELD_BACK = N_(
    "These photos are held back: the scales saw something else on them, or nothing. "
    "See Lessons on the Models page."
)
TOO_MANY = N_("Only {n} photos at once. The others were left out.")


class Step(IntEnum):
    """The steps of teaching."""

    ITEM = 1
    PHOTOS = 2
    LEARNING = 3
    DONE = 4


_TITLES = {
    Step.ITEM: N_("Which item is it?"),
    Step.PHOTOS: N_("Five photos"),
    Step.LEARNING: N_("Learning"),
    Step.DONE: N_("Recognised"),
}


class TeachPage(StaffPage):
    """One item on its way into the shop's memory."""

    path = "/teach"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._pace = Pace()
        self._start()

    def _start(self) -> None:
        self._step = Step.ITEM
        self._item: CatalogueItem | None = None
        self._form: ItemForm | None = None
        self._photos: list[Picture] = []
        self._sending = False
        self._version: int | None = None
        self._error: str | None = None

    def build(self) -> None:
        """Draw the list of steps, and the current step."""
        t = self.t
        theme.text(t("Teach a new item"), "h1")
        with ui.element("ol").classes("steps").mark("steps") as steps:
            steps.props["aria-label"] = t("Steps")
            for step, title in _TITLES.items():
                with ui.element("li").classes("step") as entry:
                    if step is self._step:
                        entry.props["aria-current"] = "step"
                    elif step < self._step:
                        entry.classes("past")
                    theme.text(str(step.value)).classes("step-number")
                    theme.text(t(title))
        match self._step:
            case Step.ITEM:
                self._choose_item()
            case Step.PHOTOS:
                self._take_photos()
            case Step.LEARNING:
                self._learning()
            case Step.DONE:
                self._done()

    async def begin(self) -> None:
        """Nothing has to be fetched."""

    # ------------------------------------------------------------------ which item

    def _choose_item(self) -> None:
        t = self.t
        if self._form is not None:
            self._form.build()
            return
        with ui.element("section").classes("card desk-card").mark("choose-item"):
            theme.text(t("Is it in the catalogue already?"), "h2").classes("desk-title")
            with ui.element("div").classes("desk-actions"):
                theme.action(
                    t("Choose from the catalogue"), self._pick, kind="primary", symbol="search"
                ).mark("enrol-item")
                theme.action(t("Enter a new item"), self._enter, symbol="plus").mark("enter-item")
            theme.text(
                t("A new item gets its name, number and price first, so that it can be sold."), "p"
            ).classes("hint")

    def _pick(self) -> None:
        pick_item(self.desk, self.t("Which item is it?"), self._picked)

    def _enter(self) -> None:
        self._form = ItemForm(self.desk, None, self._entered, self._back)
        self.screen.refresh()

    async def _entered(self, item: EditableItem) -> None:
        self._form = None
        self._item = item
        self._go(Step.PHOTOS)

    async def _picked(self, label: str) -> None:
        self._item = self.visit.kiosk.catalogue.get(label)
        self._go(Step.PHOTOS)

    @property
    def _name(self) -> str:
        return self._item.name_in(self.t.code) if self._item is not None else ""

    def _back(self) -> None:
        self._form = None
        self._go(Step.ITEM)

    def _go(self, step: Step) -> None:
        self._step = step
        self.session.touch()
        self.screen.refresh()

    # ------------------------------------------------------------------ five photos

    def _take_photos(self) -> None:
        t = self.t
        with ui.element("section").classes("card desk-card photos-card").mark("take-photos"):
            title = t("Five photos of {item}", item=self._name)
            theme.text(title, "h2").classes("desk-title")
            theme.text(
                t(
                    "From different sides, alone and several together, as it lies on the scale. "
                    "{n} at most.",
                    n=IMAGES_AT_ONCE,
                ),
                "p",
            ).classes("hint")
            uploader = theme.hidden_uploader(
                self._take, lambda: self.desk.show_problem(UNREADABLE), multiple=True
            )
            uploader.mark("enrol-upload")
            with ui.element("div").classes("stage teach-stage"):
                teaching_camera(uploader, t)
            self._album(f"() => getElement({uploader.id}).$refs.qRef.pickFiles()")

    @ui.refreshable_method
    def _album(self, pick: str) -> None:
        t = self.t
        taken = len(self._photos)
        words = t("{n} of {all} photos", n=taken, all=max(ENOUGH, taken))
        progress_bar(min(taken / ENOUGH, 1.0), words, t, "photos-taken")
        if self._photos:
            with ui.element("ul").classes("thumbs").mark("thumbs"):
                for number, photo in enumerate(self._photos):
                    self._thumb(number, photo)
        if self._sending:
            with ui.element("div").classes("waiting").mark("enrolling") as wait:
                wait.props["role"] = "status"
                theme.spinner()
                theme.text(t("Sending the photos…"))
            return
        with ui.element("div").classes("desk-actions"):
            files = theme.action(t("Choose files"), symbol="folder").mark("enrol-photos")
            # In the browser: a file dialog opens only as the direct answer to a tap.
            files.on("click", js_handler=pick)
            teach = theme.action(t("Teach"), self._teach, kind="primary", symbol="check")
            teach.mark("enrol").set_enabled(taken > 0)
            theme.action(t("Another item"), self._restart, kind="quiet", symbol="back").mark(
                "another"
            )

    def _thumb(self, number: int, photo: Picture) -> None:
        t = self.t

        def leave_out() -> None:
            self._photos.remove(photo)
            self._album.refresh()

        with ui.element("li").mark(f"photo-{number + 1}"):
            theme.picture(photo.preview_url, t("Photo {n}", n=number + 1), 88)
            out = theme.action("", leave_out, kind="quiet", symbol="close")
            out.props["aria-label"] = t("Leave out photo {n}", n=number + 1)

    async def _take(self, event: UploadEventArguments) -> None:
        self.session.touch()
        if len(self._photos) >= IMAGES_AT_ONCE:
            self.desk.show(Notice(TOO_MANY, values={"n": IMAGES_AT_ONCE}))
            return
        try:
            photo = await run.io_bound(prepare, await event.file.read())
        except UnreadablePicture:
            self.desk.show_problem(UNREADABLE)
            return
        if photo is None:  # the kiosk is being stopped
            return
        if len(self._photos) >= IMAGES_AT_ONCE:  # others came meanwhile
            self.desk.show(Notice(TOO_MANY, values={"n": IMAGES_AT_ONCE}))
            return
        self._photos.append(photo)
        self._album.refresh()

    async def _teach(self) -> None:
        item, photos = self._item, [photo.jpeg for photo in self._photos]
        if item is None or not photos:
            return
        self._sending = True
        self._album.refresh()

        async def send(admin: AdminClient) -> None:
            self._version = await admin.enrol(item.label, photos)

        sent = await self.desk.ask(send)
        self._sending = False
        if sent:
            self._error = None
            self.desk.show(None)  # that the item is saved is long past
            self._pace.hurry()
            self._go(Step.LEARNING)
            self._look_again()
        else:
            self._album.refresh()

    # ------------------------------------------------------------------ learning

    def _learning(self) -> None:
        t = self.t
        with ui.element("section").classes("card desk-card").mark("learning"):
            if self._error is not None:
                theme.notice(self._error, kind="calm").mark("learning-failed")
                with ui.element("div").classes("desk-actions"):
                    theme.action(t("Start again"), self._restart).mark("another")
                return
            with ui.element("div").classes("waiting") as wait:
                wait.props["role"] = "status"
                theme.spinner()
                theme.text(t("The scales are learning {item}…", item=self._name))
            theme.text(t("Some seconds for most models. Weighing goes on meanwhile."), "p").classes(
                "hint"
            )

    def _look_again(self) -> None:
        with self.visit.client.layout:  # a timer inside a step would end when the step is redrawn
            ui.timer(self._pace.seconds, self._look, once=True)

    async def _look(self) -> None:
        if not self.open or self._step is not Step.LEARNING or self._error is not None:
            return
        versions: list[MemoryVersion] = []

        async def fetch(admin: AdminClient) -> None:
            versions.extend(await admin.memory())

        await self.desk.ask(fetch)
        # Somebody may have taught more since: the version that counts holds these photos too.
        taught = self._version or 0
        counts = next((one for one in versions if one.active and one.version >= taught), None)
        if counts is not None and counts.state is not MemoryProgress.PENDING:
            self._error = self._what_is_wrong(counts)
            self._go(Step.DONE if self._error is None else Step.LEARNING)
            return
        self._pace.relax(3.0)
        self._look_again()

    def _what_is_wrong(self, counts: MemoryVersion) -> str | None:
        """Why the memory's current version does not know the item; None if it does."""
        if counts.state is not MemoryProgress.READY:
            return counts.error or self.t("The photos could not be learnt.")
        if self._item is not None and self._item.label in counts.held:
            return self.t(HELD_BACK)
        if self._item is None or self._item.label not in counts.labels:
            return self.t(TAKEN_BACK)
        return None

    # ------------------------------------------------------------------ recognised

    def _done(self) -> None:
        t = self.t
        with ui.element("section").classes("card desk-card").mark("recognised"):
            label = self._item.label if self._item is not None else None
            with ui.element("div").classes("entry-head"):
                theme.picture(self.visit.kiosk.drawing(label), "", 72)
                theme.text(t("The scales recognise {item} now.", item=self._name), "h2").classes(
                    "serving-name"
                )
            theme.text(
                t.plural(
                    "Learnt from {n} photo. Put one on the scale and see.",
                    "Learnt from {n} photos. Put one on the scale and see.",
                    len(self._photos),
                ),
                "p",
            )
            with ui.element("div").classes("desk-actions"):
                with ui.element("a").classes("action primary link").mark("try-it") as link:
                    link.props["href"] = theme.address("/", t)
                    theme.text(t("Try it on the scale"))
                theme.action(t("Teach another item"), self._restart, symbol="plus").mark("another")

    def _restart(self) -> None:
        self._start()
        self.screen.refresh()


def teach_page(visit: Visit) -> None:
    """Build the page."""
    TeachPage(visit).serve()
