"""What the deployed stack is made of, and the environment that names it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.credentials import credentials_of
from infra.errors import PlainError
from infra.settings import Settings


class StackOutputs(BaseModel):
    """The outputs of `template.yaml`, by what they are."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    bucket: str = Field(alias="BucketName")
    weighings_table: str = Field(alias="WeighingsTable")
    catalogue_table: str = Field(alias="CatalogueTable")
    models_table: str = Field(alias="ModelsTable")
    weighings_queue_url: str = Field(alias="WeighingsQueueUrl")
    dead_letter_queue_url: str = Field(alias="DeadLetterQueueUrl")
    imports_queue_url: str = Field(alias="ImportsQueueUrl")
    imports_dead_letter_queue_url: str = Field(alias="ImportsDeadLetterQueueUrl")
    weighing_completed_topic: str = Field(alias="WeighingCompletedTopicArn")
    api_url: str = Field(alias="ApiUrl")
    kiosk_usage_plan: str | None = Field(default=None, alias="KioskUsagePlan")
    """What kiosks' API keys belong to; None where the API asks for none."""

    stage: str | None = Field(default=None, alias="Stage")
    """What it was deployed for; None in a stack of an earlier template."""

    ledger_lock_days: int = Field(default=0, alias="LedgerLockDays")
    """How long new records of the ledger are locked; 0 also in a stack of an earlier template."""

    kiosk_secret_arn: str | None = Field(default=None, alias="KioskSecretArn")
    """What kiosks prove themselves with; None in a stack of an earlier template."""

    def environment(self) -> dict[str, str]:
        """The variables by which functions and commands know these."""
        return {
            "SMARTSCALE_BUCKET": self.bucket,
            "WEIGHINGS_TABLE": self.weighings_table,
            "CATALOGUE_TABLE": self.catalogue_table,
            "MODELS_TABLE": self.models_table,
            "WEIGHINGS_QUEUE_URL": self.weighings_queue_url,
            "DEAD_LETTER_QUEUE_URL": self.dead_letter_queue_url,
            "IMPORTS_QUEUE_URL": self.imports_queue_url,
            "WEIGHING_COMPLETED_TOPIC_ARN": self.weighing_completed_topic,
        }


def gateway_url(outputs: StackOutputs, endpoint: str | None) -> str:
    """Where the stack's API answers; an emulator at `endpoint` serves it below its own address."""
    if endpoint is None:
        return outputs.api_url
    url = urlsplit(outputs.api_url)
    return f"{endpoint}/_aws/execute-api/{url.netloc.partition('.')[0]}{url.path}"


def outputs_of(stack: Mapping[str, Any]) -> StackOutputs:
    """The typed outputs of a described stack.

    Raises:
        PlainError: it is no stack of this version's template.
    """
    try:
        return StackOutputs.model_validate(
            {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        )
    except ValidationError as error:
        missing = ", ".join(str(found["loc"][0]) for found in error.errors())
        raise PlainError(
            f"The stack {stack['StackName']!r} has no output {missing}: "
            "it is not deployed from this version's template.yaml; deploy it again"
        ) from error


def stack_environment(settings: Settings, outputs: StackOutputs) -> dict[str, str]:
    """Everything that shared code needs in its environment to work on the stack."""
    environment = {
        **outputs.environment(),
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "CURRENCY": settings.currency,
        "LOG_LEVEL": settings.log_level,
        "POWERTOOLS_SERVICE_NAME": "smartscale",
        "SMARTSCALE_STACK": settings.stack,
        "SMARTSCALE_TIME_ZONE": str(settings.time_zone),
    }
    if settings.aws_endpoint:
        environment |= {
            **credentials_of(settings),
            "AWS_ENDPOINT_URL": settings.aws_endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "METRICS_SINK": "cloudwatch",
            "SMARTSCALE_STAGE": "embedded",
        }
    else:
        environment |= {"METRICS_SINK": "emf", "SMARTSCALE_STAGE": "aws"}
    return environment
