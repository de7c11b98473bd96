"""The SAM CLI in processes that start fast: what it imports, which takes seconds, is imported once.

`python -m tests.sam.processes` imports it and does nothing else; each command is a fork of that,
with a folder, environment, input, output and exit status of its own, and no terminal to ask at.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import yaml

from infra.settings import ROOT
from tests.support import become, tool_environment

_LONGEST_S = 900


class SamProcesses:
    """The process that has imported the SAM CLI. Use it in a `with`, which ends it."""

    def __enter__(self) -> "SamProcesses":
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            env=tool_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # it ends with its input

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], answers: str
    ) -> tuple[int, str]:
        """Run `sam` with these arguments in a folder, and answer what it asks; its exit status and
        all that it said."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with tempfile.TemporaryDirectory() as files:
            asked, said = Path(files) / "asked", Path(files) / "said"
            asked.write_text(answers, encoding="utf-8")
            order = _Order(
                [*arguments], str(folder), dict(environment), asked=str(asked), said=str(said)
            )
            self._process.stdin.write(json.dumps(asdict(order)) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline()), said.read_text(encoding="utf-8")


@dataclass(frozen=True)
class _Order:
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    asked: str
    """The file that it reads answers from."""
    said: str


def _become(order: _Order) -> NoReturn:
    os.setsid()
    signal.alarm(_LONGEST_S)
    os.chdir(order.folder)
    files = order.asked, order.said, order.said
    become(["sam", *order.arguments], order.environment, *files)
    sys.stdin = os.fdopen(0, encoding="utf-8")  # the former one may have read more than a line
    sys.exit(import_module("samcli.cli.main").cli())


def main() -> None:
    """Carry out the orders on stdin, a line each, and answer with exit statuses."""
    # Each command reads the template several times, half a second each by the reader in Python.
    yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # The last four are what the commands import only when they are called.
    for module in (
        "cli.main",
        "commands.build.command",
        "commands.deploy.command",
        "commands.build.build_context",
        "commands.deploy.deploy_context",
        "commands.deploy.guided_context",
        "commands.package.package_context",
    ):
        import_module(f"samcli.{module}")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(_Order(**json.loads(line)))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
