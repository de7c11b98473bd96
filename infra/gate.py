"""In front of the embedded API: refuses at once what could not be kept.

While tables are restored after a crash nobody is served, as prices and versions would be old ones;
the kiosk goes on by itself. Without room on the disk no picture is taken. Who still waits when the
service stops is told so.
"""

from asyncio import CancelledError
from http import HTTPStatus

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.readiness import Readiness
from infra.space import Room, Space
from smartscale import __version__
from smartscale.contract.health import DiskHealth, Health
from smartscale.http.app import BASE_PATH
from smartscale.http.problem import problem

RETRY_AFTER_S = 5
_HEALTH = f"{BASE_PATH}/health"
_BRING_PICTURES = frozenset({f"{BASE_PATH}/predict", f"{BASE_PATH}/uploads"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware.

    Args:
        app: the API.
        ready: whether the tables can be relied on.
        space: where what it acknowledges is written; None where that is another machine's.
    """

    def __init__(self, app: ASGIApp, ready: Readiness, space: Space | None) -> None:
        self._app = app
        self._ready = ready
        self._space = space

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer in the API's stead."""
        answer = None
        if scope["type"] == "http" and scope["path"].startswith(BASE_PATH):
            # A look at a file and a disk takes microseconds, and a thread for it a millisecond.
            answer = self._answer(scope["method"], scope["path"])
        if answer is None:
            await self._serve(scope, receive, send)
        else:
            await answer(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. What has no answer when the service has waited for it long enough is
        cancelled, and uvicorn would answer 500."""
        answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except CancelledError:
            if answered or scope["type"] != "http":
                raise
            await _stopping()(scope, receive, send)

    def _answer(self, method: str, path: str) -> Response | None:
        if not self._ready:
            return _restoring(path)
        if self._space is None or (method in _READING and path != _HEALTH):
            return None  # the kiosks' many looks for an answer need no look at the disk
        room = self._space.room()
        refused = room.refused_because
        if refused is None:
            return None
        if path == _HEALTH:
            return _degraded("disk", room, self._space.left())
        if room is Room.NONE and path not in _BRING_PICTURES:
            return None  # the reserve is for it
        return problem(HTTPStatus.INSUFFICIENT_STORAGE, refused)


def _restoring(path: str) -> Response:
    if path == _HEALTH:
        answer: JSONResponse = _degraded("tables", "restoring")
    else:
        answer = problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Prices and weighings are being restored after an interruption; nothing was charged. "
            "Try again in some seconds.",
        )
    return _to_be_sent_again(answer)


def _stopping() -> Response:
    return _to_be_sent_again(
        problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The service stops, and it is not known whether this was stored: send it again.",
        )
    )


def _to_be_sent_again(answer: Response) -> Response:
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _degraded(what: str, state: str, disk: DiskHealth | None = None) -> JSONResponse:
    report = Health(status="degraded", version=__version__, dependencies={what: state}, disk=disk)
    return JSONResponse(report.model_dump(), HTTPStatus.SERVICE_UNAVAILABLE)
