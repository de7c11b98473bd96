"""What every test may use: one emulator a session, and the real template deployed into it."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import hypothesis
import pytest

from infra.deploy import deploy, embedded_parameters
from infra.emulator import Emulator
from infra.outputs import StackOutputs, gateway_url, stack_environment
from infra.settings import Settings
from infra.stack import emulator_session, session_of
from tests.hub.fixtures import hub, models
from tests.support import free_port

__all__ = ["hub", "models"]

# How long an example takes is the machine's affair; a busy one must not fail a rule.
hypothesis.settings.register_profile("smartscale", deadline=None)
# For `make check`; `make test` tries each rule with all of the hundred.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=25)
hypothesis.settings.load_profile("smartscale")


_LONGEST_ID = 100

LONGEST = (
    "emulator",
    "tests/sam/test_sam_deploy.py",
    "tests/training",
    "system",
    "tests/infra/test_run.py",
    "tests/e2e/test_shopper.py",
    "tests/infra/test_deploy.py",
    "tests/chaos/test_emulator.py",
    "tests/importing/test_conversion.py",
)
"""The groups of `pytest_collection_modifyitems` that take a minute or more, the longest first."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What imports make is no garbage: to look for some meanwhile, and for as long as the tests run
    among it, took a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl
def pytest_make_parametrize_id(val: object) -> str | None:
    """A value of many letters is called by how many it has: pytest says a test's name several times
    while it runs, to the other processes too, and a picture of megabytes was part of some."""
    if isinstance(val, str | bytes) and len(val) > _LONGEST_ID:
        return f"{len(val)}-{type(val).__name__}"
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, one has all that use the shared emulator, one all
    that use the shared running system, one all that train a network, and the tests of a module
    stay together: they share what they started. The longest come first, or one would be left to a
    single process at the end; then the other long ones, then the kiosk's pages."""
    groups = {}
    for item in items:
        used = getattr(item, "fixturenames", ())
        group = next((name for name in ("emulator", "system") if name in used), item.location[0])
        if group.startswith("tests/training/") and item.get_closest_marker("training"):
            group = "tests/training"
        item.add_marker(pytest.mark.xdist_group(group))
        groups[item] = group
    long = ("integration", "browser", "training")
    items.sort(
        key=lambda item: (
            LONGEST.index(groups[item]) if groups[item] in LONGEST else len(LONGEST),
            not any(map(item.get_closest_marker, long)),
            "user" not in getattr(item, "fixturenames", ()),
        )
    )


if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@pytest.fixture(scope="session", autouse=True)
def authorities_read_once() -> Iterator[None]:
    """httpx reads the world's authorities for each client, and for each request without one, though
    most of the tests' go by plain HTTP: it takes hundredths of a second, and once is enough."""
    with pytest.MonkeyPatch.context() as patch:
        read_once = cache(httpx.create_ssl_context)
        patch.setattr("httpx._transports.default.create_ssl_context", read_once)
        yield


@dataclass(frozen=True)
class Deployed:
    """The deployed stack, and ways to reach it."""

    settings: Settings
    outputs: StackOutputs
    endpoint: str
    environment: dict[str, str]
    """What shared code reads: set it with `monkeypatch.setenv` or pass it to a subprocess."""
    session: boto3.Session

    @classmethod
    def at(cls, settings: Settings, outputs: StackOutputs) -> "Deployed":
        """The stack that an emulator holds."""
        assert settings.aws_endpoint is not None
        return cls(
            settings=settings,
            outputs=outputs,
            endpoint=settings.aws_endpoint,
            environment=stack_environment(settings, outputs),
            session=session_of(settings),
        )

    @property
    def gateway_url(self) -> str:
        """The API behind the emulator's gateway; routes follow as `/v1/...`."""
        return gateway_url(self.outputs, self.endpoint)

    def s3(self) -> "S3Client":
        """A client of the emulator."""
        client: S3Client = client_of(self.session, "s3", self.endpoint)
        return client

    def sqs(self) -> "SQSClient":
        """A client of the emulator."""
        client: SQSClient = client_of(self.session, "sqs", self.endpoint)
        return client

    def dynamodb(self) -> "DynamoDBClient":
        """A client of the emulator."""
        client: DynamoDBClient = client_of(self.session, "dynamodb", self.endpoint)
        return client

    def cloudwatch(self) -> "CloudWatchClient":
        """A client of the emulator."""
        client: CloudWatchClient = client_of(self.session, "cloudwatch", self.endpoint)
        return client

    def functions(self) -> "LambdaClient":
        """A client of the emulator."""
        client: LambdaClient = client_of(self.session, "lambda", self.endpoint)
        return client


@cache
def client_of(session: boto3.Session, service: Any, endpoint: str) -> Any:
    """A session's client of an emulator, the same each time: to make one takes a fifth of a second
    of processor time, and many a test asks for one each time that it looks."""
    return session.client(service, endpoint_url=endpoint)


def client_with(emulator: Emulator, service: Any) -> Any:
    """A client of an emulator, with its credentials."""
    return client_of(session_with(emulator), service, emulator.endpoint)


@cache
def session_with(emulator: Emulator) -> boto3.Session:
    """A session with an emulator's credentials."""
    return emulator_session(emulator.credentials, emulator.region)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A running emulator with a home of its own."""
    running = Emulator(tmp_path_factory.mktemp("home"), free_port(), "us-east-1")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def deployed(emulator: Emulator) -> Deployed:
    """`template.yaml` deployed into the emulator; the catalogue is empty."""
    return deployed_into(emulator)


def deployed_into(emulator: Emulator) -> Deployed:
    """`template.yaml` deployed into a running emulator; the catalogue is empty."""
    settings = Settings(
        SMARTSCALE_HOME=emulator.home,
        SMARTSCALE_CLOUD_PORT=emulator.port,
        AWS_ENDPOINT_URL=None,
        AWS_REGION=emulator.region,
    )
    deployment = deploy(emulator, settings.stack, embedded_parameters(settings))
    return Deployed.at(settings, deployment.outputs)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    return tmp_path / "home"
