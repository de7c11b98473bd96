"""Who the embedded emulator answers: who shows this run's secret, and nobody else."""

import asyncio
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from starlette.types import Message, Receive, Scope, Send

from infra.credentials import ANY, credentials_file, credentials_of
from infra.emulated_cloud import MAX_BODY_BYTES, Guard
from infra.emulator import Emulator
from infra.kept import SAVE_PATH
from infra.readiness import OF_THE_RUN, Readiness
from infra.settings import Settings
from infra.stack import emulator_session
from smartscale.adapters.aws import sdk_config
from tests.conftest import Deployed

PAGE = "http://evil.example"
"""Where a page comes from that has no business here."""


@pytest.fixture
def stranger(emulator: Emulator) -> Iterator[httpx.Client]:
    """Somebody who reaches the port and knows no secret."""
    headers = {"Origin": PAGE}
    with httpx.Client(base_url=emulator.endpoint, headers=headers, trust_env=False) as client:
        yield client


def reads_nothing(answer: httpx.Response) -> bool:
    """Whether it was refused, in a way that no page can read."""
    readable = any("access-control" in name for name in answer.headers)
    return answer.status_code == 403 and not readable


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/2015-03-31/functions", {}),
        ("GET", "/_ministack/health", {}),
        ("GET", "/_ministack/reset", {}),
        ("POST", "/_ministack/reset", {}),
        ("GET", "/_localstack/health", {}),
        ("GET", "/smartscale-000000000000-us-east-1?list-type=2", {}),
        ("DELETE", "/smartscale-000000000000-us-east-1", {}),
        ("PUT", "/mine", {}),
        ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}),
        ("POST", "/", {"Content-Type": "text/plain"}),
        ("POST", SAVE_PATH, {}),
        ("POST", "/any", {"Content-Type": "multipart/form-data; boundary=x"}),
        (
            "GET",
            "/",
            {"Authorization": "AWS4-HMAC-SHA256 Credential=test/x/y/s3/aws4_request"},
        ),
        ("GET", "/", {"Authorization": "AWS4-HMAC-SHA256 \xff"}),
        ("GET", "/?X-Amz-Signature=0&X-Amz-Credential=test", {}),
        ("OPTIONS", "/", {"Access-Control-Request-Method": "DELETE"}),
        ("OPTIONS", "/mine", {"Access-Control-Request-Method": "POST"}),
        ("OPTIONS", "/2015-03-31/functions", {"Access-Control-Request-Method": "GET"}),
    ],
)
def test_who_does_not_sign_is_refused(
    stranger: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    assert reads_nothing(stranger.request(method, path, headers=raw))


@pytest.mark.parametrize("known", [ANY, {**ANY, "AWS_ACCESS_KEY_ID": "000000000000"}])
def test_well_known_credentials_are_refused(emulator: Emulator, known: dict[str, str]) -> None:
    session = emulator_session(known, emulator.region)
    for service, ask in (("s3", "list_buckets"), ("lambda", "list_functions")):
        client = session.client(service, endpoint_url=emulator.endpoint)  # type: ignore[call-overload]
        with pytest.raises(ClientError, match="403"):
            getattr(client, ask)()


def _signed(emulator: Emulator, url: str, **headers: str) -> dict[str, str]:
    request = AWSRequest("GET", url, headers)
    own = Credentials(*emulator.credentials.values())
    SigV4Auth(own, "lambda", emulator.region).add_auth(request)
    return dict(request.headers.items())


def test_a_name_that_leads_here_by_somebody_elses_dns_is_refused(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/2015-03-31/functions"
    for host in ("rebound.example", "rebound.example:80", "localhost.evil.example", ""):
        headers = _signed(emulator, url, Host=host)
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 403, host
    headers = _signed(emulator, url)
    answer = httpx.get(url, headers=headers, trust_env=False)
    assert answer.status_code == 200
    assert not any("access-control" in name for name in answer.headers)


def test_a_signature_is_of_one_request_and_one_moment(emulator: Emulator) -> None:
    functions = f"{emulator.endpoint}/2015-03-31/functions"
    headers = _signed(emulator, functions)
    assert httpx.delete(functions, headers=headers, trust_env=False).status_code == 403
    other = f"{emulator.endpoint}/2015-03-31/layers"
    assert httpx.get(other, headers=headers, trust_env=False).status_code == 403
    old = headers | {"X-Amz-Date": "20200101T000000Z"}
    assert httpx.get(functions, headers=old, trust_env=False).status_code == 403


def test_the_runs_credentials_are_the_operators_alone(emulator: Emulator) -> None:
    file = credentials_file(emulator.home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(emulator.home.stat().st_mode) == 0o700
    here = Settings(SMARTSCALE_HOME=emulator.home, SMARTSCALE_CLOUD_PORT=emulator.port)
    assert credentials_of(here) == emulator.credentials
    elsewhere = here.model_copy(update={"endpoint_url": "http://localstack:4566"})
    assert credentials_of(elsewhere) == ANY


@pytest.mark.integration
def test_the_sdk_reads_them_from_the_file(
    deployed: Deployed, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials_file(emulator.home)))
    s3 = boto3.Session().client("s3", endpoint_url=f"http://localhost:{emulator.port}")
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert deployed.outputs.bucket in names


def _s3(deployed: Deployed) -> Any:
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return deployed.session.client("s3", endpoint_url=deployed.endpoint, config=config)


@pytest.mark.integration
def test_what_was_presigned_is_for_whoever_has_it(deployed: Deployed) -> None:
    s3, bucket = _s3(deployed), deployed.outputs.bucket
    form = s3.generate_presigned_post(
        bucket, "other/posted", Conditions=[["content-length-range", 1, 10]]
    )
    file = {"file": ("a", b"posted")}
    posted = httpx.post(form["url"], data=form["fields"], files=file, trust_env=False)
    assert posted.status_code == 204
    for wrong in (
        {"x-amz-signature": "0" * 64},
        {"x-amz-signature": "é"},
        {"policy": "e30="},
        {"key": "other/elsewhere"},
        {"x-amz-credential": "test"},
    ):
        refused = httpx.post(form["url"], data=form["fields"] | wrong, files=file, trust_env=False)
        assert refused.status_code == 403, wrong
    unsigned = {"key": "other/elsewhere"}
    assert reads_nothing(httpx.post(form["url"], data=unsigned, files=file, trust_env=False))

    address = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "other/posted"})
    assert httpx.get(address, trust_env=False).content == b"posted"
    elsewhere = address.replace("other/posted", "other/else")
    assert httpx.get(elsewhere, trust_env=False).status_code == 403
    assert httpx.delete(address, trust_env=False).status_code == 403


@pytest.mark.integration
def test_only_the_kiosks_pages_may_read_what_became_of_their_form(deployed: Deployed) -> None:
    s3, bucket = _s3(deployed), deployed.outputs.bucket
    form = s3.generate_presigned_post(bucket, "other/of-a-page")
    for origin, may in ((deployed.settings.ui_url, True), (PAGE, False)):
        headers = {"Origin": origin}
        asks = headers | {"Access-Control-Request-Method": "POST"}
        preflight = httpx.options(form["url"], headers=asks, trust_env=False)
        answer = httpx.post(
            form["url"],
            data=form["fields"],
            files={"file": ("a", b"posted")},
            headers=headers,
            trust_env=False,
        )
        assert answer.status_code == 204, "the signature is right"
        for one in (preflight, answer):
            assert (one.headers.get("access-control-allow-origin") == origin) is may
        assert preflight.is_success is may


@pytest.mark.integration
def test_no_function_knows_the_admin_token(deployed: Deployed) -> None:
    functions = deployed.functions().list_functions()["Functions"]
    assert functions
    for function in functions:
        variables = function["Environment"]["Variables"]
        assert not {"ADMIN_TOKEN", "KIOSK_SECRET"} & variables.keys()
        assert deployed.settings.admin_token.get_secret_value() not in variables.values()


async def _emulated(_scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _ask(guard: Guard, scope: Scope, body: bytes) -> int:
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    asyncio.run(guard(scope, receive, send))
    return status


def _scope(body: bytes, secret: str) -> Scope:
    url = "http://127.0.0.1:4566/"
    request = AWSRequest("POST", url, {"Host": "127.0.0.1:4566"}, body)
    SigV4Auth(Credentials("000000000000", secret), "dynamodb", "us-east-1").add_auth(request)
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    return {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": headers,
    }


def test_the_body_is_signed_too() -> None:
    guard, scope = Guard(_emulated, "secret"), _scope(b"{}", "secret")
    assert _ask(guard, scope, b"{}") == 200
    assert _ask(guard, scope, b"[]") == 403
    assert _ask(guard, scope, b"x" * (MAX_BODY_BYTES + 1)) == 403
    assert _ask(Guard(_emulated, "another"), scope, b"{}") == 403


def test_checking_costs_little() -> None:
    guard, body = Guard(_emulated, "secret"), b"{}" * 500
    scope = _scope(body, "secret")

    async def many() -> float:
        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(_message: Message) -> None:
            return

        fastest = 1.0
        for _ in range(200):
            began = time.perf_counter()
            await guard(scope, receive, send)
            fastest = min(fastest, time.perf_counter() - began)
        return fastest

    assert asyncio.run(many()) < 0.001, "seconds a request"


def test_no_websocket_is_opened() -> None:
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        said.append(message)

    guard = Guard(_emulated, "secret")
    asyncio.run(guard({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert [message["type"] for message in said] == ["websocket.close"]


def _said_by_the_sdk() -> str:
    """What our clients call themselves with the settings of now."""
    session = boto3.Session("000000000000", "secret")
    client = session.client("dynamodb", config=sdk_config("us-east-1"))
    said: list[str] = []

    def note(request: Any, **_: object) -> Any:
        said.append(request.headers["User-Agent"].decode())
        return AWSResponse(request.url, 200, HTTPHeaders(), _Nothing())

    client.meta.events.register("before-send.dynamodb.GetItem", note)
    client.get_item(TableName="models", Key={"key": {"S": "a"}})
    return said[0]


class _Nothing:
    """A body with nothing in it."""

    def stream(self) -> Iterator[bytes]:
        yield b"{}"


@pytest.mark.parametrize(
    ("of_the_run", "target", "before", "after"),
    [
        (False, "DynamoDB_20120810.GetItem", 503, 200),
        (True, "DynamoDB_20120810.GetItem", 200, 200),
        (False, "AmazonSQS.SendMessage", 200, 200),
    ],
)
def test_tables_answer_nobody_else_before_they_are_restored(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    of_the_run: bool,
    target: str,
    before: int,
    after: int,
) -> None:
    """An edit that was under way when everything was killed would begin an item anew."""
    for name, value in OF_THE_RUN.items() if of_the_run else ():
        monkeypatch.setenv(name, value)
    ready = Readiness(tmp_path / "run" / "ready")
    guard, scope = Guard(_emulated, "secret", ready=ready), _scope(b"{}", "secret")
    said = {"user-agent": _said_by_the_sdk(), "x-amz-target": target}
    scope["headers"] += [(name.encode(), value.encode()) for name, value in said.items()]
    assert _ask(guard, scope, b"{}") == before
    ready.declare()
    assert _ask(guard, scope, b"{}") == after
