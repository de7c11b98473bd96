"""Photos that teach the scales: from the browser's camera, or from files."""

from nicegui import ui

from frontend.screen.camera import Camera
from frontend.words.languages import N_, Language

UNREADABLE = N_("A file was left out: it is not a picture that can be read.")


def teaching_camera(uploader: ui.upload, t: Language) -> Camera:
    """Draw the browser's camera, for whoever can choose files instead."""
    camera = Camera(uploader, t)
    camera.props["texts"] = camera.props["texts"] | {
        "off": t("Use the camera, or choose files"),
        "missing": t("There is no camera here. Please choose files."),
        "denied": t("The camera is not allowed here. Please choose files."),
    }
    return camera
