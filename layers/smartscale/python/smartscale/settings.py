"""Where things are, read from the environment once and typed. Each function has its own model,
made of the parts it needs; code never asks where it runs."""

from datetime import UTC, timedelta, tzinfo
from functools import lru_cache
from typing import Self

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from smartscale.adapters.metrics_sink import MetricsSink
from smartscale.contract.time_zone import TimeZone
from smartscale.operations.ports.weighings import ROWS_KEPT

DEFAULT_ADMIN_TOKEN = "changeme"  # noqa: S105  refused outside the stages below
STAGES_WITH_DEFAULT_TOKEN = frozenset({"embedded", "localstack"})


class CloudSettings(BaseSettings):
    """The region; credentials and `AWS_ENDPOINT_URL` are read by the AWS SDK itself."""

    model_config = SettingsConfigDict(extra="ignore")

    aws_region: str = "us-east-1"
    smartscale_stack: str = "smartscale"
    """Whose metrics are told and read: the stacks of an account share a namespace."""


class BucketSettings(CloudSettings):
    """The data bucket."""

    smartscale_bucket: str
    ledger_lock_days: int = 0
    """Days that Object Lock keeps what is recorded; 0 takes a bucket without it."""


class WeighingsSettings(CloudSettings):
    """The weighings' rows."""

    weighings_table: str
    history_days: int = ROWS_KEPT.days
    """How long a weighing has a row."""

    @property
    def history_kept(self) -> timedelta:
        """How long a weighing has a row."""
        return timedelta(days=self.history_days)


class TableSettings(WeighingsSettings):
    """The weighings and the catalogue."""

    catalogue_table: str


class RegistrySettings(CloudSettings):
    """The model registry."""

    models_table: str


class MetricsSettings(CloudSettings):
    """How metrics are published."""

    metrics_sink: MetricsSink = MetricsSink.EMF


class TopicSettings(CloudSettings):
    """The topic of events; without one no events are published."""

    weighing_completed_topic_arn: str | None = None


class ShopSettings(BaseSettings):
    """Where the shop is: its dates are days there."""

    model_config = SettingsConfigDict(extra="ignore")

    smartscale_time_zone: TimeZone = UTC


@lru_cache
def time_zone() -> tzinfo:
    """The shop's time zone, read once.

    Raises:
        ValidationError: there is no zone of this name.
    """
    return ShopSettings().smartscale_time_zone


class AdminSettings(CloudSettings):
    """Where the token for administrative routes is: exactly one of the three."""

    # Errors do not repeat the refused value, since it may be the token.
    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    admin_token: SecretStr = SecretStr("")
    admin_token_secret: str = ""
    """The ARN or name of a secret in Secrets Manager."""
    admin_token_parameter: str = ""
    """The name of a parameter in the Parameter Store."""
    smartscale_stage: str = "unknown"

    @property
    def default_token_will_do(self) -> bool:
        """Whether this is an emulator, which nobody else reaches."""
        return self.smartscale_stage in STAGES_WITH_DEFAULT_TOKEN

    @property
    def uses_default_token(self) -> bool:
        """Whether everybody knows the token."""
        return self.admin_token.get_secret_value() == DEFAULT_ADMIN_TOKEN

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        given = (self.admin_token.get_secret_value(), self.admin_token_secret)
        if sum(map(bool, (*given, self.admin_token_parameter))) != 1:
            raise ValueError(
                "give one of ADMIN_TOKEN, ADMIN_TOKEN_SECRET (Secrets Manager) and "
                "ADMIN_TOKEN_PARAMETER (Parameter Store)"
            )
        return self

    @model_validator(mode="after")
    def _default_token_only_at_home(self) -> Self:
        if self.uses_default_token and not self.default_token_will_do:
            raise ValueError(
                f"ADMIN_TOKEN must not be {DEFAULT_ADMIN_TOKEN!r} on stage {self.smartscale_stage}"
            )
        return self


class StaffSettings(AdminSettings):
    """How staff and kiosks prove themselves."""

    smartscale_kiosk_secret: SecretStr = SecretStr("")
    """What API and kiosks share."""
    kiosk_secret_arn: str = ""
    """The secret in Secrets Manager that holds it, where it is not given."""
    history_is_open: bool = False
    """Whether everybody may read the history: only where nobody but this machine gets here."""
