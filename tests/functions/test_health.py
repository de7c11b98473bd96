"""GET /v1/health: what waits, for how long, who works, and what is wrong."""

from fastapi.testclient import TestClient

from smartscale.contract.health import DiskHealth
from smartscale.domain.errors import StoreUnavailable
from smartscale.domain.registry import WorkerReport
from smartscale.domain.weighing import ModelRef
from smartscale.http.health import probe
from smartscale.operations.metrics.pulse import FeelPulse
from tests.shop import Shop


def _report(shop: Shop, waited_s: int | None) -> None:
    model = ModelRef(id="builtin", revision="1")
    shop.registry.report(
        WorkerReport(worker="one", model=model, reported_at=shop.clock(), waited_s=waited_s)
    )


def test_an_idle_shop_is_well_without_workers(results: TestClient) -> None:
    answer = results.get("/v1/health")
    assert answer.status_code == 200
    said = answer.json()
    assert said["status"] == "ok"
    assert said["queue"] == {"waiting": 0, "oldest_s": 0}
    assert said["workers"] == {"reported": 0, "last_at": None}


def test_weighings_that_nobody_takes_are_told(results: TestClient, shop: Shop) -> None:
    _report(shop, 1)
    shop.clock.advance(minutes=20)
    shop.queue.send("a weighing")
    assert results.get("/v1/health").status_code == 200, "it has only just come"

    shop.clock.advance(minutes=3)
    answer = results.get("/v1/health")

    assert answer.status_code == 503
    said = answer.json()
    assert said["queue"] == {"waiting": 1, "oldest_s": 180}
    assert "look whether workers run" in said["dependencies"]["queue"]
    assert said["workers"]["reported"] == 1

    _report(shop, 1)
    shop.clock.advance(seconds=6)
    assert results.get("/v1/health").status_code == 200, "somebody works again"


def test_a_worker_tells_how_long_messages_have_waited(results: TestClient, shop: Shop) -> None:
    shop.queue.send("one of many")
    _report(shop, 400)
    answer = results.get("/v1/health")
    assert (answer.status_code, answer.json()["queue"]["oldest_s"]) == (503, 400)

    shop.queue.messages.clear()
    shop.clock.advance(seconds=6)
    assert results.get("/v1/health").json()["queue"] == {"waiting": 0, "oldest_s": 0}


def test_it_is_cheap_to_ask_again(shop: Shop) -> None:
    feel = FeelPulse(shop.queue, shop.registry, shop.clock)
    assert feel.feel().waiting == 0
    shop.queue.send("a weighing")
    shop.clock.advance(seconds=4)
    assert feel.feel().waiting == 0
    shop.clock.advance(seconds=1)
    assert feel.feel().waiting == 1
    shop.clock.advance(hours=-1)
    shop.queue.messages.clear()
    assert feel.feel().waiting == 0, "a clock that was set back"


def test_a_queue_that_does_not_answer_is_said() -> None:
    def away() -> None:
        raise StoreUnavailable("away")

    left = DiskHealth(bytes_left=5, files_left=None)
    report = probe({"table": lambda: None}, away, left)  # type: ignore[arg-type]
    assert report.status == "degraded"
    assert report.dependencies == {"table": "ok", "queue": "unreachable"}
    assert (report.queue, report.workers, report.disk) == (None, None, left)
