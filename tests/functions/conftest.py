"""The HTTP functions on a shop in memory."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

import functions.admin.app as admin
import functions.result.app as result
import functions.upload.app as upload
from smartscale.adapters.tokens import GivenToken
from smartscale.domain.weighing import ModelRef
from smartscale.operations.access.authorise import Authorise
from smartscale.operations.access.staff import Staff
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.catalogue.pictures import PictureItems
from smartscale.operations.metrics.pulse import FeelPulse
from smartscale.operations.models.map_labels import MapLabels
from smartscale.operations.models.switch import ActivateModel
from smartscale.operations.models.trial import ManageTrial
from smartscale.operations.weighing.accept import Accept
from smartscale.operations.weighing.ask import SayWanted
from smartscale.operations.weighing.history import History
from tests.fakes import FakeIdempotencyKeys, FakePackages, FakeQueue, FakeRefusals
from tests.service import overrides_of
from tests.shop import Shop

KIOSK_SECRET = "a-secret-of-kiosks"
ADMIN_TOKEN = "a-token-for-tests"
BUILTIN = ModelRef(id="builtin", revision="1")
PACKAGE = ModelRef(id="them/vgg", revision="a1")


@pytest.fixture
def shop() -> Shop:
    """A shop that sells bananas by weight and lemons by the piece."""
    return Shop()


@pytest.fixture
def staff(shop: Shop) -> Staff:
    """Who tells staff from everybody else."""
    return Staff(
        GivenToken(KIOSK_SECRET),
        Authorise(GivenToken(ADMIN_TOKEN), FakeRefusals(), shop.metrics, shop.clock),
        shop.clock,
    )


@pytest.fixture
def uploads(shop: Shop, staff: Staff) -> Iterator[TestClient]:
    """The upload function."""
    operation = Accept(shop.uploads, FakeIdempotencyKeys(), shop.clock, max_image_bytes=200_000)
    yield from _client(
        upload.app,
        {
            upload.accept: operation,
            upload.staff_when_needed: lambda: staff,
            upload.answers_when_wanted: shop.weighings.get,
        },
    )


@pytest.fixture
def results(shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The result function, at the shop's time."""
    monkeypatch.setattr(result, "now", shop.clock)
    overrides = {
        result.history: History(shop.weighings, shop.ledger, shop.uploads, shop.clock),
        result.confirm: shop.confirm,
        result.act: shop.act,
        result.catalogue: shop.catalogue,
        result.item_pictures: shop.pictures,
        result.staff: staff,
        result.dependencies: {"catalogue": shop.catalogue.all},
        result.pulse: FeelPulse(shop.queue, shop.registry, shop.clock),
    }
    for client in _client(result.app, overrides):
        client.headers["X-Admin-Token"] = ADMIN_TOKEN
        yield client


@pytest.fixture
def admins(shop: Shop) -> Iterator[TestClient]:
    """The admin function."""
    settings = admin.Settings(
        smartscale_bucket="data",
        models_table="models",
        catalogue_table="catalogue",
        weighings_queue_url="https://queue.example",
        imports_queue_url="https://imports.example",
        admin_token=SecretStr(ADMIN_TOKEN),
    )
    authorise = Authorise(GivenToken(ADMIN_TOKEN), FakeRefusals(), shop.metrics, shop.clock)
    request = ActivateModel(
        shop.registry,
        FakePackages([PACKAGE]),
        shop.ledger,
        shop.queue,
        FakeQueue(),
        BUILTIN,
        shop.clock,
    )
    edit = EditCatalogue(shop.catalogue, shop.ledger, shop.clock)
    mapping = MapLabels(
        shop.catalogue, edit, shop.registry, FakePackages([PACKAGE]), lambda: ["Banana", "Kaki"]
    )
    overrides = {
        admin.settings: settings,
        admin.authorisation: authorise,
        admin.registry: shop.registry,
        admin.activate_model: request,
        admin.manage_trial: ManageTrial(shop.trials, request, shop.ledger, shop.queue, shop.clock),
        admin.teach: shop.teach,
        admin.say_wanted: SayWanted(shop.asking, shop.wishes),
        admin.catalogue: shop.catalogue,
        admin.edit_catalogue: edit,
        admin.picture_items: PictureItems(shop.pictures, edit),
        admin.map_labels: mapping,
        admin.map_known_labels: mapping,
    }
    yield from _client(admin.app, overrides)


def _client(app: FastAPI, overrides: Mapping[Any, object]) -> Iterator[TestClient]:
    app.dependency_overrides = overrides_of(overrides)
    yield TestClient(app)
    app.dependency_overrides = {}
