"""The operations guide's commands, run as they stand there."""

import re
import subprocess
from pathlib import Path

import pytest

from infra.settings import ROOT
from tests.integration.test_commands import Command, smartscale

__all__ = ["smartscale"]
pytestmark = pytest.mark.integration
GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RUN_HERE = re.findall(r"<!-- run here -->\n```sh\n(.*?)```", GUIDE, re.DOTALL)


def test_every_command_that_can_be_run_here_works(smartscale: Command, tmp_path: Path) -> None:
    environment = smartscale.environment | {
        "ADMIN_TOKEN": "a-token-for-tests",
        "BACKUP": str(tmp_path / "backup"),
    }
    script = "\n".join(RUN_HERE)
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert '"label": "Banana"' in done.stdout
    assert "0 would be sent again" in done.stdout or "would send again" in done.stdout
    assert "Backed up to" in done.stdout
    assert (tmp_path / "backup" / "manifest.json").exists()
    assert "Reconciled:" in done.stdout
    assert "InferenceConcurrency=20" in done.stdout
    assert done.stdout.count("together") == 2
