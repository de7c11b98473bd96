"""The shopper's page: a picture and a weight become a name and a price."""

from nicegui import run, ui
from nicegui.events import UploadEventArguments

from frontend import theme, wording
from frontend.kiosk import Visit
from frontend.languages import N_, Language
from frontend.parts.answer import Actions, Answer
from frontend.parts.camera import Camera
from frontend.pictures import MAX_FILE_BYTES, Picture, UnreadablePicture, prepare
from frontend.samples import Sample
from frontend.weighing import Phase, Weighing

UNREADABLE = N_("This file is not a picture that can be read. Please choose a JPEG, PNG or WebP.")


class WeighPage:
    """One shopper at the scale."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._weighing = Weighing()
        self._chosen: Sample | None = None
        self._answer: Answer | None = None

    @ui.refreshable_method
    def screen(self) -> None:
        """Draw the page; it is drawn anew, with all that was entered, in another language."""
        with theme.frame(self._visit, "/", self._speak), ui.element("div").classes("weigh"):
            with ui.element("section").classes("stage-side") as side:
                side.props["aria-label"] = self._visit.language("Picture")
                self._stage_side()
            with ui.element("section").classes("panel card") as panel:
                panel.props["aria-label"] = self._visit.language("Weighing")
                self._panel()
            self._announcement = theme.text("", "p").classes("sr-only")
            self._announcement.props["role"] = "status"

    # ------------------------------------------------------------------ the picture

    def _stage_side(self) -> None:
        t = self._visit.language
        uploader = ui.upload(
            on_upload=self._uploaded,
            on_rejected=self._rejected,
            auto_upload=True,
            max_file_size=MAX_FILE_BYTES,
        )
        uploader.props('accept="image/jpeg,image/png,image/webp"').classes("hidden-uploader")
        uploader.mark("upload")
        with ui.element("div").classes("stage"):
            Camera(uploader, t)
            self._stage()
        with ui.element("div").classes("stage-actions"):
            choose = theme.action(t("Choose a picture"), symbol="folder").mark("choose-picture")
            # In the browser: a file dialog opens only as the direct answer to a tap.
            choose.on("click", js_handler=f"() => getElement({uploader.id}).$refs.qRef.pickFiles()")
            self._again()
        with ui.element("div").classes("sample-strip"):
            self._sample_strip()

    @ui.refreshable_method
    def _stage(self) -> None:
        shown = self._weighing.picture
        if shown is not None:
            t = self._visit.language
            theme.picture(shown.preview_url, t("Your picture")).classes("stage-picture").mark(
                "picture"
            )

    @ui.refreshable_method
    def _again(self) -> None:
        if self._weighing.picture is not None and self._weighing.phase is Phase.ENTERING:
            t = self._visit.language
            theme.action(t("Remove picture"), self._remove_picture, symbol="close").mark(
                "remove-picture"
            )

    @ui.refreshable_method
    def _sample_strip(self) -> None:
        t = self._visit.language
        if not self._visit.kiosk.samples:
            return
        with ui.element("div").classes("samples") as group:
            group.props["role"] = "group"
            group.props["aria-label"] = t("Samples")
            theme.text(t("No item at hand? Tap a sample"), "h2").classes("samples-title")
            with ui.element("div").classes("sample-list"):
                for sample in self._visit.kiosk.samples:
                    self._sample(sample)

    def _sample(self, sample: Sample) -> None:
        t = self._visit.language

        async def choose() -> None:
            await self._use_sample(sample)

        button = ui.element("button").classes("sample").on("click", choose)
        button.props["aria-pressed"] = str(sample == self._chosen).lower()
        with button.mark(f"sample-{sample.path.stem}", "sample"):
            theme.picture(sample.thumbnail_url, "", 96)
            theme.text(sample.title_in(t.code)).classes("sample-name")
            theme.text(wording.kilograms(sample.weight_kg, t)).classes("sample-weight")

    async def _uploaded(self, event: UploadEventArguments) -> None:
        await self._take_picture(await event.file.read())

    def _rejected(self) -> None:
        self._say(UNREADABLE)

    async def _take_picture(self, file: bytes) -> None:
        try:
            picture = await run.io_bound(prepare, file)
        except UnreadablePicture:
            self._say(UNREADABLE)
            return
        if picture is not None:  # None: the kiosk is being stopped
            self._chosen = None
            self._show_picture(picture)

    async def _use_sample(self, sample: Sample) -> None:
        picture = await run.io_bound(lambda: prepare(sample.read()))
        if picture is None:
            return
        t = self._visit.language
        self._chosen = sample
        self._weighing = Weighing(
            weight=wording.editable(sample.weight_kg, t),
            tare="" if sample.tare_kg is None else wording.editable(sample.tare_kg, t),
        )
        self._show_picture(picture)

    def _show_picture(self, picture: Picture) -> None:
        if self._weighing.phase is not Phase.ENTERING:
            # A new picture is a new weighing; what is on the scale stays on it.
            self._weighing = Weighing(weight=self._weighing.weight, tare=self._weighing.tare)
        self._weighing.picture = picture
        self._weighing.problem = None
        self._refresh()

    def _remove_picture(self) -> None:
        self._weighing.picture = self._chosen = None
        self._refresh()

    # ------------------------------------------------------------------ the weighing

    @ui.refreshable_method
    def _panel(self) -> None:
        weighing = self._weighing
        if weighing.phase is Phase.ANSWERED and weighing.result is not None:
            actions = Actions(self._confirm, self._count, self._search, self._next_item)
            self._answer = Answer(self._visit, weighing, actions)
            self._answer.build()
        else:
            self._answer = None
            self._form()

    def _form(self) -> None:
        t = self._visit.language
        waiting = self._weighing.phase is Phase.WAITING
        with ui.element("div").classes("form"):
            theme.text(t("What is on the scale?"), "h1")
            self._figure("weight", t("Weight"), self._weighing.weight_problem, waiting)
            self._figure("tare", t("Tare (optional)"), self._weighing.tare_problem, waiting)
            if self._weighing.problem is not None:
                theme.notice(t(self._weighing.problem), kind="calm").mark("problem")
            with ui.element("div").classes("form-end"):
                if waiting:
                    with ui.element("div").classes("waiting").mark("waiting") as wait:
                        wait.props["role"] = "status"
                        theme.spinner()
                        theme.text(t("Recognising…"))
                    theme.action(t("Cancel"), self._cancel, kind="quiet").mark("cancel")
                else:
                    classify = theme.action(t("Classify"), self._classify, kind="primary huge")
                    classify.mark("classify")

    def _figure(self, name: str, label: str, problem: str | None, waiting: bool) -> None:
        t = self._visit.language
        weighing = self._weighing
        box = ui.input(
            label,
            value=getattr(weighing, name),
            on_change=lambda event: setattr(weighing, name, event.value or ""),
        )
        box.props(
            'outlined inputmode=decimal autocomplete=off suffix="kg" stack-label maxlength=12'
        )
        box.props["placeholder"] = wording.editable(wording.ZERO, t)
        box.classes(f"figure {name}").mark(name)
        box.props("bottom-slots no-error-icon")
        if problem is not None:
            box.props["error"] = True
            box.props["error-message"] = t(problem)
        if waiting:
            box.props("readonly")
        box.on("keydown.enter", self._classify)

    async def _classify(self) -> None:
        if self._weighing.phase is not Phase.ENTERING:
            return
        weighing = self._weighing
        entry = weighing.check()
        if entry is None:
            self._refresh()
            return
        settings, t = self._visit.kiosk.settings, self._visit.language
        work = weighing.classify(
            entry,
            self._visit.kiosk.api,
            t,
            scale_id=settings.scale_id,
            patience_s=settings.patience_s,
        )
        weighing.phase = Phase.WAITING
        self._refresh()
        await work
        # Meanwhile somebody may have begun with the next item: this answer is not theirs.
        if weighing is self._weighing:
            self._refresh()
            self._announce()

    def _cancel(self) -> None:
        self._weighing.cancel()
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

    def _next_item(self) -> None:
        self._weighing, self._chosen = Weighing(), None
        self._refresh()

    # ------------------------------------------------------------------ the screen

    async def _speak(self, language: Language) -> None:
        await self._weighing.translate(self._visit.kiosk.api, language)
        self.screen.refresh()

    def _say(self, problem: str) -> None:
        self._weighing.problem = problem
        self._refresh()

    def _refresh(self) -> None:
        self._stage.refresh()
        self._again.refresh()
        self._sample_strip.refresh()
        self._panel.refresh()

    def _announce(self) -> None:
        """Tell screen readers the answer, and put the keyboard on what comes next."""
        if self._weighing.result is None:
            return
        self._tell()
        self._visit.client.run_javascript(
            "setTimeout(() => document.querySelector('[data-focus]')"
            "?.focus({preventScroll: true}), 50)"
        )

    def _tell(self) -> None:
        result = self._weighing.result
        if result is not None:
            self._announcement.text = wording.spoken(result, self._visit.language)


def weigh_page(visit: Visit) -> None:
    """Build the page."""
    WeighPage(visit).screen()
