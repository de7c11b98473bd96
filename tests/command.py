"""The `smartscale` command in processes that start fast: what it imports is imported once.

Each is forked from one that has imported every command and done nothing: it has a process's own
environment, output and exit status, and nothing of another's. That the console script leads there
is for `tests/integration/test_operations_guide.py` to show.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

from infra import cli
from tests.support import become

_LONGEST_S = 120
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    [module for name, module in cli.COMMANDS.items() if name != "train"]
)


def run_command(
    arguments: Sequence[str | Path], environment: Mapping[str, str]
) -> CompletedProcess[str]:
    """Run the command; how it ended and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = _processes.Process(
            target=_run, args=([*map(str, arguments)], dict(environment), out, err)
        )
        process.start()
        process.join(_LONGEST_S)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{arguments} took longer than {_LONGEST_S} s")
        return CompletedProcess(
            arguments, process.exitcode, out.read_text("utf-8"), err.read_text("utf-8")
        )


def _run(arguments: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    become(["smartscale", *arguments], environment, os.devnull, out, err)
    cli.main()
