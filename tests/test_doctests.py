"""The examples in docstrings hold, and the functions that newcomers read first have one."""

import doctest
import importlib
import inspect
from pathlib import Path
from types import FunctionType

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {
    ROOT / "layers/smartscale/python": ("smartscale",),
    ROOT: ("frontend", "functions", "infra"),
}
SHOWN = (
    "frontend.labels.barcode",
    "frontend.words.wording",
    "smartscale.domain.evidence",
    "smartscale.domain.moments",
    "smartscale.domain.money",
    "smartscale.domain.pricing",
)
"""Whose public functions all carry an example."""


def modules_with_examples() -> list[str]:
    """The name of every module of ours with an example in it."""
    return [
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for root, packages in SOURCES.items()
        for package in packages
        for file in sorted((root / package).rglob("*.py"))
        if ">>> " in file.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_hold(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize("name", SHOWN)
def test_every_public_function_has_an_example(name: str) -> None:
    module = importlib.import_module(name)
    public = [
        function
        for function in vars(module).values()
        if isinstance(function, FunctionType)
        and function.__module__ == name
        and not function.__name__.startswith("_")
    ]
    assert public
    without = [one.__name__ for one in public if ">>> " not in (inspect.getdoc(one) or "")]
    assert without == []
