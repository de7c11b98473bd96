"""Bound a request's body in bytes and time, and let every answer reach who still sends.

Who sends too much is refused before it is read into memory or onto disk, and who stops sending does
not keep a connection for ever. Many clients send everything before they read: a connection that is
closed meanwhile is reset, and the answer is lost with it. So the rest is read and dropped first.
"""

import asyncio
import hashlib
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartscale.domain.errors import TooLarge
from smartscale.http.problem import problem
from smartscale.operations.weighing.accept import too_large

STALLED_S = 20.0
"""How long nothing may arrive of a body that has not ended."""
BODY_S = 120.0
"""How long a whole body may take: 10 MB at 0.7 Mbit/s."""
_FORM_OVERHEAD = 100_000
"""Bytes that a multipart form may have around the picture."""
_DIGEST = "smartscale.body_digest"
_DROPPED_BYTES = 100_000_000
_DROPPED_S = 30.0
"""What is read and dropped after an early answer, at most."""


class _Unfit(TooLarge):
    """The body is refused while it arrives; the framework's own answer to that is not sent."""


def sha256_of(request: Request) -> str:
    """The digest of what has arrived of a request's body.

    It is taken while the body arrives: a form with a picture is never in memory as a whole.
    """
    return str(request.scope[_DIGEST].hexdigest())


class BodyLimit:
    """ASGI middleware: answers 413 by the declared length or once too much has come, and 408.

    FastAPI's own `max_body_size` answers in plain text, which no handler can change.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_image_bytes: int,
        stalled_s: float = STALLED_S,
        body_s: float = BODY_S,
    ) -> None:
        self._app = app
        self._max_bytes = max_image_bytes + _FORM_OVERHEAD
        self._too_large = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large(max_image_bytes))
        self._stalled_s = stalled_s
        self._body_s = body_s
        self._too_slow = problem(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The request stopped arriving: send all of it within {body_s:g} seconds, "
            f"without a pause of more than {stalled_s:g}.",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, send)
        if body.declared > self._max_bytes:
            await self._too_large(scope, receive, body.answer)
            return
        ends_at = asyncio.get_running_loop().time() + self._body_s
        refusal: JSONResponse | None = None

        async def checked() -> Message:
            nonlocal refusal
            if body.ended:  # what is waited for now is that the client goes away
                return await receive()
            now = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(min(self._stalled_s, ends_at - now)):
                    message = await body.receive()
            except TimeoutError as error:
                refusal = self._too_slow
                body.give_up()
                raise _Unfit from error
            if body.received > self._max_bytes:
                refusal = self._too_large
                raise _Unfit
            return message

        async def unless_refused(message: Message) -> None:
            if refusal is None:
                await body.answer(message)

        await self._app(scope, checked, unless_refused)
        if refusal is not None:
            await refusal(scope, receive, body.answer)


class _Body:
    """What has arrived of a request's body, and the answer that may come before its end."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        self.declared = int(length) if length.isdigit() else 0
        self.received = 0
        self.ended = not (self.declared or "transfer-encoding" in headers)
        self._digest = scope[_DIGEST] = hashlib.sha256()
        self._receive = receive
        self._send = send
        self._early = False
        # Such a client sends nothing before it is told to, which the first `receive` does.
        self._sends = headers.get("expect", "").lower() != "100-continue"

    async def receive(self) -> Message:
        """The next part of it."""
        self._sends = True
        message = await self._receive()
        body = message.get("body", b"")
        self.received += len(body)
        self._digest.update(body)
        self.ended = not message.get("more_body", False)
        return message

    def give_up(self) -> None:
        """Wait for no more of it."""
        self._sends = False

    async def answer(self, message: Message) -> None:
        """Send a part of the answer; before its end, drop what still comes of the request."""
        if message["type"] == "http.response.start":
            self._early = not self.ended
            if self._early:
                MutableHeaders(scope=message)["Connection"] = "close"
        elif self._early and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drop_rest()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _drop_rest(self) -> None:
        until = self.received + _DROPPED_BYTES
        try:
            async with asyncio.timeout(_DROPPED_S):
                while self._sends and not self.ended and self.received < until:
                    await self.receive()
        except TimeoutError:
            return  # it has had its time; the connection is closed now
