"""The certificate of the shop's own."""

import shutil
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra import certificate
from infra.certificate import (
    AUTHORITY_LASTS,
    LASTS,
    RENEWED_BEFORE_END,
    certificate_in,
    names_of_machine,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NAMES = ("localhost", "127.0.0.1", "kiosk-1", "kiosk-1.local", "192.168.3.7")


def test_what_is_made_is_taken_by_a_browser_that_trusts_the_authority(tmp_path: Path) -> None:
    names = (*NAMES, "scale.shop.example", "203.0.113.7", "::1")
    made = certificate_in(tmp_path / "c", names)

    assert set(made.names) == set(names)
    assert made.left_out == ()
    for name in ("kiosk-1.local", "scale.shop.example", "192.168.3.7", "203.0.113.7"):
        assert _handshake(made.file, made.authority, name) is None


def test_another_name_is_refused_by_a_browser(tmp_path: Path) -> None:
    made = certificate_in(tmp_path / "c", NAMES)

    assert "not valid for 'bank.example'" in (
        _handshake(made.file, made.authority, "bank.example") or ""
    )


def test_the_authority_cannot_sign_for_anybody_elses_names(tmp_path: Path) -> None:
    """Whoever stole it: the certificate is made as the thief would make it, past our own check."""
    made = certificate_in(tmp_path / "c", NAMES)
    authority = certificate._read(made.file.with_name("authority.pem"))
    assert authority is not None
    made.file.write_text(certificate._make_leaf(authority, ["bank.example"], datetime.now(UTC)).pem)

    assert "permitted subtree violation" in (
        _handshake(made.file, made.authority, "bank.example") or ""
    )


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    certificate_in(folder, NAMES)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_second_look_changes_nothing(tmp_path: Path) -> None:
    first = certificate_in(tmp_path, NAMES, NOW)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    second = certificate_in(tmp_path, NAMES[1:], NOW + timedelta(days=200))

    assert (first.is_new, first.authority_is_new) == (True, True)
    assert (second.is_new, second.authority_is_new) == (False, False)
    assert list(second.news()) == []
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_it_is_renewed_before_it_ends_and_devices_trust_it_still(tmp_path: Path) -> None:
    first = certificate_in(tmp_path, NAMES, NOW)
    renewed = certificate_in(tmp_path, NAMES, NOW + LASTS - RENEWED_BEFORE_END)

    assert renewed.is_new
    assert not renewed.authority_is_new
    assert renewed.ends > first.ends
    assert renewed.fingerprint == first.fingerprint


def test_a_new_address_gets_a_new_certificate(tmp_path: Path) -> None:
    certificate_in(tmp_path, NAMES, NOW)
    made = certificate_in(tmp_path, (*NAMES, "10.1.2.3"), NOW)

    assert made.is_new
    assert "10.1.2.3" in made.names


def test_a_name_that_the_authority_may_not_sign_for_is_left_out_and_said(tmp_path: Path) -> None:
    certificate_in(tmp_path, NAMES, NOW)
    made = certificate_in(tmp_path, (*NAMES, "scale.shop.example"), NOW)

    assert made.left_out == ("scale.shop.example",)
    assert "--new-authority" in list(made.news())[-1]
    anew = certificate_in(tmp_path, (*NAMES, "scale.shop.example"), NOW, new_authority=True)
    assert anew.left_out == ()
    assert anew.fingerprint != made.fingerprint


def test_the_authority_is_made_anew_only_when_it_has_ended(tmp_path: Path) -> None:
    first = certificate_in(tmp_path, NAMES, NOW)
    before = certificate_in(tmp_path, NAMES, NOW + AUTHORITY_LASTS - timedelta(days=1))
    after = certificate_in(tmp_path, NAMES, NOW + AUTHORITY_LASTS)

    assert before.ends <= NOW + AUTHORITY_LASTS
    assert before.fingerprint == first.fingerprint
    assert after.authority_is_new


@pytest.mark.parametrize("name", ["authority.pem", "kiosk.pem", "authority.crt"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, name: str) -> None:
    certificate_in(tmp_path, NAMES)
    (tmp_path / name).write_text("-----BEGIN CERTIFICATE-----\nhalf")
    made = certificate_in(tmp_path, NAMES)

    assert _handshake(made.file, made.authority, "kiosk-1.local") is None


def test_the_machine_is_found_by_its_names_and_those_given() -> None:
    names = names_of_machine(["Scale.Shop.example", "*"])

    assert {"localhost", "127.0.0.1", "::1", "scale.shop.example"} <= set(names)
    assert any(name.endswith(".local") for name in names)
    assert "*" not in names


def test_openssl_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on the path")
    made = certificate_in(tmp_path, NAMES)
    found = subprocess.run(
        [
            openssl,
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-CAfile",
            made.authority,
            made.file,
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.stdout.strip() == f"{made.file}: OK", found.stderr


def _handshake(served: Path, trusted: Path, name: str) -> str | None:
    """Why a browser that trusts the authority refuses the certificate by that name, if it does."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(served)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_context = ssl.create_default_context(cafile=trusted)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for one in (client, server, client):
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            return str(error)
    return None
