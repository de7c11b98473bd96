"""The HTTP API as the kiosk sees it. Money and weights are `Decimal`, never float."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from frontend.api.errors import ApiUnreachable, meaning
from frontend.api.proof import KioskProof
from frontend.logs import note_answer, tell_correlation
from smartscale.contract.analytics import Analytics
from smartscale.contract.catalogue import Catalogue, CatalogueItem
from smartscale.contract.document import FALLBACK_LANGUAGE, Document
from smartscale.contract.history import HistoryFilter
from smartscale.contract.memory import CarriedMemory
from smartscale.contract.weighing import Accepted, Act, ConfirmedBy, HistoryPage, Result

LONGEST_WAIT_S = 5
"""How long the API may hold a request open while a weighing is not done."""
SHOPPER_WAITS_S = 10
"""How long a shopper's request waits for the API before the kiosk treats it as unreachable."""
HISTORY_PAGE = 20
_CATALOGUE_PAGE = 1000

_Answer = TypeVar("_Answer", bound=Document)
_Parsed = TypeVar("_Parsed")
_WHILE_A_SHOPPER_WAITS = httpx.Timeout(SHOPPER_WAITS_S, connect=3)


@dataclass(frozen=True)
class CatalogueAnswer:
    """What the shop sells, as JSON and as read, and a text that differs when it does."""

    state: str
    items: list[dict[str, Any]]
    read: tuple[CatalogueItem, ...]


class ApiClient:
    """Asks the API; one for all the kiosk's pages."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        kiosk_secret: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._proof = KioskProof(kiosk_secret) if kiosk_secret else None
        """For what only staff and kiosks may ask; shoppers' requests carry none."""
        self._http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/v1/",
            headers={"x-api-key": api_key} if api_key else None,
            timeout=httpx.Timeout(10, read=20, connect=3),
            transport=transport,
            event_hooks={"request": [tell_correlation], "response": [note_answer]},
        )

    @property
    def proves_itself(self) -> bool:
        """Whether this kiosk has a secret to prove itself with."""
        return self._proof is not None

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
        """Weigh, and ask for the result later; returns the weighing's job id."""
        accepted = await self.weigh(
            image,
            weight_kg,
            tare_kg,
            scale_id=scale_id,
            idempotency_key=idempotency_key,
            weighed_at=weighed_at,
        )
        return accepted.job_id

    async def weigh(
        self,
        image: bytes,
        weight_kg: Decimal,
        tare_kg: Decimal | None,
        *,
        scale_id: str,
        idempotency_key: str,
        weighed_at: datetime | None = None,
        hold_s: int = 0,
        language: str = FALLBACK_LANGUAGE,
    ) -> Accepted:
        """Weigh; the same key again is the same weighing.

        An empty `image` says that there is none: the answer is `unknown`, and a person confirms.
        `weighed_at` says when that was, of what is sent late; it takes the kiosk's proof. With
        `hold_s` the API may hold the answer so long until it has a result, in this language.
        """
        form = {"weight": f"{weight_kg:f}", "scale_id": scale_id}
        if not image:
            form["picture"] = "none"
        if weighed_at is not None:
            form["weighed_at"] = weighed_at.isoformat()
        if tare_kg is not None:
            form["tare_kg"] = f"{tare_kg:f}"
        headers = {"Idempotency-Key": idempotency_key}
        if hold_s:
            headers |= {"Prefer": f"wait={hold_s}", "Accept-Language": language}
        return await self._ask(
            Accepted,
            "POST",
            "predict",
            data=form,
            files={"image": ("picture.jpg", image, "image/jpeg")} if image else None,
            auth=None if weighed_at is None else self._proof,
            headers=headers,
            timeout=_WHILE_A_SHOPPER_WAITS,
        )

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
        staff: str | None = None,
    ) -> Result:
        """Say what the item is; the answer has its new price.

        `charged` is the price that the kiosk charged while the service was away; it is kept.
        `staff` is who of the staff says so.
        """
        said: dict[str, Any] = {"label": label, "confirmed_by": confirmed_by.value}
        if charged is not None:
            said["charged"] = dict(charged)
        if quantity is not None:
            said["quantity"] = quantity
        if staff is not None:
            said["staff"] = staff
        return await self._ask(
            Result,
            "POST",
            f"confirm/{job_id}",
            params={"lang": language},
            json=said,
            auth=None if confirmed_by is ConfirmedBy.SHOPPER and charged is None else self._proof,
            timeout=_WHILE_A_SHOPPER_WAITS,
        )

    async def act(self, job_id: str, what: Act, staff: str, language: str) -> Result:
        """Void a weighing, or note that its label is printed again, by a member of staff."""
        said = {"what": what.value, "staff": staff}
        query = {"lang": language}
        return await self._ask(
            Result,
            "POST",
            f"history/{job_id}",
            repeatable=what is Act.VOID,
            params=query,
            json=said,
            auth=self._proof,
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
        return await self._ask(HistoryPage, "GET", "history", params=query, auth=self._proof)

    async def history_csv(self, language: str, wanted: HistoryFilter) -> bytes:
        """Everything that matches, up to 10,000 weighings, as a table for a spreadsheet."""
        query = {"lang": language, **wanted.query}
        headers = {"Accept": "text/csv"}
        return await self.fetch("history", params=query, headers=headers, auth=self._proof)

    async def weighing_picture(self, job_id: str, side: int) -> bytes:
        """The picture of a weighing as a JPEG. Raises ApiMissing when it has expired."""
        return await self.fetch(
            f"history/{job_id}/picture",
            params={"side": str(side)},
            headers={"Accept": "image/jpeg"},
            auth=self._proof,
        )

    async def item_picture(self, sha256: str) -> bytes:
        """The shop's own picture of an item, as a JPEG. Raises ApiMissing."""
        headers = {"Accept": "image/jpeg"}
        return await self.fetch(f"catalogue/pictures/{sha256}", headers=headers)

    async def catalogue(self, known: str | None = None) -> CatalogueAnswer | None:
        """What the shop sells; None when that is still what the caller knows.

        Args:
            known: the state of the answer that the caller has.

        Raises:
            ApiError: it cannot be had.
        """
        headers = {} if known is None else {"If-None-Match": known}
        first = await self._catalogue_page(None, headers)
        if first.status_code == HTTPStatus.NOT_MODIFIED:
            return None
        items: list[dict[str, Any]] = []
        read: tuple[CatalogueItem, ...] = ()
        page, state = first, first.headers.get("etag", "")
        while True:
            # In a thread: thousands of items take a while to read, and shoppers are served here.
            document, found = await asyncio.to_thread(_read_page, page.content)
            items, read = items + found, read + document.items
            if document.next_cursor is None:
                return CatalogueAnswer(state, items, read)
            page = await self._catalogue_page(document.next_cursor, {})
            if page.headers.get("etag", "") != state:  # it was changed between two pages
                return await self.catalogue()

    async def _catalogue_page(self, cursor: str | None, headers: dict[str, str]) -> httpx.Response:
        query = {"limit": str(_CATALOGUE_PAGE)} | ({} if cursor is None else {"cursor": cursor})
        return await self._answer(
            "GET", "catalogue", repeatable=True, params=query, headers=headers
        )

    async def carried_memory(self, model: str, revision: str, known: int) -> CarriedMemory:
        """What was taught, for a kiosk that runs this model and has this version of it."""
        query = {"model_id": model, "revision": revision, "known": str(known)}
        return await self._ask(CarriedMemory, "GET", "memory", params=query, auth=self._proof)

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
            method: the HTTP method.
            path: below `/v1/`.
            repeatable: whether sending the request twice has the same effect as sending it once.
            request: headers, body and query as httpx takes them.

        Raises:
            ApiError: the request failed, or the answer makes no sense.
        """
        response = await self._answer(method, path, repeatable=repeatable, **request)
        try:
            return kind.validate_json(response.content or b"null")
        except ValidationError as error:
            raise ApiUnreachable(f"{method} {path} answered something else") from error

    async def fetch(self, path: str, **request: Any) -> bytes:
        """What the API answers to a GET, as it is.

        Raises:
            ApiError: the request failed, or the answer makes no sense.
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
            raise meaning(response)
        return response

    async def _send(
        self, method: str, path: str, *, repeatable: bool, **request: Any
    ) -> httpx.Response:
        """Send a request; repeat it once if the connection broke.

        The service may close an idle connection in the very moment that it is used again. Nearly
        all requests of the kiosk can be repeated: a weighing has its key, a confirmation only sets.
        """
        try:
            return await self._http.request(method, path, **request)
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            if not repeatable:
                raise
            return await self._http.request(method, path, **request)


def _read_page(content: bytes) -> tuple[Catalogue, list[dict[str, Any]]]:
    """A page of the catalogue, and its items as the JSON that they came as."""
    try:
        page = Catalogue.model_validate_json(content)
    except ValidationError as error:
        raise ApiUnreachable("GET catalogue answered something else") from error
    return page, json.loads(content)["items"]
