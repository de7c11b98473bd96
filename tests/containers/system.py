"""docker-compose.yml in a clean clone, on an engine, at ports of its own."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.outputs import outputs_of
from infra.settings import ROOT, Settings
from infra.stack import cloudformation, find_stack, session_of
from infra.waiting import wait_until
from tests.conftest import Deployed
from tests.containers.engine import Engine, said
from tests.containers.images import LAMBDA
from tests.support import eventually, free_port

PROJECT = "smartscale-containers"
_BUILD_S, _UP_S, _DOWN_S = 600.0, 480.0, 180.0
_REGION = "us-east-1"


BUILT = ("api", "localstack-deploy")
"""Services whose images are all of ours."""


def clone(folder: Path) -> Path:
    """What git has of the project, as who clones it gets it; changes of now are in it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    return folder


@dataclass
class System:
    """Everything of docker-compose.yml with one emulator."""

    engine: Engine
    folder: Path
    """The clone."""
    profile: str
    variables: dict[str, str]
    """What is set in the shell."""
    overrides: tuple[Path, ...] = ()
    """Further compose files."""

    @classmethod
    def at_free_ports(
        cls, engine: Engine, folder: Path, profile: str, overrides: tuple[Path, ...]
    ) -> "System":
        """One beside whatever else runs on this engine and this machine."""
        ports = ("SMARTSCALE_UI_PORT", "SMARTSCALE_API_PORT", "SMARTSCALE_CLOUD_PORT")
        project = f"{PROJECT}-{profile}"
        variables = {
            **{name: str(free_port()) for name in (*ports, "GRAFANA_PORT")},
            "COMPOSE_PROJECT_NAME": project,
            "COMPOSE_PROFILES": profile,
            "SMARTSCALE_NETWORK": project,
            "DOCKER_SOCK": engine.socket,
        }
        return cls(engine, folder, profile, variables, overrides)

    @property
    def kiosk(self) -> str:
        """Where the kiosk answers."""
        return f"http://127.0.0.1:{self.variables['SMARTSCALE_UI_PORT']}"

    @property
    def api(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.variables['SMARTSCALE_API_PORT']}"

    @property
    def cloud(self) -> str:
        """Where the emulator answers."""
        return f"http://127.0.0.1:{self.variables['SMARTSCALE_CLOUD_PORT']}"

    def compose(self, *arguments: str, timeout_s: float = _UP_S, check: bool = True) -> str:
        """Run a command of Compose."""
        files = ("docker-compose.yml", *map(str, self.overrides))
        return said(
            [
                *self.engine.compose_command,
                *(part for name in files for part in ("--file", name)),
                *arguments,
            ],
            {**self.engine.environment, **self.variables},
            timeout_s,
            cwd=self.folder,
            check=check,
        )

    @property
    def project(self) -> str:
        """What its containers, volumes and network are named after."""
        return self.variables["COMPOSE_PROJECT_NAME"]

    def build(self, service: str) -> None:
        """Build the image of a service; others may have the same."""
        self.compose("build", service, timeout_s=_BUILD_S)

    def up(self) -> None:
        """Start everything, or what changed, and wait until it is well and deployed."""
        self.compose("up", "--detach")
        deployer = f"{self.profile}-deploy"
        wait_until(lambda: self.state(deployer).startswith("exited"), _UP_S, interval_s=1)
        assert self.state(deployer) == "exited 0", self.compose("logs", "--no-color", deployer)
        well = wait_until(lambda: set(self.states().values()) == {"healthy"}, _UP_S, interval_s=1)
        assert well, (self.states(), self.compose("logs", "--no-color", "--tail=30"))

    def down(self, *, forget: bool) -> None:
        """Stop everything; `forget` its state too."""
        self.compose("down", *(["--volumes"] if forget else []), timeout_s=_DOWN_S)

    def states(self) -> dict[str, str]:
        """The health of each service that goes on, by its name."""
        return {name: how for name, how in self._found().items() if not name.endswith("-deploy")}

    def state(self, service: str) -> str:
        """Of a service's container: its health, or `exited STATUS`."""
        return self._found().get(service, "missing")

    def _found(self) -> dict[str, str]:
        project = f"label=com.docker.compose.project={self.project}"
        ids = self.engine.docker("ps", "--all", "--quiet", "--filter", project).split()
        containers = json.loads(self.engine.docker("inspect", *ids)) if ids else []
        found = {}
        for container in containers:
            state = container["State"]
            how = str(state.get("Health", state)["Status"])
            if state["Status"] == "exited":
                how = f"exited {state['ExitCode']}"
            found[str(container["Config"]["Labels"]["com.docker.compose.service"])] = how
        return found

    def deployed(self) -> Deployed:
        """The stack in the emulator."""
        settings = Settings(
            SMARTSCALE_HOME=self.folder / "home",
            AWS_ENDPOINT_URL=self.cloud,
            AWS_REGION=_REGION,
        )
        stack = find_stack(cloudformation(session_of(settings), self.cloud), settings.stack)
        assert stack is not None
        assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
        return Deployed.at(settings, outputs_of(stack))

    def version(self) -> str:
        """What the API says of itself."""
        answer = httpx.get(f"{self.api}/v1/health", timeout=30, trust_env=False)
        return str(answer.json()["version"])


def asked_often(folder: Path) -> Path:
    """A compose file by which services are asked every five seconds whether they are well.

    Each waits for those that it needs, here again and again.
    """
    override = folder / "asked-often.yml"
    health = {"healthcheck": {"interval": "5s"}}
    services = dict.fromkeys(("api", "kiosk", "importer", "grafana"), health)
    override.write_text(json.dumps({"services": services}), encoding="utf-8")
    return override


@contextmanager
def lambda_registry(engine: Engine) -> Iterator[Path]:
    """A compose file by which LocalStack gets Lambda's image from a registry of this machine.

    It pulls that image whether it is there or not, so a stand-in needs a registry.
    """
    port = free_port()
    settings = engine.work / "registry.yml"
    settings.write_text(
        json.dumps(
            {
                "version": "0.1",
                "storage": {"filesystem": {"rootdirectory": str(engine.work / "registry")}},
                "http": {"addr": f"127.0.0.1:{port}"},
            }
        ),
        encoding="utf-8",
    )
    address = f"127.0.0.1:{port}/lambda"
    with (engine.work / "registry.log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(settings)], stdout=log, stderr=log
        )
        try:
            eventually(lambda: _answers(f"http://127.0.0.1:{port}/v2/"), 30)
            engine.docker("tag", LAMBDA, f"{address}/python3.13:latest")
            engine.docker("push", "--quiet", f"{address}/python3.13:latest")
            override = engine.work / "stand-in.yml"
            mapping = {"LAMBDA_RUNTIME_IMAGE_MAPPING": f"{address}/<runtime>:latest"}
            services = {"services": {"localstack": {"environment": mapping}}}
            override.write_text(json.dumps(services), encoding="utf-8")
            yield override
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
