"""`smartscale kiosk install` and `uninstall`: a Debian or Raspberry Pi OS machine as a kiosk."""

import base64
import os
import platform
import pwd
import secrets
import shutil
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from infra.certificate import certificate_in, names_of_machine
from infra.errors import PlainError
from infra.kiosk.install import Installed
from infra.kiosk.plan import (
    BROWSERS,
    COMPOSITOR,
    SECRETS_FILE,
    SETTINGS_FILE,
    STATE,
    SYSUSERS,
    UNITS,
    USERS,
    X_SERVER,
    File,
    Link,
    Machine,
    plan,
)
from infra.private import FOLDER_MODE, write_private
from infra.settings import ROOT, Settings

app = typer.Typer(
    name="kiosk", no_args_is_help=True, help="Make this machine a kiosk, or no longer one."
)

_CODE = "/opt/smartscale"
_OLDEST = 12
_SYSTEMS = {"debian": "Debian", "raspbian": "Raspberry Pi OS"}
_HIDDEN_FROM_SERVICES = ("/home", "/root", "/tmp", "/run")  # noqa: S108 - compared, not written
_ROOT_HELP = "Write below this folder instead of /: the root of an image or container."


@app.command()
def install(
    root: Annotated[Path, typer.Option(help=_ROOT_HELP)] = Path("/"),
    code: Annotated[
        str | None, typer.Option(help="Where SmartScale is on that machine: with --root alone.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--print", help="Write nothing; show what would be written.")
    ] = False,
) -> None:
    """Make this machine a kiosk: services, session, browser, devices, certificate."""
    root = root.absolute()
    here = root == Path("/")
    installed = Installed(root)
    where = _code(code, here=here)
    browser = _check_system(installed, may_lack=show)
    if show:
        for one in plan(_machine(installed, where, browser, None)):
            typer.echo(_shown(one))
        return
    _check_user(root, "install")
    if here:
        _check_code(Path(where))
    else:
        _check_settings(installed)

    changed = installed.write(plan(_machine(installed, where, browser, _authority(installed))))
    if SYSUSERS in changed or not _has_users(installed):
        _run("systemd-sysusers", f"--root={root}")
    if here:
        changed += _make_own(installed, where, browser)
    _tell_system(changed, here=here)
    for path in dict.fromkeys(changed):
        typer.echo(path)
    if not changed:
        typer.echo("Nothing to change: this is a kiosk already.")
        return
    typer.echo(f"\nSettings are in {SETTINGS_FILE}, PINs and admin token in {SECRETS_FILE}.")
    if here:
        typer.echo("Restart the machine: it comes up as the kiosk.")
    else:
        typer.echo("A machine makes these two, and its certificate, when it starts with the image.")


@app.command()
def uninstall(root: Annotated[Path, typer.Option(help=_ROOT_HELP)] = Path("/")) -> None:
    """Take all of that away again; the shop's data and settings stay."""
    root = root.absolute()
    here = root == Path("/")
    _check_user(root, "uninstall")
    installed = Installed(root)
    if not installed.manifest.paths:
        typer.echo("Nothing to take away: this is no kiosk.")
        return
    if here and _is_booted():
        _run("systemctl", "stop", "smartscale-screen.service", "smartscale.service")
    # The service's number may soon be another user's.
    _give(installed.at(STATE), 0, 0)
    users = _users(installed)
    for user in USERS:
        if user not in users:
            continue
        if here and _is_booted():  # its session leaves a service manager behind for a while
            _run("systemctl", "stop", f"user@{users[user]}.service")
        _run("userdel", *([] if here else ["--root", str(root)]), user)
    # Last of all, so that what failed above can be tried again.
    removed = installed.remove()
    _tell_system(removed, here=here)
    for path in removed:
        typer.echo(f"removed {path}")
    typer.echo(
        f"\nThe shop's data stay in {STATE}, its settings in {Path(SETTINGS_FILE).parent}; delete "
        "them yourself if nobody wants them any more. Restart the machine."
    )


def _code(given: str | None, *, here: bool) -> str:
    if here:
        if given is not None:
            raise PlainError("--code is for --root: here it is where this command is", 2)
        return str(ROOT)
    return given or _CODE


def _check_user(root: Path, what: str) -> None:
    if os.geteuid() != 0:
        raise PlainError(
            f"Only root may do that: sudo {Path(sys.argv[0]).absolute()} kiosk {what}"
            + ("" if root == Path("/") else f" --root {root}")
        )


def _check_system(installed: Installed, *, may_lack: bool) -> str:
    """Refuse what cannot become a kiosk; tells which browser there is."""
    release = installed.at("/etc/os-release")
    if not release.exists():
        raise PlainError(
            f"{platform.system()} is no Debian or Raspberry Pi OS: `kiosk install` knows these "
            f"from {_OLDEST} on"
            if installed.at("/") == Path("/")
            else f"There is no /etc/os-release in {installed.at('/')}: give the root of a Debian"
        )
    system = dotenv_values(release, interpolate=False)
    version = (system.get("VERSION_ID") or "0").partition(".")[0]
    if system.get("ID") not in _SYSTEMS or int(version) < _OLDEST:
        raise PlainError(
            f"This is {system.get('PRETTY_NAME', 'an unknown system')}: `kiosk install` knows "
            f"Debian and Raspberry Pi OS from {_OLDEST} on"
        )
    found = next((one for one in BROWSERS if installed.at(one).exists()), None)
    missing = [
        name
        for name, there in {
            "systemd": installed.at("/usr/lib/systemd/systemd").exists(),
            "libpam-systemd": any(installed.at("/usr/lib").glob("*/security/pam_systemd.so")),
            "chromium": found is not None,
            "cage": installed.at(COMPOSITOR).exists(),
            "xwayland": installed.at(X_SERVER).exists(),
        }.items()
        if not there
    ]
    if missing and not may_lack:
        raise PlainError(
            f"There is no {', no '.join(missing)} here: apt install {' '.join(missing)}"
        )
    return found or BROWSERS[0]


def _check_code(code: Path) -> None:
    """Refuse a place that the services cannot see or read."""
    if any(code.is_relative_to(hidden) for hidden in _HIDDEN_FROM_SERVICES):
        raise PlainError(
            f"SmartScale is in {code}, which its service may not see: move it to {_CODE}, and run "
            "`make install` there"
        )
    for folder in (code, *code.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            raise PlainError(
                f"{folder} is closed to the service's user: chmod -R o+rX {code}, and open "
                "the folders above it"
            )


class _Written(Settings):
    """The settings as files say them; the environment of whoever installs has no part in it."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _written(installed: Installed) -> dict[str, str]:
    """What the files say, by the names of the environment."""
    values: dict[str, str] = {}
    for path in (SECRETS_FILE, SETTINGS_FILE):
        file = installed.at(path)
        try:
            text = file.read_text("utf-8") if file.exists() else _default(path)
        except PermissionError as error:
            raise PlainError(f"{path} is for root to read: ask by sudo") from error
        found = dotenv_values(stream=StringIO(text), interpolate=False)
        values |= {name: value for name, value in found.items() if value is not None}
    return values


def _check_settings(installed: Installed) -> Settings:
    """The kiosk's settings, as the service will read them."""
    values = _written(installed)
    if "SMARTSCALE_HOME" in values:
        raise PlainError(f"{SETTINGS_FILE}: leave SMARTSCALE_HOME out, it is {STATE}", 2)
    try:
        return _Written(**{**values, "SMARTSCALE_HOME": STATE})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        raise PlainError(f"{SETTINGS_FILE}: {first['loc'][0]}: {first['msg']}", 2) from error
    except PlainError as error:
        raise PlainError(f"{SETTINGS_FILE}: {error}", 2) from error


def _default(path: str) -> str:
    """What a file will say that is not there yet."""
    if path != SETTINGS_FILE:
        return ""
    nowhere = Machine(code="", browser=BROWSERS[0], url="", authority=None)
    return next(one.text for one in plan(nowhere) if isinstance(one, File) and one.path == path)


def _machine(installed: Installed, code: str, browser: str, authority: bytes | None) -> Machine:
    settings = _check_settings(installed)
    scheme = "https" if settings.https or settings.certificate else "http"
    url = f"{scheme}://localhost:{settings.ui_port}/"
    return Machine(
        code=code,
        browser=browser,
        url=url,
        authority=authority,
        is_certified=settings.https and settings.certificate is None,
        has_api=not _written(installed).get("SMARTSCALE_API_URL"),
    )


def _authority(installed: Installed) -> bytes | None:
    """Who signs the kiosk's certificate, where that was made already."""
    settings = _check_settings(installed)
    file = installed.at(str(settings.certificates / "authority.crt"))
    if not settings.https or settings.certificate is not None or not file.exists():
        return None
    return base64.b64encode(
        x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)
    )


def _make_own(installed: Installed, code: str, browser: str) -> list[str]:
    """Make what this machine alone may have, which no image holds: secrets and certificate."""
    made = []
    if not Path(SECRETS_FILE).exists():
        pins = [f"{secrets.randbelow(10**6):06}" for _ in range(2)]
        while pins[0] == pins[1]:
            pins[1] = f"{secrets.randbelow(10**6):06}"
        write_private(
            Path(SECRETS_FILE),
            f"ADMIN_TOKEN={secrets.token_urlsafe(24)}\n"
            f"SMARTSCALE_ATTENDANT_PIN={pins[0]}\nSMARTSCALE_MANAGER_PIN={pins[1]}\n",
        )
        made.append(SECRETS_FILE)
    state = Path(STATE)
    if not state.exists():
        state.mkdir(mode=FOLDER_MODE)
        made.append(STATE)
    owner = pwd.getpwnam("smartscale")
    if state.stat().st_uid != owner.pw_uid:  # new, or what an uninstalled kiosk has left
        _give(state, owner.pw_uid, owner.pw_gid)
    settings = _check_settings(installed)
    if settings.https and settings.certificate is None:
        names = names_of_machine(settings.allowed_hosts.split())
        certificate = certificate_in(settings.certificates, names)
        for line in certificate.news():
            typer.echo(line, err=True)
        # The kiosk's own browser is told to trust it.
        made += installed.write(plan(_machine(installed, code, browser, _authority(installed))))
    return made


def _give(folder: Path, user: int, group: int) -> None:
    """Make everything in a folder somebody's."""
    for inner, _, names in os.walk(folder):
        for path in (Path(inner), *(Path(inner, name) for name in names)):
            os.chown(path, user, group, follow_symlinks=False)


def _users(installed: Installed) -> dict[str, str]:
    """The machine's users, and their numbers."""
    passwd = installed.at("/etc/passwd")
    lines = passwd.read_text("utf-8").splitlines() if passwd.exists() else []
    return {line.split(":")[0]: line.split(":")[2] for line in lines if line.count(":") > 1}


def _has_users(installed: Installed) -> bool:
    return set(USERS) <= set(_users(installed))


def _is_booted() -> bool:
    """Whether systemd runs this machine, rather than that this is an image or a container."""
    return Path("/run/systemd/system").is_dir()


def _tell_system(changed: list[str], *, here: bool) -> None:
    """Have what runs already take up what has changed."""
    if not (here and _is_booted()):
        return
    if any(path.startswith(UNITS) for path in changed):
        _run("systemctl", "daemon-reload")
    if Path("/run/udev/control").exists() and any("/udev/" in path for path in changed):
        _run("udevadm", "control", "--reload")
        _run("udevadm", "trigger", "--subsystem-match=tty", "--subsystem-match=usbmisc")


def _run(*command: str) -> None:
    found = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise PlainError(f"There is no {command[0]} here: it belongs to a Debian system")
    done = subprocess.run(  # noqa: S603 - our own arguments
        [found, *command[1:]], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PlainError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")


def _shown(one: File | Link) -> str:
    if isinstance(one, Link):
        return f"# {one.path} -> {one.to}\n"
    kept = ", where there is none" if one.is_kept else ""
    return f"# {one.path} ({one.mode:o}{kept})\n{one.text}"
