"""Everything a caller can do, on the stack that the real SAM CLI built and deployed."""

import os
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import pytest

from functions.admin import app as admin_app
from functions.result import app as result_app
from functions.upload import app as upload_app
from infra.emulator import Emulator
from infra.template import parse
from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import upload_key
from smartscale.recognition.builtin import builtin_package
from tests.command import run_command
from tests.conftest import Deployed
from tests.examples import NOW, picture
from tests.flow import Flow, history_of, ledger_folder
from tests.integration.conftest import Api
from tests.sam.conftest import LOCALSTACK, ORIGIN, TOKEN, Gateway, Sam, deployed_stack
from tests.support import eventually

pytestmark = pytest.mark.integration

_ITEM = {"plu": "9902", "names": {"en": "Mug"}, "unit": "each", "unit_price": "4.50"}
_REQUESTS: dict[tuple[str, str], tuple[dict[str, Any], int]] = {
    ("post", "/v1/predict"): ({"data": {"weight": "0.5"}, "files": {"image": picture()}}, 202),
    ("post", "/v1/uploads"): ({"json": {"weight": "0.5"}}, 202),
    ("get", "/v1/result/{job_id}"): ({"params": {"wait": 10}}, 200),
    ("post", "/v1/confirm/{job_id}"): ({"json": {"plu": "4011"}}, 200),
    ("get", "/v1/history"): ({"headers": {"Accept": "text/csv"}}, 200),
    ("get", "/v1/history/{job_id}/picture"): ({"headers": {"Accept": "image/jpeg"}}, 200),
    ("get", "/v1/catalogue"): ({}, 200),
    ("get", "/v1/analytics"): ({}, 200),
    ("get", "/v1/health"): ({}, 200),
    ("get", "/v1/admin/model"): ({}, 200),
    ("get", "/v1/admin/models"): ({}, 200),
    ("get", "/v1/admin/labels"): ({}, 200),
    ("get", "/v1/admin/memory"): ({}, 200),
    ("put", "/v1/admin/catalogue/{label}"): ({"json": _ITEM}, 200),
    ("post", "/v1/admin/enrol/{label}"): ({"files": [("images", ("a.jpg", picture()))]}, 202),
    ("post", "/v1/admin/enrol"): ({"files": [("images", ("Banana/a.jpg", picture()))]}, 202),
    ("get", "/v1/admin/teaching"): ({}, 200),
    ("post", "/v1/admin/reload-model"): ({"json": {"model_id": "builtin"}}, 202),
}
"""What to send, in this order, and the answer. A route that is not here is sent nothing, and its
function says so."""


_UNPACKED_LIMIT_BYTES = 250 * 1024 * 1024
_ZIP_LIMIT_BYTES = 50 * 1024 * 1024
"""What Lambda takes: a function with its layers, unpacked, and each of their archives."""


def test_packages_fit_into_lambda_and_are_for_its_processor(sam: Sam) -> None:
    sam("build", "--config-env", "dev", "--build-dir", "arm64")
    sizes = {name: _zipped_size(sam.root / "arm64" / name) for name in _BUILT}

    assert max(sizes.values()) < _ZIP_LIMIT_BYTES, sizes
    for build, machine in ((sam.root / "arm64", 0xB7), (sam.root / ".aws-sam" / "build", 0x3E)):
        folders = [*(build / name for name in _BUILT), *_ours(sam.root)]
        assert sum(_size(folder) for folder in folders) < _UNPACKED_LIMIT_BYTES
        runtime, recognition = (
            build / name / "python" / "lib" / "python3.13" / "site-packages" for name in _BUILT
        )
        of_all, of_inference = (
            {path.name for path in one.iterdir()} for one in (runtime, recognition)
        )
        assert {"fastapi", "mangum", "pynamodb", "PIL"} <= of_all
        assert {"numpy", "ai_edge_litert"} <= of_inference - of_all
        names = of_all | of_inference
        assert not {name for name in names if name.startswith(("tensorflow", "keras"))}
        machines = {path.name: _machine(path) for path in build.rglob("*.so*")}
        assert len(machines) > 20
        assert set(machines.values()) == {machine}
        assert not [name for name in machines if "cpython-" in name and "cpython-313" not in name]


_BUILT = ("RuntimeLayer", "RecognitionLayer")


def _ours(root: Path) -> list[Path]:
    return [root / "layers" / "smartscale", root / "layers" / "model"]


def _machine(library: Path) -> int:
    """The processor of a shared library, as the header of its file says.

    https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
    """
    header = library.read_bytes()[:20]
    assert header[:4] == b"\x7fELF"
    return int.from_bytes(header[18:20], "little")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _zipped_size(folder: Path) -> int:
    """At least what SAM uploads, which compresses harder."""
    with TemporaryFile() as file:
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
            for path in folder.rglob("*"):
                archive.write(path, path.relative_to(folder))
        return file.tell()


def _operations() -> list[tuple[str, str]]:
    return [
        (method, path)
        for function in (upload_app, result_app, admin_app)
        for path, methods in function.app.openapi()["paths"].items()
        for method in methods
    ]


def test_every_route_leads_to_its_function(api: Api, admin: Api, samples: dict[str, bytes]) -> None:
    job_id = api.predict(samples["Banana"], "0.500", scale_id="routes")
    assert api.result(job_id)["status"] == "done"
    others = set(_operations()) - set(_REQUESTS)
    assert set(_REQUESTS) <= set(_operations())
    answers = {}
    for method, path in (*_REQUESTS, *sorted(others, reverse=True)):
        request, _ = _REQUESTS.get((method, path), ({}, 0))
        names = defaultdict(lambda: "unknown", job_id=job_id, label="Mug")
        url = path.removeprefix("/v1").format_map(names)
        answers[method, path] = admin.request(method, url, **request)

    for operation, (_, status) in _REQUESTS.items():
        answer = answers[operation]
        assert answer.status_code == status, (operation, answer.text)
    for operation, answer in answers.items():
        assert answer.status_code < 500, (operation, answer.text)
        if answer.is_error:  # a sentence of the function, not one of the gateway
            assert answer.headers["content-type"] == "application/problem+json", operation
            assert answer.json()["detail"], operation


def test_admin_routes_want_the_token(api: Api) -> None:
    answer = api.get("/admin/model")

    assert answer.status_code == 401
    assert "X-Admin-Token" in answer.json()["detail"]


def test_a_picture_arrives_byte_for_byte_and_is_priced(
    api: Api, stack: Deployed, samples: dict[str, bytes]
) -> None:
    job_id = api.predict(samples["Banana"], "0.500", tare_kg="0.020", scale_id="bytes")
    result = api.result(job_id)

    assert (result["label"], result["net_kg"], result["unit_price"]) == ("Banana", "0.480", "1.89")
    assert result["price"] == "0.91"
    stored = stack.s3().get_object(Bucket=stack.outputs.bucket, Key=upload_key(job_id))
    assert stored["Body"].read() == samples["Banana"]


def test_a_dropped_object_becomes_a_result(
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
    assert (weighing["status"], weighing["label"]) == ("done", "Banana")
    assert (weighing["weight_kg"], weighing["price"]) == ("0.250", "0.47")


def test_a_browser_posts_straight_to_the_bucket(
    api: Api, stack: Deployed, samples: dict[str, bytes]
) -> None:
    """The bucket allows one origin; the emulator itself answers every preflight."""
    [rule] = stack.s3().get_bucket_cors(Bucket=stack.outputs.bucket)["CORSRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == ([ORIGIN], ["POST"])
    permission = api.post("/uploads", json={"weight": "1.000", "scale_id": "browser"}).json()
    preflight = httpx.options(
        permission["url"], headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    )
    assert preflight.is_success
    assert preflight.headers["Access-Control-Allow-Origin"] in {ORIGIN, "*"}
    posted = httpx.post(
        permission["url"],
        data=permission["fields"],
        files={"file": samples["Banana"]},
        headers={"Origin": ORIGIN},
    )
    assert posted.is_success, posted.text
    assert posted.headers["Access-Control-Allow-Origin"] in {ORIGIN, "*"}
    result = api.result(permission["job_id"])
    assert (result["label"], result["weight_kg"]) == ("Banana", "1.000")


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
    assert "picture" in result["error"]
    record = f"{ledger_folder(job_id)}failed.json"
    assert stack.s3().head_object(Bucket=stack.outputs.bucket, Key=record)


def test_another_model_is_served_without_a_restart(
    api: Api, admin: Api, stack: Deployed, samples: dict[str, bytes]
) -> None:
    for file in builtin_package().folder.iterdir():
        if file.is_file():
            key = f"models/shop/produce/a1/{file.name}"
            stack.s3().upload_file(str(file), stack.outputs.bucket, key)

    request = {"model_id": "shop/produce", "model_revision": "a1"}
    assert admin.post("/admin/reload-model", json=request).status_code == 202

    eventually(lambda: admin.get("/admin/model").json()["state"] == "active")
    result = api.result(api.predict(samples["Banana"]))
    assert result["model"] == {"id": "shop/produce", "revision": "a1"}
    assert admin.post("/admin/rollback").status_code == 202
    eventually(lambda: admin.get("/admin/model").json()["active"]["id"] == "builtin")


def test_the_stack_is_updated_while_messages_flow(
    sam: Sam,
    api: Api,
    admin: Api,
    stack: Deployed,
    fresh_emulator: Emulator,
    samples: dict[str, bytes],
) -> None:
    """New code for every function, by its layer, new settings and another token: no weighing is
    lost by it."""
    version = sam.root / "layers/smartscale/python/smartscale/__init__.py"
    version.write_text(
        version.read_text(encoding="utf-8").replace("0.1.0", "0.1.1"), encoding="utf-8"
    )
    changed = {"LogLevel": "DEBUG", "InferenceConcurrency": "2", "AdminToken": "another-token"}
    before = api.get("/health").json()["version"]
    sam.build()
    with Flow(stack, samples["Banana"]) as dropped:
        sam.deploy("smartscale", LOCALSTACK | changed)
        eventually(lambda: api.get("/health").json()["version"] == "0.1.1", 120)
        eventually(lambda: len(dropped.sent) > 20, 60)

    assert before == "0.1.0"
    assert deployed_stack(fresh_emulator, "smartscale").outputs == stack.outputs
    results = [api.result(job_id) for job_id in dropped.sent]
    assert {result["status"] for result in results} == {"done"}
    assert len(history_of(api, "flow")) == len(dropped.sent)
    assert api.result(api.predict(samples["Banana"]))["status"] == "done"
    assert admin.get("/admin/model").status_code == 401
    admin.headers["X-Admin-Token"] = "another-token"
    assert admin.get("/admin/model").status_code == 200


@pytest.fixture(scope="module")
def shop(sam: Sam, fresh_emulator: Emulator) -> Deployed:
    """A stage as on AWS, with versions and their alias."""
    sam.deploy("smartscale-shop", _SHOP, as_on_aws=True)
    return deployed_stack(fresh_emulator, "smartscale-shop")


def test_a_stage_on_aws_wants_a_key_and_watches(shop: Deployed, samples: dict[str, bytes]) -> None:
    client = Gateway(shop)
    assert client.get("/health").status_code == 200
    for route in ("/history", "/result/unknown", "/admin/model", "/catalogue"):
        assert client.get(route).status_code == 403

    client.headers["x-api-key"] = key = _kiosk_key(shop, "kiosk-1")
    assert _kiosk_key(shop, "kiosk-1") == key, "shown again"
    job_id = client.predict(samples["Banana"])
    assert client.result(job_id)["status"] == "done"
    asked = [client.get("/catalogue").status_code for _ in range(12)]
    assert 429 in asked
    queue = shop.sqs().get_queue_attributes(
        QueueUrl=shop.outputs.weighings_queue_url, AttributeNames=["All"]
    )
    assert queue["Attributes"]["KmsMasterKeyId"]
    _kiosk_key(shop, "kiosk-1", "--revoke")
    assert client.get("/history").status_code == 403
    alarms = shop.cloudwatch().describe_alarms()["MetricAlarms"]
    assert len(alarms) > 8
    assert all(alarm["AlarmActions"] for alarm in alarms)
    tables = shop.dynamodb()
    for name in (shop.outputs.weighings_table, shop.outputs.catalogue_table):
        table = tables.describe_table(TableName=name)["Table"]
        assert table["DeletionProtectionEnabled"]


def test_guided_deployment_asks_and_deploys(
    sam: Sam, fresh_emulator: Emulator, samples: dict[str, bytes]
) -> None:
    """As README says: Enter for everything but the token. All packages are deployed, and it
    recognises with them."""
    parameters = parse((sam.root / "template.yaml").read_text(encoding="utf-8"))["Parameters"]
    given = {"AdminToken": TOKEN, "Stage": "dev", "Architecture": "x86_64"}
    questions = ["guided", "us-east-1", *(given.get(name, "") for name in parameters)]
    # Confirm, roles, no rollback, what to save and where; then the deployment itself.
    answers = [*questions, "", "", "", "", "", "", "y", ""]

    told = sam("deploy", "--config-env", "dev", "--guided", answers="\n".join(answers))

    assert "Successfully created/updated stack - guided" in told
    stack = deployed_stack(fresh_emulator, "guided")
    s3, bucket = stack.s3(), stack.outputs.bucket
    key = upload_key(job_id := new_job_id(NOW))
    s3.put_object(Bucket=bucket, Key=key, Body=samples["Banana"], Metadata={"weight-kg": "0.5"})
    done = f"{ledger_folder(job_id)}done.json"
    eventually(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=done)["KeyCount"] == 1, 120)


def test_a_setting_that_changes_on_aws_reaches_everybody(sam: Sam, shop: Deployed) -> None:
    """Behind the alias, which keeps the old environment until there is a new version."""
    client = Gateway(shop)
    client.headers.update({"x-api-key": _kiosk_key(shop, "kiosk-2"), "X-Admin-Token": TOKEN})

    def answers(status: int) -> bool:
        return client.get("/admin/catalogue").status_code == status

    eventually(lambda: answers(200), 60)
    changed = {"AdminToken": "another-token", "Currency": "USD"}
    sam.deploy("smartscale-shop", _SHOP | changed, as_on_aws=True)

    eventually(lambda: answers(401), 90)  # a function looks a token up once a minute
    client.headers["X-Admin-Token"] = "another-token"
    eventually(lambda: answers(200), 60)
    item = {"plu": "9903", "names": {"en": "Cup"}, "unit": "each", "unit_price": "4.50"}
    eventually(lambda: client.put("/admin/catalogue/Cup", json=item).status_code == 200, 60)
    [cup] = [item for item in client.get("/catalogue").json()["items"] if item["label"] == "Cup"]
    assert cup["currency"] == "USD"


_SHOP = {
    "Stage": "shop",
    "Architecture": "x86_64",
    "MetricsSink": "cloudwatch",
    "AdminToken": TOKEN,
    "AlarmEmail": "operator@shop.example",
    "Tracing": "true",
    "CustomerKey": "true",
    "KioskRequestsPerSecond": "1",
    "KioskBurst": "3",
}


def _kiosk_key(stack: Deployed, *arguments: str) -> str:
    done = run_command(
        ["kiosk-key", *arguments],
        {
            **os.environ,
            "AWS_ENDPOINT_URL": stack.endpoint,
            "SMARTSCALE_HOME": str(stack.settings.home),
            "SMARTSCALE_CLOUD_PORT": str(stack.settings.cloud_port),
            "AWS_REGION": stack.settings.region,
            "SMARTSCALE_STACK": stack.settings.stack,
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
