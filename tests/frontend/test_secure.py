"""The certificate that the kiosk is served with."""

import os
from pathlib import Path

import pytest

from frontend.__main__ import main
from frontend.secure import Served
from infra.certificate import certificate_in


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A key and its certificate."""
    return certificate_in(tmp_path / "certificate", ["localhost"]).file


def _renew(file: Path, text: str) -> None:
    later = file.stat().st_mtime_ns + 1_000_000
    file.write_text(text)
    os.utime(file, ns=(later, later))


def test_a_renewed_one_is_served_without_a_restart(file: Path, tmp_path: Path) -> None:
    served = Served(file)
    context = served.context()
    assert not served.renew()

    _renew(file, certificate_in(tmp_path / "another", ["localhost"]).file.read_text())

    assert served.renew()
    assert served.context() is context
    assert not served.renew()


def test_half_of_one_leaves_the_old_one_in_use_and_is_tried_again(file: Path) -> None:
    whole = file.read_text()
    served = Served(file)

    _renew(file, whole[:200])
    assert not served.renew()
    _renew(file, whole)
    assert served.renew()


def test_key_and_certificate_may_be_two_files(file: Path, tmp_path: Path) -> None:
    key, _, certificate = file.read_text().partition("-----BEGIN CERTIFICATE-----")
    (tmp_path / "privkey.pem").write_text(key)
    (tmp_path / "fullchain.pem").write_text(f"-----BEGIN CERTIFICATE-----{certificate}")

    Served(tmp_path / "fullchain.pem", tmp_path / "privkey.pem")

    with pytest.raises(ValueError, match="is no certificate with its key"):
        Served(tmp_path / "fullchain.pem")


def test_what_is_no_certificate_ends_the_kiosk_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("milk, eggs")
    for name, given in (
        ("SMARTSCALE_CERTIFICATE_KEY", tmp_path / "notes.txt"),
        ("SMARTSCALE_CERTIFICATE", tmp_path / "notes.txt"),
        ("SMARTSCALE_CERTIFICATE", tmp_path / "nowhere.pem"),
    ):
        monkeypatch.setenv(name, str(given))

        with pytest.raises(SystemExit) as ended:
            main()

        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert said.startswith(name)
        assert said.count("\n") == 1
