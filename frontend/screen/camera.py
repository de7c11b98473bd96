"""What the camera sees: the browser's camera, or the one of the kiosk's machine."""

from collections.abc import Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from frontend.devices.cameras import LIVE_PATH
from frontend.screen import theme
from frontend.weighing.pictures import LONGEST_SIDE
from frontend.words.languages import Language

CAPTURE = "camera.jpg"
"""What a captured picture is called."""


class Camera(ui.element, component="camera.js"):
    """A live view with a button; what it captures arrives at an uploader as `CAPTURE`."""

    def __init__(
        self,
        uploader: ui.upload,
        t: Language,
        on_change: Callable[[], None] = lambda: None,
        *,
        in_shop: bool = False,
    ) -> None:
        """Draw it.

        Args:
            uploader: takes what is captured.
            t: the language of its texts.
            on_change: called when the camera starts or stops delivering pictures.
            in_shop: whether there are no files and no samples to take a picture from instead.
        """
        super().__init__()
        self._on_change = on_change
        self._delivers = False
        self.on("state", self._changed)
        self.props["uploader"] = uploader.id
        self.props["longest"] = LONGEST_SIDE
        self.props["texts"] = {
            "view": t("Camera picture"),
            "off": t("Use the camera, choose a picture, or tap a sample"),
            "starting": t("Starting the camera…"),
            "missing": t("There is no camera here. Choose a picture, or tap a sample."),
            "denied": t("The camera is not allowed here. Choose a picture, or tap a sample."),
            "insecure": t("Browsers show the camera only to pages that were opened by https."),
            "busy": t("Another program is using the camera. Please close it, then try again."),
            "unplugged": t("The camera was unplugged. Please plug it in again."),
            **(_in_shop(t) if in_shop else {}),
            "start": t("Turn on the camera"),
            "again": t("Try the camera again"),
            "capture": t("Take picture"),
        }

    @property
    def live(self) -> bool:
        """Whether it can take a picture: it delivers some, on a page that somebody has open."""
        return self._delivers and _is_shown(self)

    def capture(self) -> None:
        """Take a picture as soon as the camera delivers one."""
        self.run_method("capture")

    def _changed(self, event: GenericEventArguments) -> None:
        self._delivers = event.args["state"] == "live"
        self._on_change()


def _in_shop(t: Language) -> dict[str, str]:
    """What is said where a shopper can only put something on the scale, or choose it by hand."""
    return {
        "off": t("The camera is off. Items can be chosen by hand."),
        "missing": t("There is no camera here. Items can be chosen by hand."),
        "denied": t("The camera is not allowed here. Items can be chosen by hand."),
    }


class DeviceView:
    """A live view of the camera that is wired to the kiosk's machine, with a button."""

    def __init__(self, on_capture: Callable[[], object], t: Language) -> None:
        self._capture = on_capture
        self._box = ui.element("div").classes("camera camera-live")
        with self._box:
            theme.picture(LIVE_PATH, t("Camera picture")).classes("camera-film")
            shutter = ui.element("button").classes("shutter").on("click", on_capture)
            with shutter.mark("shutter"):
                ui.element("span").classes("shutter-ring").props("aria-hidden=true")
                theme.text(t("Take picture"))

    @property
    def live(self) -> bool:
        """Whether somebody has the page open."""
        return not self._box.is_deleted

    def capture(self) -> None:
        """Take a picture."""
        self._capture()


def _is_shown(element: ui.element) -> bool:
    return not element.is_deleted and element.client.has_socket_connection
