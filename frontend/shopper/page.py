"""The shopper's page: what lands on the scale becomes a name and a price."""

import json
import time
from collections.abc import Coroutine
from decimal import Decimal

from nicegui import background_tasks, run, ui
from nicegui.events import UploadEventArguments

from frontend.devices.cameras import CameraUnavailable
from frontend.devices.scales.scale import Reading, Scale
from frontend.devices.scales.simulated import SimulatedScale
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.screen.camera import CAPTURE, Camera, DeviceView
from frontend.shopper.answer import Actions, Answer
from frontend.shopper.offline_notice import OfflineNotice
from frontend.shopper.prompt import Choices, Prompt
from frontend.shopper.readout import Display, Knobs
from frontend.shopper.samples import SampleStrip
from frontend.shopper.tare import TareActions, TareChoice
from frontend.weighing.flow import NOTHING, Do, Flow, Plate, Step
from frontend.weighing.pictures import (
    ACCEPTED_FILES,
    MAX_FILE_BYTES,
    TOO_LARGE,
    Picture,
    UnreadablePicture,
    prepare,
)
from frontend.weighing.samples import Sample
from frontend.weighing.weighing import NO_PICTURE, Entry, Phase, Weighing
from frontend.words import wording
from frontend.words.languages import N_, Language

NO_CAPTURE = N_("The camera gave no picture. Please choose one, or ask a member of staff.")
NOTHING_YET = N_("Please put your item on the scale first")
NOT_STEADY = N_("One moment, it is being weighed")
TAKE_OFF = N_("Please take the last item off the scale first")
BOWL_KG = Decimal("0.120")
"""The empty bowl of the simulated scale."""
_LOOK_AROUND_S = 5.0


class WeighPage:
    """One shopper after another at the scale."""

    def __init__(self, visit: Visit, scale: Scale) -> None:
        self._visit = visit
        self._scale = scale
        self._flow = Flow(Plate(scale.capacity_kg, scale.division_kg))
        self._weighing = Weighing()
        self._chosen: Sample | None = None
        self._by_hand = False
        """Whether the picture was chosen, not captured: it is kept when the weight changes."""
        self._carried: str | None = None
        """What the shopper said it is, while more of it is put on."""
        self._answer: Answer | None = None
        self._prompt: Prompt | None = None
        self._touched = time.monotonic()

    async def follow(self) -> None:
        """Take the scale's readings until the page is left."""
        async for reading in self._scale.readings():
            self._read(reading)

    @ui.refreshable_method
    def screen(self) -> None:
        """Draw the page; it is drawn anew, with all that was entered, in another language."""
        with theme.frame(self._visit, "/", self._speak):
            OfflineNotice(self._visit).build()
            self._scale_and_panel()

    def _scale_and_panel(self) -> None:
        t = self._visit.language
        with ui.element("div").classes("weigh"):
            with ui.element("section").classes("stage-side") as side:
                side.props["aria-label"] = t("Picture")
                self._stage_side()
            with ui.element("section").classes("panel card") as panel:
                panel.props["aria-label"] = t("Weighing")
                self._announcement = theme.text("", "p").classes("sr-only").mark("announcement")
                self._announcement.props["role"] = "status"
                self._readout = self._figures()
                with ui.element("div").classes("panel-main"):
                    self._panel()

    # ------------------------------------------------------------------ what is drawn

    def _stage_side(self) -> None:
        t, kiosk = self._visit.language, self._visit.kiosk
        uploader = ui.upload(
            on_upload=self._uploaded,
            on_rejected=self._rejected,
            auto_upload=True,
            max_file_size=MAX_FILE_BYTES,
        )
        uploader.props(ACCEPTED_FILES).classes("hidden-uploader")
        uploader.mark("upload")
        with ui.element("div").classes("stage"):
            self._camera = (
                Camera(uploader, t, self._see)
                if kiosk.camera is None
                else DeviceView(lambda: self._start(self._capture_here()), t)
            )
            self._stage()
        plate = self._flow.plate
        actions = TareActions(self._take_tare, self._weigh_container, self._zero)
        containers = TareChoice(self._visit, plate, actions)
        with ui.element("div").classes("stage-actions"):
            theme.action(t("Classify"), self._classify, kind="primary").mark("classify")
            choose = theme.action(t("Choose a picture"), symbol="folder").mark("choose-picture")
            # In the browser: a file dialog opens only as the direct answer to a tap.
            choose.on("click", js_handler=f"() => getElement({uploader.id}).$refs.qRef.pickFiles()")
            theme.action(t("Container"), containers.open, symbol="container").mark("tare-choice")
        self._samples = None
        if self._simulated is not None:
            with ui.element("div").classes("sample-strip"):
                self._samples = SampleStrip(self._visit, self._use_sample, self._take_off)
                self._show_samples()

    @ui.refreshable_method
    def _stage(self) -> None:
        shown = self._weighing.picture
        if shown is None:
            return
        t = self._visit.language
        theme.picture(shown.preview_url, t("Your picture")).classes("stage-picture").mark("picture")
        if self._flow.step in {Step.IDLE, Step.READY}:
            remove = theme.action("", self._remove_picture, symbol="close").mark("remove-picture")
            remove.classes("square remove-picture").props["aria-label"] = t("Remove picture")

    def _figures(self) -> Display | Knobs:
        t, plate = self._visit.language, self._flow.plate
        if self._simulated is None:
            return Display(plate, t)
        return Knobs(plate, lambda: self._weighing, t, self._classify)

    @ui.refreshable_method
    def _panel(self) -> None:
        weighing, step = self._weighing, self._flow.step
        self._answer = self._prompt = None
        if step is Step.ANSWERED and weighing.result is not None:
            actions = Actions(
                self._confirm, self._count, self._search, self._next_item, self._again
            )
            self._answer = Answer(self._visit, weighing, actions)
            self._answer.build()
        else:
            bowl = None if self._simulated is None else self._put_bowl
            choices = Choices(self._cancel, self._leave_container, bowl)
            self._prompt = Prompt(self._visit, self._flow.plate, choices)
            self._prompt.build(step, weighing.problem, sees=self._camera.live)
            self._announcement.text = self._prompt.said

    # ------------------------------------------------------------------ the scale

    @property
    def _simulated(self) -> SimulatedScale | None:
        return self._scale if isinstance(self._scale, SimulatedScale) else None

    def _read(self, reading: Reading) -> None:
        step, condition = self._flow.step, self._flow.plate.condition
        todo = self._flow.read(reading)
        self._see_to(todo)
        self._readout.show()
        if self._flow.step is not step or todo:
            if step is Step.CONTAINER:
                self._enter_tare()
            self._touched = time.monotonic()
            self._refresh()
            self._lead("leadOn")
        elif condition is not self._flow.plate.condition and self._flow.step is Step.IDLE:
            self._panel.refresh()
            self._lead("leadOn")
        if self._prompt is not None:
            self._prompt.show()

    def _see_to(self, todo: tuple[Do, ...]) -> None:
        for do in todo:
            match do:
                case Do.FORGET:
                    self._forget()
                case Do.REWEIGH:
                    self._reweigh()
                case Do.CAPTURE:
                    self._capture()

    def _forget(self) -> None:
        if self._weighing.result is not None:
            self._visit.kiosk.api.leave(self._weighing.result.job_id)
        self._weighing.cancel()
        self._weighing = Weighing()
        self._chosen = self._carried = None
        self._by_hand = False
        gross = self._flow.plate.gross_kg
        self._weighing.weight = wording.editable(gross, self._visit.language) if gross else ""
        self._enter_tare()

    def _reweigh(self) -> None:
        """The item is the same, its weight is not: what was answered has no price any more."""
        before = self._weighing
        before.cancel()
        if before.result is not None:
            self._carried = before.result.confirmed_label
        self._weighing = Weighing(weight=before.weight, tare=before.tare)
        if self._by_hand:
            self._weighing.picture = before.picture

    def _capture(self) -> None:
        if self._weighing.picture is not None:
            self._send()
        elif self._camera.live:
            self._camera.capture()

    def _see(self) -> None:
        """The camera sees, or no longer: what has landed already may have waited for it."""
        if self._flow.step is Step.READY and self._weighing.picture is None:
            if self._camera.live:
                self._weighing.problem = None
                self._capture()
            self._panel.refresh()
            self._lead("leadOn")

    def _take_off(self) -> None:
        if self._simulated is not None:
            self._simulated.clear()

    def _put_bowl(self) -> None:
        if self._simulated is not None:
            self._simulated.place(BOWL_KG)

    # ------------------------------------------------------------------ the container

    def _take_tare(self, kg: Decimal) -> None:
        plate = self._flow.plate
        if self._flow.step is Step.ANSWERED and kg >= (plate.gross_kg or NOTHING):
            self._say(wording.TARE_TOO_HEAVY)
            return
        plate.tare(kg)
        self._tared()

    def _zero(self) -> None:
        self._flow.plate.zero()
        self._tared()

    def _tared(self) -> None:
        """Another tare is another net weight: what was answered has no price any more."""
        self._enter_tare()
        if self._flow.step is Step.ANSWERED and self._flow.plate.net_kg:
            self._reweigh()
            self._see_to(self._flow.again())
        else:
            self._see_to(self._flow.read(self._flow.plate.reading))
        self._readout.show()
        self._refresh()

    def _weigh_container(self) -> None:
        self._forget()
        self._flow.await_container()
        self._enter_tare()
        self._refresh()

    def _leave_container(self) -> None:
        self._flow.end_container()
        self._see_to(self._flow.read(self._flow.plate.reading))
        self._refresh()

    def _enter_tare(self) -> None:
        tare = self._flow.plate.tare_kg
        typed = wording.editable(tare, self._visit.language) if tare else ""
        self._weighing.tare = typed
        self._readout.show()

    # ------------------------------------------------------------------ the picture

    async def _uploaded(self, event: UploadEventArguments) -> None:
        await self._take_picture(await event.file.read(), by_hand=event.file.name != CAPTURE)

    def _rejected(self) -> None:
        self._say(TOO_LARGE)

    async def _capture_here(self) -> None:
        camera = self._visit.kiosk.camera
        if camera is None:
            return
        try:
            file = await camera.picture()
        except CameraUnavailable:
            self._say(NO_CAPTURE)
            return
        await self._take_picture(file, by_hand=False)

    async def _take_picture(self, file: bytes, *, by_hand: bool) -> None:
        try:
            picture = await run.io_bound(prepare, file)
        except UnreadablePicture as error:
            self._say(str(error))
            return
        if picture is not None:  # None: the kiosk is being stopped
            self._chosen, self._by_hand = None, by_hand
            self._show_picture(picture)

    async def _use_sample(self, sample: Sample) -> None:
        picture = await run.io_bound(lambda: prepare(sample.read()))
        if picture is None or self._simulated is None:
            return
        plate, t = self._flow.plate, self._visit.language
        # What the shopper has brought stands there already: the sample goes into it.
        tare = sample.tare_kg or plate.tare_kg
        gross = sample.weight_kg + (NOTHING if sample.tare_kg else tare)
        self._weighing.cancel()
        self._chosen, self._by_hand, self._carried = sample, True, None
        self._weighing = Weighing(picture=picture, weight=wording.editable(gross, t))
        self._flow.insist()
        plate.tare(tare)
        self._enter_tare()
        self._refresh()
        self._simulated.place(gross)

    def _show_picture(self, picture: Picture) -> None:
        if self._flow.step is Step.WAITING:
            self._weighing.cancel()
            self._flow.give_up()
        if self._weighing.phase is not Phase.ENTERING:
            # A new picture is a new weighing; what is on the scale stays on it.
            self._weighing = Weighing(weight=self._weighing.weight, tare=self._weighing.tare)
        self._weighing.picture = picture
        self._weighing.problem = None
        if self._flow.step is Step.ANSWERED:
            self._flow.again()
        if self._flow.step is Step.READY:
            self._send()
        self._refresh()

    def _remove_picture(self) -> None:
        self._weighing.picture = self._chosen = None
        self._refresh()

    # ------------------------------------------------------------------ the weighing

    def _classify(self) -> None:
        """Recognise what is on the scale, asked for by a tap."""
        self._touched = time.monotonic()
        self._weighing.problem = None
        if self._simulated is not None:
            self._classify_typed(self._simulated)
        else:
            self._classify_weighed()
        self._refresh()

    def _classify_typed(self, scale: SimulatedScale) -> None:
        weighing, plate = self._weighing, self._flow.plate
        if not weighing.check():
            return
        weight, tare = weighing.typed
        if self._flow.step is Step.CONTAINER:
            scale.place(weight)
            return
        if weighing.picture is None and not self._camera.live:
            weighing.problem = NO_PICTURE
            return
        same = (weight, tare) == (plate.gross_kg, plate.tare_kg)
        if self._flow.step is Step.WAITING and same:
            return
        weighing.cancel()
        if not same or not self._by_hand:
            self._reweigh()
            self._carried = None
        plate.tare(tare)
        self._flow.insist()
        scale.place(weight)

    def _classify_weighed(self) -> None:
        step, plate = self._flow.step, self._flow.plate
        if step is Step.LEAVING:
            self._weighing.problem = TAKE_OFF
        elif not plate.net_kg:
            self._weighing.problem = NOTHING_YET
        elif not plate.stable:
            self._weighing.problem = NOT_STEADY
        elif step is not Step.WAITING:
            self._again()
            if self._weighing.picture is None and not self._camera.live:
                self._weighing.problem = NO_PICTURE

    def _again(self) -> None:
        """Look once more: with a new picture, or with the one that was chosen."""
        self._reweigh()
        self._see_to(self._flow.again())
        self._refresh()

    def _retake(self) -> None:
        """Take another picture of what is on the scale: on the one there is, there was nothing."""
        self._by_hand = False
        self._chosen = None
        self._again()

    def _send(self) -> None:
        weighing, plate = self._weighing, self._flow.plate
        if weighing.picture is None or plate.gross_kg is None or not plate.net_kg:
            return
        entry = Entry(weighing.picture, plate.gross_kg, plate.tare_kg or None)
        self._flow.send()
        self._start(self._recognise(weighing, entry))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        background_tasks.create(work, name="weigh", context=self._visit.client)

    async def _recognise(self, weighing: Weighing, entry: Entry) -> None:
        kiosk, t = self._visit.kiosk, self._visit.language
        settings = kiosk.settings
        await weighing.classify(
            entry, kiosk.api, t, scale_id=settings.scale_id, patience_s=settings.patience_s
        )
        # Meanwhile somebody may have begun with the next item: this answer is not theirs.
        if weighing is not self._weighing or self._flow.step is not Step.WAITING:
            return
        if weighing.phase is Phase.ANSWERED:
            self._flow.answer()
            if self._carried is not None and weighing.result is not None:
                weighing.say(self._carried)
                await weighing.settle(kiosk.api, t)
        else:
            self._flow.give_up()
        self._refresh()
        self._announce()

    def _cancel(self) -> None:
        self._weighing.cancel()
        self._flow.give_up()
        self._refresh()

    async def _confirm(self, label: str) -> None:
        self._weighing.say(label)
        await self._settle(counting=False)

    async def _count(self, by: int) -> None:
        self._weighing.count(by)
        if self._answer is not None:
            self._answer.recount()
        await self._settle(counting=True)

    async def _settle(self, *, counting: bool) -> None:
        """Have confirmed what was said, unless an earlier tap sees to that, and show it."""
        weighing = self._weighing
        done = await weighing.settle(self._visit.kiosk.api, self._visit.language)
        if not done or weighing is not self._weighing:
            return
        if weighing.searching and weighing.problem is None:
            return  # a count was confirmed behind the search: what is typed there stays
        same = self._answer is not None and self._answer.recount()
        if not same:
            self._refresh()
        if same and counting:
            self._tell()  # the keyboard stays on the button that counts
        else:
            self._announce()

    def _search(self, wanted: bool) -> None:
        self._weighing.searching = wanted
        self._weighing.problem = None
        self._refresh()
        self._lead()

    def _next_item(self) -> None:
        todo = self._flow.finish()
        self._forget()
        self._see_to(todo)
        self._take_off()
        self._refresh()
        self._lead()

    # ------------------------------------------------------------------ the screen

    async def _speak(self, language: Language) -> None:
        weighing = self._weighing
        for field in ("weight", "tare"):
            typed = getattr(weighing, field)
            setattr(weighing, field, wording.retyped(typed, language))
        await weighing.translate(self._visit.kiosk.api, language)
        self._touched = time.monotonic()
        self.screen.refresh()

    async def look_around(self) -> None:
        """When nobody is here any more, the next shopper finds everything as it was."""
        settings = self._visit.kiosk.settings
        away = time.monotonic() - self._touched > settings.away_s
        if not away or self._flow.step is not Step.IDLE:
            return
        self._touched = time.monotonic()
        usual = self._visit.kiosk.language(settings.language)
        self._visit.client.run_javascript("smartscale.reset()")
        self._forget()
        if self._visit.language is not usual:
            theme.speak(self._visit, usual, "/")
            self.screen.refresh()

    def _say(self, problem: str) -> None:
        self._weighing.problem = problem
        self._refresh()

    def _refresh(self) -> None:
        self._stage.refresh()
        self._show_samples()
        if isinstance(self._readout, Knobs):
            self._readout.fill()
        self._readout.show()
        self._panel.refresh()

    def _show_samples(self) -> None:
        if self._samples is not None:
            self._samples.show(self._chosen, loaded=bool(self._flow.plate.gross_kg))

    def _announce(self) -> None:
        """Tell screen readers the answer, and put the keyboard on what comes next."""
        if self._weighing.result is None:
            return
        self._tell()
        self._lead()

    def _lead(self, how: str = "lead") -> None:
        """Put the keyboard on what comes next: what had it was drawn anew."""
        self._visit.client.run_javascript(f"setTimeout(() => smartscale.{how}(), 50)")

    def _tell(self) -> None:
        result = self._weighing.result
        if result is not None:
            said = wording.spoken(result, self._visit.language)
            self._announcement.text = said
            self._visit.client.run_javascript(f"smartscale.say({json.dumps(said)})")


def weigh_page(visit: Visit) -> None:
    """Build the page, and follow its scale for as long as it is open."""
    kiosk, client = visit.kiosk, visit.client
    page = WeighPage(visit, kiosk.scale or SimulatedScale())
    page.screen()
    ui.timer(min(_LOOK_AROUND_S, kiosk.settings.away_s / 2), page.look_around)
    following = background_tasks.create(page.follow(), name="scale", context=client)
    client.on_delete(following.cancel)
