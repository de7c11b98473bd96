"""Kiosks in processes of their own, before an API in memory."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from infra.probe import answers
from infra.settings import ROOT
from infra.waiting import wait_until
from tests.service import Service
from tests.support import free_port

START_S = 240.0


@contextmanager
def service_on_a_port() -> Iterator[tuple[Service, str]]:
    """The API of the frontend's tests, and its address."""
    service = Service()
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(service, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield service, f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@contextmanager
def kiosk(api_url: str, home: Path, **settings: str) -> Iterator[str]:
    """A kiosk in a process of its own; its address."""
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "SMARTSCALE_API_URL": api_url,
        "SMARTSCALE_UI_PORT": str(port),
        "SMARTSCALE_HOME": str(home),
        **settings,
    }
    scheme = "https" if "SMARTSCALE_CERTIFICATE" in settings else "http"
    address, said = f"{scheme}://127.0.0.1:{port}", home / "kiosk.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "frontend"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert wait_until(lambda: answers(address), START_S), said.read_text("utf-8")
        yield address
    finally:
        process.terminate()
        process.wait(30)
