"""The embedded API's process."""

import json
import subprocess
import sys

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
