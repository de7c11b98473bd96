"""What import-linter cannot say about the house; its contracts are in pyproject.toml."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LAYER = Path(__file__).parents[1] / "layers/smartscale/python/smartscale"

PACKAGES = {
    LAYER / "contract": {"pydantic"},
    LAYER / "domain": {"pydantic", "iso3166", "iso4217"},
    LAYER / "importing": {"pydantic"},
    LAYER / "operations": {"pydantic", "PIL"},
}
"""All that a part needs of others. A contract can forbid only packages that it names; these parts
are also safe from one that nobody thought of."""


def modules_of(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file below a folder, parsed."""
    for file in folder.rglob("*.py"):
        yield file.relative_to(LAYER), ast.parse(file.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("part", PACKAGES, ids=lambda part: part.name)
def test_a_part_needs_no_package_but_these(part: Path) -> None:
    known = PACKAGES[part] | {"smartscale"} | sys.stdlib_module_names
    found = [
        f"{file} imports {module}"
        for file, tree in modules_of(part)
        for module in imports(tree)
        if module.split(".")[0] not in known
    ]
    assert found == []


ESTIMATES = {Path("domain/risk.py"), Path("domain/asking.py")}
"""What computes with probabilities alone: how often an answer is wrong."""
MONEY_AND_WEIGHT = ("money", "pricing", "load", "catalogue", "pieces")


def test_no_file_of_money_or_weight_makes_floats() -> None:
    """Between scale and receipt there is no float; the API's confidence is the only one."""
    for file, tree in modules_of(LAYER / "domain"):
        if file in ESTIMATES:
            read = {module.rpartition(".")[2] for module in imports(tree)}
            assert not read & set(MONEY_AND_WEIGHT), file
            continue
        nodes = list(ast.walk(tree))
        constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
        names = [node.id for node in nodes if isinstance(node, ast.Name)]
        assert not [value for value in constants if isinstance(value, float)], file
        assert "float" not in names, file
