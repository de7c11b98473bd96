"""The stack as an engineer deploys it: `sam build` and `sam deploy` into a fresh emulator."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.commands.catalogue import import_examples
from infra.commands.connection import connect
from infra.emulator import Emulator
from infra.outputs import outputs_of
from infra.package import stage
from infra.settings import ROOT, Settings
from infra.stack import cloudformation, find_stack, session_of
from infra.unversioned import without_versions
from tests.conftest import Deployed
from tests.integration.conftest import Api, Signed, samples
from tests.sam.processes import SamProcesses
from tests.support import BIN, free_port, tool_environment

__all__ = ["samples"]

ORIGIN = "https://kiosk.example"
"""Whose pages may post pictures to the bucket."""
TOKEN = "a-token-for-tests"


@dataclass(frozen=True)
class Sam:
    """The SAM CLI in a copy of the repository, pointed at an emulator."""

    root: Path
    emulator: Emulator
    processes: SamProcesses

    def __call__(self, *arguments: str, answers: str = "") -> str:
        """Run a command of it, which succeeds; a line answers a question. What it said."""
        at = {**self.emulator.credentials, "AWS_ENDPOINT_URL": self.emulator.endpoint}
        status, said = self.processes.run(arguments, self.root, tool_environment(**at), answers)
        assert status == 0, said[-6000:]
        return said

    def build(self) -> None:
        """Build as docs/localstack.md says."""
        self("build", "--config-env", "localstack")

    def deploy(self, stack: str, parameters: Mapping[str, str], *, as_on_aws: bool = False) -> None:
        """Deploy what was built, its layers with our own code alone: the emulator's workers run in
        the environment of the tests, which has the packages of others.

        To archive, upload and unpack those, 190 MB a worker, takes most of the time; the guided
        deployment does.

        Args:
            as_on_aws: with versions and their alias, which docs/localstack.md takes out.
        """
        built = self.root / ".aws-sam" / "build"
        light = built.with_name("light")
        if light.exists():
            shutil.rmtree(light)
        shutil.copytree(built, light, ignore=_no_packages)
        template = light / "template.yaml"
        if not as_on_aws:
            text = template.read_text(encoding="utf-8")
            template.write_text(without_versions(text), encoding="utf-8")
        self(
            *("deploy", "--config-env", "localstack", "--stack-name", stack),
            *("--template-file", str(template)),
            # SAM CLI looks for its settings beside the template.
            *("--config-file", str(self.root / "samconfig.toml")),
            *("--parameter-overrides", *(f"{name}={one}" for name, one in parameters.items())),
        )


def _no_packages(folder: str, names: list[str]) -> list[str]:
    """What is installed there: of a package only what says so stays."""
    if Path(folder).name != "site-packages":
        return []
    return [name for name in names if not name.endswith(".dist-info")]


@pytest.fixture(scope="module")
def fresh_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that has seen nothing."""
    running = Emulator(tmp_path_factory.mktemp("sam-home"), free_port(), "us-east-1")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def sam(fresh_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sam]:
    """The SAM CLI, with the stack built."""
    if not (BIN / "sam").exists():
        pytest.skip("sam is not installed: `uv sync --all-groups`")
    copy = stage(ROOT, tmp_path_factory.mktemp("sam") / "copy").parent
    (copy / "samconfig.toml").write_bytes((ROOT / "samconfig.toml").read_bytes())
    with SamProcesses() as processes:
        sam = Sam(copy, fresh_emulator, processes)
        sam.build()
        yield sam


def deployed_stack(emulator: Emulator, name: str) -> Deployed:
    """What was deployed under a name."""
    settings = Settings(
        SMARTSCALE_HOME=emulator.home,
        SMARTSCALE_STACK=name,
        SMARTSCALE_CLOUD_PORT=emulator.port,
        AWS_ENDPOINT_URL=emulator.endpoint,
        AWS_REGION=emulator.region,
    )
    stack = find_stack(cloudformation(session_of(settings), emulator.endpoint), name)
    assert stack is not None
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    outputs = outputs_of(stack)
    return Deployed.at(settings, outputs)


LOCALSTACK = {
    "Stage": "localstack",
    "MetricsSink": "cloudwatch",
    "Architecture": "x86_64",
    "AdminToken": TOKEN,
    "UploadOrigin": ORIGIN,
    "InferenceConcurrency": "5",
}
"""The parameters of samconfig.toml, and what the tests choose."""


@pytest.fixture(scope="module")
def stack(sam: Sam, fresh_emulator: Emulator) -> Iterator[Deployed]:
    """The stack of `--config-env localstack`, its catalogue filled as the guide says."""
    sam.deploy("smartscale", LOCALSTACK)
    deployed = deployed_stack(fresh_emulator, "smartscale")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployed.environment.items():
            patch.setenv(name, value)
        import_examples(connect(deployed.settings))
        yield deployed


class Gateway(Api):
    """A client of a stack's API, through the emulator's API gateway.

    It waits long: for each worker that it starts the emulator unpacks its layers, up to 190 MB.
    """

    def __init__(self, stack: Deployed) -> None:
        super().__init__(f"{stack.gateway_url}/v1", auth=Signed(stack))
        self.timeout = httpx.Timeout(180)

    def result(self, job_id: str, wait_s: int = 240) -> dict[str, Any]:
        """The outcome of a weighing."""
        return super().result(job_id, wait_s)


@pytest.fixture(scope="module")
def api(stack: Deployed) -> Api:
    """The API."""
    return Gateway(stack)


@pytest.fixture(scope="module")
def admin(stack: Deployed) -> Api:
    """The same with the admin token."""
    client = Gateway(stack)
    client.headers["X-Admin-Token"] = TOKEN
    return client
