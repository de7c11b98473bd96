"""`template.yaml` as data, read once a process."""

from copy import deepcopy
from functools import cache
from typing import Any

from infra.settings import ROOT
from infra.template import parse


def read_template() -> dict[str, Any]:
    """The template; whoever asks may change what it gets."""
    return deepcopy(_parsed())


@cache
def _parsed() -> dict[str, Any]:
    return parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
