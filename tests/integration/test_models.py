"""Switching between packages in the bucket while the system runs."""

import json
import shutil
from pathlib import Path
from typing import Any

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
    """The state of the last request once it is no longer under way."""
    eventually(lambda: admin.get("/admin/model").json()["state"] in {"active", "failed"})
    state: str = admin.get("/admin/model").json()["state"]
    return state


def test_a_package_is_served_and_a_broken_one_is_not(
    admin: Api, deployed: Deployed, package: Path, samples: dict[str, bytes]
) -> None:
    put_package(deployed, package, "good")
    request = {"model_id": "shop/produce", "model_revision": "good"}
    assert admin.post("/admin/reload-model", json=request).status_code == 202
    assert settled(admin) == "active", "without any weighing"
    result = admin.result(admin.predict(samples["Banana"]))
    assert result["model"] == {"id": "shop/produce", "revision": "good"}

    with (package / "model.tflite").open("ab") as model:
        model.write(b"tampered")
    put_package(deployed, package, "bad")
    request["model_revision"] = "bad"
    assert admin.post("/admin/reload-model", json=request).status_code == 202
    assert settled(admin) == "failed"
    state = admin.get("/admin/model").json()
    assert state["active"] == {"id": "shop/produce", "revision": "good"}
    assert "model.tflite" in state["error"]
    result = admin.result(admin.predict(samples["Banana"]))
    assert result["model"]["revision"] == "good"

    assert admin.post("/admin/reload-model", json={"model_id": "builtin"}).status_code == 202
    assert settled(admin) == "active"
    assert admin.result(admin.predict(samples["Banana"]))["model"]["id"] == "builtin"


def test_a_candidate_is_a_shadow_then_a_canary_then_taken_over(
    admin: Api, deployed: Deployed, package: Path, samples: dict[str, bytes]
) -> None:
    put_package(deployed, package, "twin")
    twin = {"id": "shop/produce", "revision": "twin"}
    request = {"model_id": "shop/produce", "model_revision": "twin", "share": 1}

    def candidate() -> dict[str, Any]:
        found: dict[str, Any] = admin.get("/admin/candidate").json()
        return found

    assert admin.post("/admin/candidate", json=request | {"mode": "shadow"}).status_code == 202
    jobs = [admin.predict(samples["Banana"]) for _ in range(6)]
    assert {admin.result(job)["model"]["id"] for job in jobs} == {"builtin"}
    eventually(lambda: candidate()["compared"] + candidate()["skipped"] == 6)
    assert candidate()["agreement"] == 1.0, "the same package says the same"

    assert admin.post("/admin/candidate", json=request | {"mode": "canary"}).status_code == 202
    result = admin.result(admin.predict(samples["Banana"]))
    assert (result["model"], result["label"]) == (twin, "Banana")
    assert candidate()["candidate"]["n"] == 1
    assert admin.post("/admin/candidate/promote").status_code == 202
    assert settled(admin) == "active"
    state = admin.get("/admin/model").json()
    assert (state["active"], state["previous"]["id"]) == (twin, "builtin")
    admin.post("/admin/rollback")
    assert settled(admin) == "active"


def test_a_candidate_that_is_never_sure_is_taken_back_by_itself(
    admin: Api, deployed: Deployed, package: Path, samples: dict[str, bytes]
) -> None:
    description = json.loads((package / "model.json").read_text())
    description["thresholds"]["confirm"] = 1.0
    (package / "model.json").write_text(json.dumps(description))
    put_package(deployed, package, "unsure")
    request = {
        "model_id": "shop/produce",
        "model_revision": "unsure",
        "mode": "canary",
        "share": 1,
        "limits": {"minimum_answers": 5},
    }
    assert admin.post("/admin/candidate", json=request).status_code == 202
    for job in [admin.predict(samples["Banana"]) for _ in range(6)]:
        assert admin.result(job)["needs_confirmation"]
    eventually(lambda: admin.get("/admin/candidate").json()["state"] == "rolled_back")
    assert "low confidence" in admin.get("/admin/candidate").json()["reason"]
    assert admin.result(admin.predict(samples["Banana"]))["model"]["id"] == "builtin"


def test_a_package_that_does_not_describe_itself_is_refused(
    admin: Api, deployed: Deployed, package: Path
) -> None:
    description = json.loads((package / "model.json").read_text())
    del description["files"]
    (package / "model.json").write_text(json.dumps(description))
    put_package(deployed, package, "undescribed")
    request = {"model_id": "shop/produce", "model_revision": "undescribed"}
    assert admin.post("/admin/reload-model", json=request).status_code == 202
    assert settled(admin) == "failed"
    admin.post("/admin/reload-model", json={"model_id": "builtin"})
    assert settled(admin) == "active"
