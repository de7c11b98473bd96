"""One structured log line a request, and the correlation id that all its lines carry."""

import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartscale.domain import correlation
from smartscale.logs import function_logger, is_sampled

logger = function_logger()
_QUIET = frozenset({"/v1/health"})


class AccessLog:
    """ASGI middleware: logs method, path, status and duration; health checks stay quiet, and what
    went well is sampled.

    The correlation id is the caller's, or a new one, and goes back with the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, noting how it ended."""
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self._app(scope, receive, send)
            return
        asked = correlation.fit(Headers(scope=scope).get(correlation.HEADER))
        correlation_id = asked or correlation.new()
        # The context is the request's own, so errors answered by outer layers log the id, too.
        correlation.adopt(correlation_id)
        started = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[correlation.HEADER] = correlation_id
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            spent_ms = round((time.perf_counter() - started) * 1000, 1)
            if status >= HTTPStatus.BAD_REQUEST or is_sampled():
                logger.info(
                    "request",
                    extra={
                        "method": scope["method"],
                        "path": scope["path"],
                        "status": status,
                        "ms": spent_ms,
                    },
                )
