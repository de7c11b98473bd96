"""Starts a stack, tells which processes it consists of, and stops it again."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import psycopg

from benchmarks.peers.service import DATABASE, TABLES
from tests.support import free_port

ROOT = Path(__file__).resolve().parents[2]
PEERS = {"peer A": "vgg16", "peer B": "smartscale"}
SMARTSCALE = "SmartScale"
STACKS = (*PEERS, SMARTSCALE)
_SERVERS = ("beam.smp", "erl_child_setup", "inet_gethost", "epmd", "postgres")
"""The processes of RabbitMQ and PostgreSQL, which run all the time."""
_PORTS: defaultdict[tuple[str, str], int] = defaultdict(free_port)
"""By stack and use, the same in each round: another is another setting, which is deployed anew."""
_READY_S = 180.0
_STOP_S = 60.0


@dataclass
class Stack:
    """A stack that answers at `url`."""

    name: str
    url: str
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def processes(self) -> list[psutil.Process]:
        """All of it: what was started, what that started, and the servers of a peer."""
        found = []
        for root in self.started:
            with contextlib.suppress(psutil.NoSuchProcess):
                mine = psutil.Process(root.pid)
                found += [mine, *mine.children(recursive=True)]
        if self.name in PEERS:
            found += [one for one in psutil.process_iter(["name"]) if one.info["name"] in _SERVERS]
        return found

    def cpu_s(self) -> float:
        """What it has spent of processors so far, in seconds."""
        spent = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                spent += times.user + times.system
        return spent

    def memory_mb(self) -> float:
        """What is resident, in MB; what processes share counts once (PSS)."""
        used = 0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                used += process.memory_full_info().pss
        return used / 1e6


@contextlib.contextmanager
def running(name: str, home: Path) -> Iterator[Stack]:
    """A stack from its start, when it answers, to its end. `home` keeps SmartScale's state."""
    stack = Stack(name, f"http://127.0.0.1:{_PORTS[name, 'API']}")
    with tempfile.TemporaryFile() as said:
        try:
            for command, environment in _commands(stack, home):
                stack.started.append(
                    subprocess.Popen(  # noqa: S603 - our own commands
                        command,
                        cwd=ROOT,
                        env=os.environ | environment,
                        stdout=said,
                        stderr=subprocess.STDOUT,
                    )
                )
            _wait(stack)
            yield stack
        except Exception:
            said.seek(0)
            sys.stderr.buffer.write(said.read()[-4000:])
            raise
        finally:
            for process in reversed(stack.started):
                process.send_signal(signal.SIGINT if name == SMARTSCALE else signal.SIGTERM)
            for process in stack.started:
                process.wait(_STOP_S)


def _commands(stack: Stack, home: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    port = stack.url.rpartition(":")[2]
    program = Path(sys.executable).with_name
    if stack.name == SMARTSCALE:
        ports = {
            "SMARTSCALE_API_PORT": port,
            "SMARTSCALE_UI_PORT": str(_PORTS[stack.name, "UI"]),
            "SMARTSCALE_CLOUD_PORT": str(_PORTS[stack.name, "CLOUD"]),
        }
        yield [str(program("smartscale")), "run"], ports | {"SMARTSCALE_HOME": str(home)}
        return
    network = {
        "PEER_NETWORK": PEERS[stack.name],
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # As SmartScale sets it: a second thread spins for more than it brings.
        "OPENBLAS_NUM_THREADS": "1",
    }
    service = "benchmarks.peers.service"
    # As long as SmartScale's: one that rests is closed while it is reused otherwise.
    kept = ["--timeout-keep-alive", "75"]
    uvicorn = ["-m", "uvicorn", f"{service}:api", "--port", port, "--log-level", "warning", *kept]
    yield [sys.executable, *uvicorn], network
    celery = ["-m", "celery", "--app", f"{service}:queue", "worker", "--concurrency", "2"]
    yield [sys.executable, *celery, "--loglevel", "WARNING"], network


def _wait(stack: Stack) -> None:
    until = time.monotonic() + _READY_S
    with httpx.Client(base_url=stack.url, timeout=5, trust_env=False) as client:
        while time.monotonic() < until:
            if any(process.poll() is not None for process in stack.started):
                raise RuntimeError(f"{stack.name} ended while it started")
            with contextlib.suppress(httpx.HTTPError):
                if client.get("/v1/health").is_success:
                    return
            time.sleep(0.05)
    raise RuntimeError(f"{stack.name} did not answer within {_READY_S:.0f} s")


def prepare_database() -> None:
    """Make the peers' database and tables, empty.

    Raises:
        SystemExit: PostgreSQL or RabbitMQ is not there; it says what to install.
    """
    if shutil.which("psql") is None or not any(
        one.info["name"] == "beam.smp" for one in psutil.process_iter(["name"])
    ):
        raise SystemExit(
            "PostgreSQL and RabbitMQ have to run: apt install rabbitmq-server postgresql, then "
            "service rabbitmq-server start; service postgresql start"
        )
    me = psutil.Process().username()
    as_postgres = (
        ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else ["sudo", "-u", "postgres"]
    )
    for command in (["createuser", me], ["createdb", "--owner", me, "peers"]):
        # They are there from the last time, or the connection below says what is wrong.
        subprocess.run(  # noqa: S603 - two fixed commands
            [*as_postgres, *command], check=False, capture_output=True
        )
    with psycopg.connect(DATABASE) as connection:
        connection.execute(TABLES)
        connection.execute("TRUNCATE weighings")
