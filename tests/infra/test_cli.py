"""The `smartscale` command finds each command where it is, and imports no other."""

import subprocess
import sys

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from infra.cli import COMMANDS, app


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_where_its_name_says(name: str) -> None:
    found = get_group(app).commands[name]
    assert found.name == name
    assert found.help


def test_a_wrong_name_is_told_the_nearest() -> None:
    said = CliRunner().invoke(app, ["predit"])
    assert said.exit_code == 2
    assert "Did you mean 'predict'" in said.output


def test_a_command_does_not_wait_for_what_others_import() -> None:
    heavy = "boto3", "fastapi", "huggingface_hub", "nicegui", "numpy", "training"
    script = (
        "import sys, infra.cli; from typer.main import get_group\n"
        "get_group(infra.cli.app).commands['limits']\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
