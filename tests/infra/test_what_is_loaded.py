"""Each process of a run loads what it uses: more takes memory, and time at the start."""

import json
import subprocess
import sys

import pytest

from tests.support import tool_environment

_LOADED = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        (
            "infra.commands.run",
            {"fastapi", "numpy", "PIL", "huggingface_hub", "samtranslator"},
        ),
        ("infra.emulated_cloud", {"boto3", "pydantic", "numpy", "PIL"}),
        ("infra.api", {"numpy", "ai_edge_litert", "huggingface_hub", "nicegui"}),
        ("infra.commands.redrive", {"fastapi", "nicegui"}),
        ("frontend.__main__", {"boto3", "numpy", "ai_edge_litert", "fpdf", "escpos.printer"}),
    ],
)
def test_a_process_loads_nothing_that_it_does_not_use(module: str, unused: set[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _LOADED, module],
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(ran.stdout.splitlines()[-1]))
    assert module in loaded
    assert not loaded & unused
