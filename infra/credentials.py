"""Credentials for emulators: the embedded run's own secret, kept in its home folder.

Only who can read that file may use the embedded emulator (`infra/emulated_cloud.py`); others, such
as LocalStack, take anything.
"""

import configparser
import secrets
from pathlib import Path

from infra.private import write_private
from infra.settings import Settings

ANY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""What emulators that ask for nothing are given; these are the ones their users know."""
_PROFILE = "default"


def credentials_file(home: Path) -> Path:
    """Where a run's credentials are, as the AWS SDKs read them (AWS_SHARED_CREDENTIALS_FILE)."""
    return home / "credentials"


def new_credentials(account: str) -> dict[str, str]:
    """The credentials of a run. Its functions sign with the same secret, as the account itself."""
    return {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(32)}


def keep(home: Path, credentials: dict[str, str]) -> None:
    """Write a run's credentials where its user finds them, and nobody else."""
    lines = [f"[{_PROFILE}]", *(f"{name.lower()} = {value}" for name, value in credentials.items())]
    write_private(credentials_file(home), "\n".join(lines) + "\n")


def credentials_of(settings: Settings) -> dict[str, str]:
    """What to sign with at the emulator that the settings name."""
    if not settings.is_embedded:
        return ANY
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(credentials_file(settings.home), encoding="utf-8")
        return {name: parser[_PROFILE][name.lower()] for name in ANY}
    except (KeyError, OSError, configparser.Error):
        return ANY  # there was no run yet: the emulator's answer says what to do
