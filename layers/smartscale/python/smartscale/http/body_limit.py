"""Refuse a request body that is too large before it is read into memory or onto disk."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartscale.domain.errors import TooLarge
from smartscale.http.problem import problem
from smartscale.operations.weighing.accept import too_large

_FORM_OVERHEAD = 100_000
"""Bytes that a multipart form may have around the picture."""


class BodyLimit:
    """ASGI middleware: answers 413 by the declared length, or once too many bytes have come.

    FastAPI's own `max_body_size` answers in plain text, which no handler can change.
    """

    def __init__(self, app: ASGIApp, max_image_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_image_bytes + _FORM_OVERHEAD
        self._sentence = too_large(max_image_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        received = int(declared) if declared.isdigit() else 0
        if received <= self._max_bytes:
            received = 0

            async def counted() -> Message:
                nonlocal received
                message = await receive()
                received += len(message.get("body", b""))
                if received > self._max_bytes:
                    raise TooLarge(self._sentence)
                return message

            async def unless_too_large(message: Message) -> None:
                if received <= self._max_bytes:
                    await send(message)

            # The framework answers the error itself, as a body that it could not read.
            await self._app(scope, counted, unless_too_large)
        if received > self._max_bytes:
            answer = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._sentence)
            await answer(scope, receive, send)
