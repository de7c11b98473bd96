"""Finds the deployed stack, at the emulator or in an account of AWS."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError

from infra.credentials import credentials_of
from infra.errors import PlainError
from infra.outputs import StackOutputs, outputs_of
from infra.settings import Cloud, Settings

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


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
