"""Deploys a staged template into the emulator: `python -m infra.deploying`, the order on stdin.

By a process of its own, as the SDK's clients take 70 MB, and who starts it runs for weeks.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from infra.deployment import CONTENT_TAG, DEPLOYED, Order
from infra.errors import PlainError
from infra.package import compile_code, upload
from infra.stack import cloudformation, emulator_session, find_stack
from infra.waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3.literals import BucketLocationConstraintType

_UP_TO_DATE = "No updates are to be performed"
_DEPLOY_S = 120.0
_ARTIFACTS_BUCKET = "smartscale-artifacts"


def create_or_update(order: Order) -> None:
    """Create the stack, or update it, and wait until it is done.

    Raises:
        PlainError: it ended in another state than it should.
    """
    session = emulator_session(order.credentials, order.region)
    s3 = session.client("s3", endpoint_url=order.endpoint)
    if not any(bucket["Name"] == _ARTIFACTS_BUCKET for bucket in s3.list_buckets()["Buckets"]):
        if order.region == "us-east-1":  # S3 refuses us-east-1 as a location: it is the default
            s3.create_bucket(Bucket=_ARTIFACTS_BUCKET)
        else:
            region = cast("BucketLocationConstraintType", order.region)
            s3.create_bucket(
                Bucket=_ARTIFACTS_BUCKET, CreateBucketConfiguration={"LocationConstraint": region}
            )
    template = Path(order.template)
    compile_code(template.parent)
    packaged = upload(template, _ARTIFACTS_BUCKET, s3)
    # CloudFormation takes larger templates from a bucket only.
    s3.upload_file(str(packaged), _ARTIFACTS_BUCKET, packaged.name)
    client = cloudformation(session, order.endpoint)
    operation = client.update_stack if order.update else client.create_stack
    try:
        operation(
            StackName=order.stack,
            TemplateURL=f"{order.endpoint}/{_ARTIFACTS_BUCKET}/{packaged.name}",
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in order.parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": CONTENT_TAG, "Value": order.content}],
        )
    except ClientError as error:
        if _UP_TO_DATE in str(error):
            return
        raise PlainError(f"Deploying the stack failed: {error}") from error
    _wait(client, order.stack)


def _wait(client: "CloudFormationClient", name: str) -> None:
    status = ""

    def settled() -> bool:
        nonlocal status
        stack = find_stack(client, name)
        status = stack["StackStatus"] if stack else "gone"
        return not status.endswith("_IN_PROGRESS")

    if not wait_until(settled, _DEPLOY_S, interval_s=0.1):
        raise PlainError(f"The stack was still {status} after {_DEPLOY_S:.0f} s; run again")
    if status not in DEPLOYED:
        raise PlainError(f"Deploying the stack ended as {status}: {_reason(client, name)}")


def _reason(client: "CloudFormationClient", name: str) -> str:
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    for event in reversed(events):
        if event.get("ResourceStatus", "").endswith("FAILED"):
            reason = event.get("ResourceStatusReason", "no reason given")
            return f"{event['LogicalResourceId']}: {reason}"
    return "no reason given"


def main() -> None:
    """Do what is ordered on stdin; what went wrong is the last line of stderr."""
    try:
        create_or_update(Order.load(sys.stdin.read()))
    except PlainError as error:
        sys.exit(str(error))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"The emulator failed while the stack was deployed ({error})")


if __name__ == "__main__":
    main()
