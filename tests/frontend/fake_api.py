"""A small API that behaves like SmartScale's, with a say in what it recognises."""

import asyncio
import csv
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Form, Header, HTTPException, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from tests.frontend.fake_admin import FakeAdmin, refused

CATALOGUE = Path(__file__).parents[2] / "layers/smartscale/python/smartscale/catalogue.csv"


_FIRST_MS = 1_790_000_000_000
"""The moment in the first weighing's id: a day of 2026, in milliseconds."""


@dataclass
class FakeApi:
    """What the next picture shows, and what was asked for."""

    label: str = "Banana"
    confidence: float = 0.97
    others: tuple[tuple[str, float], ...] = (("Lemon", 0.02), ("Papaya", 0.005))
    down: bool = False
    stale: int = 0
    """How many requests meet a connection that the service has just closed."""
    pending_answers: int = 0
    """How often a result is still pending before it is there."""
    listing: asyncio.Event = field(default_factory=asyncio.Event)
    """Lists of all weighings are answered when it is set."""
    expired: bool = False
    """Whether the weighings' photos are gone."""
    lists: int = 0
    """How many lists were asked for, but for those of suspicious weighings."""
    confirming_s: float = 0.0
    """How long a confirmation takes."""
    refuses: str | None = None
    refusals: int = 0
    catalogues: int = 0
    """How often the catalogue was asked for."""
    refuses_confirmations: str | None = None
    refuses_weight: str | None = None
    hangs_after: str | None = None
    """The route that acts, and then never answers."""
    hanging: threading.Event = field(default_factory=threading.Event)
    """It has acted."""
    fails: str | None = None
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    confirmations: list[dict[str, Any]] = field(default_factory=list)
    traffic: bool = True
    admin: FakeAdmin = field(default_factory=FakeAdmin)

    def __post_init__(self) -> None:
        with CATALOGUE.open(encoding="utf-8") as table:
            self.items = {row["label"]: row for row in csv.DictReader(table)}
        self.app = _app(self)
        self.listing.set()

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        """The way to this API without a network."""
        return _Line(self)

    def weigh(self, weight: str, tare: str | None, scale_id: str) -> dict[str, Any]:
        """Make a weighing of what the next picture shows."""
        job_id = f"{_FIRST_MS + len(self.jobs):012x}{len(self.jobs):020x}"
        gross, off = Decimal(weight), Decimal(tare or 0)
        job = {
            "job_id": job_id,
            "status": "failed" if self.fails else "done",
            "scale_id": scale_id,
            "label": None if self.fails else self.label,
            "confidence": None if self.fails else self.confidence,
            "guesses": [
                guess
                for guess in ((self.label, self.confidence), *self.others)
                if guess[0] in self.items
            ],
            "gross": gross,
            "off": off,
            "quantity": 1,
            "confirmed_label": None,
            "confirmed_by": None,
            "charged": None,
            "suspicious": False,
            "needs_confirmation": self.confidence < 0.7 or self.label in {"unknown", "empty"},
            "created_at": datetime.now(UTC) - timedelta(seconds=90 * (30 - len(self.jobs))),
            "error": self.fails,
            "pending": self.pending_answers,
        }
        self.jobs[job_id] = job
        return job

    def priced(self, label: str, job: dict[str, Any]) -> dict[str, Any]:
        """What a weighing costs as an item."""
        item = self.items[label]
        each = item["unit"] == "each"
        factor = Decimal(job["quantity"]) if each else job["gross"] - job["off"]
        total = (Decimal(item["unit_price"]) * factor).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return {
            "unit": item["unit"],
            "unit_price": item["unit_price"],
            "quantity": job["quantity"] if each else 1,
            "currency": item["currency"],
            "total": str(total),
        }

    def document(self, job: dict[str, Any], lang: str) -> dict[str, Any]:
        """A weighing as the API shows it."""
        sold = job["confirmed_label"] or job["label"]
        priced: dict[str, Any] = {}
        if sold in self.items:
            priced = self.priced(sold, job)
            priced["price"] = priced.pop("total")
            priced |= {
                name: value for name, value in (job["charged"] or {}).items() if name != "tare_kg"
            }
        return {
            "job_id": job["job_id"],
            "status": job["status"],
            "scale_id": job["scale_id"],
            "label": job["label"],
            "name": self.name(sold, lang),
            "confidence": job["confidence"],
            "top_k": [
                {
                    "label": label,
                    "plu": self.items[label]["plu"],
                    "name": self.name(label, lang),
                    "confidence": confidence,
                    **self.priced(label, job),
                }
                for label, confidence in job["guesses"]
            ],
            "weight_kg": f"{job['gross']:.3f}",
            "tare_kg": f"{job['off']:.3f}",
            "net_kg": f"{job['gross'] - job['off']:.3f}",
            "needs_confirmation": job["needs_confirmation"],
            "confirmed_label": job["confirmed_label"],
            "confirmed_by": job["confirmed_by"],
            "suspicious": job["suspicious"],
            "model": {"id": "builtin", "revision": "1"},
            "timings": {"total_ms": 41.5},
            "created_at": job["created_at"].isoformat(),
            "error": job["error"],
            **priced,
        }

    def why_not(self, weight: str) -> str | None:
        """Why a weighing is refused."""
        why = "This weight is refused." if weight == self.refuses_weight else self.refuses
        self.refusals += why is not None
        return why

    async def hang(self, route: str) -> None:
        """Keep the caller waiting, when it is this route's turn."""
        if self.hangs_after == route:
            self.hanging.set()
            while self.hangs_after == route:
                await asyncio.sleep(0.01)

    def name(self, label: str | None, lang: str) -> str | None:
        """The name of a label."""
        row = self.items.get(label or "")
        return label if row is None else row.get(f"name_{lang}") or row["name_en"]


class _Line(httpx.AsyncBaseTransport):
    """A line to the fake that can be cut."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api
        self._inner = httpx.ASGITransport(api.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._api.down:
            raise httpx.ConnectError("connection refused", request=request)
        if self._api.stale:
            self._api.stale -= 1
            await self._inner.handle_async_request(request)
            raise httpx.RemoteProtocolError("Server disconnected", request=request)
        return await self._inner.handle_async_request(request)


def problem(status: int, detail: str) -> JSONResponse:
    """An error answer (RFC 9457)."""
    body = {"type": "about:blank", "title": "Problem", "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


def _app(api: FakeApi) -> FastAPI:
    app = FastAPI()
    app.include_router(api.admin.router())
    app.add_exception_handler(HTTPException, refused)

    @app.get("/v1/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/predict", status_code=202, response_model=None)
    async def predict(
        image: UploadFile,
        weight: str = Form(),
        tare_kg: str | None = Form(None),
        scale_id: str = Form(""),
        weighed_at: str | None = Form(None),
        idempotency_key: str = Header(),
    ) -> dict[str, str] | JSONResponse:
        if (why := api.why_not(weight)) is not None:
            return problem(422, why)
        if idempotency_key not in api.keys:
            sent = {"image": await image.read(), "weight": weight, "tare_kg": tare_kg}
            api.predictions.append(sent | {"weighed_at": weighed_at})
            job = api.weigh(weight, tare_kg, scale_id)
            if weighed_at is not None:
                job["created_at"] = datetime.fromisoformat(weighed_at)
            api.keys[idempotency_key] = job["job_id"]
        await api.hang("predict")
        job_id = api.keys[idempotency_key]
        return {"job_id": job_id, "status": "pending", "result_url": f"/v1/result/{job_id}"}

    @app.get("/v1/result/{job_id}")
    def result(job_id: str, lang: str = "en") -> dict[str, Any]:
        job = api.jobs[job_id]
        if job["pending"]:
            job["pending"] -= 1
            return {"job_id": job_id, "status": "pending"}
        return api.document(job, lang)

    @app.post("/v1/confirm/{job_id}", response_model=None)
    async def confirm(
        job_id: str, request: Request, lang: str = "en"
    ) -> dict[str, Any] | JSONResponse:
        said = await request.json()
        if api.refuses_confirmations:
            return problem(422, api.refuses_confirmations)
        api.confirmations.append(said)
        await asyncio.sleep(api.confirming_s)
        if said["label"] not in api.items:
            return problem(422, f"{said['label']} is not in the catalogue.")
        job = api.jobs[job_id]
        job["confirmed_label"], job["confirmed_by"] = said["label"], said["confirmed_by"]
        job["needs_confirmation"] = False
        job["suspicious"] = False
        job["quantity"] = said.get("quantity") or job["quantity"]
        job["charged"] = said.get("charged")
        await api.hang("confirm")
        return api.document(job, lang)

    @app.get("/v1/history", response_model=None)
    async def history(
        request: Request,
        limit: int = 20,
        cursor: str | None = None,
        needs_confirmation: bool | None = None,
        suspicious: bool | None = None,
        scale_id: str | None = None,
        label: str | None = None,
        start: Annotated[datetime | None, Query(alias="from")] = None,
        to: datetime | None = None,
        lang: str = "en",
    ) -> dict[str, Any] | Response:
        if not suspicious:
            api.lists += 1
        if not needs_confirmation and not suspicious:
            await api.listing.wait()
        found = [
            job
            for job_id, job in sorted(api.jobs.items(), reverse=True)
            if (cursor is None or job_id < cursor)
            and needs_confirmation in {None, job["needs_confirmation"]}
            and suspicious in {None, job["suspicious"]}
            and scale_id in {None, job["scale_id"]}
            and label in {None, job["confirmed_label"] or job["label"]}
            and (start is None or start <= job["created_at"])
            and (to is None or job["created_at"] <= to)
        ]
        if request.headers["accept"] == "text/csv":
            return Response(f"job_id\n{len(found)} weighings\n", media_type="text/csv")
        page = found[:limit]
        return {
            "items": [api.document(job, lang) for job in page],
            "next_cursor": page[-1]["job_id"] if len(found) > limit else None,
        }

    @app.get("/v1/history/{job_id}/picture", response_model=None)
    def picture(job_id: str, side: int) -> Response:
        if job_id not in api.jobs or api.expired:
            return problem(404, "There is no picture of this weighing, or not any more.")
        return Response(f"{side} pixels of {job_id}", media_type="image/jpeg")

    @app.get("/v1/catalogue/pictures/{sha256}")
    def item_picture(sha256: str) -> Response:
        return Response(f"a picture {sha256[:2]}", media_type="image/jpeg")

    @app.get("/v1/catalogue")
    def catalogue() -> dict[str, Any]:
        api.catalogues += 1
        return {
            "items": [
                {
                    **{
                        name: row[name]
                        for name in ("label", "plu", "category", "unit", "unit_price", "currency")
                    },
                    "names": {
                        column.removeprefix("name_"): name
                        for column, name in row.items()
                        if column.startswith("name_")
                    },
                    "tare_kg": row["tare_kg"],
                    "valid_from": row["valid_from"],
                }
                for row in api.items.values()
            ]
        }

    @app.get("/v1/analytics")
    def analytics(hours: int = 24, lang: str = "en") -> dict[str, Any]:
        end = datetime.now(UTC).replace(second=0, microsecond=0)
        start = end - timedelta(hours=hours)
        period = max(60, hours * 3600 // 48)
        busy = [index for index in range(48) if index % 9 > 2] if api.traffic else []
        return {
            "from": start.isoformat(),
            "to": end.isoformat(),
            "period_seconds": period,
            "total_requests": 1284 if busy else 0,
            "latency_ms": {"average": 84.2 if busy else None, "p95": 1210.0 if busy else None},
            "low_confidence_rate": 0.125 if busy else None,
            "errors": 3 if busy else 0,
            "top_labels": [
                {"label": label, "name": api.name(label, lang), "count": count}
                for label, count in (("Banana", 412), ("Lemon", 230), ("Royal-Gala", 187))
                if busy
            ],
            "series": [
                {
                    "at": (start + timedelta(seconds=period * index)).isoformat(),
                    "requests": 10 + index * 7 % 41,
                    "latency_average": 70 + index * 13 % 37,
                    "latency_p95": 150 + index * 29 % 97,
                    "low_confidence_rate": (index * 5 % 30) / 100,
                    "errors": int(index % 17 == 4),
                }
                for index in busy
            ],
            "insights": {
                "weighings": 5000 if busy else 0,
                "complete": not busy,
                "since": start.isoformat(),
                "confirmed": 30 if busy else 0,
                "confusion": [
                    {
                        "predicted": predicted,
                        "predicted_name": api.name(predicted, lang),
                        "confirmed": confirmed,
                        "confirmed_name": api.name(confirmed, lang),
                        "count": count,
                    }
                    for predicted, confirmed, count in (
                        ("Banana", "Banana", 24),
                        ("unknown", "Lemon", 6),
                    )
                    if busy
                ],
                "confidence": [
                    {"day": "2026-11-24", "weighings": 40, "average": 0.91, "low_rate": 0.1}
                    for _ in busy[:1]
                ],
                "scales": [
                    {
                        "scale_id": "kiosk-2",
                        "last_seen": end.isoformat(),
                        "weighings": 40,
                        "error_rate": 0.1,
                        "low_confidence_rate": 0.25,
                        "recognition_latency_average": 41.5,
                        "recognition_latency_p95": 90,
                    }
                    for _ in busy[:1]
                ],
            },
        }

    return app
