"""The images hold all that their commands import: each has fewer packages than this environment."""

import re
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import packages_distributions

import pytest

from infra.settings import ROOT
from tests.support import BIN, tool_environment

_DEPLOYER = ("--only-group", "deployer", "--only-group", "lambda")
"""Its own packages, and those of the functions' layer, which it has on its path."""
_APP = ("--no-default-groups", "--group", "fetching", "--prune", "ministack")

_IMPORT = """
import importlib, sys
modules, missing = (names.split(",") for names in sys.argv[1:])
for name in missing:
    sys.modules[name] = None  # as if it were not there
for module in modules:
    importlib.import_module(module)
"""


@pytest.mark.parametrize(
    ("modules", "packages"),
    [
        (("infra.unversioned", "infra.on_stack", "infra.initialise"), _DEPLOYER),
        (("infra.api", "infra.importer", "frontend.app"), _APP),
    ],
    ids=["deployer", "app"],
)
def test_an_image_has_what_its_commands_import(
    modules: tuple[str, ...], packages: tuple[str, ...]
) -> None:
    there = _packages(packages) | {"smartscale"}
    missing = [
        name
        for name, distributions in packages_distributions().items()
        if not there & {_plain(one) for one in distributions}
    ]

    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, ",".join(modules), ",".join(missing)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@lru_cache
def _packages(chosen: tuple[str, ...]) -> frozenset[str]:
    listed = subprocess.run(
        [str(BIN / "uv"), "export", "--frozen", "--quiet", "--no-emit-project", *chosen],
        cwd=ROOT,
        env=tool_environment(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return frozenset(_plain(name) for name in re.findall(r"(?m)^([\w.-]+)==", listed))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
