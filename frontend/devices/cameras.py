"""A camera that is wired to the kiosk's machine; a browser's own camera is screen/camera.py.

It is read through OpenCV, which is installed with the `camera` group: `uv sync --group camera`.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator

from nicegui import run

BROWSER = "browser"
LIVE_PATH = "/camera/live"
_BOUNDARY = "frame"
FILM = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
_FILM_PAUSE_S = 0.1
_AGAIN_S = 2.0
"""After how many seconds a camera that gives no picture is opened anew."""
_WIDTH, _HEIGHT = 1280, 960

_log = logging.getLogger(__name__)


class CameraUnavailable(Exception):
    """The camera gives no picture."""


class DeviceCamera:
    """One camera for all pages. A thread reads it all the time and keeps only the newest picture.

    `source` is what OpenCV opens: a device such as `/dev/video0`, a file, or a stream's URL.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._newest: bytes | None = None
        self._news = threading.Condition()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    async def picture(self, patience_s: float = 3.0) -> bytes:
        """The next picture that the camera sees, as a JPEG.

        Raises:
            CameraUnavailable: it gives none in time.
        """
        picture = await run.io_bound(self._next, patience_s)
        if picture is None:
            raise CameraUnavailable(self._source)
        return picture

    async def film(self) -> AsyncIterator[bytes]:
        """Pictures for the screen, as parts of a multipart answer, until the browser closes it."""
        while not self._stopped.is_set():
            picture = await run.io_bound(self._next, _AGAIN_S)
            if picture:
                yield (
                    (
                        f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                        f"Content-Length: {len(picture)}\r\n\r\n"
                    ).encode()
                    + picture
                    + b"\r\n"
                )
            await asyncio.sleep(_FILM_PAUSE_S)

    def close(self) -> None:
        """Stop reading, and release the camera."""
        self._stopped.set()
        with self._news:
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join(_AGAIN_S)

    def _next(self, patience_s: float) -> bytes | None:
        with self._news:
            if self._thread is None:
                self._thread = threading.Thread(target=self._read, name="camera", daemon=True)
                self._thread.start()
            arrived = self._news.wait(patience_s)
            return self._newest if arrived and not self._stopped.is_set() else None

    def _read(self) -> None:
        """Keep the newest picture until `close`. Open the camera anew when it gives none."""
        said = ""
        while not self._stopped.is_set():
            why = "it gives no picture"
            try:
                for picture in self._pictures():
                    said = ""
                    with self._news:
                        self._newest = picture
                        self._news.notify_all()
            except Exception as error:  # noqa: BLE001  whatever OpenCV raises of a broken frame
                why = f"{type(error).__name__}: {error}"
            if not self._stopped.wait(_AGAIN_S) and why != said:
                _log.warning("The camera %s is opened anew: %s", self._source, why)
                said = why

    def _pictures(self) -> Iterator[bytes]:
        import cv2  # noqa: PLC0415 - only where a camera is wired to this machine

        device = cv2.VideoCapture(self._source)
        device.set(cv2.CAP_PROP_FRAME_WIDTH, _WIDTH)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, _HEIGHT)
        try:
            while not self._stopped.is_set():
                there, frame = device.read()
                if not there:
                    return
                done, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])
                if done:
                    yield jpeg.tobytes()
        finally:
            device.release()


def open_camera(source: str) -> DeviceCamera | None:
    """The camera that the setting names; None where the browser's camera is used.

    Raises:
        ModuleNotFoundError: OpenCV is wanted and not installed.
    """
    if source == BROWSER:
        return None
    import cv2  # noqa: F401, PLC0415 - fails at the start rather than before a shopper

    return DeviceCamera(source)
