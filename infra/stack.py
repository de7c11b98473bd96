"""The deployed stack: where it is, what it is made of, and the environment that names it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.credentials import credentials_of
from infra.errors import PlainError
from infra.settings import Cloud, Settings

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_sqs import SQSClient


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


def emulator_session(credentials: Mapping[str, str], region: str) -> boto3.Session:
    """A session with the credentials that an emulator takes."""
    return boto3.Session(
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )


def session_of(settings: Settings) -> boto3.Session:
    """A session at the settings' emulator, or at AWS with the operator's own credentials."""
    if settings.aws_endpoint:
        return emulator_session(credentials_of(settings), settings.region)
    return boto3.Session(region_name=settings.region)


def impatient_sqs(session: boto3.Session, endpoint: str) -> "SQSClient":
    """A client for who must not wait: an emulator that hangs costs it two seconds."""
    soon = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
    return session.client("sqs", endpoint_url=endpoint, config=soon)


def nobody_works_on(session: boto3.Session, endpoint: str, queue_url: str) -> bool:
    """Whether no message of a queue is in a worker's hands.

    Raises:
        PlainError: the queue does not answer.
    """
    try:
        found = session.client("sqs", endpoint_url=endpoint).get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise PlainError(f"The queue does not say what is under way: {error}") from error
    return found["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"


def cloudformation(session: boto3.Session, endpoint: str | None) -> "CloudFormationClient":
    """A client of the emulator at `endpoint`, or of AWS."""
    config = Config(retries={"max_attempts": 3, "mode": "standard"}, connect_timeout=5)
    return session.client("cloudformation", endpoint_url=endpoint, config=config)


def find_stack(client: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    """The stack of this name, or None."""
    try:
        stacks = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return stacks[0] if stacks else None


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


def stack_outputs(settings: Settings) -> StackOutputs:
    """Find the stack that the settings name and return what it is made of."""
    where = settings.aws_endpoint or f"AWS, region {settings.region}"
    try:
        stack = find_stack(
            cloudformation(session_of(settings), settings.aws_endpoint), settings.stack
        )
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        hint = _hint(settings, error)
        raise PlainError(f"No stack to be reached at {where}: {hint} ({error})") from error
    if stack is None:
        raise PlainError(f"There is no stack {settings.stack!r} at {where}; deploy it first")
    return outputs_of(stack)


def _hint(settings: Settings, error: Exception) -> str:
    if isinstance(error, NoCredentialsError):
        return "give credentials as the AWS CLI takes them, such as AWS_PROFILE"
    if settings.cloud is Cloud.EMBEDDED and not settings.endpoint_url:
        return "start it with `make run`, or set SMARTSCALE_CLOUD=aws"
    return "check the endpoint, the region and your access"


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
