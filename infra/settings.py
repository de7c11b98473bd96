"""What the operator can set, read once from the environment."""

import re
import ssl
from datetime import UTC
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.errors import PlainError
from smartscale.contract.time_zone import TimeZone
from smartscale.domain.errors import InvalidInput
from smartscale.domain.money import check_currency
from smartscale.settings import DEFAULT_ADMIN_TOKEN

ROOT = Path(__file__).resolve().parents[1]
"""The repository: where `template.yaml`, `functions/` and `layers/` are."""


class Cloud(StrEnum):
    """Whose AWS APIs the commands talk to."""

    EMBEDDED = "embedded"
    AWS = "aws"


class LogLevel(StrEnum):
    """The log level of functions and services."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def _number(value: object) -> object:
    """The number that a variable's text says; a text is no literal."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Settings(BaseSettings):
    """The run's and the commands' settings; the names are the environment's."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    home: Path = Field(default=Path(".smartscale"), alias="SMARTSCALE_HOME")
    api_port: int = Field(default=8000, ge=1, le=65535, alias="SMARTSCALE_API_PORT")
    ui_port: int = Field(default=8501, ge=1, le=65535, alias="SMARTSCALE_UI_PORT")
    cloud_port: int = Field(default=4566, ge=1, le=65535, alias="SMARTSCALE_CLOUD_PORT")
    host: str = Field(default="127.0.0.1", alias="SMARTSCALE_HOST")
    """The address API and kiosk listen on; the emulator stays on the loopback."""
    ui_host: str | None = Field(default=None, alias="SMARTSCALE_UI_HOST")
    """The kiosk's own address, where it is not the one that it shares with the API."""
    https: bool = Field(default=False, alias="SMARTSCALE_HTTPS")
    """Whether the kiosk is served by https, with a certificate of the shop's own."""
    certificate: Path | None = Field(default=None, alias="SMARTSCALE_CERTIFICATE")
    """A certificate, PEM, that is served instead of the shop's own."""
    certificate_key: Path | None = Field(default=None, alias="SMARTSCALE_CERTIFICATE_KEY")
    """Its key, where that is another file."""
    allowed_hosts: str = Field(default="", alias="SMARTSCALE_ALLOWED_HOSTS")
    """Names, by spaces, that lead to API and kiosk besides this machine's own; `*` for any."""
    stack: str = Field(default="smartscale", alias="SMARTSCALE_STACK")
    cloud: Cloud = Field(default=Cloud.EMBEDDED, alias="SMARTSCALE_CLOUD")
    endpoint_url: str | None = Field(default=None, alias="AWS_ENDPOINT_URL")
    region: str = Field(default="us-east-1", alias="AWS_REGION")
    admin_token: SecretStr = Field(default=SecretStr(DEFAULT_ADMIN_TOKEN), alias="ADMIN_TOKEN")
    kiosk_secret: SecretStr | None = Field(default=None, alias="SMARTSCALE_KIOSK_SECRET")
    """What API and kiosks share; the embedded run makes one where none is given."""
    currency: str = Field(default="EUR", alias="CURRENCY")
    time_zone: TimeZone = Field(default=UTC, alias="SMARTSCALE_TIME_ZONE")
    """The shop's: its dates are days there."""
    log_level: LogLevel = Field(default=LogLevel.INFO, alias="LOG_LEVEL")
    inference_concurrency: Annotated[Literal[2, 5, 10, 20, 50], BeforeValidator(_number)] = Field(
        default=2, alias="SMARTSCALE_INFERENCE_CONCURRENCY"
    )
    image_retention_days: int = Field(default=30, ge=1, alias="SMARTSCALE_IMAGE_RETENTION_DAYS")
    history_days: Annotated[Literal[31, 62, 92, 183, 366, 1096], BeforeValidator(_number)] = Field(
        default=92, alias="SMARTSCALE_HISTORY_DAYS"
    )
    """How long a weighing is in the history; on AWS the stack's HistoryDays say it."""
    model_id: str = Field(
        default="Adriana213/vgg16-fruit-classifier", min_length=1, alias="SMARTSCALE_MODEL_ID"
    )

    @field_validator("ui_host", "certificate", "certificate_key", mode="before")
    @classmethod
    def _may_be_empty(cls, given: object) -> object:
        return given or None

    @field_validator("admin_token")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise PlainError("ADMIN_TOKEN must not be empty", 2)
        return value

    @field_validator("endpoint_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"https?://[^/\s]+/?", value):
            raise PlainError(
                f"AWS_ENDPOINT_URL {value!r} must be an address such as http://127.0.0.1:4566", 2
            )
        return value

    @field_validator("currency")
    @classmethod
    def _code(cls, value: str) -> str:
        try:
            return check_currency(value)
        except InvalidInput as error:
            raise PlainError("CURRENCY must be a code of ISO 4217, such as EUR", 2) from error

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: str) -> str:
        return value.upper()

    @property
    def model_cache(self) -> Path:
        """Where downloads from the hub are kept."""
        return self.home / "model_cache"

    @property
    def embedded_endpoint(self) -> str:
        """Where this machine's emulator answers."""
        return f"http://127.0.0.1:{self.cloud_port}"

    @property
    def aws_endpoint(self) -> str | None:
        """The endpoint that commands use; none means AWS itself."""
        if self.endpoint_url:
            return self.endpoint_url
        return self.embedded_endpoint if self.cloud is Cloud.EMBEDDED else None

    @property
    def is_embedded(self) -> bool:
        """Whether commands talk to the emulator of this machine's own run."""
        if self.cloud is not Cloud.EMBEDDED and not self.endpoint_url:
            return False
        own = urlsplit(self.embedded_endpoint)
        named = urlsplit(self.endpoint_url or self.embedded_endpoint)
        return named.port == own.port and named.hostname in {own.hostname, "localhost"}

    @property
    def api_url(self) -> str:
        """Where the embedded API answers."""
        return f"http://{_reachable(self.host)}:{self.api_port}"

    @property
    def ui_url(self) -> str:
        """Where the kiosk answers."""
        scheme = "https" if self.https or self.certificate else "http"
        return f"{scheme}://{_reachable(self.kiosk_host)}:{self.ui_port}"

    @property
    def kiosk_host(self) -> str:
        """The address that the kiosk listens on."""
        return self.ui_host or self.host

    @property
    def certificates(self) -> Path:
        """Where the certificate of the shop's own is kept."""
        return self.home / "certificate"

    @property
    def uses_default_token(self) -> bool:
        """Whether the admin token is the publicly known default."""
        return self.admin_token.get_secret_value() == DEFAULT_ADMIN_TOKEN

    @property
    def reaches_others(self) -> bool:
        """Whether the API listens on more than this machine's loopback."""
        return not _is_loopback(self.host)

    @property
    def shows_others(self) -> bool:
        """Whether the kiosk listens on more than this machine's loopback."""
        return not _is_loopback(self.kiosk_host)


def load_settings() -> Settings:
    """Read the settings; what is wrong becomes one line that names the variable."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        why = first.get("ctx", {}).get("error") or first["msg"]
        raise PlainError(f"{name}: {why} (got {first['input']!r})", 2) from error
    files = {
        name: file.expanduser().absolute()
        for name in ("home", "certificate", "certificate_key")
        if (file := getattr(settings, name)) is not None
    }
    settings = settings.model_copy(update=files)
    if settings.certificate is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                settings.certificate, settings.certificate_key
            )
        except OSError as error:  # which SSLError is
            raise PlainError(
                f"SMARTSCALE_CERTIFICATE: {settings.certificate} is no certificate with its key "
                f"({error.strerror or error})",
                2,
            ) from error
    return settings


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
