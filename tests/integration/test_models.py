"""Switching between packages in the bucket while the system runs."""

import json
import shutil
from pathlib import Path

import pytest

from smartscale.recognition.builtin import builtin_package
from tests.conftest import Deployed
from tests.integration.conftest import Api
from tests.support import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def admin(api: Api) -> Api:
    """The API with the admin token."""
    api.headers["X-Admin-Token"] = "a-token-for-tests"
    return api


def put_package(deployed: Deployed, folder: Path, revision: str) -> None:
    """Copy a package into the bucket."""
    for file in folder.iterdir():
        key = f"models/shop/produce/{revision}/{file.name}"
        deployed.s3().upload_file(str(file), deployed.outputs.bucket, key)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the built-in package under another name."""
    copy = shutil.copytree(
        builtin_package().folder,
        tmp_path / "package",
        ignore=shutil.ignore_patterns("__init__.py", "__pycache__"),
    )
    return Path(copy)


def settled(admin: Api) -> str:
    """The state of the last wish once it is no longer under way."""
    eventually(lambda: admin.get("/admin/model").json()["state"] in {"active", "failed"})
    state: str = admin.get("/admin/model").json()["state"]
    return state


def test_a_package_is_served_and_a_broken_one_is_not(
    admin: Api, deployed: Deployed, package: Path, samples: dict[str, bytes]
) -> None:
    put_package(deployed, package, "good")
    wish = {"model_id": "shop/produce", "model_revision": "good"}
    assert admin.post("/admin/reload-model", json=wish).status_code == 202
    assert settled(admin) == "active", "without any weighing"
    result = admin.result(admin.predict(samples["Banana"]))
    assert result["model"] == {"id": "shop/produce", "revision": "good"}

    with (package / "model.tflite").open("ab") as model:
        model.write(b"tampered")
    put_package(deployed, package, "bad")
    wish["model_revision"] = "bad"
    assert admin.post("/admin/reload-model", json=wish).status_code == 202
    assert settled(admin) == "failed"
    state = admin.get("/admin/model").json()
    assert state["active"] == {"id": "shop/produce", "revision": "good"}
    assert "model.tflite" in state["error"]
    result = admin.result(admin.predict(samples["Banana"]))
    assert result["model"]["revision"] == "good"

    assert admin.post("/admin/reload-model", json={"model_id": "builtin"}).status_code == 202
    assert settled(admin) == "active"
    assert admin.result(admin.predict(samples["Banana"]))["model"]["id"] == "builtin"


def test_a_package_that_does_not_describe_itself_is_refused(
    admin: Api, deployed: Deployed, package: Path
) -> None:
    description = json.loads((package / "model.json").read_text())
    del description["files"]
    (package / "model.json").write_text(json.dumps(description))
    put_package(deployed, package, "undescribed")
    wish = {"model_id": "shop/produce", "model_revision": "undescribed"}
    assert admin.post("/admin/reload-model", json=wish).status_code == 202
    assert settled(admin) == "failed"
    admin.post("/admin/reload-model", json={"model_id": "builtin"})
    assert settled(admin) == "active"
