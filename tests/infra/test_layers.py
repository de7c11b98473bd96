"""The Lambda layers hold all that the functions import."""

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.settings import ROOT
from tests.support import tool_environment
from tests.template import read_template

pytestmark = pytest.mark.integration

_FUNCTIONS = ("Upload", "Result", "Admin", "Inference", "DeadLetter")
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_SITE_PACKAGES = f"python/lib/python{_PYTHON}/site-packages"
_OF_OTHERS = ("RuntimeLayer", "RecognitionLayer")
_LEFT_OUT = {
    "Upload": {"pynamodb", "numpy", "ai_edge_litert"},
    "Result": {"numpy", "ai_edge_litert"},
    "Admin": {"numpy", "ai_edge_litert"},
    "Inference": {"fastapi", "mangum", "opentelemetry"},
    "DeadLetter": {"PIL", "pi_heif", "numpy", "fastapi", "mangum", "opentelemetry"},
}
"""What a function has no use for when it starts, and does not load."""
_TAG = sys.implementation.cache_tag
_FOLDERS = {"x86_64": "x86_64", "aarch64": "arm64"}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The template's resources."""
    found: dict[str, Any] = read_template()["Resources"]
    return found


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """What each layer adds to the path, built for this Python instead of Lambda's."""
    if sys.platform != "linux" or platform.machine() not in _FOLDERS:
        pytest.skip("the layers' packages run on Linux alone")
    built = {"ModelLayer": [ROOT / "layers" / "model" / "python"]}
    runtime = ROOT / "layers" / "runtime"
    of_others = runtime / _FOLDERS[platform.machine()]
    for name, makefile, folder, packages in (
        ("SmartScaleLayer", "../smartscale/Makefile", runtime, "python"),
        *((name, "../Makefile", of_others, _SITE_PACKAGES) for name in _OF_OTHERS),
    ):
        artifacts = tmp_path_factory.mktemp(name)
        subprocess.run(
            ["make", "--makefile", makefile, f"build-{name}"],
            cwd=folder,
            env=tool_environment(ARTIFACTS_DIR=str(artifacts), LAYER_PYTHON=_PYTHON),
            check=True,
        )
        built[name] = [artifacts / packages]
    return built


def test_what_is_packed_is_compiled(layers: dict[str, list[Path]]) -> None:
    """A function cannot keep what it compiles, and would do so at each start."""
    for name in (*_OF_OTHERS, "SmartScaleLayer"):
        [packages] = layers[name]
        modules = [path for path in packages.rglob("*.py") if path.parent.name != "__pycache__"]
        assert len(modules) > 100, name
        for module in modules:
            compiled = module.with_name("__pycache__") / f"{module.stem}.{_TAG}.pyc"
            assert compiled.exists(), module
            # Unchecked: an archive changes the times of files.
            assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", module


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_a_function_needs_nothing_but_its_layers(
    resources: dict[str, Any], layers: dict[str, list[Path]], name: str
) -> None:
    function = resources[f"{name}Function"]["Properties"]
    path = [ROOT / function["CodeUri"]]
    path += [folder for layer in function["Layers"] for folder in layers[layer["Ref"]]]
    start = (
        f"import sys; sys.path[:0] = {[str(folder) for folder in path]}; import app; app.handler; "
        "print(*sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start],  # neither our environment nor our folder
        env={"AWS_REGION": "us-east-1", "POWERTOOLS_SERVICE_NAME": "smartscale"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    loaded = {module.partition(".")[0] for module in done.stdout.split()}
    assert {"smartscale", "pydantic"} <= loaded
    assert not loaded & _LEFT_OUT[name]
