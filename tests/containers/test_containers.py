"""What the guides promise of docker-compose.yml, on a Docker engine: `make containers`.

The tests run in their order, each on one emulator and then on the other, as one story.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import upload_key
from smartscale.recognition.builtin import builtin_package
from tests.conftest import Deployed
from tests.containers.conftest import ROTATED, Reached, Upgrade
from tests.containers.engine import Engine
from tests.containers.system import System
from tests.e2e.conftest import MANAGER, log_in
from tests.examples import NOW, picture
from tests.flow import history_of, ledger_folder
from tests.integration.conftest import Api
from tests.sam.conftest import Gateway
from tests.support import eventually

pytestmark = pytest.mark.containers


@pytest.fixture
def stack(system: System, reached: dict[str, Reached]) -> Iterator[Deployed]:
    """The stack in the emulator."""
    deployed = reached[system.profile].stack
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployed.environment.items():
            patch.setenv(name, value)
        yield deployed


@pytest.fixture
def api(system: System, reached: dict[str, Reached]) -> Api:
    """The API behind the emulator's gateway."""
    return reached[system.profile].api


@pytest.fixture
def admin(system: System, reached: dict[str, Reached]) -> Api:
    """The same with the admin token."""
    return reached[system.profile].admin


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """A tablet at the kiosk."""
    context = browser.new_context(base_url=system.kiosk, locale="en-GB")
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


def test_everything_is_well_and_where_it_was_asked_to_be(system: System) -> None:
    assert set(system.states().values()) == {"healthy"}
    health = httpx.get(f"{system.api}/v1/health", timeout=30, trust_env=False).json()
    assert set(health["dependencies"].values()) == {"ok"}, health
    grafana = f"http://127.0.0.1:{system.variables['GRAFANA_PORT']}/api/health"
    assert httpx.get(grafana, trust_env=False).json()["database"] == "ok"


def test_the_gateway_takes_a_weighing_and_prices_it(api: Api, samples: dict[str, bytes]) -> None:
    result = api.result(api.predict(samples["Banana"], "0.500", scale_id="gateway"))

    assert (result["status"], result["label"]) == ("done", "Banana")
    assert (result["unit_price"], result["price"]) == ("1.89", "0.95")


def test_the_kiosk_weighs_and_shows_history_and_analytics(page: Page) -> None:
    page.goto("/")
    page.get_by_role("group", name="Samples").get_by_role("button", name="Bananas").click()
    expect(page.get_by_text("Price", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bananas")

    log_in(page, MANAGER)
    expect(page.get_by_role("row").nth(1)).to_contain_text("Bananas")
    page.get_by_role("link", name="Analytics").click()
    for panel in ("Total requests", "Latency", "Errors", "Top labels"):
        expect(page.get_by_role("region", name=panel, exact=True)).to_be_visible()


def test_a_picture_in_the_bucket_is_weighed(
    api: Api, stack: Deployed, samples: dict[str, bytes]
) -> None:
    stack.s3().put_object(
        Bucket=stack.outputs.bucket,
        Key="uploads/camera/bananas.jpg",
        Body=samples["Banana"],
        Metadata={"weight-kg": "0.250", "scale-id": "camera"},
    )

    eventually(lambda: bool(history_of(api, "camera")), 120)
    [weighing] = history_of(api, "camera")
    assert (weighing["status"], weighing["label"], weighing["price"]) == ("done", "Banana", "0.47")


def test_a_presigned_upload_goes_to_the_address_that_it_names(
    system: System, api: Api, samples: dict[str, bytes]
) -> None:
    # By the way that a kiosk takes; a function signs for LocalStack's address in its network.
    asked = {"weight": "1.000", "scale_id": "browser"}
    permission = httpx.post(f"{system.api}/v1/uploads", json=asked, trust_env=False).json()
    named = urlsplit(permission["url"])
    host, _, port = named.netloc.partition(":")
    # Public DNS leads the name to this machine; here is none, perhaps.
    assert re.fullmatch(r"(.+\.)?localhost\.localstack\.cloud", host)
    assert port == system.variables["SMARTSCALE_CLOUD_PORT"]

    posted = httpx.post(
        f"{system.cloud}{named.path}",
        headers={"Host": named.netloc},
        data=permission["fields"],
        files={"file": samples["Banana"]},
        timeout=60,
        trust_env=False,
    )

    assert posted.is_success, posted.text
    assert api.result(permission["job_id"])["label"] == "Banana"


def test_a_poison_picture_ends_as_failed(api: Api, stack: Deployed) -> None:
    job_id = new_job_id(NOW)
    stack.s3().put_object(
        Bucket=stack.outputs.bucket,
        Key=upload_key(job_id),
        Body=picture()[:-100],
        Metadata={"weight-kg": "0.5"},
    )

    result = api.result(job_id)

    assert result["status"] == "failed"
    record = f"{ledger_folder(job_id)}failed.json"
    assert stack.s3().head_object(Bucket=stack.outputs.bucket, Key=record)


def test_another_model_serves_without_a_restart(
    api: Api, admin: Api, stack: Deployed, samples: dict[str, bytes]
) -> None:
    for file in builtin_package().folder.iterdir():
        if file.is_file():
            key = f"models/shop/produce/a1/{file.name}"
            stack.s3().upload_file(str(file), stack.outputs.bucket, key)

    request = {"model_id": "shop/produce", "model_revision": "a1"}
    assert admin.post("/admin/reload-model", json=request).status_code == 202

    eventually(lambda: admin.get("/admin/model").json()["state"] == "active", 120)
    result = api.result(api.predict(samples["Banana"]))
    assert result["model"] == {"id": "shop/produce", "revision": "a1"}
    assert admin.post("/admin/rollback").status_code == 202
    eventually(lambda: admin.get("/admin/model").json()["active"]["id"] == "builtin", 120)


def test_analytics_counts_what_was_weighed(system: System, api: Api) -> None:
    counted = api.get("/analytics").json()

    assert counted["total_requests"] >= 1, counted
    assert counted["errors"] >= 1, counted
    if system.profile == "localstack":  # which knows no percentiles
        assert counted["latency_ms"]["p95"] is None


@pytest.mark.usefixtures("rotated")
def test_a_changed_setting_holds_for_everybody(admin: Api) -> None:
    eventually(lambda: admin.get("/admin/model").status_code == 401, 120)
    admin.headers["X-Admin-Token"] = ROTATED
    assert admin.get("/admin/model").status_code == 200


def test_new_code_is_deployed_while_messages_flow(
    system: System, api: Api, stack: Deployed, upgraded: dict[str, Upgrade]
) -> None:
    upgrade = upgraded[system.profile]

    assert system.version() == upgrade.version
    assert system.deployed().outputs == stack.outputs
    assert len(upgrade.sent) > 10
    results = [api.result(job_id) for job_id in upgrade.sent]
    assert {result["status"] for result in results} == {"done"}
    assert len(history_of(api, "flow")) == len(upgrade.sent)


@pytest.mark.parametrize("system", ["ministack"], indirect=True)
def test_what_was_weighed_outlives_a_stop_where_state_is_kept(system: System) -> None:
    """LocalStack's free edition forgets everything."""
    before = len(history_of(Gateway(system.deployed()), "flow"))

    system.down(forget=False)
    system.up()

    assert before
    assert len(history_of(Gateway(system.deployed()), "flow")) == before


@pytest.mark.usefixtures("taken_down")
def test_nothing_is_left_when_it_is_taken_down(system: System, engine: Engine) -> None:
    for what in ("container", "volume", "network"):
        listed = engine.docker(what, "ls", *(["--all"] if what == "container" else []))
        assert not re.findall(rf"\S*{system.project}\S*", listed)
