"""The HTTP API as the kiosk sees it. Money and weights are `Decimal`, never float."""

import logging
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from frontend.logs import note_answer, tell_correlation

LONGEST_WAIT_S = 5
"""For how long the API is asked to hold an answer back at most."""
SHOPPER_WAITS_S = 10
"""After how long without a word the API counts as away, while a shopper waits."""
HISTORY_PAGE = 20

_log = logging.getLogger(__name__)


class ApiError(Exception):
    """A request to the API had no success."""


class ApiUnreachable(ApiError):
    """The API does not answer, or not in a way that makes sense."""


class ApiRefused(ApiError):
    """The API refused; the text is its own sentence about what would be right."""


class ApiUnauthorised(ApiRefused):
    """The admin token is missing or wrong."""


class ApiMissing(ApiRefused):
    """There is no such thing, or this service has no such route."""


class ApiThrottled(ApiRefused):
    """Too many attempts; a later one may do."""


class Unit(StrEnum):
    """What a unit price is a price of."""

    KG = "kg"
    EACH = "each"


class Status(StrEnum):
    """Where a weighing stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class ConfirmedBy(StrEnum):
    """Who says what an item is."""

    SHOPPER = "shopper"
    ATTENDANT = "attendant"
    KIOSK = "kiosk"
    """Nobody: this kiosk was cut off, was sure, and charged without a question."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class HistoryFilter(_Document):
    """Which weighings a history shows; None leaves all."""

    needs_confirmation: bool | None = None
    suspicious: bool | None = None
    scale_id: str | None = None
    label: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def query(self) -> dict[str, str]:
        """As the API asks for it."""
        asked = {
            "needs_confirmation": self.needs_confirmation,
            "suspicious": self.suspicious,
            "scale_id": self.scale_id,
            "label": self.label,
            "from": self.start and self.start.isoformat(),
            "to": self.end and self.end.isoformat(),
        }
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in asked.items()
            if value is not None
        }


class Accepted(_Document):
    """A weighing that was taken in."""

    job_id: str


class Prediction(_Document):
    """An item the picture may show; without prices when it is not sold."""

    label: str
    plu: str | None = None
    name: str
    confidence: float
    unit: Unit | None = None
    unit_price: Decimal | None = None
    quantity: int = 1
    total: Decimal | None = None
    currency: str | None = None


class Result(_Document):
    """A weighing; a pending one has nothing but its id."""

    job_id: str
    status: Status
    scale_id: str | None = None
    label: str | None = None
    name: str | None = None
    confidence: float | None = None
    top_k: tuple[Prediction, ...] = ()
    weight_kg: Decimal | None = None
    tare_kg: Decimal | None = None
    net_kg: Decimal | None = None
    unit: Unit | None = None
    quantity: int | None = None
    unit_price: Decimal | None = None
    price: Decimal | None = None
    currency: str | None = None
    needs_confirmation: bool | None = None
    confirmed_label: str | None = None
    confirmed_by: ConfirmedBy | None = None
    suspicious: bool = False
    suspicious_reason: str | None = None
    created_at: datetime | None = None
    error: str | None = None

    @property
    def sold_label(self) -> str | None:
        """What it is sold as: the confirmed label, else the recognised one."""
        return self.confirmed_label or self.label


class HistoryPage(_Document):
    """Weighings, newest first; `next_cursor` asks for those before."""

    items: tuple[Result, ...]
    next_cursor: str | None = None


class CatalogueItem(_Document):
    """What is sold under a label, at the price that holds now."""

    label: str
    plu: str
    category: str = ""
    names: Mapping[str, str]
    unit: Unit
    unit_price: Decimal | None = None
    currency: str
    picture_url: str | None = None
    """Where the API has the shop's own picture of it."""

    def name_in(self, language: str) -> str:
        """Its name in a language, else in English, else its label."""
        return self.names.get(language) or self.names.get("en") or self.label


class _Catalogue(_Document):
    items: tuple[CatalogueItem, ...]


class Latency(_Document):
    """Milliseconds; None when nothing was recognised."""

    average: float | None
    p95: float | None


class LabelCount(_Document):
    """How often a label was the answer."""

    label: str
    name: str
    count: int


class Point(_Document):
    """The figures of one period."""

    at: datetime
    requests: int
    latency_average: float | None
    latency_p95: float | None
    low_confidence_rate: float | None
    errors: int


class Confusion(_Document):
    """How often something was recognised as one item and confirmed as another, or the same."""

    predicted: str
    predicted_name: str
    confirmed: str
    confirmed_name: str
    count: int


class ConfidenceOfDay(_Document):
    """How sure the answers of a day were, and the share that needed a confirmation."""

    day: date
    weighings: int
    average: float
    low_rate: float


class ScaleHealth(_Document):
    """How one scale does; milliseconds, None where nothing was recognised."""

    scale_id: str
    last_seen: datetime
    weighings: int
    error_rate: float
    low_confidence_rate: float | None = None
    recognition_latency_average: float | None = None
    recognition_latency_p95: float | None = None


class Insights(_Document):
    """What the weighings themselves say; of the newest ones where they are too many."""

    weighings: int
    complete: bool
    since: datetime | None = None
    confirmed: int
    confusion: tuple[Confusion, ...]
    confidence: tuple[ConfidenceOfDay, ...]
    scales: tuple[ScaleHealth, ...]


class Analytics(_Document):
    """How the system is doing."""

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    period_seconds: int
    total_requests: int
    latency_ms: Latency
    low_confidence_rate: float | None
    errors: int
    top_labels: tuple[LabelCount, ...]
    series: tuple[Point, ...]
    insights: Insights | None = None
    """None from a service that does not look at the weighings."""


_Answer = TypeVar("_Answer", bound=_Document)
_Parsed = TypeVar("_Parsed")
_WHILE_A_SHOPPER_WAITS = httpx.Timeout(SHOPPER_WAITS_S, connect=3)
_REFUSALS: dict[int, type[ApiRefused]] = {
    HTTPStatus.UNAUTHORIZED: ApiUnauthorised,
    HTTPStatus.NOT_FOUND: ApiMissing,
    HTTPStatus.TOO_MANY_REQUESTS: ApiThrottled,
}
# What no shopper can mend: a service that is stopping, and a kiosk without its API key.
_THE_OPERATORS = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FORBIDDEN)


class ApiClient:
    """Asks the API; one for all the kiosk's pages."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/v1/",
            headers={"x-api-key": api_key} if api_key else None,
            timeout=httpx.Timeout(10, read=20, connect=3),
            transport=transport,
            event_hooks={"request": [tell_correlation], "response": [note_answer]},
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def predict(
        self,
        image: bytes,
        weight_kg: Decimal,
        tare_kg: Decimal | None,
        *,
        scale_id: str,
        idempotency_key: str,
        weighed_at: datetime | None = None,
    ) -> str:
        """Weigh; the same key again is the same weighing. Returns its job id.

        `weighed_at` says when that was, of what is sent late.
        """
        form = {"weight": f"{weight_kg:f}", "scale_id": scale_id}
        if weighed_at is not None:
            form["weighed_at"] = weighed_at.isoformat()
        if tare_kg is not None:
            form["tare_kg"] = f"{tare_kg:f}"
        accepted = await self._ask(
            Accepted,
            "POST",
            "predict",
            data=form,
            files={"image": ("picture.jpg", image, "image/jpeg")},
            headers={"Idempotency-Key": idempotency_key},
            timeout=_WHILE_A_SHOPPER_WAITS,
        )
        return accepted.job_id

    async def result(self, job_id: str, language: str, *, wait_s: int = 0) -> Result:
        """A weighing as it stands; with `wait_s` the API holds the answer until it is done."""
        query = {"lang": language, "wait": str(wait_s)}
        return await self._ask(
            Result, "GET", f"result/{job_id}", params=query, timeout=_WHILE_A_SHOPPER_WAITS
        )

    async def confirm(
        self,
        job_id: str,
        label: str,
        language: str,
        *,
        quantity: int | None = None,
        confirmed_by: ConfirmedBy = ConfirmedBy.SHOPPER,
        charged: Mapping[str, str] | None = None,
    ) -> Result:
        """Say what the item is; the answer has its new price.

        `charged` is what was charged while the service was away: that stands as it is.
        """
        said: dict[str, Any] = {"label": label, "confirmed_by": confirmed_by.value}
        if charged is not None:
            said["charged"] = dict(charged)
        if quantity is not None:
            said["quantity"] = quantity
        return await self._ask(
            Result,
            "POST",
            f"confirm/{job_id}",
            params={"lang": language},
            json=said,
            timeout=_WHILE_A_SHOPPER_WAITS,
        )

    async def history(
        self,
        language: str,
        wanted: HistoryFilter,
        *,
        cursor: str | None = None,
        limit: int = HISTORY_PAGE,
    ) -> HistoryPage:
        """A page of weighings, newest first."""
        query = {"lang": language, "limit": str(limit), **wanted.query}
        if cursor is not None:
            query["cursor"] = cursor
        return await self._ask(HistoryPage, "GET", "history", params=query)

    async def history_csv(self, language: str, wanted: HistoryFilter) -> bytes:
        """Everything that matches, up to 10,000 weighings, as a table for a spreadsheet."""
        query = {"lang": language, **wanted.query}
        return await self.fetch("history", params=query, headers={"Accept": "text/csv"})

    async def weighing_picture(self, job_id: str, side: int) -> bytes:
        """The picture of a weighing as a JPEG. Raises ApiMissing when it has expired."""
        return await self.fetch(
            f"history/{job_id}/picture",
            params={"side": str(side)},
            headers={"Accept": "image/jpeg"},
        )

    async def item_picture(self, sha256: str) -> bytes:
        """The shop's own picture of an item, as a JPEG. Raises ApiMissing."""
        headers = {"Accept": "image/jpeg"}
        return await self.fetch(f"catalogue/pictures/{sha256}", headers=headers)

    async def catalogue(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells."""
        return (await self._ask(_Catalogue, "GET", "catalogue")).items

    async def analytics(self, hours: int, language: str) -> Analytics:
        """The figures of the last hours."""
        query = {"hours": str(hours), "lang": language}
        return await self._ask(Analytics, "GET", "analytics", params=query)

    async def _ask(self, kind: type[_Answer], method: str, path: str, **request: Any) -> _Answer:
        return await self.ask(TypeAdapter(kind), method, path, **request)

    async def ask(
        self,
        kind: TypeAdapter[_Parsed],
        method: str,
        path: str,
        *,
        repeatable: bool = True,
        **request: Any,
    ) -> _Parsed:
        """Send a request, and read its answer.

        Args:
            kind: what the answer is read as.
            method: HTTP's.
            path: below `/v1/`.
            repeatable: whether a request that came through twice does what one does.
            request: headers, body and query as httpx takes them.

        Raises:
            ApiError: there is no such answer.
        """
        response = await self._answer(method, path, repeatable=repeatable, **request)
        try:
            return kind.validate_json(response.content or b"null")
        except ValidationError as error:
            raise ApiUnreachable(f"{method} {path} answered something else") from error

    async def fetch(self, path: str, **request: Any) -> bytes:
        """What the API answers to a GET, as it is.

        Raises:
            ApiError: there is no such answer.
        """
        return (await self._answer("GET", path, repeatable=True, **request)).content

    async def _answer(
        self, method: str, path: str, *, repeatable: bool, **request: Any
    ) -> httpx.Response:
        try:
            response = await self._send(method, path, repeatable=repeatable, **request)
        except httpx.HTTPError as error:
            raise ApiUnreachable(f"{method} {path}: {error!r}") from error
        if response.is_error:
            raise _refusal(response)
        return response

    async def _send(
        self, method: str, path: str, *, repeatable: bool, **request: Any
    ) -> httpx.Response:
        """Send a request, and once more when its connection broke.

        The service may close an idle connection in the very moment that it is used again. Nearly
        all requests of the kiosk can be repeated: a weighing has its key, a confirmation only sets.
        """
        try:
            return await self._http.request(method, path, **request)
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            if not repeatable:
                raise
            return await self._http.request(method, path, **request)


def log_unreachable(error: ApiError) -> None:
    """Note for the operator why the shopper is told that the service cannot be reached."""
    _log.warning("The kiosk's service cannot be reached: %s", error)


def _refusal(response: httpx.Response) -> ApiError:
    """What an error answer means: a sentence to show, or a service that is not there."""
    asked = f"{response.request.method} {response.request.url.path}"
    problem = response.headers.get("content-type", "").startswith("application/problem+json")
    if not problem or response.status_code in _THE_OPERATORS:
        return ApiUnreachable(f"{asked} was answered with {response.status_code}")
    detail = response.json().get("detail")
    if not detail:
        return ApiUnreachable(f"{asked} was refused without a reason")
    return _REFUSALS.get(response.status_code, ApiRefused)(detail)
