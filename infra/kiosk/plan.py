"""What a kiosk consists of, as files: no command has to be run to know it."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from infra.kiosk.browser import browser_command, policy
from infra.private import FILE_MODE

SETTINGS_FILE = "/etc/smartscale/kiosk.env"
SECRETS_FILE = "/etc/smartscale/secrets.env"
STATE = "/var/lib/smartscale"
USERS = ("smartscale-screen", "smartscale")
SYSUSERS = "/etc/sysusers.d/smartscale.conf"
UNITS = "/etc/systemd/system"
COMPOSITOR = "/usr/bin/cage"
X_SERVER = "/usr/bin/Xwayland"
"""The compositor of Debian 12 does not begin without it, though nothing uses it."""
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser")
"""Debian's, and that of a Raspberry Pi OS before 13."""
_POLICY_FOLDERS = {
    BROWSERS[0]: ("/etc/chromium",),
    BROWSERS[1]: ("/etc/chromium", "/etc/chromium-browser"),
}
_STARTED = {
    "smartscale.service": "multi-user.target",
    "smartscale-first-start.service": "multi-user.target",
    "smartscale-screen.service": "graphical.target",
}
"""The units, and what starts them."""
_MASKED = ("sleep", "suspend", "hibernate", "hybrid-sleep", "suspend-then-hibernate")


@dataclass(frozen=True)
class Machine:
    """What the files depend on."""

    code: str
    """Where SmartScale is, with its environment in `.venv`."""
    browser: str
    url: str
    """Where the kiosk answers on this machine."""
    authority: bytes | None
    """Who signed its certificate: DER, base64; None by http, and in an image."""
    compositor: str = COMPOSITOR
    is_certified: bool = True
    """Whether the kiosk is served with a certificate of the shop's own."""
    has_api: bool = True
    """Whether the API runs on it too, rather than elsewhere (SMARTSCALE_API_URL)."""


@dataclass(frozen=True)
class File:
    """A file, by its text."""

    path: str
    text: str
    mode: int = 0o644
    is_kept: bool = False
    """Whether it is the shop's: written once, never changed, and not taken away."""


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    path: str
    to: str


def plan(machine: Machine) -> list[File | Link]:
    """All files and links of a kiosk, in the order in which they are written."""
    return [
        File(SETTINGS_FILE, _text("kiosk.env", machine), FILE_MODE, is_kept=True),
        File(SYSUSERS, _text("sysusers.conf", machine)),
        File("/etc/pam.d/smartscale-screen", _text("pam", machine)),
        File("/etc/udev/rules.d/70-smartscale.rules", _text("udev.rules", machine)),
        File("/etc/systemd/logind.conf.d/smartscale.conf", _text("logind.conf", machine)),
        *(
            File(
                f"{folder}/policies/managed/smartscale.json", policy(machine.url, machine.authority)
            )
            for folder in _POLICY_FOLDERS[machine.browser]
        ),
        *_units(machine),
    ]


def _units(machine: Machine) -> Iterator[File | Link]:
    for unit, target in _STARTED.items():
        yield File(f"{UNITS}/{unit}", _text(unit, machine))
        yield Link(f"{UNITS}/{target}.wants/{unit}", f"{UNITS}/{unit}")
    # In the place of a desktop's login, if there is one.
    yield Link(f"{UNITS}/display-manager.service", f"{UNITS}/smartscale-screen.service")
    yield Link(f"{UNITS}/default.target", "/lib/systemd/system/graphical.target")
    for target in _MASKED:
        yield Link(f"{UNITS}/{target}.target", "/dev/null")


def _text(name: str, machine: Machine) -> str:
    python = f"{machine.code}/.venv/bin/python"
    screen = browser_command(machine.browser, machine.url)
    whole = [f"{machine.code}/.venv/bin/smartscale", "run"]
    commands = {
        "smartscale.service": whole if machine.has_api else [python, "-u", "-m", "frontend"],
        "smartscale-screen.service": [machine.compositor, "-d", "--", *screen],
    }
    template = files("infra.kiosk").joinpath("files", name).read_text(encoding="utf-8")
    return Template(template).substitute(
        code=machine.code,
        python=python,
        url=machine.url,
        alone="" if machine.has_api else _alone(machine),
        command=shlex.join(commands.get(name, [])).replace("%", "%%"),
    )


def _alone(machine: Machine) -> str:
    """What the service of a kiosk without an API has to be told, which else the run tells it."""
    lines = [f"Environment=NICEGUI_STORAGE_PATH={STATE}/kiosk"]
    if machine.is_certified:
        made = f"{STATE}/certificate"
        lines += [
            f"Environment=SMARTSCALE_CERTIFICATE={made}/kiosk.pem",
            f"Environment=SMARTSCALE_CERTIFICATE_AUTHORITY={made}/authority.crt",
            f"ExecStartPre={machine.code}/.venv/bin/smartscale certificate",
        ]
    return "".join(f"{line}\n" for line in lines)
