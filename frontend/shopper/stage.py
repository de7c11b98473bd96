"""The side of the page with the camera, the picture, and what can be put on a simulated scale."""

from collections.abc import Callable, Coroutine
from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from frontend.devices.cameras import CameraUnavailable, DeviceCamera
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.screen.camera import CAPTURE, Camera, DeviceView
from frontend.shopper.samples import SampleStrip
from frontend.shopper.tare import TareChoice
from frontend.weighing.camera_watch import NO_CAPTURE
from frontend.weighing.pictures import NOT_TAKEN
from frontend.weighing.session import Step
from frontend.weighing.shopper import Shopper
from frontend.weighing.weighing import Photo


class Stage:
    """Draws it where it is made; `show` draws what has changed."""

    def __init__(
        self,
        visit: Visit,
        shopper: Shopper,
        run: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._visit, self._shopper, self._run = visit, shopper, run
        uploader = self._uploader()
        with ui.element("div").classes("stage"):
            shopper.use_camera(self._camera(uploader))
            self._picture()
        self._actions(uploader)
        self._samples: SampleStrip | None = None
        if shopper.bench is not None:
            with ui.element("div").classes("sample-strip"):
                self._samples = SampleStrip(visit, shopper.place_sample, shopper.bench.clear)
        self.show()

    def show(self) -> None:
        """Draw what has changed."""
        if self._drawn != self._picture_now():
            self._picture.refresh()
        if self._samples is not None:
            photo = self._shopper.weighing.photo
            loaded = bool(self._shopper.plate.gross_kg)
            self._samples.show(photo.sample if photo else None, loaded=loaded)

    def _uploader(self) -> ui.upload:
        uploader = theme.hidden_uploader(self._uploaded, lambda: self._shopper.notify(NOT_TAKEN))
        return uploader.mark("upload")

    def _camera(self, uploader: ui.upload) -> Camera | DeviceView:
        t, device = self._visit.language, self._visit.kiosk.camera
        if device is None:
            in_shop = self._shopper.bench is None
            return Camera(uploader, t, self._shopper.notice_camera, in_shop=in_shop)
        return DeviceView(lambda: self._run(self._capture(device)), t)

    def _actions(self, uploader: ui.upload) -> None:
        t, shopper = self._visit.language, self._shopper
        containers = TareChoice(self._visit, shopper)
        with ui.element("div").classes("stage-actions"):
            if shopper.bench is not None:
                theme.action(t("Classify"), shopper.classify, kind="primary").mark("classify")
                choose = theme.action(t("Choose a picture"), symbol="folder").mark("choose-picture")
                # In the browser: a file dialog opens only as the direct answer to a tap.
                pick = f"() => getElement({uploader.id}).$refs.qRef.pickFiles()"
                choose.on("click", js_handler=pick)
            theme.action(t("Container"), containers.open, symbol="container").mark("tare-choice")

    @ui.refreshable_method
    def _picture(self) -> None:
        photo, removable = self._drawn = self._picture_now()
        if photo is None:
            return
        t = self._visit.language
        theme.picture(photo.picture.preview_url, t("Your picture")).classes("stage-picture").mark(
            "picture"
        )
        if removable:
            remove = theme.action("", self._shopper.remove_picture, symbol="close")
            remove.mark("remove-picture").classes("square remove-picture")
            remove.props["aria-label"] = t("Remove picture")

    def _picture_now(self) -> tuple[Photo | None, bool]:
        """The picture to draw, and whether it can be removed."""
        return self._shopper.weighing.photo, self._shopper.step in {Step.IDLE, Step.READY}

    async def _uploaded(self, event: UploadEventArguments) -> None:
        file = await event.file.read()
        await self._shopper.take_picture(file, captured=event.file.name == CAPTURE)

    async def _capture(self, device: DeviceCamera) -> None:
        try:
            file = await device.picture()
        except CameraUnavailable:
            self._shopper.camera_failed(NO_CAPTURE)
        else:
            await self._shopper.take_picture(file, captured=True)
