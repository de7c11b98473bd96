"""Who waits for the kiosk waits as long as it lives."""

import os
import subprocess
import sys

from infra.probe import wait_for
from tests.support import free_port


def test_the_wait_ends_with_the_process_that_should_answer() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    assert not wait_for(f"http://127.0.0.1:{free_port()}/", ended.pid)


def test_the_wait_ends_with_an_answer() -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            assert wait_for(f"http://127.0.0.1:{port}/", os.getpid())
        finally:
            server.terminate()
