"""The Lambda layers hold what the functions import, although the tests' environment holds more."""

import re
import subprocess
import sys
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.settings import ROOT

_REQUIREMENTS = {
    "RuntimeLayer": "requirements.txt",
    "RecognitionLayer": "requirements-recognition.txt",
}
_FUNCTIONS = ("Upload", "Result", "Admin", "Inference", "DeadLetter")

_IMPORT_WITH_ONLY = """
import importlib, importlib.metadata, re, sys

allowed = set(sys.argv[2].split(","))
owners = importlib.metadata.packages_distributions()

class OnlyLayers:
    def find_spec(self, name, path=None, target=None):
        held = owners.get(name.partition(".")[0])
        if held and not {re.sub("[-_.]+", "-", owner).lower() for owner in held} & allowed:
            raise ModuleNotFoundError(f"{name} is in no layer of this function", name=name)

sys.meta_path.insert(0, OnlyLayers())
importlib.import_module(sys.argv[1])
"""


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The template's resources."""
    parsed = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = parsed["Resources"]
    return found


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_a_function_imports_nothing_that_its_layers_lack(
    resources: dict[str, Any], name: str
) -> None:
    function = resources[f"{name}Function"]["Properties"]
    layers = [layer["Ref"] for layer in function["Layers"]]
    held = {"smartscale"}.union(*(_packages(layer) for layer in layers))
    module = function["CodeUri"].strip("/").replace("/", ".") + ".app"

    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_WITH_ONLY, module, ",".join(sorted(held))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr.splitlines()[-1]


def _packages(layer: str) -> set[str]:
    file = _REQUIREMENTS.get(layer)
    if file is None:
        return set()
    text = (ROOT / "layers" / "runtime" / file).read_text(encoding="utf-8")
    return {name.lower() for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}
