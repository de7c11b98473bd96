"""A machine becomes a kiosk, and is none again."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

import infra.commands.kiosk as command
from infra.certificate import certificate_in
from infra.cli import app, main
from infra.errors import PlainError
from infra.kiosk.install import Installed
from infra.kiosk.plan import BROWSERS, COMPOSITOR, Machine, plan
from infra.settings import ROOT

MACHINE = Machine(
    code="/opt/smartscale",
    browser=BROWSERS[0],
    url="https://localhost:8501/",
    authority=b"MIIB",
)
UNITS = "etc/systemd/system"


def _tree(root: Path) -> dict[str, str]:
    """What is below a root: files by text and mode, links by where they lead."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = f"{stat.S_IMODE(path.stat().st_mode):o} {path.read_text()}"
        else:
            found[name] = "folder"
    return found


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """The root of a Debian 12 with a desktop, on which everything is installed."""
    for path in (
        *("usr/lib/systemd/systemd", "usr/lib/x86_64-linux-gnu/security/pam_systemd.so"),
        *("usr/bin/chromium", "usr/bin/cage", "usr/bin/Xwayland"),
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / UNITS).mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text(
        'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
    )
    (tmp_path / UNITS / "display-manager.service").symlink_to("/lib/systemd/system/lightdm.service")
    return tmp_path


def test_installing_twice_changes_nothing_and_uninstalling_leaves_what_was_before(
    debian: Path,
) -> None:
    before = _tree(debian)

    written = Installed(debian).write(plan(MACHINE))
    after = _tree(debian)
    assert {path.lstrip("/") for path in written} <= set(after)
    assert Installed(debian).write(plan(MACHINE)) == []
    assert _tree(debian) == after
    assert after[f"{UNITS}/display-manager.service"].endswith("smartscale-screen.service")

    Installed(debian).remove()
    left = {name: what for name, what in _tree(debian).items() if name not in before}
    assert set(left) == {"etc/smartscale", "etc/smartscale/kiosk.env"}
    assert {name: what for name, what in _tree(debian).items() if name in before} == before


def test_the_shops_settings_are_written_once_for_root_alone_and_kept(debian: Path) -> None:
    Installed(debian).write(plan(MACHINE))
    settings = debian / "etc/smartscale/kiosk.env"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    settings.write_text("SMARTSCALE_SCALE_ID=till-3\n")

    Installed(debian).write(plan(MACHINE))
    Installed(debian).remove()

    assert settings.read_text() == "SMARTSCALE_SCALE_ID=till-3\n"


def test_what_another_version_wrote_goes_when_it_is_wanted_no_longer(debian: Path) -> None:
    wanted = plan(MACHINE)
    Installed(debian).write(wanted)

    changed = Installed(debian).write([one for one in wanted if "logind" not in one.path])

    assert changed == ["/etc/systemd/logind.conf.d/smartscale.conf"]
    assert not (debian / "etc/systemd/logind.conf.d/smartscale.conf").exists()


def test_a_file_where_a_link_belongs_is_left_and_named(debian: Path) -> None:
    (debian / UNITS / "sleep.target").write_text("[Unit]\n")

    with pytest.raises(
        PlainError, match=r"/etc/systemd/system/sleep\.target is a file of somebody"
    ):
        Installed(debian).write(plan(MACHINE))


def test_the_browser_is_bound_to_the_kiosk_and_gives_it_the_camera(debian: Path) -> None:
    Installed(debian).write(plan(MACHINE))
    policy = json.loads((debian / "etc/chromium/policies/managed/smartscale.json").read_text())

    assert policy["VideoCaptureAllowedUrls"] == ["https://localhost:8501"]
    assert policy["URLAllowlist"] == ["https://localhost:8501"]
    assert policy["URLBlocklist"] == ["*"]
    assert policy["CACertificates"] == ["MIIB"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('PRETTY_NAME="Ubuntu 24.04"\nID=ubuntu\nVERSION_ID="24.04"\n', "This is Ubuntu 24.04: "),
        ('PRETTY_NAME="Debian 11"\nID=debian\nVERSION_ID="11"\n', "This is Debian 11: "),
    ],
)
def test_another_system_is_refused_in_a_sentence(debian: Path, text: str, sentence: str) -> None:
    (debian / "etc/os-release").write_text(text)

    with pytest.raises(PlainError, match=sentence):
        command._check_system(Installed(debian), may_lack=False)


def test_what_is_missing_is_named_with_what_brings_it(debian: Path) -> None:
    (debian / "usr/bin/chromium").unlink()
    (debian / COMPOSITOR.lstrip("/")).unlink()

    with pytest.raises(
        PlainError, match=r"^There is no chromium, no cage here: apt install chromium"
    ):
        command._check_system(Installed(debian), may_lack=False)


def test_a_raspberry_pis_browser_is_found_and_bound(debian: Path) -> None:
    (debian / "usr/bin/chromium").rename(debian / "usr/bin/chromium-browser")

    browser = command._check_system(Installed(debian), may_lack=False)

    assert browser == BROWSERS[1]
    paths = [one.path for one in plan(Machine("/opt/smartscale", browser, MACHINE.url, None))]
    assert "/etc/chromium-browser/policies/managed/smartscale.json" in paths


def test_whoever_is_not_root_is_told_so(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for what in ("install", "uninstall"):
        monkeypatch.setattr("sys.argv", ["smartscale", "kiosk", what, "--root", str(debian)])

        with pytest.raises(SystemExit) as ended:
            main()

        assert ended.value.code == 1
        assert capsys.readouterr().err.startswith("Error: Only root may do that: sudo ")
    assert not (debian / "etc/smartscale").exists()


def test_a_dry_run_shows_everything_and_writes_nothing(
    debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    before = _tree(debian)

    shown = CliRunner().invoke(app, ["kiosk", "install", "--print", "--root", str(debian)])

    assert shown.exit_code == 0, shown.output
    assert _tree(debian) == before
    for one in plan(MACHINE):
        assert f"# {one.path} " in shown.output


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("SMARTSCALE_UI_PORT=eighty", "kiosk.env: SMARTSCALE_UI_PORT: "),
        ("SMARTSCALE_HOME=/srv", "leave SMARTSCALE_HOME out, it is /var/lib/smartscale"),
        ("CURRENCY=Taler", "kiosk.env: CURRENCY"),
    ],
)
def test_a_setting_that_is_not_right_is_named(debian: Path, line: str, sentence: str) -> None:
    settings = debian / "etc/smartscale/kiosk.env"
    settings.parent.mkdir()
    settings.write_text(f"{line}\n")

    with pytest.raises(PlainError, match=sentence):
        command._check_settings(Installed(debian))


def test_who_installs_has_no_part_in_the_settings(
    debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTSCALE_UI_PORT", "9999")

    machine = command._machine(Installed(debian), "/opt/smartscale", BROWSERS[0], None)

    assert machine.url == "https://localhost:8501/"


def test_a_home_folder_is_no_place_for_what_a_service_runs() -> None:
    with pytest.raises(PlainError, match="which its service may not see: move it to /opt"):
        command._check_code(Path("/home/pi/smartscale"))


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """All that they name has to be there: so this checkout stands for the installed one."""
    verify = shutil.which("systemd-analyze")
    browser = next((one for one in BROWSERS if Path(one).exists()), None)
    if verify is None or browser is None:
        pytest.skip("no systemd-analyze or no chromium here (apt install systemd chromium)")
    compositor = COMPOSITOR if Path(COMPOSITOR).exists() else "/bin/true"
    machine = Machine(str(ROOT), browser, MACHINE.url, None, compositor)
    Installed(tmp_path).write(plan(machine))
    units = sorted((tmp_path / UNITS).glob("smartscale*.service"))
    assert len(units) == 3

    found = subprocess.run(
        [verify, "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )

    ours = [line for line in found.stderr.splitlines() if "smartscale" in line]
    assert ours == []


def test_systemd_finds_the_services_confined(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd-analyze here (apt install systemd)")
    Installed(tmp_path).write(plan(MACHINE))
    for unit, most in (("smartscale", 25), ("smartscale-screen", 50)):
        found = subprocess.run(
            [
                *(verify, "security", "--offline=yes", "--no-pager", f"--threshold={most}"),
                tmp_path / UNITS / f"{unit}.service",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, found.stdout[-200:]


def test_the_certificates_authority_is_what_the_browser_is_told_to_trust(debian: Path) -> None:
    installed = Installed(debian)
    assert command._authority(installed) is None

    made = certificate_in(debian / "var/lib/smartscale/certificate", ["localhost"])

    told = command._authority(installed)
    assert told is not None
    assert told.decode() in "".join(made.authority.read_text().splitlines())


def test_what_is_given_to_a_user_is_given_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an uninstalled kiosk has left is root's: the next one has to read all of it."""
    inner = tmp_path / "cloud" / "s3"
    inner.mkdir(parents=True)
    (inner / "picture").touch()
    given: list[Path] = []
    monkeypatch.setattr(os, "chown", lambda path, *_, **__: given.append(path))

    command._give(tmp_path, 900, 900)

    assert set(given) == {tmp_path, inner.parent, inner, inner / "picture"}


def test_a_kiosk_whose_api_is_elsewhere_is_the_kiosk_alone(debian: Path) -> None:
    settings = debian / "etc/smartscale/kiosk.env"
    settings.parent.mkdir()
    settings.write_text("SMARTSCALE_API_URL=https://api.example\nSMARTSCALE_HTTPS=true\n")
    installed = Installed(debian)

    installed.write(plan(command._machine(installed, "/opt/smartscale", BROWSERS[0], None)))

    unit = (debian / UNITS / "smartscale.service").read_text()
    assert "ExecStart=/opt/smartscale/.venv/bin/python -u -m frontend\n" in unit
    assert "ExecStartPre=/opt/smartscale/.venv/bin/smartscale certificate\n" in unit
    assert "SMARTSCALE_CERTIFICATE=/var/lib/smartscale/certificate/kiosk.pem\n" in unit
