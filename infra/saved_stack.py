"""What the embedded emulator's saved state says of a stack, read from its files.

It needs no running emulator and no SDK, so a start that has nothing to deploy waits for neither.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deployment import CONTENT_TAG

_FILE = "cloudformation.json"
_KEPT_IN = {
    "AWS::DynamoDB::Table": "dynamodb.json",
    "AWS::SQS::Queue": "sqs.json",
    "AWS::S3::Bucket": "s3.json",
    "AWS::SNS::Topic": "sns.json",
    "AWS::Lambda::Function": "lambda.json",
    "AWS::Lambda::EventSourceMapping": "lambda.json",
}
"""The file that has to know a resource of some type by its physical id."""


@dataclass(frozen=True)
class SavedStack:
    """A stack of the saved state."""

    status: str
    content: str | None
    """The fingerprint of what was deployed; None of a stack that nobody tagged."""
    described: Mapping[str, Any]
    """As CloudFormation describes it."""
    lost: str | None
    """The logical id of a resource that is not there any more; None where all are.

    Somebody may have deleted it, or a damaged state have lost it.
    """


def saved_stack(state: Path, name: str) -> SavedStack | None:
    """The stack of this name in a folder with the emulator's state; None where it has none."""
    try:
        saved = json.loads((state / _FILE).read_bytes())
    except FileNotFoundError:
        return None
    stacks = saved["payload"]["stacks"]["data"].values()
    stack = next((one for one in stacks if one["StackName"] == name), None)
    if stack is None:
        return None
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", ())}
    return SavedStack(
        status=stack["StackStatus"],
        content=tags.get(CONTENT_TAG),
        described=stack,
        lost=_lost(state, stack["_resources"]),
    )


def _lost(state: Path, resources: Mapping[str, Mapping[str, Any]]) -> str | None:
    wanted: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    for logical_id, resource in resources.items():
        file = _KEPT_IN.get(resource["ResourceType"])
        if file is not None:
            as_written = json.dumps(resource["PhysicalResourceId"])[1:-1]
            wanted[file][logical_id] = as_written.encode()
    for file, ids in wanted.items():  # one after the other: that with the functions has 20 MB
        saved = (state / file).read_bytes() if (state / file).exists() else b""
        for logical_id, physical_id in ids.items():
            if physical_id not in saved:
                return logical_id
    return None
