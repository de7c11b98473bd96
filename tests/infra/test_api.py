"""The embedded API's process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from infra.api import app
from infra.settings import ROOT

_LOG = """
import logging
from infra.api import log_as_json
log_as_json()
for name in ("uvicorn.error", "smartscale.http.problem", "some.library"):
    try:
        raise OSError("disk full")
    except OSError:
        logging.getLogger(name).exception("unexpected error")
"""

_HUNG_UP = """
import json, uvicorn
uvicorn.run = lambda *_, **__: None
from infra import api
api.main()
print(json.dumps([type(api.app.state.bell).__name__, len(api.app.dependency_overrides)]))
"""


@pytest.mark.integration
def test_every_error_is_one_line_of_json() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOG],
        cwd=ROOT,
        env={"POWERTOOLS_SERVICE_NAME": "smartscale"},
        capture_output=True,
        text=True,
        check=True,
    )

    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]

    assert [line["message"] for line in lines] == ["unexpected error"] * 3
    assert all("disk full" in line["exception"] for line in lines)
    assert {line["service"] for line in lines} == {"smartscale"}


def test_the_documentation_needs_no_internet() -> None:
    client = TestClient(app)
    page = client.get("/docs").text
    assert "http" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert client.get(f"/static-offline-docs/{asset}").status_code == 200
    routes = client.get("/openapi.json").json()["paths"]
    assert {"/v1/predict", "/v1/result/{job_id}", "/v1/admin/reload-model"} <= routes.keys()


def test_answers_are_told_and_no_dependency_is_overridden(tmp_path: Path) -> None:
    """FastAPI analyses all that a route depends on anew for each request where one is: 6 ms."""
    names = (
        "SMARTSCALE_BUCKET",
        "WEIGHINGS_TABLE",
        "CATALOGUE_TABLE",
        "MODELS_TABLE",
        "WEIGHINGS_QUEUE_URL",
        "IMPORTS_QUEUE_URL",
        "ADMIN_TOKEN",
    )
    said = subprocess.run(
        [sys.executable, "-c", _HUNG_UP],
        cwd=ROOT,
        env=dict.fromkeys(names, "a-name")
        | {"SMARTSCALE_HOME": str(tmp_path), "SMARTSCALE_BELL": str(tmp_path / "bell")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(said.splitlines()[-1]) == ["EmulatorsBell", 0]
