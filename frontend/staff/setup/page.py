"""The walk that sets a shop up: item by item, put it down, one tap, next."""

from enum import Enum

from nicegui import run, ui
from nicegui.events import UploadEventArguments

from frontend.api.admin import AdminClient
from frontend.devices.cameras import CameraUnavailable, DeviceCamera
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.screen.camera import Camera, DeviceView
from frontend.staff.desk import Pace
from frontend.staff.models.lessons import REASONS
from frontend.staff.page import StaffPage
from frontend.staff.photos import UNREADABLE, teaching_camera
from frontend.staff.picker import pick_item
from frontend.staff.progress import progress_bar
from frontend.staff.setup.walk import Walk, pairs_to_show, untaught, walk_order
from frontend.weighing.pictures import UnreadablePicture, prepare
from frontend.words.languages import N_
from smartscale.contract.memory import (
    IMAGES_AT_ONCE,
    HeldBack,
    MemoryProgress,
    MixedUp,
    Teaching,
)

NO_CAPTURE = N_("The camera gave no picture. Please choose files.")
EXPECT = N_(
    "With one photo of each item the right answer comes first about 7 times in 10, with three "
    "about 8 times in 10. At first the scales ask often; each answer teaches them, and they ask "
    "less."
)
_SENT_BYTES = 8_000_000
"""How much is sent at once; the API takes 10 MB."""
_PAIRS = 3
"""How many pairs are shown during the walk."""
_SLOWEST_S = 2.0


class Part(Enum):
    """The parts of setting up."""

    BEGIN = "begin"
    WALK = "walk"
    END = "end"


class SetupPage(StaffPage):
    """One walk through what the shop sells. Pictures are sent while the next one is taken."""

    path = "/setup"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._pace = Pace()
        self._part = Part.BEGIN
        self._teaching: Teaching | None = None
        self._walk = Walk([])
        self._unsent: list[tuple[str, bytes]] = []
        self._sending = self._failed = self._looking = self._sure = False
        self._view_of: Camera | DeviceView | None = None

    def build(self) -> None:
        """Draw the part that is open."""
        theme.text(self.t("Set the shop up"), "h1")
        match self._part:
            case Part.BEGIN:
                self._begin_card()
            case Part.WALK:
                self._walk_cards()
            case Part.END:
                self._end_card()

    async def begin(self) -> None:
        """Fetch what is sold, and what the scales know of it."""

        async def fetch(admin: AdminClient) -> None:
            await self.visit.kiosk.catalogue.items()
            self._teaching = await admin.teaching()

        await self.desk.ask(fetch)
        if self._part is Part.BEGIN:
            self._begin_card.refresh()

    def _name(self, label: str) -> str:
        item = self.visit.kiosk.catalogue.get(label)
        return label if item is None else item.name_in(self.t.code)

    def _go(self, part: Part) -> None:
        self._part, self._sure = part, False
        self.session.touch()
        self.screen.refresh()

    # ------------------------------------------------------------------ what to walk through

    @ui.refreshable_method
    def _begin_card(self) -> None:
        t, teaching = self.t, self._teaching
        if teaching is None:
            self.desk.awaiting(self.begin)
            return
        every = {item.label for item in teaching.items}
        new = untaught(teaching.items)
        with ui.element("section").classes("card desk-card").mark("setup-begin"):
            theme.text(
                t("One photo of each item, as it lies here: put it down, tap once, next."), "p"
            )
            known = len(every) - len(new)
            words = t("The scales know {n} of {all} items.", n=known, all=len(every))
            progress_bar(known / max(1, len(every)), words, t, "setup-known")
            with ui.element("div").classes("desk-actions"):
                everything = theme.action(
                    t("Show them everything ({n})", n=len(every)),
                    lambda: self._start(every),
                    kind="primary",
                )
                everything.mark("setup-everything").set_enabled(bool(every))
                only_new = theme.action(
                    t("Only what they do not know ({n})", n=len(new)), lambda: self._start(new)
                )
                only_new.mark("setup-new").set_enabled(bool(new))

    async def _start(self, wanted: set[str]) -> None:
        index = await self.visit.kiosk.catalogue.index(self.t.code)
        sold = [(item.category, item.label) for item in index.items]
        self._walk = Walk(walk_order(sold, wanted))
        self._go(Part.WALK)

    # ------------------------------------------------------------------ item by item

    def _walk_cards(self) -> None:
        t = self.t
        uploader = theme.hidden_uploader(
            self._uploaded, lambda: self.desk.show_problem(UNREADABLE), multiple=True
        )
        uploader.mark("setup-upload")
        with ui.element("div").classes("setup"):
            with ui.element("div").classes("stage teach-stage setup-stage"):
                self._view_of = self._viewed(uploader)
            with ui.element("section").classes("card desk-card setup-item").mark("setup-walk"):
                self._item_card(f"() => getElement({uploader.id}).$refs.qRef.pickFiles()")
        with ui.element("div").mark("setup-pairs"):
            self._alike()
        with ui.element("div").classes("desk-actions"):
            theme.action(t("Finish"), self._finish, symbol="check").mark("setup-finish")

    def _viewed(self, uploader: ui.upload) -> Camera | DeviceView:
        t, device = self.t, self.visit.kiosk.camera
        if device is not None:
            return DeviceView(lambda: self._capture(device), t)
        return teaching_camera(uploader, t)

    @ui.refreshable_method
    def _item_card(self, pick: str) -> None:
        t, walk = self.t, self._walk
        label, all_items = walk.current, len(walk.order)
        words = t("{n} of {all} items", n=walk.over, all=all_items)
        progress_bar(walk.over / max(1, all_items), words, t, "setup-progress")
        self._outbox()
        if label is None:
            theme.text(t("That was the last one."), "h2").classes("desk-title")
            return
        with ui.element("div").classes("entry-head"):
            theme.picture(self.visit.kiosk.drawing(label), "", 96)
            theme.text(self._name(label), "h2").classes("serving-name").mark("setup-name")
        theme.text(t("Put it on the scale, as shoppers do."), "p").classes("hint")
        with ui.element("div").classes("desk-actions"):
            take = theme.action(t("Take picture"), self._take, kind="primary", symbol="camera")
            # The camera's own button has the same words: to the ear this one names its item too.
            take.props["aria-label"] = f"{t('Take picture')}: {self._name(label)}"
            take.mark("setup-take")
            theme.action(t("Skip"), self._skip).mark("setup-skip")
            back = theme.action(t("Back"), self._back, symbol="back").mark("setup-back")
            back.set_enabled(walk.can_go_back)
        with ui.element("div").classes("desk-actions"):
            files = theme.action(t("Choose files"), kind="quiet", symbol="folder")
            # In the browser: a file dialog opens only as the direct answer to a tap.
            files.mark("setup-files").on("click", js_handler=pick)
            theme.action(t("Another item"), self._pick, kind="quiet", symbol="search").mark(
                "setup-pick"
            )
            if self._sure:
                theme.action(t("Yes, sell it no more"), self._retire).mark("setup-retire-sure")
            else:
                theme.action(t("Sell no more"), self._ask_sure, kind="quiet").mark("setup-retire")

    def _outbox(self) -> None:
        if not self._failed or not self._unsent:
            return
        t = self.t
        theme.notice(
            t.plural(
                "{n} photo is not sent yet.", "{n} photos are not sent yet.", len(self._unsent)
            ),
            kind="calm",
        ).mark("setup-unsent")
        with ui.element("div").classes("desk-actions"):
            theme.action(t("Send again"), self._send, symbol="refresh").mark("setup-send")
            theme.action(t("Leave them out"), self._leave_out, kind="quiet").mark("setup-leave-out")

    @ui.refreshable_method
    def _alike(self) -> None:
        """Draw the pairs that are mixed up, each with a way to show them again."""
        t = self.t
        found = () if self._teaching is None else self._teaching.mixed_up
        walking = self._part is Part.WALK
        held = () if self._teaching is None else self._teaching.held
        shown = [one for one in held if self._walk.taken[one.label]]
        for one in shown[:_PAIRS] if walking else shown:
            self._held(one)
        most = _PAIRS if walking else len(found)
        for pair in pairs_to_show(found, self._walk, most):
            self._pair(pair)
        if self._teaching is not None and self._teaching.state is MemoryProgress.PENDING:
            with ui.element("div").classes("waiting").mark("setup-learning") as wait:
                wait.props["role"] = "status"
                theme.spinner()
                theme.text(t("The scales are learning…"))

    def _held(self, one: HeldBack) -> None:
        """Draw an item whose pictures wait for somebody to let them count, and why."""
        t = self.t
        with ui.element("div").classes("card desk-card setup-pair").mark("setup-held"):
            theme.picture(self.visit.kiosk.drawing(one.label), "", 48)
            why = t(REASONS[one.held], item=self._name(one.seen_as))
            theme.text(f"{self._name(one.label)}. {why}").classes("setup-pair-names")
            with ui.element("a").classes("action quiet link") as link:
                link.props["href"] = theme.address("/models", t)
                theme.text(t("Lessons"))

    def _pair(self, pair: MixedUp) -> None:
        t = self.t

        def again() -> None:
            self._walk.show(pair.first, pair.second)
            if self._part is Part.WALK:
                self._next()  # the camera goes on
            else:
                self._go(Part.WALK)

        with ui.element("div").classes("card desk-card setup-pair").mark("setup-pair"):
            for label in (pair.first, pair.second):
                theme.picture(self.visit.kiosk.drawing(label), "", 48)
            names = t(
                "{first} and {second} look alike.",
                first=self._name(pair.first),
                second=self._name(pair.second),
            )
            theme.text(names).classes("setup-pair-names")
            theme.action(t("Show me these two again"), again).mark(
                f"again-{pair.first}-{pair.second}"
            )

    async def _uploaded(self, event: UploadEventArguments) -> None:
        await self._keep(await event.file.read())

    async def _capture(self, device: DeviceCamera) -> None:
        try:
            file = await device.picture()
        except CameraUnavailable:
            self.desk.show_problem(NO_CAPTURE)
        else:
            await self._keep(file)

    async def _keep(self, file: bytes) -> None:
        """Count a picture as one of the current item, show the next one, and send it."""
        self.session.touch()
        label = self._walk.current
        try:
            photo = await run.io_bound(prepare, file)
        except UnreadablePicture:
            self.desk.show_problem(UNREADABLE)
            return
        # None: the kiosk is being stopped. Another: a second tap came before the first was counted.
        if photo is None or label is None or label != self._walk.current:
            return
        self._walk.take()
        self._unsent.append((label, photo.jpeg))
        self._next()
        await self._send()

    def _next(self) -> None:
        self.desk.show(None)
        self._advance()

    def _advance(self) -> None:
        self._sure = False
        if self._walk.current is None:
            self._go(Part.END)
        else:
            self._item_card.refresh()

    def _take(self) -> None:
        if self._view_of is not None:
            self._view_of.capture()

    def _skip(self) -> None:
        self.session.touch()
        self._walk.skip()
        self._next()

    def _back(self) -> None:
        self.session.touch()
        self._walk.back()
        self._next()

    def _pick(self) -> None:
        async def chosen(label: str) -> None:
            self._walk.show(label)
            self._next()

        pick_item(self.desk, self.t("Which item is it?"), chosen)

    def _ask_sure(self) -> None:
        self._sure = True
        self._item_card.refresh()

    async def _retire(self) -> None:
        label = self._walk.current
        if label is None:
            return
        done = await self.desk.act(
            lambda admin: admin.retire_item(label),
            N_("{item} is sold no more."),
            item=self._name(label),
        )
        if done and label == self._walk.current:
            self.visit.kiosk.catalogue.forget()
            self._walk.drop()
            self._advance()

    def _finish(self) -> None:
        self._go(Part.END)

    # ------------------------------------------------------------------ sending and learning

    async def _send(self) -> None:
        """Send what was taken, as many pictures together as wait by then."""
        if self._sending:
            return
        self._sending = True
        try:
            while self._unsent:
                batch = self._batch()

                async def send(admin: AdminClient, batch: list[tuple[str, bytes]] = batch) -> None:
                    await admin.enrol_all(batch)

                failed = not await self.desk.ask(send)
                if not failed:
                    # Some may have been left out meanwhile, and others taken.
                    sent = {id(one) for one in batch}
                    self._unsent = [one for one in self._unsent if id(one) not in sent]
                    self._pace.hurry()
                    self._look_soon()
                if failed != self._failed:
                    self._failed = failed
                    self._redraw()
                if failed:
                    return
        finally:
            self._sending = False

    def _batch(self) -> list[tuple[str, bytes]]:
        batch, size = [self._unsent[0]], len(self._unsent[0][1])
        for label, jpeg in self._unsent[1:IMAGES_AT_ONCE]:
            size += len(jpeg)
            if size > _SENT_BYTES:
                break
            batch.append((label, jpeg))
        return batch

    def _leave_out(self) -> None:
        self._unsent.clear()
        self._failed = False
        self._redraw()

    def _redraw(self) -> None:
        if self._part is Part.WALK:
            self._item_card.refresh()  # and not the camera beside it
        else:
            self.screen.refresh()

    def _look_soon(self) -> None:
        if self._looking:
            return
        self._looking = True
        with self.visit.client.layout:  # a timer inside a part would end when the part is redrawn
            ui.timer(self._pace.seconds, self._look, once=True)

    async def _look(self) -> None:
        """Ask how far the scales have learnt, until they know what was sent."""
        self._looking = False
        if not self.open:
            return
        before = self._teaching

        async def fetch(admin: AdminClient) -> None:
            self._teaching = await admin.teaching()

        await self.desk.ask(fetch)
        if self._teaching != before:
            self._alike.refresh()
        if self._teaching is not None and self._teaching.state is MemoryProgress.PENDING:
            self._pace.relax(_SLOWEST_S)
            self._look_soon()
        elif self._part is Part.END and self._teaching != before:
            self._figures.refresh()

    # ------------------------------------------------------------------ what to expect

    def _end_card(self) -> None:
        t, walk = self.t, self._walk
        with ui.element("section").classes("card desk-card").mark("setup-end"):
            self._figures()
            self._outbox()
            theme.text(t(EXPECT), "p").mark("setup-expect")
            with ui.element("div").classes("desk-actions"):
                with ui.element("a").classes("action primary link").mark("try-it") as link:
                    link.props["href"] = theme.address("/", t)
                    theme.text(t("Try it on the scale"))
                if walk.current is not None:
                    left = len(walk.order) - walk.over
                    theme.action(t("Go on ({n} left)", n=left), lambda: self._go(Part.WALK)).mark(
                        "setup-go-on"
                    )
                elif walk.skipped:
                    theme.action(
                        t("Come back to what was skipped ({n})", n=len(walk.skipped)),
                        self._come_back,
                    ).mark("setup-skipped")
                theme.action(t("Start again"), self._restart, kind="quiet").mark("setup-again")
        with ui.element("div").mark("setup-pairs"):
            self._alike()

    @ui.refreshable_method
    def _figures(self) -> None:
        t, walk = self.t, self._walk
        shown = sum(count > 0 for count in walk.taken.values())
        theme.text(
            t.plural("You have shown {n} item.", "You have shown {n} items.", shown), "h2"
        ).classes("desk-title").mark("setup-shown")
        teaching = self._teaching
        if teaching is None or not shown or teaching.looked_at < teaching.memory_version:
            return
        alike = pairs_to_show(teaching.mixed_up, walk, len(teaching.mixed_up))
        if not alike:
            theme.text(t("The scales can tell them all apart."), "p").mark("setup-all-apart")
            return
        mixed = {label for pair in alike for label in (pair.first, pair.second)}
        apart = sum(walk.taken[label] > 0 and label not in mixed for label in walk.taken)
        theme.text(
            t("The scales can tell {n} of them apart. These still look alike:", n=apart), "p"
        ).mark("setup-apart")

    def _come_back(self) -> None:
        self._walk.go_through_skipped()
        self._go(Part.WALK)

    async def _restart(self) -> None:
        self._go(Part.BEGIN)
        await self.begin()


def setup_page(visit: Visit) -> None:
    """Build the page."""
    SetupPage(visit).serve()
