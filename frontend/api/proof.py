"""How this kiosk proves to the API what it asks for staff."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from smartscale.contract import proof


class KioskProof(httpx.Auth):
    """Proves that requests come from this kiosk, by the API's clock where the kiosk's is wrong."""

    requires_request_body = True

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._ahead = timedelta()
        """By how much the API's clock is ahead of this one."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign, send, and once more by the clock of an answer that refuses."""
        response = yield self._signed(request)
        if response.status_code != HTTPStatus.FORBIDDEN or "date" not in response.headers:
            return
        ahead = parsedate_to_datetime(response.headers["date"]) - datetime.now(UTC)
        if abs(ahead - self._ahead) > proof.GOOD_FOR / 4:
            self._ahead = ahead
            yield self._signed(request)

    def _signed(self, request: httpx.Request) -> httpx.Request:
        url, now = request.url, datetime.now(UTC) + self._ahead
        request.headers[proof.HEADER] = proof.prove(
            self._secret, request.method, url.path, url.query.decode(), request.content, now
        )
        return request
