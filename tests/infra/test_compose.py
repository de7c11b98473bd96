"""`docker-compose.yml` and the images it builds."""

import re
import shutil
import subprocess
import tomllib
from typing import Any

import pytest

from infra.settings import ROOT
from infra.template import parse
from tests.support import BIN

_PORTS = {"api": 8000, "kiosk": 8501, "grafana": 3000, "localstack": 4566, "ministack": 4566}
_DOCKERFILES = ("Dockerfile", "functions/model_import/Dockerfile")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as data, its variables as they stand."""
    return parse((ROOT / "docker-compose.yml").read_text("utf-8"))


def _locked(package: str) -> str:
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    [version] = {found["version"] for found in lock["package"] if found["name"] == package}
    return str(version)


def _default(image: str) -> str:
    """An image as it is when no variable names another."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", image)


def test_images_are_pinned_to_what_the_project_uses(compose: dict[str, Any]) -> None:
    images = {name: _default(service["image"]) for name, service in compose["services"].items()}

    assert images["localstack"] == "localstack/localstack:4.14.0"
    assert images["ministack"] == f"ministackorg/ministack:{_locked('ministack')}-full"
    version = tuple(int(part) for part in images["grafana"].rsplit(":", 1)[1].split("."))
    assert version >= (12, 1, 1), "12.1.0 ignores a custom endpoint"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for name in ("api", "kiosk", "importer", "localstack-deploy", "ministack-deploy"):
        assert images[name].endswith(f":{project}"), name
    for image in images.values():
        assert ":" in image
        assert not image.endswith(":latest")


def test_addresses_are_those_of_the_guide_and_of_this_machine_alone(
    compose: dict[str, Any],
) -> None:
    for name, port in _PORTS.items():
        [published] = compose["services"][name]["ports"]
        host, outside, inside = _default(published).split(":")
        assert (host, int(outside), int(inside)) == ("127.0.0.1", port, port)


def test_every_service_starts_when_what_it_needs_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}, name
            assert "healthcheck" in services[needed], needed
            # A profile that is off must not take away what a service without one waits for.
            assert services[needed].get("profiles") in (None, service.get("profiles"))
    for name in services.keys() - {"localstack-deploy", "ministack-deploy"}:  # which end
        assert "healthcheck" in services[name], name


def test_each_profile_has_an_emulator_and_what_deploys_into_it(compose: dict[str, Any]) -> None:
    profiles: dict[str, set[str]] = {}
    for name, service in compose["services"].items():
        for profile in service.get("profiles", []):
            profiles.setdefault(profile, set()).add(name)

    assert profiles == {
        "localstack": {"localstack", "localstack-deploy"},
        "ministack": {"ministack", "ministack-deploy"},
    }
    assert "\nCOMPOSE_PROFILES=localstack\n" in (ROOT / ".env").read_text("utf-8")


def test_who_ends_itself_by_a_signal_is_not_the_first_process(compose: dict[str, Any]) -> None:
    """There the signal does nothing, and Docker waits ten seconds before it kills."""
    ended = {name for name, service in compose["services"].items() if service.get("init")}
    assert ended == {"api", "kiosk"}, "uvicorn ends itself so"


def test_what_has_state_keeps_it_in_a_named_volume(compose: dict[str, Any]) -> None:
    used = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "$"))
    }

    assert used == set(compose["volumes"])


def test_the_passwords_of_the_demo_can_be_replaced(compose: dict[str, Any]) -> None:
    grafana = compose["services"]["grafana"]["environment"]

    assert grafana["GF_SECURITY_ADMIN_USER"] == "${GRAFANA_USER:-admin}"
    assert grafana["GF_SECURITY_ADMIN_PASSWORD"] == "${GRAFANA_PASSWORD:-admin}"
    assert compose["services"]["api"]["environment"]["ADMIN_TOKEN"] == "${ADMIN_TOKEN:-changeme}"


@pytest.mark.integration
@pytest.mark.parametrize("profile", ["localstack", "ministack"])
def test_docker_compose_takes_the_file(profile: str) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed (Debian: apt install docker-compose)")

    done = subprocess.run(
        ["docker-compose", "--profile", profile, "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("dockerfile", _DOCKERFILES)
def test_an_image_is_built_in_stages_and_runs_without_root(dockerfile: str) -> None:
    lines = (ROOT / dockerfile).read_text("utf-8").splitlines()

    stages = [line for line in lines if line.startswith("FROM ")]
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert len(stages) > 1
    assert not [stage for stage in stages if stage.endswith(":latest")]
    assert users == ["10001"]


@pytest.mark.parametrize("dockerfile", _DOCKERFILES)
def test_the_images_are_installed_by_the_uv_of_the_makefile(dockerfile: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    [wanted] = re.findall(r"^UV_VERSION := (\S+)$", makefile, re.MULTILINE)

    assert re.findall(r"uv==(\S+)", (ROOT / dockerfile).read_text("utf-8")) == [wanted]


def test_hadolint_is_content() -> None:
    hadolint = BIN / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint is not installed: `uv sync --all-groups`")

    done = subprocess.run(
        [hadolint, *_DOCKERFILES], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
