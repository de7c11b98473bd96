"""Where things are, read from the environment once and typed. Each function has its own model,
made of the parts it needs; code never asks where it runs."""

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from smartscale.adapters.cloudwatch import MetricsSink

DEFAULT_ADMIN_TOKEN = "changeme"  # noqa: S105  refused outside the stages below
STAGES_WITH_DEFAULT_TOKEN = frozenset({"embedded", "localstack"})


class CloudSettings(BaseSettings):
    """The region; credentials and `AWS_ENDPOINT_URL` are read by the AWS SDK itself."""

    model_config = SettingsConfigDict(extra="ignore")

    aws_region: str = "us-east-1"


class BucketSettings(CloudSettings):
    """The data bucket."""

    smartscale_bucket: str


class TableSettings(CloudSettings):
    """The weighings and the catalogue."""

    weighings_table: str
    catalogue_table: str


class RegistrySettings(CloudSettings):
    """The model registry."""

    models_table: str


class MetricsSettings(CloudSettings):
    """How metrics are published."""

    metrics_sink: MetricsSink = MetricsSink.EMF


class AdminSettings(BaseSettings):
    """The token for administrative routes."""

    model_config = SettingsConfigDict(extra="ignore")

    admin_token: SecretStr = Field(min_length=1)
    smartscale_stage: str = "embedded"

    @model_validator(mode="after")
    def _default_token_only_at_home(self) -> Self:
        default = self.admin_token.get_secret_value() == DEFAULT_ADMIN_TOKEN
        if default and self.smartscale_stage not in STAGES_WITH_DEFAULT_TOKEN:
            raise ValueError(
                f"ADMIN_TOKEN must not be {DEFAULT_ADMIN_TOKEN!r} on stage {self.smartscale_stage}"
            )
        return self
