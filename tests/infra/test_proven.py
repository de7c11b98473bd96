"""docs/proven.md names tests that there are."""

import re

from infra.settings import ROOT

_PROVEN = (ROOT / "docs" / "proven.md").read_text(encoding="utf-8")
_TESTS = re.findall(r"^(\d+)\. `(\S+)::(\S+)`$", _PROVEN, re.MULTILINE)


def test_every_proof_is_a_test() -> None:
    assert [int(number) for number, _, _ in _TESTS] == list(range(1, len(_TESTS) + 1))
    for _, file, name in _TESTS:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), f"{file}::{name}"


def test_every_number_in_the_table_is_a_proof() -> None:
    table = [line for line in _PROVEN.splitlines() if line.startswith("| ") and "`202" not in line]
    cells = [cell.strip() for line in table for cell in line.strip("|").split("|")[1:]]
    numbers = {int(cell) for cell in (cell.strip("()") for cell in cells) if cell.isdigit()}

    assert numbers == set(range(1, len(_TESTS) + 1))
