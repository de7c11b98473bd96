"""The embedded emulator behind a guard: `python -m infra.emulated_cloud`.

The emulator by itself answers everybody who reaches its port, and a page of any origin in a browser
on this machine does. So each request has to be signed (SigV4) with the secret of this run, which
its starter puts into AWS_SECRET_ACCESS_KEY and into a file that only the operator can read. What is
not signed is refused before the emulator sees it, preflights of browsers included.
"""

import asyncio
import hmac
import os
import re
import resource
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote

import ministack.app
import uvicorn
from ministack.core import sigv4
from ministack.services import s3
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.emulator_rules import apply_rules, save
from infra.kept import SAVE_PATH
from infra.readiness import OF_THE_RUN, Readiness
from smartscale.domain.limits import MAX_IMAGE_BYTES

MAX_BODY_BYTES = MAX_IMAGE_BYTES + 1_000_000
"""Limit in bytes of a body that has to be read before its signature can be checked."""
_HOST = re.compile(
    r"(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1)(?::\d+)?", re.ASCII | re.IGNORECASE
)
"""Names of this machine. Another name that resolves to it is refused (DNS rebinding)."""
_KEEP_ALIVE_S = 75
"""Longer than clients keep idle connections, so that none is closed while it is reused."""
_STOP_S = 3
_TABLES = "DynamoDB_"
_OF_THE_RUN = f"app/{OF_THE_RUN['AWS_SDK_UA_APP_ID']}"
_SIGNED_HEADER = "AWS4-HMAC-SHA256 "
_CORS = "access-control-"


class _Refused(Exception):
    """A request that does not show the run's secret; the text says what would be right."""


class Guard:
    """ASGI middleware: lets signed requests through to the emulator.

    Args:
        app: the emulator.
        secret: of this run.
        save: saves the emulator's state.
        ready: whether its tables can be relied on.
    """

    def __init__(
        self,
        app: ASGIApp,
        secret: str,
        save: Callable[[], None] = lambda: None,
        ready: Readiness | None = None,
    ) -> None:
        self._app = app
        self._secret = secret
        self._save = save
        self._ready = Readiness(None) if ready is None else ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a signed request on; answer 403 to every other."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        try:
            _know_host(headers.get("host", ""))
            if scope["method"] == "OPTIONS":
                await _preflight(scope["path"], headers)(scope, receive, send)
                return
            body = _Body(receive)
            allowed_origin = await self._check(scope, headers, query, body)
        except _Refused as refusal:
            await _refusal(str(refusal))(scope, receive, send)
            return
        if self._restores(headers):
            await _restoring()(scope, receive, send)
            return
        if scope["path"] == SAVE_PATH:
            await asyncio.to_thread(self._save)
            await Response(status_code=HTTPStatus.NO_CONTENT)(scope, receive, send)
            return
        await self._app(scope, body.again, _without_cors(send, allowed_origin))

    def _restores(self, headers: Mapping[str, str]) -> bool:
        """Whether a request is for tables that are being restored, by somebody else."""
        if not headers.get("x-amz-target", "").startswith(_TABLES) or self._ready:
            return False
        return _OF_THE_RUN not in headers.get("user-agent", "").split()

    async def _check(
        self, scope: Scope, headers: Mapping[str, str], query: Mapping[str, Any], body: "_Body"
    ) -> Mapping[str, str]:
        """Find the signature and compare it; the CORS headers that its answer may have.

        Raises:
            _Refused: there is none, or it is not of this run's secret.
        """
        if headers.get("authorization", "").startswith(_SIGNED_HEADER):
            signature = sigv4.parse_header_signature(headers)
            # The SDK signs the hash of the body, which it names itself for objects alone.
            hashed = "x-amz-content-sha256" not in headers
            content = await body.whole() if hashed else b""
            self._compare(signature, scope, query, headers, content)
            return {}
        if "X-Amz-Signature" in query:
            signature = sigv4.parse_query_signature(query)
            self._compare(signature, scope, query, headers, b"", presigned=True)
            return {}
        if headers.get("content-type", "").lower().startswith("multipart/form-data"):
            self._check_form(headers["content-type"], await body.whole())
            bucket = scope["path"].lstrip("/").partition("/")[0]
            return dict(s3.cors_response_headers(bucket, "POST", dict(headers)))
        raise _Refused(
            "Sign the request with the credentials of this run, which are in the file "
            "`credentials` of SMARTSCALE_HOME (AWS_SHARED_CREDENTIALS_FILE)."
        )

    def _compare(
        self,
        signature: sigv4.HeaderSignature | tuple[str, str],
        scope: Scope,
        query: Mapping[str, Any],
        headers: Mapping[str, str],
        body: bytes,
        *,
        presigned: bool = False,
    ) -> None:
        if isinstance(signature, tuple):
            raise _Refused(signature[1])
        if not signature.signature.isascii():
            raise _Refused(sigv4.SIGNATURE_MISMATCH)
        # The emulator compares the age of presigned addresses itself.
        late = None if presigned else sigv4.request_time_failure(signature)
        raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
        wrong = late or sigv4.header_signature_failure(
            signature,
            self._secret,
            scope["method"],
            raw_path.decode("latin-1"),
            query,
            headers,
            body,
            presigned=presigned,
        )
        if wrong is not None:
            raise _Refused(wrong[1])

    def _check_form(self, content_type: str, body: bytes) -> None:
        """Compare the signature of a posted form's policy; the emulator compares the rest with it.

        The form is read by the emulator's own reader, so that both see the same fields.
        """
        fields = {
            name.lower(): value.decode("utf-8", "replace")
            for name, _, _, value in s3._parse_multipart_form(content_type, body)  # noqa: SLF001
            if name != "file"
        }
        _, _, scope = fields.get("x-amz-credential", "").partition("/")
        try:
            day, region, service, _ = scope.split("/")
        except ValueError:
            raise _Refused("A posted form needs the fields that POST /v1/uploads gives.") from None
        expected = sigv4.calculate_signature(
            self._secret, day, region, service, fields.get("policy", "")
        )
        given = fields.get("x-amz-signature", "")
        if service != "s3" or not hmac.compare_digest(expected.encode(), given.encode()):
            raise _Refused("The signature of this form is not one that POST /v1/uploads gave.")


class _Body:
    """A request's body: read to its end if need be, and given to the emulator as it came."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: list[Message] = []

    async def whole(self) -> bytes:
        """All of it. Raises _Refused for one that is larger than any that is signed."""
        size, more = 0, True
        while more:
            message = await self._receive()
            self._read.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > MAX_BODY_BYTES:
                raise _Refused(f"The body has more than {MAX_BODY_BYTES} bytes.")
        return b"".join(message.get("body", b"") for message in self._read)

    async def again(self) -> Message:
        """The next message of it."""
        return self._read.pop(0) if self._read else await self._receive()


def _know_host(host: str) -> None:
    if not _HOST.fullmatch(host):
        raise _Refused("The emulator answers to 127.0.0.1 and localhost only.")


def _headers(scope: Scope) -> dict[str, str]:
    """By lower-case names; one that came more than once is joined, as signers do."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), sigv4.decode_header_value(raw_value)
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _preflight(path: str, headers: Mapping[str, str]) -> Response:
    """The answer to a browser that asks what a page may send: to a bucket, what its rules say."""
    bucket, _, key = path.lstrip("/").partition("/")
    if bucket and not key and headers.get("access-control-request-method") == "POST":
        status, rules, _ = s3.cors_preflight(bucket, key, dict(headers))
        if status == HTTPStatus.OK:
            return Response(headers=rules)
    raise _Refused("No page may ask this.")


def _refusal(reason: str) -> Response:
    return Response(f"{reason}\n", HTTPStatus.FORBIDDEN, media_type="text/plain")


def _restoring() -> Response:
    """What DynamoDB answers when it is not there, which the SDK asks again."""
    said = {"__type": "ServiceUnavailable", "message": "The tables are being restored."}
    return JSONResponse(
        said, HTTPStatus.SERVICE_UNAVAILABLE, media_type="application/x-amz-json-1.0"
    )


def _without_cors(send: Send, allowed: Mapping[str, str]) -> Send:
    """Leave out that every page may read the answer, which the emulator says each time."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message["headers"]
                if not bytes(name).lower().startswith(_CORS.encode())
            ]
            message = {**message, "headers": kept}
            MutableHeaders(scope=message).update(allowed)
        await send(message)

    return sending


def main() -> None:
    """Serve the emulator behind the guard.

    Its own command serves it by a server in Python, which takes longer for a request than what the
    request asks for.
    """
    apply_rules()
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    uvicorn.run(
        Guard(
            ministack.app.app,
            os.environ["AWS_SECRET_ACCESS_KEY"],
            save,
            Readiness.from_environment(),
        ),
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        lifespan="on",  # it saves its state when it ends
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_S,
    )


if __name__ == "__main__":
    main()
