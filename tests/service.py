"""The service in memory: the real routes over a shop's stores, and ways to disturb them.

A kiosk under test asks this; nothing in here answers a request by itself.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from fastapi import FastAPI, routing
from fastapi.dependencies import utils as dependencies
from fastapi.dependencies.models import Dependant
from pydantic import SecretStr
from starlette.types import Message, Receive, Scope, Send

import functions.admin.app as admin
import functions.result.app as result
import functions.upload.app as upload
from smartscale.adapters.tokens import GivenToken
from smartscale.clock import now
from smartscale.domain.catalogue import Item
from smartscale.domain.catalogue_file import read_csv
from smartscale.domain.errors import DomainError, InvalidInput, Unprocessable
from smartscale.domain.job_id import new_job_id
from smartscale.domain.load import Load
from smartscale.domain.prediction import NO_ITEM, Scored
from smartscale.domain.registry import ImportProgress, ImportStep, SwitchState
from smartscale.domain.told_apart import MixedUp, ToldApart
from smartscale.domain.upload import load_metadata, upload_key
from smartscale.domain.weighing import ModelRef, Weighing
from smartscale.http.app import create_app
from smartscale.http.given import given
from smartscale.operations.access.authorise import Authorise
from smartscale.operations.access.staff import Staff
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.catalogue.pictures import PictureItems
from smartscale.operations.learning.carry import Carry
from smartscale.operations.messages import Arrival
from smartscale.operations.metrics.pulse import FeelPulse
from smartscale.operations.models.map_labels import MapLabels
from smartscale.operations.models.switch import ActivateModel, ActiveModel, Loader
from smartscale.operations.models.trial import ManageTrial
from smartscale.operations.ports.metrics import MetricQuery
from smartscale.operations.weighing.accept import Accept
from smartscale.operations.weighing.ask import SayWanted
from smartscale.operations.weighing.history import History
from smartscale.recognition.builtin import builtin_trained_labels
from smartscale.recognition.photo import ImageError
from tests.examples import picture
from tests.fakes import (
    Clock,
    FakeCatalogue,
    FakeIdempotencyKeys,
    FakePackages,
    FakeQueue,
    FakeRecogniser,
    FakeRefusals,
    FakeUploads,
)
from tests.shop import Shop

CATALOGUE = Path(__file__).parents[1] / "layers/smartscale/python/smartscale/catalogue.csv"
TOKEN = "the-right-token"
KIOSK_SECRET = "a-secret-of-kiosks"
BUILTIN = ModelRef(id="builtin", revision="2026.11")
VGG16 = ModelRef(id="Adriana213/vgg16-fruit-classifier", revision="3f1c9a7be0d24c55a1")
LABELS = ("Banana", "Apple Crimson Snow", "Nut Pecan", "Lemon Meyer")
"""What both models know; two of them need a product."""


class WallClock(Clock):
    """The machine's clock: a kiosk has no other."""

    def __call__(self) -> datetime:
        return now()


@dataclass
class Token:
    """The admin token, which a test may rotate."""

    value: str = TOKEN

    def current(self, *, fresh: bool = False) -> str:
        del fresh
        return self.value


class Intake(FakeUploads):
    """The bucket as the upload function sees it: what is put there is recognised."""

    def __init__(self, service: "Service") -> None:
        super().__init__(service.shop.clock, service.shop.uploads.objects)
        self._service = service

    def put(self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str]) -> None:
        self._service.refuse(metadata)
        super().put(key, body, media_type, metadata)
        self._service.arrive(key)


@dataclass
class Model(FakeRecogniser):
    """Says what a test wants the next picture to be."""

    fails: str | None = None

    def recognise(self, image: bytes) -> list[Scored]:
        if self.fails:
            raise ImageError(self.fails)
        return super().recognise(image)


@dataclass
class Figures:
    """What CloudWatch would say: some requests in four periods, or nothing at all."""

    traffic: bool = True
    _labels: Mapping[str, float] = field(
        default_factory=lambda: {"Banana": 412, "Lemon": 230, "Royal-Gala": 187}
    )
    _values: Mapping[tuple[str, str], Sequence[float]] = field(
        default_factory=lambda: {
            ("Requests", "Sum"): [321, 321, 321, 321],
            ("PredictionLatency", "Average"): [70, 80, 90, 97],
            ("PredictionLatency", "p95"): [150, 1210, 190, 170],
            ("LowConfidence", "Average"): [0.1, 0.2, 0.1, 0.1],
            ("Errors", "Sum"): [1, 0, 2, 0],
            ("PredictionLatency", "Sum"): [84_200],
            ("PredictionLatency", "SampleCount"): [1_000],
            ("LowConfidence", "Sum"): [125],
            ("Taps", "Average"): [0.3, 0.4, 0.2, 0.5],
            ("Taps", "Sum"): [420],
            ("Taps", "SampleCount"): [1_000],
        }
    )

    def series(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        del end
        step = timedelta(seconds=period_seconds)
        return [
            {start + at * step: value for at, value in enumerate(self._found(query))}
            for query in queries
        ]

    def _found(self, query: MetricQuery) -> Sequence[float]:
        if not self.traffic:
            return ()
        if (label := query.dimensions.get("Label")) is not None:
            return (self._labels[label],)
        return self._values[query.name, query.statistic]

    def dimension_values(self, name: str, dimension: str) -> list[str]:
        assert (name, dimension) == ("Label", "Label")
        return list(self._labels) if self.traffic else []


@dataclass
class Asked:
    """A request that came in, and what became of it; 0 while that is open."""

    method: str
    path: str
    """Below `/v1/`."""
    query: Mapping[str, str]
    status: int = 0


def shop() -> Shop:
    """A shop that sells what ships, on the machine's clock."""
    # What a model of ours knows: a page that draws all of the examples takes three times as long.
    sold = set(builtin_trained_labels())
    items = {item.label: item for item in _every_item() if item.label in sold}
    items["Lemon"] = items["Lemon"].model_copy(update={"chosen": ("Lemon Meyer",)})
    model = Model(ref=BUILTIN, confirm_below=Decimal("0.7"))
    return Shop(clock=WallClock(), recogniser=model, catalogue=FakeCatalogue(items))


@cache
def _every_item() -> tuple[Item, ...]:
    return tuple(read_csv(CATALOGUE.open(encoding="utf-8"), now()))


_wiring: ContextVar[Mapping[Callable[..., Any], Callable[[], Any]]] = ContextVar("wiring")
"""What the routes depend on, in the request that is under way."""


class _Wired(dict[Callable[..., Any], Callable[[], Any]]):
    """Overrides that each request brings along."""

    def __bool__(self) -> bool:
        return True

    def get(self, call: Callable[..., Any], default: Any = None) -> Any:
        return _wiring.get().get(call, default)


@cache
def _application() -> FastAPI:
    """The routes, made once: that takes longer than most tests with them."""
    app = create_app("SmartScale", upload.router, result.router, admin.router)
    app.dependency_overrides = _Wired()
    return app


@dataclass
class Service:
    """The whole service; the fields say what the next picture shows, and what goes wrong."""

    shop: Shop = field(default_factory=shop)
    label: str = "Banana"
    confidence: float = 0.97
    others: tuple[tuple[str, float], ...] = (("Lemon", 0.02), ("Papaya", 0.005))
    fails: str | None = None
    """Why no picture can be recognised."""
    down: bool = False
    stale: int = 0
    """How many requests meet a connection that the service has just closed."""
    refuses: str | None = None
    """Why no weighing is taken in."""
    refuses_weight: str | None = None
    """The weight in kilograms that alone is refused, if only one is."""
    refuses_as: type[DomainError] = InvalidInput
    confirming_s: float = 0.0
    """How long a confirmation is under way."""
    hangs_after: str | None = None
    """The route that acts, and then never answers."""
    hanging: threading.Event = field(default_factory=threading.Event)
    """It has acted."""
    lacks: tuple[str, ...] = ()
    """Routes below `/v1/` that an older service does not have."""
    listing: asyncio.Event = field(default_factory=asyncio.Event)
    """Lists of all weighings are answered when it is set."""
    asked: list[Asked] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)
    token: Token = field(default_factory=Token)
    refusals: FakeRefusals = field(default_factory=FakeRefusals)
    packages: FakePackages = field(
        default_factory=lambda: FakePackages([VGG16], named=list(LABELS))
    )

    def __post_init__(self) -> None:
        self._works = True
        self._waiting: list[str] = []
        self.listing.set()
        clock, ledger = self.shop.clock, self.shop.ledger
        self.models = ActivateModel(
            self.shop.registry, self.packages, ledger, self.shop.queue, FakeQueue(), BUILTIN, clock
        )
        loader = Loader(
            self.packages,
            lambda: self.shop.recogniser,
            lambda ref, _: FakeRecogniser(ref=ref),
        )
        self._workers = [
            ActiveModel(f"worker-{n}", self.shop.registry, loader, clock) for n in range(2)
        ]
        self.load_models()
        self._app = _application()
        self._wiring = overrides_of(self._dependencies())

    def _dependencies(self) -> dict[Callable[..., Any], object]:
        shop, clock = self.shop, self.shop.clock
        edit = EditCatalogue(shop.catalogue, shop.ledger, clock)
        mapping = MapLabels(
            shop.catalogue, edit, shop.registry, self.packages, lambda: list(LABELS)
        )
        staff = Staff(
            GivenToken(KIOSK_SECRET),
            Authorise(self.token, self.refusals, shop.metrics, clock),
            clock,
        )
        return {
            upload.staff_when_needed: lambda: staff,
            upload.answers_when_wanted: shop.weighings.get,
            upload.accept: Accept(Intake(self), FakeIdempotencyKeys(), clock),
            result.carry: Carry(shop.memories, shop.asking),
            result.history: History(shop.weighings, shop.ledger, shop.uploads, clock),
            result.confirm: shop.confirm,
            result.act: shop.act,
            result.catalogue: shop.catalogue,
            result.item_pictures: shop.pictures,
            result.weighings: shop.weighings,
            result.metric_queries: self.figures,
            result.say_wanted: SayWanted(shop.asking, shop.wishes),
            result.dependencies: {},
            result.pulse: FeelPulse(FakeQueue(), shop.registry, clock),
            result.staff: staff,
            admin.settings: admin.Settings(
                smartscale_bucket="data",
                models_table="models",
                catalogue_table="catalogue",
                weighings_queue_url="https://queue.example",
                imports_queue_url="https://imports.example",
                admin_token=SecretStr(TOKEN),
            ),
            admin.authorisation: Authorise(self.token, self.refusals, shop.metrics, clock),
            admin.registry: shop.registry,
            admin.say_wanted: SayWanted(shop.asking, shop.wishes),
            admin.activate_model: self.models,
            admin.manage_trial: ManageTrial(
                shop.trials, self.models, shop.ledger, shop.queue, clock
            ),
            admin.teach: shop.teach,
            admin.catalogue: shop.catalogue,
            admin.edit_catalogue: edit,
            admin.picture_items: PictureItems(shop.pictures, edit),
            admin.map_labels: mapping,
            admin.map_known_labels: mapping,
        }

    # ------------------------------------------------------------------ what was asked of it

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        """The way to it without a network."""
        return _Line(self)

    def count(self, path: str, status: int | None = None, *, method: str = "GET") -> int:
        """How often a route was asked, or answered with a status."""
        return sum(
            (one.method, one.path) == (method, path) and status in {None, one.status}
            for one in list(self.asked)
        )

    @property
    def weighings(self) -> list[Weighing]:
        """What became of all weighings, in the order in which they began."""
        return [row for _, row in sorted(self.shop.weighings.rows.items())]

    @property
    def pictures(self) -> list[bytes]:
        """The pictures that were taken in, in the order in which they came."""
        return [body for _, body in list(self.shop.uploads.objects.values())]

    @property
    def loads(self) -> list[Load]:
        """What was on the scales, in the order in which it came."""
        return [stored.load() for stored, _ in list(self.shop.uploads.objects.values())]

    @property
    def confirmations(self) -> list[Weighing]:
        """What the ledger has of confirmations, in the order in which they came."""
        events = list(self.shop.ledger.events.items())
        return [weighing for (_, name), weighing in events if name.startswith("confirmed")]

    # ------------------------------------------------------------------ what its workers do

    def refuse(self, metadata: Mapping[str, str]) -> None:
        """Raise what `refuses_as` says for a weighing that is not to be taken in."""
        if self.refuses and self.refuses_weight in {None, metadata["weight-kg"]}:
            raise self.refuses_as(self.refuses)

    def arrive(self, key: str) -> None:
        """Recognise what was stored, as soon as the workers work."""
        self._waiting.append(key)
        if self._works:
            self._recognise()

    @property
    def works(self) -> bool:
        """Whether what is taken in is recognised."""
        return self._works

    @works.setter
    def works(self, works: bool) -> None:
        self._works = works
        if works:
            self._recognise()

    def _recognise(self) -> None:
        waiting, self._waiting = self._waiting, []
        model = self.shop.recogniser
        assert isinstance(model, Model)
        for key in waiting:
            said = ((self.label, self.confidence), *self.others)
            model.answer = [
                Scored(label, Decimal(str(confidence)))
                for label, confidence in said
                if label in NO_ITEM or label in self.shop.catalogue.items
            ]
            model.fails = self.fails
            arrival = Arrival(key)
            try:
                self.shop.deliver(arrival)
            except Unprocessable as error:
                self.shop.fail.process(arrival, str(error))

    def weigh(
        self, weight: str = "0.500", scale_id: str = "kiosk-1", *, ago: timedelta | None = None
    ) -> Weighing:
        """A weighing of what the next picture shows; each later than the one before."""
        if ago is None:
            ago = timedelta(seconds=90 * (60 - len(self.shop.uploads.objects)))
        key = upload_key(new_job_id(self.shop.clock() - ago))
        metadata = load_metadata(Load.parse(weight), scale_id)
        self.shop.uploads.put(key, picture(), "image/jpeg", metadata)
        self.arrive(key)
        return self.shop.weighings.rows[key.rpartition("/")[2]]

    def load_models(self) -> None:
        """The workers load the model that is wanted."""
        for worker in self._workers:
            worker.refresh(self.shop.registry.current())

    def importing(self, step: ImportStep, percent: int, detail: str = "") -> None:
        """An import of the VGG16 is under way."""
        switch, at = self.models.current(), now()
        if switch.state is not SwitchState.IMPORTING:
            switch = switch.activate_after_import(VGG16, None, at)
        progress = ImportProgress(step=step, percent=percent, detail=detail)
        self.shop.registry.switch = switch.advanced(progress, at)

    def imported(self) -> None:
        """The import has come to its end, and the workers load the package."""
        self.shop.registry.switch = self.models.current().imported(VGG16, now())
        self.load_models()

    def learn(self, *alike: tuple[str, str]) -> None:
        """A worker has looked at all that was taught, and takes these pairs for each other."""
        version = self.shop.memories.newest()
        assert version is not None
        pairs = (MixedUp(first=one, second=other, share=Decimal(1)) for one, other in alike)
        found = ToldApart(mixed_up=tuple(pairs))
        self.shop.memories.keep_told_apart(self.models.serving(), version.number, found)
        self.shop.memories.keep_embeddings(self.models.serving(), version.number, {})

    # ------------------------------------------------------------------ as a server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix("/v1/")
        query = {name: said[0] for name, said in parse_qs(scope["query_string"].decode()).items()}
        asked = Asked(scope["method"], path, query)
        self.asked.append(asked)
        if path == "history" and not {"needs_confirmation", "suspicious"} & set(query):
            await self.listing.wait()
        if path.startswith("confirm/"):
            await asyncio.sleep(self.confirming_s)
        if self.lacks and path.startswith(self.lacks):
            scope = {**scope, "path": "/v1/nothing", "raw_path": b"/v1/nothing"}
        answer: list[Message] = []
        _wiring.set(self._wiring)

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        asked.status = answer[0]["status"]
        self.load_models()
        while self.hangs_after == path.partition("/")[0]:
            self.hanging.set()
            await asyncio.sleep(0.01)
        for message in answer:
            await send(message)


class _Line(httpx.AsyncBaseTransport):
    """A line to the service that can be cut."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._inner = httpx.ASGITransport(service)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._service.down:
            raise httpx.ConnectError("connection refused", request=request)
        if self._service.stale:
            self._service.stale -= 1
            await self._inner.handle_async_request(request)
            raise httpx.RemoteProtocolError("Server disconnected", request=request)
        return await self._inner.handle_async_request(request)


@contextmanager
def routes_read_once() -> Iterator[None]:
    """FastAPI reads what a route takes whenever it is added, and what stands in for a dependency at
    each request: what is taken alike is read once."""
    known: dict[object, Dependant] = {}

    def get_dependant(*, path: str, call: Callable[..., Any], **how: Any) -> Dependant:
        key = path, read_signature(call), repr(sorted(how.items()))
        try:
            if key not in known:
                known[key] = read(path=path, call=call, **how)
        except TypeError:  # it takes something that cannot be a key
            return read(path=path, call=call, **how)
        found = known[key]
        return replace(found, call=call, dependencies=[*found.dependencies])

    read, read_signature = dependencies.get_dependant, dependencies.get_typed_signature
    with pytest.MonkeyPatch.context() as patch:
        for module in (dependencies, routing):
            patch.setattr(module, "get_dependant", get_dependant)
        yield


def overrides_of(values: Mapping[Any, object]) -> dict[Any, Callable[[], object]]:
    """What FastAPI gives routes in place of what makes it, however they ask for that."""
    return {
        asked: _giving(value) for make, value in values.items() for asked in (make, given(make))
    }


def _giving(value: object) -> Callable[[], object]:
    return lambda: value
