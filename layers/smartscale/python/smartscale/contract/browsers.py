"""Which requests API and kiosk answer when browsers may reach them, and what browsers may do then.

A page of any origin can have its visitor's browser ask whatever that machine reaches, and by a name
of its own DNS (rebinding) it can even read the answers. So requests have to name a host that is
known, and those of pages have to come from the same origin.
"""

import json
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from smartscale.contract.problem import MEDIA_TYPE, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
"""The ASGI types, which each framework spells differently."""

ANY_HOST = "*"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""For each answer: nobody frames it, guesses its type, or embeds it in a page of another origin."""


class Hosts:
    """The names and addresses by which a server that listens on `bound` may be asked.

    Args:
        bound: the address that it listens on.
        more: names that lead here besides, or `*` for any.
    """

    def __init__(self, bound: str, more: Iterable[str] = ()) -> None:
        self._loopback_only = _is_loopback(bound)
        machine = socket.gethostname().lower()
        self.named = frozenset(name.lower() for name in more)
        self._known = {"localhost", bound.lower(), machine, f"{machine}.local"} | self.named

    def know(self, host: str) -> bool:
        """Whether a `Host` is one of them, whatever its port.

        No DNS leads from a foreign page to an address, so beyond the loopback each one will do.
        """
        if ANY_HOST in self.named:
            return True
        name = _name(host)
        if name in self._known or name.endswith(".localhost"):
            return True
        try:
            return ip_address(name).is_loopback or not self._loopback_only
        except ValueError:
            return False

    def know_origin(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may ask: one of the server's own, or of a name given."""
        page = origin.lower().partition("://")[2]
        return ANY_HOST in self.named or page == host.lower() or _name(page) in self.named


class Doorkeeper:
    """ASGI middleware: refuses unknown hosts and foreign pages, and adds what binds browsers.

    Args:
        app: what is behind the door.
        hosts: which hosts are known.
        policies: the Content-Security-Policy by the beginning of a path; the longest that fits.
        as_problem: whether a refusal is a problem document, else it is a sentence.
    """

    def __init__(
        self, app: App, hosts: Hosts, policies: Mapping[str, str], *, as_problem: bool = True
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._policies = sorted(policies.items(), key=lambda one: -len(one[0]))
        self._as_problem = as_problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refused = self._refusal(_headers(scope))
        if refused is None:
            await self._app(scope, receive, self._with_headers(scope["path"], send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refused[1]})
        else:
            await self._refuse(self._with_headers(scope["path"], send), *refused)

    def _refusal(self, headers: Mapping[str, str]) -> tuple[HTTPStatus, str] | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._hosts.know(host):
            return HTTPStatus.MISDIRECTED_REQUEST, (
                f"This service is not known as {host[:80]!r}: ask it by its address, or add that "
                "name to SMARTSCALE_ALLOWED_HOSTS."
            )
        if origin is not None and not self._hosts.know_origin(origin, host):
            return HTTPStatus.FORBIDDEN, (
                f"A page of {origin[:80]!r} may not ask this: open this service's own pages, or "
                "add that host to SMARTSCALE_ALLOWED_HOSTS."
            )
        return None

    async def _refuse(self, send: Send, status: HTTPStatus, detail: str) -> None:
        media_type, body = "text/plain; charset=utf-8", detail
        if self._as_problem:
            document = Problem(title=status.phrase, status=status, detail=detail)
            media_type, body = MEDIA_TYPE, json.dumps(document.model_dump())
        headers = [(b"content-type", media_type.encode()), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": int(status), "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    def _with_headers(self, path: str, send: Send) -> Send:
        policy = next((rules for start, rules in self._policies if path.startswith(start)), None)
        more = HEADERS if policy is None else HEADERS | {"content-security-policy": policy}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message["headers"])
                names = {bytes(name).lower() for name, _ in given}
                added = [(name.encode(), value.encode()) for name, value in more.items()]
                given += [one for one in added if one[0] not in names]
                message = {**message, "headers": given}
            await send(message)

        return sending


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by lower-case name. Values of a repeated header are joined, so all must be right."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _name(host: str) -> str:
    """A `Host` without its port, and an IPv6 address without its brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_loopback(bound: str) -> bool:
    try:
        return ip_address(bound).is_loopback
    except ValueError:
        return bound == "localhost"
