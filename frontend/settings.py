"""What the operator can set for the kiosk, read once from the environment."""

import re
from datetime import UTC
from pathlib import Path
from typing import Literal

from pydantic import (
    AliasChoices,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from frontend.access.pins import Role, check_pin
from frontend.devices.cameras import BROWSER
from frontend.devices.scales.setting import SIMULATED, read_wire
from frontend.labels.desk import Printing
from frontend.labels.printer import NO_PRINTER, printer_of
from frontend.labels.profiles import PROFILES
from frontend.labels.shop import Shop, check_line, read_logo
from frontend.offline.availability import LOOK_PAID_S, LOOK_S
from frontend.secure import Served
from frontend.weighing.containers import GIVEN_OUT, read_containers
from frontend.words.languages import load_languages
from smartscale.contract.time_zone import TimeZone

SAMPLE_DATA = Path(__file__).resolve().parents[1] / "sample_data"
DEMO_TOKEN = "changeme"  # noqa: S105 - the API refuses it outside the demo
DEMO_PINS = {Role.ATTENDANT: "1234", Role.MANAGER: "9876"}
"""The demo's PINs: valid only while no PIN is set and the admin token is the demo's too."""
VIEWS = ("contrast", "large", "low", "spoken")
"""High contrast, large text, controls within low reach, and prices that are spoken."""
_SCALE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Settings(BaseSettings):
    """The kiosk's settings; the names are the environment's."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", frozen=True)

    api_url: HttpUrl = Field(default=HttpUrl("http://127.0.0.1:8000"), alias="SMARTSCALE_API_URL")
    api_key: SecretStr | None = Field(default=None, alias="SMARTSCALE_API_KEY")
    """The kiosk's key for an API that wants one, as on AWS."""
    look_s: float | None = Field(default=None, gt=0, alias="SMARTSCALE_LOOK_S")
    """How often the API is asked for new prices and lessons while nobody weighs; without it every
    15 seconds, or every hour where it wants a key, since each request is paid for there."""
    kiosk_secret: SecretStr | None = Field(default=None, alias="SMARTSCALE_KIOSK_SECRET")
    """What API and kiosks share: with it a kiosk proves what it asks for staff."""
    port: int = Field(default=8501, ge=1, le=65535, alias="SMARTSCALE_UI_PORT")
    host: str = Field(
        default="127.0.0.1",
        validation_alias=AliasChoices("SMARTSCALE_UI_HOST", "SMARTSCALE_HOST"),
    )
    """The kiosk's own address, else the one that API and kiosk share in the embedded run."""
    allowed_hosts: str = Field(default="", alias="SMARTSCALE_ALLOWED_HOSTS")
    """Further host names of this kiosk, separated by spaces; `*` accepts any name."""
    certificate: Path | None = Field(default=None, alias="SMARTSCALE_CERTIFICATE")
    """A certificate, PEM: with one the kiosk is served by https."""
    certificate_key: Path | None = Field(default=None, alias="SMARTSCALE_CERTIFICATE_KEY")
    """Its key, where that is not in the same file."""
    authority: Path | None = Field(default=None, alias="SMARTSCALE_CERTIFICATE_AUTHORITY")
    """The certificate of who has signed it, which phones fetch here to trust the kiosk."""
    scale_id: str = Field(default="kiosk-1", alias="SMARTSCALE_SCALE_ID")
    language: str = Field(default="en", alias="SMARTSCALE_LANGUAGE")
    time_zone: TimeZone = Field(default=UTC, alias="SMARTSCALE_TIME_ZONE")
    """The shop's: the API has to be told the same."""
    samples: Path = Field(default=SAMPLE_DATA, alias="SMARTSCALE_SAMPLES")
    """A folder with `manifest.json`: the sample pictures. Without it there are none."""
    patience_s: float = Field(default=30.0, gt=0, alias="SMARTSCALE_UI_PATIENCE_S")
    """How long a shopper waits for an answer before the kiosk offers to try again."""

    idle_s: float = Field(default=180.0, gt=0, alias="SMARTSCALE_ADMIN_IDLE_S")
    """After how long without a tap staff are logged out."""

    staff_entry: Literal["shown", "hidden"] = Field(default="shown", alias="SMARTSCALE_STAFF_ENTRY")
    """Whether shoppers see the way to the staff's pages. A hidden one opens when the logo is held
    for three seconds, or by Ctrl+Alt+S."""

    attendant_pin: SecretStr | None = Field(default=None, alias="SMARTSCALE_ATTENDANT_PIN")
    manager_pin: SecretStr | None = Field(default=None, alias="SMARTSCALE_MANAGER_PIN")
    """What staff log in with: a PIN, or the hash of one."""
    admin_token: SecretStr = Field(default=SecretStr(DEMO_TOKEN), alias="ADMIN_TOKEN")
    """What the kiosk shows to the API for a manager; it never goes to a browser."""

    @property
    def looks_every_s(self) -> float:
        """The seconds between two looks at the API while nobody weighs."""
        if self.look_s is not None:
            return self.look_s
        return LOOK_S if self.api_key is None else LOOK_PAID_S

    @property
    def pins(self) -> dict[Role, str]:
        """What staff log in with; nothing where nothing was chosen outside the demo."""
        if self.has_demo_pins:
            return DEMO_PINS
        chosen = {Role.ATTENDANT: self.attendant_pin, Role.MANAGER: self.manager_pin}
        return {role: pin.get_secret_value() for role, pin in chosen.items() if pin is not None}

    @property
    def has_demo_pins(self) -> bool:
        """Whether everybody knows the PINs.

        This is never so once the operator has chosen an admin token, because a PIN that everybody
        knows would then open what the token protects.
        """
        demo = self.admin_token.get_secret_value() == DEMO_TOKEN
        return demo and self.attendant_pin is None and self.manager_pin is None

    @field_validator("attendant_pin", "manager_pin", mode="before")
    @classmethod
    def _is_a_pin(cls, pin: str | SecretStr | None) -> str | None:
        kept = pin.get_secret_value() if isinstance(pin, SecretStr) else pin
        return check_pin(kept) if kept else None

    @model_validator(mode="after")
    def _tells_roles_apart(self) -> "Settings":
        attendant, manager = self.attendant_pin, self.manager_pin
        if attendant is not None and attendant == manager:
            raise ValueError(
                "SMARTSCALE_ATTENDANT_PIN and SMARTSCALE_MANAGER_PIN must be two different ones"
            )
        return self

    scale: str = Field(default=SIMULATED, alias="SMARTSCALE_SCALE")
    """The scale as a URL: `simulated://`, or a wire and its protocol (docs/devices.md)."""

    printer: str = Field(default=NO_PRINTER, alias="SMARTSCALE_PRINTER")
    """The label printer as a URL: `network://host`, `file:///dev/usb/lp0`, `dummy:`, or none."""
    printing: Printing = Field(default=Printing.NEVER, alias="SMARTSCALE_PRINTING")
    """When a label is printed without a tap: `always`, when `sure`, or `never`."""
    label_profile: str = Field(default="de", alias="SMARTSCALE_LABEL_PROFILE")
    """The country whose rules the labels' barcodes follow; a key of `PROFILES`."""
    receipt_url: HttpUrl | None = Field(default=None, alias="SMARTSCALE_RECEIPT_URL")
    """Where phones reach this kiosk; without one their code holds the receipt itself."""
    home: Path = Field(default=Path(".smartscale"), alias="SMARTSCALE_HOME")
    """The folder below which the kiosk keeps what has to outlive a power cut, in `kiosk/`."""

    shop_name: str = Field(default="", alias="SMARTSCALE_SHOP_NAME")
    shop_address: str = Field(default="", alias="SMARTSCALE_SHOP_ADDRESS")
    """What stands on screen, label and receipt, each on one line; nothing where it is empty."""
    shop_logo: Path | None = Field(default=None, alias="SMARTSCALE_SHOP_LOGO")
    """A PNG, JPEG or WebP file of at most 1 MB; without one the screen has the kiosk's own logo."""

    @property
    def shop(self) -> Shop:
        """Whose kiosk it is."""
        logo = None if self.shop_logo is None else read_logo(self.shop_logo)
        return Shop(self.shop_name, self.shop_address, logo)

    @field_validator("shop_name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return check_line(name, 60)

    @field_validator("shop_address")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        return check_line(address, 120)

    @field_validator("shop_logo", mode="before")
    @classmethod
    def _may_have_no_logo(cls, file: object) -> object:
        return file or None

    @field_validator("shop_logo")
    @classmethod
    def _is_a_logo(cls, file: Path | None) -> Path | None:
        if file is not None:
            read_logo(file)
        return file

    @field_validator("printer")
    @classmethod
    def _is_a_printer(cls, printer: str) -> str:
        printer_of(printer)
        return printer

    @field_validator("label_profile")
    @classmethod
    def _is_a_profile(cls, profile: str) -> str:
        if profile not in PROFILES:
            raise ValueError(f"use one of {', '.join(sorted(PROFILES))}")
        return profile

    @field_validator("receipt_url", "certificate", "certificate_key", "authority", mode="before")
    @classmethod
    def _may_be_empty(cls, given: object) -> object:
        return given or None

    @model_validator(mode="after")
    def _is_a_certificate(self) -> "Settings":
        if self.certificate is not None:
            try:
                Served(self.certificate, self.certificate_key)
            except ValueError as error:
                raise ValueError(f"SMARTSCALE_CERTIFICATE: {error}") from error
        elif self.certificate_key is not None:
            raise ValueError("SMARTSCALE_CERTIFICATE_KEY needs its SMARTSCALE_CERTIFICATE")
        return self

    camera: str = Field(default=BROWSER, alias="SMARTSCALE_CAMERA")
    """`browser`; or this machine's camera as OpenCV opens it: `/dev/video0`, or a stream's URL."""
    containers: str = Field(default=GIVEN_OUT, alias="SMARTSCALE_CONTAINERS")
    """The containers whose tare a tap takes off: `Paper bag=0.006; Box=0.060`, in kg."""
    view: str = Field(default="", alias="SMARTSCALE_VIEW")
    """How the kiosk looks before a shopper changes it: words of `VIEWS`."""
    away_s: float = Field(default=60.0, gt=0, alias="SMARTSCALE_UI_IDLE_S")
    """After how long with an empty scale and no tap the next shopper finds everything as it was."""

    @field_validator("camera")
    @classmethod
    def _is_a_camera(cls, camera: str) -> str:
        if not camera.strip():
            raise ValueError(f"use {BROWSER}, a device such as /dev/video0, or a stream's URL")
        return camera

    @field_validator("containers")
    @classmethod
    def _are_containers(cls, containers: str) -> str:
        read_containers(containers)
        return containers

    @field_validator("view")
    @classmethod
    def _is_a_view(cls, view: str) -> str:
        if not set(view.split()) <= set(VIEWS):
            raise ValueError(f"use words out of {', '.join(VIEWS)}")
        return view

    @field_validator("scale")
    @classmethod
    def _is_a_scale(cls, scale: str) -> str:
        read_wire(scale)
        return scale

    @field_validator("scale_id")
    @classmethod
    def _is_an_id(cls, scale_id: str) -> str:
        if not _SCALE_ID.fullmatch(scale_id):
            raise ValueError("use 1 to 64 letters, digits, dots, dashes or underscores")
        return scale_id

    @field_validator("language")
    @classmethod
    def _is_spoken(cls, language: str) -> str:
        spoken = load_languages()
        if language not in spoken:
            raise ValueError(f"use one of {', '.join(sorted(spoken))}")
        return language

    @field_validator("samples")
    @classmethod
    def _is_there(cls, samples: Path) -> Path:
        if not samples.is_dir():
            raise ValueError("use a folder that exists, with manifest.json and its pictures")
        return samples


def what_is_wrong(error: ValidationError) -> str:
    """One plain line about the first setting that is not right."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    why = first.get("ctx", {}).get("error") or first["msg"]
    if not name:
        return str(why)
    # A PIN or token that is not right may be nearly right: it is not repeated.
    secret = name.endswith(("_PIN", "_TOKEN"))
    return f"{name}: {why}" if secret else f"{name}: {why} (got {first['input']!r})"
