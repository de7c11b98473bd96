"""The kiosk goes on when its service goes away, and the service learns of everything, once."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import uvicorn
from pydantic import SecretStr

from frontend.api.client import LONGEST_WAIT_S
from frontend.api.errors import ApiRefused, ApiUnreachable
from frontend.offline import api, local
from frontend.offline.api import OfflineApi
from frontend.offline.availability import LOOK_PAID_S, LOOK_S, UNUSED_LOOKS, Availability
from frontend.offline.copy import CatalogueCopy
from frontend.offline.screens import QUIET_S
from frontend.offline.sender import TRIES
from frontend.settings import Settings
from infra.sizing import workload
from infra.sizing.workload import LOOK_REQUESTS, WEIGHING_REQUESTS, Usage
from smartscale.adapters.litert import load_builtin
from smartscale.contract.weighing import ConfirmedBy, Result, Unit
from smartscale.domain.asking import Asking
from smartscale.domain.errors import StorageFull
from tests.examples import picture
from tests.frontend.test_weigh import price
from tests.service import KIOSK_SECRET, Service
from tests.support import eventually, free_port

SAMPLES = Path(__file__).parents[2] / "sample_data"
BANANAS = (SAMPLES / "bananas.jpg").read_bytes()


@pytest.fixture
def service() -> Service:
    return Service()


def kiosk_at(home: Path, service: Service, *, quiet_s: float = QUIET_S) -> OfflineApi:
    return OfflineApi(
        "http://service",
        home,
        quiet_s=quiet_s,
        transport=service.transport,
        kiosk_secret=KIOSK_SECRET,
    )


@pytest_asyncio.fixture
async def kiosk(service: Service, tmp_path: Path) -> AsyncIterator[OfflineApi]:
    """A kiosk that has seen its service, and sends at once what nobody changes."""
    going = kiosk_at(tmp_path, service, quiet_s=0)
    assert not await going.tend()
    yield going
    await going.close()


async def weigh(kiosk: OfflineApi, key: str = "key-1", weight: str = "0.500") -> Result:
    job_id = await kiosk.predict(
        BANANAS, Decimal(weight), None, scale_id="kiosk-1", idempotency_key=key
    )
    return await kiosk.result(job_id, "de")


async def weigh_offline_refused(kiosk: OfflineApi, service: Service, reason: str) -> None:
    """Two weighings while the service is away, of which it will refuse the first."""
    service.down = True
    await weigh(kiosk, "bad", weight="0.100")
    await weigh(kiosk, "good", weight="0.200")
    service.down = False
    service.refuses, service.refuses_weight = reason, "0.100"


@pytest.mark.asyncio
async def test_without_the_service_it_recognises_and_prices_all_the_same(
    kiosk: OfflineApi, service: Service
) -> None:
    service.down = True
    result = await weigh(kiosk)

    assert (result.label, result.name) == ("Banana", "Bananen")
    assert (result.unit_price, result.price) == (Decimal("1.89"), Decimal("0.95"))
    assert result.top_k[0].plu == "4011"
    assert kiosk.cut_since is not None
    assert kiosk.prices_of is not None
    assert await kiosk.waiting() == 1
    assert [item.label for item in await kiosk.catalogue()] == [
        item.label for item in service.shop.catalogue.all()
    ]


@pytest.mark.asyncio
async def test_what_was_charged_reaches_the_service_once_with_its_time_and_price(
    kiosk: OfflineApi, service: Service
) -> None:
    service.down = True
    result = await weigh(kiosk)
    service.down = False
    price(service, "Banana", "2.49")
    assert not await kiosk.tend()

    (job,) = service.weighings
    assert (job.confirmed_label, job.confirmed_by) == ("Banana", ConfirmedBy.KIOSK)
    assert job.charged_offline
    assert (job.unit, job.unit_price, job.price) == (Unit.KG, Decimal("1.89"), Decimal("0.95"))
    assert (job.currency, job.tare_kg) == ("EUR", Decimal("0.000"))
    assert job.created_at == result.created_at
    assert kiosk.cut_since is None
    assert await kiosk.waiting() == 0
    assert not await kiosk.tend()
    assert len(service.pictures) == len(service.confirmations) == 1
    later = await kiosk.result(result.job_id, "en")
    assert (later.job_id, later.price) == (job.job_id, Decimal("0.95"))


@pytest.mark.asyncio
async def test_what_the_shopper_says_meanwhile_is_charged_and_sent(
    kiosk: OfflineApi, service: Service
) -> None:
    service.down = True
    result = await weigh(kiosk)
    said = await kiosk.confirm(result.job_id, "Avocado", "en", quantity=3)
    each = Decimal("1.29")
    assert (said.confirmed_label, said.quantity, said.price) == ("Avocado", 3, each * 3)
    with pytest.raises(ApiRefused, match="not in the catalogue"):
        await kiosk.confirm(result.job_id, "Unicorn", "en")

    service.down = False
    await kiosk.tend()
    (job,) = service.weighings
    assert (job.confirmed_label, job.confirmed_by) == ("Avocado", ConfirmedBy.SHOPPER)
    assert (job.quantity, job.price, job.charged_offline) == (3, each * 3, True)


@pytest.mark.asyncio
async def test_a_service_that_goes_away_in_the_middle_of_a_weighing_learns_of_one(
    kiosk: OfflineApi, service: Service
) -> None:
    """It had taken the picture; the answer never came."""
    job_id = await kiosk.predict(
        BANANAS, Decimal("0.500"), None, scale_id="kiosk-1", idempotency_key="key-1"
    )
    service.down = True
    result = await kiosk.result(job_id, "en")
    assert (result.job_id, result.label) == (job_id, "Banana")

    service.down = False
    await kiosk.tend()
    (job,) = service.weighings
    assert (job.job_id, job.price, job.charged_offline) == (job_id, Decimal("0.95"), True)


@pytest.mark.asyncio
async def test_a_service_that_thinks_for_too_long_is_told_what_was_charged(
    kiosk: OfflineApi, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes weighings in, and nothing behind it works."""
    monkeypatch.setattr(api, "SLOW_S", 0.0)
    service.works = False
    result = await weigh(kiosk)
    assert result.price == Decimal("0.95")
    assert kiosk.cut_since is None
    service.works = True
    await kiosk.tend()
    (job,) = service.weighings
    assert (job.job_id, job.price) == (result.job_id, Decimal("0.95"))
    assert job.charged_offline


@pytest.mark.asyncio
async def test_a_service_that_goes_away_before_the_confirmation_learns_of_it(
    kiosk: OfflineApi, service: Service
) -> None:
    result = await weigh(kiosk)
    service.down = True
    said = await kiosk.confirm(result.job_id, "Lemon", "en")
    assert said.confirmed_label == "Lemon"
    service.down = False
    await kiosk.tend()
    (job,) = service.weighings
    assert (job.job_id, job.confirmed_label) == (result.job_id, "Lemon")


@pytest.mark.asyncio
async def test_an_answer_that_was_lost_is_not_a_second_weighing(
    kiosk: OfflineApi, service: Service
) -> None:
    service.stale = 2  # the service takes it, and takes it again, and its answers are lost
    result = await weigh(kiosk)
    assert result.label == "Banana"
    await kiosk.tend()
    assert len(service.pictures) == 1


@pytest.mark.asyncio
async def test_many_weighings_go_in_their_order(kiosk: OfflineApi, service: Service) -> None:
    service.down = True
    weights = [f"0.{number}00" for number in range(1, 6)]
    for weight in weights:
        await weigh(kiosk, key=f"key-{weight}", weight=weight)
    service.down = False
    await kiosk.tend()
    assert [f"{load.weight_kg}" for load in service.loads] == weights
    moments = [weighing.created_at for weighing in service.weighings]
    assert moments == sorted(moments)


@pytest.mark.asyncio
async def test_one_that_is_refused_waits_for_an_attendant_and_the_others_go(
    kiosk: OfflineApi, service: Service
) -> None:
    await weigh_offline_refused(kiosk, service, "This weight is refused.")
    await kiosk.tend()
    (refused,) = await kiosk.refused()
    assert (refused.weight_kg, refused.reason) == (Decimal("0.100"), "This weight is refused.")
    assert [load.weight_kg for load in service.loads] == [Decimal("0.200")]

    service.refuses = None
    await kiosk.retry(refused.id)
    await kiosk.tend()
    assert [load.weight_kg for load in service.loads] == [Decimal("0.200"), Decimal("0.100")]
    assert await kiosk.refused() == []


@pytest.mark.asyncio
async def test_a_service_without_room_refuses_no_kept_weighing(
    kiosk: OfflineApi, service: Service
) -> None:
    service.down = True
    for number in range(3):
        await weigh(kiosk, f"key-{number}")
    service.down = False
    service.refuses, service.refuses_as = "The store has no room for it.", StorageFull
    assert await kiosk.tend(), "it tries again later"
    assert await kiosk.refused() == []
    service.refuses = None
    assert not await kiosk.tend()
    assert len(service.loads) == 3


@pytest.mark.asyncio
async def test_one_at_which_the_service_always_fails_does_not_hold_up_the_others_for_ever(
    kiosk: OfflineApi, service: Service
) -> None:
    await weigh_offline_refused(kiosk, service, "Something went wrong on our side.")
    service.refuses_as = StorageFull
    rounds = 0
    while await kiosk.tend():
        rounds += 1
    assert rounds == TRIES - 1
    assert [one.weight_kg for one in await kiosk.refused()] == [Decimal("0.100")]
    assert [load.weight_kg for load in service.loads] == [Decimal("0.200")]


@pytest.mark.asyncio
async def test_what_is_no_sale_is_void_at_the_service(kiosk: OfflineApi, service: Service) -> None:
    weighed = await weigh(kiosk)
    await kiosk.void(weighed.job_id, "kiosk-1", unless_settled=False)
    [weighing] = service.weighings
    assert weighing.voided is not None
    assert weighing.voided.staff == "kiosk-1"
    await kiosk.void("0" * 32, "kiosk-1", unless_settled=False)  # it never came there
    assert not await kiosk.tend()


@pytest.mark.asyncio
async def test_what_is_no_sale_is_told_of_when_the_service_is_back(
    kiosk: OfflineApi, service: Service, tmp_path: Path
) -> None:
    online = await weigh(kiosk, "key-1")
    service.down = True
    offline = await weigh(kiosk, "key-2")
    await weigh(kiosk, "key-3")
    await kiosk.void(online.job_id, "kiosk-1", unless_settled=False)
    await kiosk.void(offline.job_id, "kiosk-1", unless_settled=False)
    await kiosk.close()

    service.down = False
    again = kiosk_at(tmp_path, service, quiet_s=0)
    assert not await again.tend()
    voided = [weighing.voided is not None for weighing in service.weighings]
    assert (sorted(voided), len(service.loads)) == ([False, True, True], 3)
    assert not await again.tend()
    await again.close()


@pytest.mark.asyncio
async def test_what_is_not_recognised_yet_is_void_as_soon_as_it_is(
    kiosk: OfflineApi, service: Service
) -> None:
    service.works = False
    job_id = await kiosk.predict(
        BANANAS, Decimal("0.5"), None, scale_id="kiosk-1", idempotency_key="key-1"
    )
    await kiosk.void(job_id, "kiosk-1", unless_settled=False)
    service.works = True
    assert not await kiosk.tend()
    [weighing] = service.weighings
    assert weighing.voided is not None


@pytest.mark.asyncio
async def test_what_was_left_here_before_its_answer_is_void_by_its_key(
    kiosk: OfflineApi, service: Service
) -> None:
    service.down = True
    await weigh(kiosk, "key-1")
    await kiosk.void("key-1", "kiosk-1", unless_settled=False)
    service.down = False
    assert not await kiosk.tend()
    [weighing] = service.weighings
    assert weighing.voided is not None


@pytest.mark.asyncio
async def test_what_staff_have_settled_is_not_void(kiosk: OfflineApi, service: Service) -> None:
    weighed = await weigh(kiosk)
    await kiosk.service.confirm(
        weighed.job_id, "Lemon", "en", confirmed_by=ConfirmedBy.ATTENDANT, staff="anna"
    )
    await kiosk.void(weighed.job_id, "kiosk-1", unless_settled=True)
    [weighing] = service.weighings
    assert weighing.voided is None
    assert not await kiosk.tend()


@pytest.mark.asyncio
@pytest.mark.parametrize("down", [False, True])
async def test_a_sure_answer_that_nobody_waited_for_is_void(
    kiosk: OfflineApi, service: Service, down: bool
) -> None:
    service.down = down
    weighed = await weigh(kiosk)
    assert not weighed.needs_confirmation
    await kiosk.void(weighed.job_id, "kiosk-1", unless_settled=True)
    service.down = False
    assert not await kiosk.tend()
    [weighing] = service.weighings
    assert weighing.voided is not None


@pytest.mark.asyncio
async def test_a_full_disk_keeps_no_void_back(
    kiosk: OfflineApi, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed = await weigh(kiosk)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(kiosk._store, "note_void", full)
    await kiosk.void(weighed.job_id, "kiosk-1", unless_settled=False)
    [weighing] = service.weighings
    assert weighing.voided is not None


@pytest.mark.asyncio
async def test_one_that_waits_holds_up_no_other_void(kiosk: OfflineApi, service: Service) -> None:
    done = await weigh(kiosk, "key-1")
    service.works = False
    waits = await kiosk.predict(
        BANANAS, Decimal("0.5"), None, scale_id="kiosk-1", idempotency_key="key-2"
    )
    service.down = True
    for job_id in (waits, done.job_id):
        await kiosk.void(job_id, "kiosk-1", unless_settled=False)
    service.down = False
    assert await kiosk.tend(), "one is left"
    assert [one.voided is not None for one in service.weighings] == [True]
    service.works = True
    assert not await kiosk.tend()
    assert all(one.voided is not None for one in service.weighings)


@pytest.mark.asyncio
async def test_pages_and_the_watch_may_ask_for_the_catalogue_at_once(
    kiosk: OfflineApi, tmp_path: Path
) -> None:
    file = tmp_path / "other.json"
    for _ in range(5):
        copy = CatalogueCopy(file)
        await asyncio.gather(*(copy.fetch(kiosk.service) for _ in range(8)))
        assert CatalogueCopy(file).items == copy.items


def test_a_damaged_copy_of_the_catalogue_is_none(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.json"
    for damaged in ("", "{", '{"items": []}', '{"items": [{}], "fetched_at": "2026-11-26"}'):
        file.write_text(damaged)
        copy = CatalogueCopy(file)
        assert (copy.items, copy.fetched_at) == ([], None)
        with pytest.raises(ApiUnreachable):
            copy.read()


@pytest.mark.asyncio
async def test_what_is_on_the_screen_is_not_sent_yet(service: Service, tmp_path: Path) -> None:
    api = kiosk_at(tmp_path, service, quiet_s=60)
    await api.tend()
    service.down = True
    await weigh(api)
    service.down = False
    assert await api.tend(), "there is more to do soon"
    assert service.pictures == []
    await api.close()

    restarted = kiosk_at(tmp_path, service, quiet_s=60)
    await restarted.tend()
    assert len(service.pictures) == 1, "no screen has outlived the restart"
    await restarted.close()


@pytest.mark.asyncio
async def test_a_picture_that_nobody_recognises_is_found_by_its_name(
    kiosk: OfflineApi, service: Service
) -> None:
    service.down = True
    job_id = await kiosk.predict(
        b"no picture", Decimal("0.500"), None, scale_id="kiosk-1", idempotency_key="key-1"
    )
    result = await kiosk.result(job_id, "en")
    assert (result.label, result.needs_confirmation) == ("unknown", True)
    assert (await kiosk.confirm(job_id, "Banana", "en")).price == Decimal("0.95")


@pytest.mark.asyncio
async def test_nobody_asked_for_is_no_sale(kiosk: OfflineApi, service: Service) -> None:
    """The shopper walked away from a question: the service learns of the picture, no price."""
    service.down = True
    job_id = await kiosk.predict(
        picture(), Decimal("0.500"), None, scale_id="kiosk-1", idempotency_key="key-1"
    )
    await kiosk.result(job_id, "en")
    service.down = False
    await kiosk.tend()
    assert len(service.pictures) == 1
    assert service.confirmations == []


@pytest.mark.asyncio
async def test_without_a_catalogue_there_are_no_prices_to_make_up(
    service: Service, tmp_path: Path
) -> None:
    service.down = True
    api = kiosk_at(tmp_path, service)
    with pytest.raises(ApiUnreachable):
        await weigh(api)
    with pytest.raises(ApiUnreachable):
        await api.catalogue()
    assert await api.waiting() == 0
    await api.close()


@pytest.mark.asyncio
async def test_prices_that_start_while_the_service_is_away_hold(tmp_path: Path) -> None:
    service = Service()
    api = kiosk_at(tmp_path, service)
    await api.tend()
    items = [dict(item) for item in api._copy.items]
    banana = next(item for item in items if item["label"] == "Banana")
    banana["prices"] = [
        {"unit_price": "1.89", "valid_from": "2026-01-01T00:00:00Z"},
        {"unit_price": "2.10", "valid_from": "2026-02-01T00:00:00Z"},
        {"unit_price": "9.99", "valid_from": "2999-01-01T00:00:00Z"},
    ]
    CatalogueCopy(tmp_path / "catalogue.json").keep(items, api.prices_of or datetime.min)  # noqa: DTZ901
    await api.close()
    service.down = True
    restarted = kiosk_at(tmp_path, service)
    assert (await weigh(restarted)).unit_price == Decimal("2.10")
    await restarted.close()


@pytest.mark.asyncio
async def test_it_comes_back_by_itself(service: Service, tmp_path: Path) -> None:
    api = kiosk_at(tmp_path, service, quiet_s=0)
    await api.tend()
    service.down = True
    await weigh(api)
    service.down = False
    api.start()
    async with asyncio.timeout(10):
        while await api.waiting():
            await asyncio.sleep(0.01)
    assert api.cut_since is None
    await api.close()


def test_a_sale_is_what_the_api_is_told() -> None:
    assert local.sale(_weighing(price="0.95", needs_confirmation=True)) is None
    assert local.sale(_weighing(price=None)) is None
    sold = local.sale(_weighing(price="0.95", confirmed_label="Lemon", confirmed_by="shopper"))
    assert sold is not None
    assert (sold.label, sold.confirmed_by) == ("Lemon", "shopper")


def _weighing(**fields: object) -> str:
    from smartscale.domain.weighing import Weighing  # noqa: PLC0415

    usual = {
        "job_id": "0" * 32,
        "status": "done",
        "scale_id": "kiosk-1",
        "upload_key": "uploads/x",
        "created_at": "2026-11-26T14:00:00Z",
        "completed_at": "2026-11-26T14:00:00Z",
        "label": "Banana",
        "unit": "kg",
        "unit_price": "1.89",
        "currency": "EUR",
        "tare_kg": "0.000",
    }
    return Weighing.model_validate(usual | fields).model_dump_json()


@pytest.fixture
def served(service: Service) -> Iterator[str]:
    """The service on a real port, for a kiosk in a process of its own."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(service, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.integration
@pytest.mark.parametrize("moment", ["predict", "confirm"])
@pytest.mark.asyncio
async def test_a_kiosk_that_is_killed_while_it_sends_sends_once(
    service: Service, served: str, tmp_path: Path, moment: str
) -> None:
    """The service has acted, and the kiosk dies before it can note that."""
    kiosk = kiosk_at(tmp_path, service)
    await kiosk.tend()
    service.down = True
    await weigh(kiosk, "key-1", "0.100")
    await weigh(kiosk, "key-2", "0.200")
    await kiosk.close()
    service.down = False

    service.hangs_after = moment
    script = f"""
        import asyncio
        from pathlib import Path
        from frontend.offline.api import OfflineApi
        home, secret = Path({str(tmp_path)!r}), {KIOSK_SECRET!r}
        kiosk = OfflineApi({served!r}, home, quiet_s=0, kiosk_secret=secret)
        asyncio.run(kiosk.tend())
    """
    sending = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    await asyncio.to_thread(eventually, service.hanging.is_set)
    sending.kill()
    sending.wait()
    service.hangs_after = None
    assert len(service.pictures) == 1

    again = kiosk_at(tmp_path, service, quiet_s=0)
    await again.tend()
    assert [load.weight_kg for load in service.loads] == [Decimal("0.100"), Decimal("0.200")]
    assert all(weighing.charged_offline for weighing in service.weighings)
    assert await again.waiting() == 0
    await again.close()


@pytest.mark.asyncio
async def test_a_kiosk_that_cannot_prove_itself_keeps_what_it_charged_and_stays_online(
    service: Service, tmp_path: Path
) -> None:
    stranger = OfflineApi("http://service", tmp_path, quiet_s=0, transport=service.transport)
    await stranger.tend()
    service.down = True
    await weigh(stranger)
    service.down = False
    for _ in range(2):
        assert await stranger.tend()
        assert stranger.cut_since is None
        assert await stranger.waiting() == 1
    assert await stranger.refused() == []
    await stranger.close()


TAUGHT = "Pineapple"


def teach(service: Service, version: int = 1) -> None:
    """A worker has looked at pictures of bananas that somebody called pineapples."""
    recogniser = load_builtin()
    lessons = {
        TAUGHT: [recogniser.embed(BANANAS)],
        "Carrots": [recogniser.embed((SAMPLES / "carrots.jpg").read_bytes())],
    }
    service.shop.memories.keep_carried(recogniser.ref, version, lessons)


@pytest.mark.asyncio
async def test_without_the_service_it_knows_what_was_taught(
    kiosk: OfflineApi, service: Service, tmp_path: Path
) -> None:
    teach(service)
    await kiosk.tend()
    service.down = True
    seen = [one.label for one in (await weigh(kiosk)).top_k]
    assert TAUGHT in seen[:2]
    await kiosk.close()
    # What is on the disk outlives the kiosk.
    again = kiosk_at(tmp_path, service)
    later = [one.label for one in (await weigh(again, "key-2")).top_k]
    assert later == seen
    # What is taken back is forgotten.
    service.down = False
    service.shop.memories.keep_carried(load_builtin().ref, 2, {})
    await again.tend()
    service.down = True
    forgotten = await weigh(again, "key-3")
    await again.close()
    assert (forgotten.label, TAUGHT in [one.label for one in forgotten.top_k[:2]]) == (
        "Banana",
        False,
    )


@pytest.mark.asyncio
async def test_without_the_service_it_asks_as_the_shop_does(
    kiosk: OfflineApi, service: Service
) -> None:
    service.shop.asking.stored = Asking(threshold=Decimal(1), model=load_builtin().ref)
    await kiosk.tend()
    service.down = True
    assert (await weigh(kiosk)).needs_confirmation


@pytest.mark.asyncio
async def test_a_service_that_knows_of_no_memory_is_there_all_the_same(
    kiosk: OfflineApi, service: Service
) -> None:
    service.lacks = ("memory",)
    await kiosk.tend()
    assert kiosk.cut_since is None


class Counting(httpx.AsyncBaseTransport):
    """Counts what the service is asked."""

    def __init__(self, service: Service) -> None:
        self._asked: list[str] = []
        self._transport = service.transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._asked.append(f"{request.method} {request.url.path.split('/')[2]}")
        return await self._transport.handle_async_request(request)

    def taken(self) -> list[str]:
        """What was asked since the last time."""
        asked, self._asked = self._asked, []
        return asked


@pytest.mark.asyncio
async def test_a_kiosk_asks_no_more_than_the_calculators_say(
    service: Service, tmp_path: Path
) -> None:
    """On AWS each request is paid for."""
    counting = Counting(service)
    kiosk = OfflineApi(
        "http://service",
        tmp_path,
        transport=counting,
        kiosk_secret=KIOSK_SECRET,
        look_s=LOOK_PAID_S,
        hold_s=LONGEST_WAIT_S,
    )
    try:
        await kiosk.tend()
        assert counting.taken() == ["GET catalogue", "GET memory"]
        assert LOOK_REQUESTS == 2
        await kiosk.tend()
        assert counting.taken() == ["GET memory"], "the catalogue was just read"

        await weigh(kiosk)
        counting.taken()  # the first was not held in the shopper's language, which it learns by it
        result = await weigh(kiosk, "key-2")
        assert counting.taken() == ["POST predict"]
        assert WEIGHING_REQUESTS == 1
        assert (result.name, result.price) == ("Bananen", Decimal("0.95"))
        assert (await kiosk.result(result.job_id, "de")).job_id == result.job_id
        assert counting.taken() == ["GET result"], "as it stands by now"
        await kiosk.confirm(result.job_id, "Lemon", "en")
        assert counting.taken() == ["POST confirm"]

        service.down = True
        await kiosk.tend()
        service.down = False
        counting.taken()
        await kiosk.tend()
        assert counting.taken()[0] == "GET health", "whether it is back is known at once"
    finally:
        await kiosk.close()


@pytest.mark.asyncio
async def test_a_kiosk_that_nobody_uses_asks_less_and_looks_again_with_the_first_shopper(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    waiting = asyncio.Event()

    async def wait(self: Availability, longest_s: float) -> None:
        pauses.append(longest_s)
        waiting.set()
        await self._wake.wait()
        self._wake.clear()

    async def next_pause() -> float:
        await asyncio.wait_for(waiting.wait(), 20)
        waiting.clear()
        return pauses[-1]

    monkeypatch.setattr(Availability, "wait", wait)
    kiosk = OfflineApi(
        "http://service",
        tmp_path,
        transport=service.transport,
        kiosk_secret=KIOSK_SECRET,
        look_s=LOOK_PAID_S,
    )
    kiosk.start()
    try:
        assert await next_pause() == LOOK_PAID_S
        kiosk._availability.wake()
        assert await next_pause() == UNUSED_LOOKS * LOOK_PAID_S, "nobody has weighed"
        await weigh(kiosk)
        assert await next_pause() == LOOK_PAID_S, "it has looked at once"
        await weigh(kiosk, "key-2")
        assert not waiting.is_set()
    finally:
        await kiosk.close()


def test_a_service_that_is_paid_for_each_request_is_looked_after_less_often() -> None:
    key = SecretStr("key")
    assert Settings().looks_every_s == LOOK_S
    assert Settings(api_key=key).looks_every_s == LOOK_PAID_S == 60 * Usage().look_minutes
    assert Settings(api_key=key, look_s=60).looks_every_s == 60
    assert UNUSED_LOOKS == workload.UNUSED_LOOKS


@pytest.mark.asyncio
@pytest.mark.parametrize("route", ["predict", "result"])
async def test_a_shopper_does_not_wait_for_a_service_that_turns_kiosks_away(
    service: Service, tmp_path: Path, route: str
) -> None:
    """As a gateway does when a thousand kiosks ask at once."""
    throttling = Throttling(service, route)
    kiosk = OfflineApi(
        "http://service", tmp_path, quiet_s=0, transport=throttling, kiosk_secret=KIOSK_SECRET
    )
    try:
        await kiosk.tend()
        throttling.on = True
        result = await weigh(kiosk)
        assert (result.label, result.price) == ("Banana", Decimal("0.95"))
        assert kiosk.cut_since is None, "it is there"
        throttling.on = False
        await kiosk.tend()
        (job,) = service.weighings
        assert (job.price, len(service.pictures)) == (Decimal("0.95"), 1)
    finally:
        await kiosk.close()


class Throttling(httpx.AsyncBaseTransport):
    """Turns requests for a route away, in the gateway's own words."""

    def __init__(self, service: Service, route: str) -> None:
        self.on = False
        self._route, self._transport = route, service.transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.on or self._route not in request.url.path:
            return await self._transport.handle_async_request(request)
        problem = {"type": "about:blank", "title": "Too Many Requests", "status": 429}
        return httpx.Response(
            429,
            json={**problem, "detail": "This is more than a kiosk may ask for."},
            headers={"Content-Type": "application/problem+json"},
        )
