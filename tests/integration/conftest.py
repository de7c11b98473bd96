"""The real chain: emulator, deployed template, and the embedded API in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from infra.commands.catalogue import examples
from infra.commands.connection import Connection, connect
from infra.deploy import embedded_parameters
from smartscale.contract import proof
from smartscale.parallel import batched
from tests.conftest import Deployed
from tests.support import eventually, free_port


@pytest.fixture(scope="session")
def connection(deployed: Deployed) -> Iterator[Connection]:
    """The operations wired to the stack, which sells the examples, whatever other tests sell."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployed.environment.items():
            patch.setenv(name, value)
        # One that other tests of this process made keeps another emulator's credentials.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        connected = connect(deployed.settings)
        for some in batched(examples(), 50):
            connected.catalogue.put_all(some)
        yield connected


@pytest.fixture(scope="session")
def api(
    deployed: Deployed,
    connection: Connection,  # noqa: ARG001  the catalogue is filled first
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["Api"]:
    """The embedded API."""
    port = free_port()
    environment = {
        **os.environ,
        **deployed.environment,
        "SMARTSCALE_HOME": str(deployed.settings.home),  # as `smartscale run` says
        "SMARTSCALE_API_PORT": str(port),
        "ADMIN_TOKEN": "a-token-for-tests",
        "HISTORY_IS_OPEN": "true",  # as on the loopback
    }
    log = tmp_path_factory.mktemp("api") / "api.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.api"], env=environment, stdout=out, stderr=out
        )
    client = Api(f"http://127.0.0.1:{port}/v1", log)
    try:
        eventually(client.is_up, 90)
        yield client
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def gateway(deployed: Deployed, connection: Connection) -> "Api":  # noqa: ARG001  filled first
    """The same API as Lambda functions behind the emulator's API gateway."""
    # The embedded run's functions are given the name of a parameter that is not there.
    deployed.session.client("ssm", endpoint_url=deployed.endpoint).put_parameter(
        Name=embedded_parameters(deployed.settings)["AdminTokenParameterName"],
        Value=deployed.settings.admin_token.get_secret_value(),
        Type="SecureString",
        Overwrite=True,
    )
    return Api(f"{deployed.gateway_url}/v1", auth=Signed(deployed))


class Signed(httpx.Auth):
    """Signs with an emulator's credentials, as everything does that passes its guard, and proves
    to be a kiosk, as the functions want for what is staff's."""

    requires_request_body = True

    def __init__(self, stack: Deployed) -> None:
        credentials = stack.session.get_credentials()
        assert credentials is not None
        self._signer = SigV4Auth(credentials, "execute-api", stack.session.region_name)
        secrets = stack.session.client("secretsmanager", endpoint_url=stack.endpoint)
        assert stack.outputs.kiosk_secret_arn is not None
        kept = secrets.get_secret_value(SecretId=stack.outputs.kiosk_secret_arn)
        self._kiosk_secret = kept["SecretString"]

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """Sign a request, and send it."""
        signed = AWSRequest(
            request.method, str(request.url), {"host": request.url.netloc.decode()}, request.content
        )
        self._signer.add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        url = request.url
        request.headers[proof.HEADER] = proof.prove(
            self._kiosk_secret,
            request.method,
            url.path,
            url.query.decode(),
            request.content,
            datetime.now(UTC),
        )
        yield request


class Api(httpx.Client):
    """A client of the API, as an integrator would write it."""

    def __init__(
        self, base_url: str, log: Path | None = None, auth: httpx.Auth | None = None
    ) -> None:
        super().__init__(base_url=base_url, timeout=60, auth=auth)
        self.log = log
        """What the embedded API writes."""

    def is_up(self) -> bool:
        """Whether it answers and finds its dependencies."""
        try:
            return self.get("/health").is_success
        except httpx.TransportError:
            return False

    def predict(self, image: bytes, weight: str = "0.500", **form: str) -> str:
        """Send a weighing; its job id."""
        key = form.pop("idempotency_key", None)
        response = self.post(
            "/predict",
            data={"weight": weight} | form,
            files={"image": ("a.jpg", image)},
            headers={"Idempotency-Key": key} if key else {},
        )
        assert response.status_code == 202, response.text
        job_id: str = response.json()["job_id"]
        return job_id

    def result(self, job_id: str, wait_s: int = 60) -> dict[str, Any]:
        """The outcome of a weighing."""
        for _ in range(wait_s // 10):
            answer: dict[str, Any] = self.get(f"/result/{job_id}", params={"wait": 10}).json()
            if answer["status"] != "pending":
                return answer
        raise AssertionError(f"{job_id} is still pending after {wait_s} s")


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """The project's own pictures by label."""
    folder = Path(__file__).parents[2] / "sample_data"
    manifest = json.loads((folder / "manifest.json").read_text())
    return {entry["label"]: (folder / entry["file"]).read_bytes() for entry in manifest}
