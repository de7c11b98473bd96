"""A Docker engine: the one that runs here, or one of our own that leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from infra.waiting import wait_until

_START_S = 60.0
_STOP_S = 60.0
_BUILT_FROM_KEPT = "72h"
_running: set["subprocess.Popen[str]"] = set()
"""The commands that have not ended."""


def kept_images() -> Path:
    """Where an engine of our own keeps its images, so that the next run need not make them anew."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "smartscale" / "containers"


@dataclass(frozen=True)
class Engine:
    """Runs `docker` and `docker compose`."""

    address: str | None
    """What DOCKER_HOST says; None is docker's own choice."""
    compose_command: tuple[str, ...]
    own: bool
    """Whether it is ours, so that everything on it may go."""
    work: Path
    """A folder for what is made on the way."""
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What `docker` wants, without an AWS account of whoever tests."""
        return {
            **{name: value for name, value in os.environ.items() if "AWS_" not in name},
            **({"DOCKER_HOST": self.address} if self.address else {}),
        }

    @property
    def socket(self) -> str:
        """The engine's socket on this machine, for a container that starts containers."""
        return (self.address or "unix:///var/run/docker.sock").removeprefix("unix://")

    def docker(self, *arguments: str, timeout_s: float = 900, check: bool = True) -> str:
        """Run a command; what it printed."""
        return said(["docker", *arguments], self.environment, timeout_s, check=check)


def said(
    command: list[str],
    environment: dict[str, str],
    timeout_s: float,
    *,
    cwd: Path | None = None,
    check: bool = True,
) -> str:
    """Run a command to its end; its output.

    Raises:
        AssertionError: it failed, or did not end in time; with the end of what it printed.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=cwd,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        _running.add(process)
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = -1
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            _running.discard(process)
        out.seek(0)
        text = out.read()
    shown = " ".join(command)
    assert not check or status == 0, f"`{shown}` ended with {status}:\n{text[-4000:]}"
    return text


def engine_answers(address: str | None = None) -> bool:
    """Whether an engine is there."""
    if shutil.which("docker") is None:
        return False
    environment = {**os.environ, **({"DOCKER_HOST": address} if address else {})}
    done = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],
        env=environment,
        capture_output=True,
        check=False,
        timeout=30,
    )
    return done.returncode == 0


def compose_command() -> tuple[str, ...] | None:
    """Compose as it is installed: docker's own second version, or the first."""
    if shutil.which("docker"):
        own = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if own.returncode == 0:
            return ("docker", "compose")
    return ("docker-compose",) if shutil.which("docker-compose") else None


def what_is_missing() -> str | None:
    """Why there can be no engine here, in a sentence; None when there can."""
    if compose_command() is None:
        return "Neither `docker compose` nor docker-compose is here (Debian: docker-compose)."
    if engine_answers():
        return None
    if os.geteuid() != 0:
        return "No Docker engine answers, and only root can start one."
    for tool in ("dockerd", "docker", "iptables-save", "iptables-restore", "ip"):
        if shutil.which(tool) is None:
            return f"No Docker engine answers, and {tool} is missing (docker.io, iptables)."
    return None


@contextmanager
def an_engine() -> Iterator[Engine]:
    """The engine that runs here; else one of our own, until the end.

    Of ours only images are left, in `kept_images`: no container, volume or network is, and the
    rules of this machine's firewall are those of before. What other threads still run ends, too.
    """
    compose = compose_command()
    assert compose is not None
    work = Path(tempfile.mkdtemp(prefix="smartscale-containers-"))
    try:
        if engine_answers():
            yield Engine(os.environ.get("DOCKER_HOST"), compose, own=False, work=work)
        else:
            with _own_engine(work) as address:
                yield Engine(address, compose, own=True, work=work)
    finally:
        for process in list(_running):
            process.kill()
        shutil.rmtree(work)


@contextmanager
def _own_engine(work: Path) -> Iterator[str]:
    address = f"unix://{work}/docker.sock"
    kept_images().mkdir(parents=True, exist_ok=True)
    with _network_as_before(), (work / "engine.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "dockerd",
                *("--data-root", str(kept_images()), "--exec-root", str(work / "exec")),
                *("--pidfile", str(work / "pid"), "--host", address),
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            started = wait_until(
                lambda: process.poll() is not None or engine_answers(address), _START_S
            )
            assert started, "dockerd does not answer"
            assert process.poll() is None, (work / "engine.log").read_text("utf-8")[-3000:]
            yield address
        finally:
            environment = {**os.environ, "DOCKER_HOST": address}
            if process.poll() is None:
                with suppress(AssertionError):  # the network is put right all the same
                    _forget_all_but_images(environment)
                process.send_signal(signal.SIGTERM)
            process.wait(_STOP_S)


def _forget_all_but_images(environment: dict[str, str]) -> None:
    left = said(["docker", "ps", "--all", "--quiet"], environment, 60).split()
    if left:
        said(["docker", "rm", "--force", "--volumes", *left], environment, 120)
    said(["docker", "network", "prune", "--force"], environment, 60)
    volumes = said(["docker", "volume", "ls", "--quiet"], environment, 60).split()
    if volumes:
        said(["docker", "volume", "rm", *volumes], environment, 60)
    # No name leads to what an image was built from, which the next build begins with.
    old = ("--filter", f"until={_BUILT_FROM_KEPT}")
    said(["docker", "image", "prune", "--force", *old], environment, 300)


@contextmanager
def _network_as_before() -> Iterator[None]:
    rules = [(tables, _rules(tables)) for tables in ("iptables", "ip6tables")]
    links, settings = _links(), _forwarding()
    try:
        yield
    finally:
        for link in sorted(_links() - links):
            if link.startswith(("docker", "br-", "veth")):
                subprocess.run(["ip", "link", "delete", link], check=True)
        for tables, saved in rules:
            if saved is not None:
                _restore(tables, saved)
        for path, value in settings.items():
            path.write_text(value, encoding="ascii")
        assert _links() == links
        assert [(tables, _comparable(_rules(tables))) for tables, _ in rules] == [
            (tables, _comparable(saved)) for tables, saved in rules
        ]


def _rules(tables: str) -> str | None:
    if shutil.which(f"{tables}-save") is None:
        return None
    done = subprocess.run([f"{tables}-save"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _restore(tables: str, saved: str) -> None:
    """The rules of before; tables that were not there then are emptied."""
    there = {line for line in (_rules(tables) or "").splitlines() if line.startswith("*")}
    missing = there - set(saved.splitlines())
    emptied = "".join(f"{table}\nCOMMIT\n" for table in sorted(missing))
    subprocess.run([f"{tables}-restore"], input=saved + emptied, text=True, check=True)


def _comparable(rules: str | None) -> list[str]:
    """Rules and policies without counters, times and empty tables."""
    return [
        line.split(" [")[0]
        for line in (rules or "").splitlines()
        if line.startswith("-A") or (line.startswith(":") and " ACCEPT" not in line)
    ]


def _links() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


def _forwarding() -> dict[Path, str]:
    """What dockerd switches on, and would leave on."""
    paths = (
        Path("/proc/sys/net/ipv4/ip_forward"),
        Path("/proc/sys/net/bridge/bridge-nf-call-iptables"),
        Path("/proc/sys/net/bridge/bridge-nf-call-ip6tables"),
    )
    return {path: path.read_text("ascii") for path in paths if path.exists()}
