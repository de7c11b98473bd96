"""The house keeps its shape: who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYER = ROOT / "layers/smartscale/python/smartscale"
CLOUD = {"boto3", "botocore", "pynamodb", "aws_lambda_powertools", "mangum"}
WEB = {"fastapi", "starlette", "uvicorn", "httpx", "nicegui"}
MODEL = {"tensorflow", "keras", "ai_edge_litert"}
OURS_ABOVE = {"functions", "infra", "frontend", "training"}

CONVERSION = ROOT / "functions/model_import/conversion"
"""The one part of a function that loads TensorFlow, in a process of its own."""

OFFLINE = ROOT / "frontend/offline"
"""The one part of the kiosk that knows the shared layer: domain, recognition and the model."""

APART = {CONVERSION, OFFLINE}
"""Parts with rules of their own, which are not those of the folder around them."""

FORBIDDEN = {
    LAYER / "domain": CLOUD | WEB | MODEL | OURS_ABOVE | {"PIL", "numpy"},
    LAYER / "operations": CLOUD | WEB | MODEL | OURS_ABOVE,
    LAYER / "recognition": CLOUD | WEB | {"tensorflow", "keras"} | OURS_ABOVE,
    # The hub's client raises what httpx raises.
    LAYER / "adapters": WEB - {"httpx"} | {"tensorflow", "keras"} | OURS_ABOVE,
    LAYER / "http": MODEL | OURS_ABOVE | {"boto3", "nicegui", "uvicorn"},
    LAYER / "importing": CLOUD | WEB | MODEL | OURS_ABOVE | {"huggingface_hub"},
    CONVERSION: CLOUD | WEB | {"huggingface_hub", "infra", "frontend", "training"},
    ROOT / "functions": {"tensorflow", "keras", "infra", "frontend", "training"},
    # Cut off from the API, the kiosk recognises and prices by the shared layer itself.
    OFFLINE: CLOUD | MODEL | WEB | {"functions", "infra", "training"},
    ROOT / "frontend": CLOUD | MODEL | {"functions", "infra", "training", "smartscale"},
    ROOT / "infra": {"tensorflow", "keras", "frontend"},
    ROOT / "training": CLOUD | WEB | {"functions", "infra", "frontend"},
}
LAYERED = {
    "domain": {"operations", "recognition", "importing", "adapters", "http", "settings"},
    "recognition": {"operations", "importing", "adapters", "http", "settings"},
    "importing": {"operations", "adapters", "http", "settings"},
    "operations": {"adapters", "http", "settings"},
    "adapters": {"http", "settings"},
}


def imports(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every module that the Python files below a folder import, with the file."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield file, node.module


@pytest.mark.parametrize("folder", FORBIDDEN, ids=lambda folder: folder.name)
def test_a_part_knows_only_what_it_may(folder: Path) -> None:
    found = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file, module in imports(folder)
        if module.split(".")[0] in FORBIDDEN[folder]
        and not any(file.is_relative_to(part) for part in APART - {folder})
    ]
    assert found == []


@pytest.mark.parametrize("part", LAYERED)
def test_data_flows_one_way_inside_the_layer(part: str) -> None:
    found = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file, module in imports(LAYER / part)
        if module.startswith("smartscale.") and module.split(".")[1] in LAYERED[part]
    ]
    assert found == []


def test_no_file_of_money_or_weight_makes_floats() -> None:
    """Between scale and receipt there is no float; the API's confidence is the only one."""
    for file in (LAYER / "domain").glob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
        names = [node.id for node in nodes if isinstance(node, ast.Name)]
        assert not [value for value in constants if isinstance(value, float)], file.name
        assert "float" not in names, file.name


def test_the_steps_at_the_scale_know_no_screen_no_network_and_no_clock() -> None:
    pure = {"decimal", "dataclasses", "enum", "frontend.devices.scales.scale"}
    known = {module for file, module in imports(ROOT / "frontend") if file.name == "flow.py"}
    assert known <= pure
