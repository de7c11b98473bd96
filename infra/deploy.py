"""Deploying `template.yaml` into the emulator, only when something changed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.emulator import ACCOUNT, Emulator
from infra.errors import PlainError
from infra.package import compile_code, fingerprint, stage, upload
from infra.settings import ROOT, Settings
from infra.stack import StackOutputs, cloudformation, emulator_session, find_stack, outputs_of
from infra.unversioned import without_versions
from infra.waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_s3.literals import BucketLocationConstraintType

_CONTENT_TAG = "smartscale:content"
_UP_TO_DATE = "No updates are to be performed"
_USABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_DEPLOY_S = 120.0
_ARTIFACTS_BUCKET = "smartscale-artifacts"
_EMPTY_PARAMETER = "/smartscale/admin-token"
"""A parameter without a value. The emulator's admin function, which nobody calls, looks there."""


@dataclass(frozen=True)
class Deployment:
    """What `deploy` found or made."""

    outputs: StackOutputs
    changed: bool
    """Whether anything had to be deployed."""
    rebuilt: bool
    """Whether tables and queues were made anew, so that their rows must come from the ledger."""


def embedded_parameters(settings: Settings) -> dict[str, str]:
    """The template's parameters for the embedded run."""
    return {
        "Stage": "embedded",
        "MetricsSink": "cloudwatch",
        "Currency": settings.currency,
        "TimeZone": str(settings.time_zone),
        # The embedded API gets it from its starter: in a function's settings it would be readable.
        "AdminTokenParameterName": _EMPTY_PARAMETER,
        "UploadOrigin": settings.ui_url,
        "InferenceConcurrency": str(settings.inference_concurrency),
        "ImageRetentionDays": str(settings.image_retention_days),
        "HistoryDays": str(settings.history_days),
        "LogLevel": settings.log_level,
        "LogSample": "1",
        "ModelId": settings.model_id,
    }


def deploy(
    emulator: Emulator,
    stack_name: str,
    parameters: dict[str, str],
    *,
    root: Path = ROOT,
    stop: threading.Event | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Deployment:
    """Bring the running emulator's stack up to the code in `root`.

    A stack in a state that cannot be updated, or none where its bucket already is (the emulator was
    killed before it saved anything), is built anew; the bucket's objects are kept.
    """
    try:
        return _deploy(emulator, stack_name, parameters, root, stop, report)
    except (BotoCoreError, ClientError) as error:
        raise PlainError(
            f"The emulator failed while the stack was deployed ({error}); "
            f"see {emulator.home / 'logs' / 'cloud.log'}"
        ) from error


def _deploy(
    emulator: Emulator,
    stack_name: str,
    parameters: dict[str, str],
    root: Path,
    stop: threading.Event | None,
    report: Callable[[str], None],
) -> Deployment:
    template = stage(root, emulator.home / "cloud" / "package")
    template.write_text(without_versions(template.read_text(encoding="utf-8")), encoding="utf-8")
    content = fingerprint(template.parent, parameters)
    stack = find_stack(_cloudformation(emulator), stack_name)
    aside = _Aside(emulator, f"{stack_name}-{ACCOUNT}-{emulator.region}")
    missing = None if stack is None else _missing(emulator, stack_name)
    if (
        stack
        and stack["StackStatus"] in _DEPLOYED
        and _content(stack) == content
        and missing is None
    ):
        if aside.pending:
            emulator.stop()
            aside.put_back()
            emulator.start()
        return Deployment(outputs_of(stack), changed=False, rebuilt=False)

    rebuilt = stack is None or stack["StackStatus"] not in _USABLE or missing is not None
    if rebuilt and (stack is not None or aside.needed):
        what = "is incomplete" if missing is None else f"has lost its {missing}"
        report(f"The stack {what}: building it anew around the stored objects")
        emulator.stop()
        aside.take()
        emulator.forget_state()
        emulator.start()
    report("Deploying the stack")
    _create_or_update(
        emulator, stack_name, template, parameters, content, update=not rebuilt, stop=stop
    )
    # A stop and start is the only way to have the emulator save the stack: without it a later
    # `kill -9` would lose what was just deployed.
    emulator.stop()
    aside.put_back()
    emulator.start()
    stack = find_stack(_cloudformation(emulator), stack_name)
    if stack is None:
        raise PlainError(
            f"The emulator did not keep the stack; see {emulator.home / 'logs' / 'cloud.log'}"
        )
    return Deployment(outputs_of(stack), changed=True, rebuilt=rebuilt)


def _missing(emulator: Emulator, stack_name: str) -> str | None:
    """The logical id of a resource that the stack has lost; None where all are there.

    Somebody may have deleted it, or a damaged state have lost it.
    """
    session = _session(emulator)

    @lru_cache
    def client(service: Literal["dynamodb", "sqs", "s3", "sns", "lambda"]) -> Any:
        return session.client(service, endpoint_url=emulator.endpoint)

    looks: dict[str, Callable[[str], object]] = {
        "AWS::DynamoDB::Table": lambda name: client("dynamodb").describe_table(TableName=name),
        "AWS::SQS::Queue": lambda url: client("sqs").get_queue_attributes(QueueUrl=url),
        "AWS::S3::Bucket": lambda name: client("s3").head_bucket(Bucket=name),
        "AWS::SNS::Topic": lambda arn: client("sns").get_topic_attributes(TopicArn=arn),
        "AWS::Lambda::Function": lambda name: client("lambda").get_function(FunctionName=name),
        "AWS::Lambda::EventSourceMapping": lambda uuid: client("lambda").get_event_source_mapping(
            UUID=uuid
        ),
    }
    stack = _cloudformation(emulator).describe_stack_resources(StackName=stack_name)
    for resource in stack["StackResources"]:
        look = looks.get(resource["ResourceType"])
        if look is None or "PhysicalResourceId" not in resource:
            continue
        try:
            look(resource["PhysicalResourceId"])
        except ClientError:
            return resource["LogicalResourceId"]
    return None


def _session(emulator: Emulator) -> boto3.Session:
    return emulator_session(emulator.credentials, emulator.region)


def _cloudformation(emulator: Emulator) -> "CloudFormationClient":
    return cloudformation(_session(emulator), emulator.endpoint)


def _content(stack: "StackTypeDef") -> str | None:
    return next((tag["Value"] for tag in stack.get("Tags", []) if tag["Key"] == _CONTENT_TAG), None)


def _create_or_update(
    emulator: Emulator,
    stack_name: str,
    template: Path,
    parameters: dict[str, str],
    content: str,
    *,
    update: bool,
    stop: threading.Event | None,
) -> None:
    _make_bucket(emulator, _ARTIFACTS_BUCKET)
    s3 = _session(emulator).client("s3", endpoint_url=emulator.endpoint)
    compile_code(template.parent)
    packaged = upload(template, _ARTIFACTS_BUCKET, s3)
    # CloudFormation takes larger templates from a bucket only.
    s3.upload_file(str(packaged), _ARTIFACTS_BUCKET, packaged.name)
    client = _cloudformation(emulator)
    operation = client.update_stack if update else client.create_stack
    try:
        operation(
            StackName=stack_name,
            TemplateURL=f"{emulator.endpoint}/{_ARTIFACTS_BUCKET}/{packaged.name}",
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": _CONTENT_TAG, "Value": content}],
        )
    except ClientError as error:
        if _UP_TO_DATE in str(error):
            return
        raise PlainError(f"Deploying the stack failed: {error}") from error
    _wait(client, stack_name, stop)


def _make_bucket(emulator: Emulator, name: str) -> None:
    s3 = _session(emulator).client("s3", endpoint_url=emulator.endpoint)
    if any(bucket["Name"] == name for bucket in s3.list_buckets()["Buckets"]):
        return
    if emulator.region == "us-east-1":  # S3 refuses us-east-1 as a location: it is the default
        s3.create_bucket(Bucket=name)
    else:
        region = cast("BucketLocationConstraintType", emulator.region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})


def _wait(client: "CloudFormationClient", name: str, stop: threading.Event | None) -> None:
    status = ""

    def settled() -> bool:
        nonlocal status
        stack = find_stack(client, name)
        status = stack["StackStatus"] if stack else "gone"
        return not status.endswith("_IN_PROGRESS")

    if not wait_until(settled, _DEPLOY_S, stop=stop, interval_s=0.1):
        raise PlainError(f"The stack was still {status} after {_DEPLOY_S:.0f} s; run again")
    if status not in _DEPLOYED:
        raise PlainError(f"Deploying the stack ended as {status}: {_reason(client, name)}")


def _reason(client: "CloudFormationClient", name: str) -> str:
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    for event in reversed(events):
        if event.get("ResourceStatus", "").endswith("FAILED"):
            reason = event.get("ResourceStatusReason", "no reason given")
            return f"{event['LogicalResourceId']}: {reason}"
    return "no reason given"


class _Aside:
    """Keeps a bucket's objects while its stack is built anew.

    CloudFormation refuses to create a bucket that exists. The emulator is stopped meanwhile, and a
    rename is atomic, so a power cut leaves the objects in one place or the other; both are looked
    at by the next deploy.
    """

    def __init__(self, emulator: Emulator, bucket: str) -> None:
        self._bucket = emulator.bucket_folder(bucket)
        self._aside = emulator.home / "cloud" / "aside" / bucket

    @property
    def pending(self) -> bool:
        """Whether objects are waiting to be put back."""
        return self._aside.exists()

    @property
    def needed(self) -> bool:
        """Whether the bucket is in the way."""
        return self._bucket.exists()

    def take(self) -> None:
        """Move the objects aside, so that the bucket can be created."""
        self._aside.parent.mkdir(parents=True, exist_ok=True)
        if self._bucket.exists():
            if self._aside.exists():
                _merge(self._bucket, self._aside)
            else:
                self._bucket.rename(self._aside)

    def put_back(self) -> None:
        """Move the objects back under the new bucket."""
        if self._aside.exists():
            _merge(self._aside, self._bucket)


def _merge(source: Path, target: Path) -> None:
    """Move what is in `source` below `target`, replacing older files of the same name.

    Folders that the target does not have move as a whole: a ledger has a hundred thousand.
    """
    target.mkdir(parents=True, exist_ok=True)  # a new bucket has a folder with its first object
    for path in source.iterdir():
        destination = target / path.name
        if path.is_dir() and destination.is_dir():
            _merge(path, destination)
        else:
            path.replace(destination)
    source.rmdir()
