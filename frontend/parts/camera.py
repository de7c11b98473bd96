"""The browser's camera."""

from nicegui import ui

from frontend.languages import Language
from frontend.pictures import LONGEST_SIDE


class Camera(ui.element, component="camera.js"):
    """A live view with a button; what it captures arrives at an uploader."""

    def __init__(self, uploader: ui.upload, t: Language) -> None:
        super().__init__()
        self.props["uploader"] = uploader.id
        self.props["longest"] = LONGEST_SIDE
        self.props["texts"] = {
            "view": t("Camera picture"),
            "off": t("Use the camera, choose a picture, or tap a sample"),
            "starting": t("Starting the camera…"),
            "missing": t("There is no camera here. Choose a picture, or tap a sample."),
            "denied": t("The camera is not allowed here. Choose a picture, or tap a sample."),
            "start": t("Turn on the camera"),
            "again": t("Try the camera again"),
            "capture": t("Take picture"),
        }
