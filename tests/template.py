"""`template.yaml` as data, read once a process: that takes half a second."""

from copy import deepcopy
from functools import cache
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from infra.settings import ROOT


def read_template() -> dict[str, Any]:
    """The template; whoever asks may change what it gets."""
    return deepcopy(_parsed())


@cache
def _parsed() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return parsed
