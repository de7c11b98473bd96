"""What the emulator's files say of a stack, before it runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.saved_stack import saved_stack

RESOURCES = {
    "Weighings": ("AWS::SQS::Queue", "http://localhost:1/000000000000/shop-Weighings", "sqs.json"),
    "Rows": ("AWS::DynamoDB::Table", "shop-Rows", "dynamodb.json"),
    "Bucket": ("AWS::S3::Bucket", "shop-1", "s3.json"),
    "Messages": ("AWS::Lambda::EventSourceMapping", "2db5d5ed-5ee9", "lambda.json"),
    "Rule": ("AWS::Events::Rule", "nobody looks for it", None),
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder as the emulator leaves it."""
    stack: dict[str, Any] = {
        "StackName": "shop",
        "StackStatus": "CREATE_COMPLETE",
        "Tags": [{"Key": "smartscale:content", "Value": "abc"}],
        "Outputs": [{"OutputKey": "BucketName", "OutputValue": "shop-1"}],
        "_resources": {
            name: {"ResourceType": kind, "PhysicalResourceId": physical_id}
            for name, (kind, physical_id, _) in RESOURCES.items()
        },
    }
    saved = {"payload": {"stacks": {"data": {"0\x00us-east-1\x00shop": stack}}}}
    (tmp_path / "cloudformation.json").write_text(json.dumps(saved), encoding="utf-8")
    for _, physical_id, file in RESOURCES.values():
        if file is not None:
            (tmp_path / file).write_text(json.dumps({physical_id: {}}), encoding="utf-8")
    return tmp_path


def test_a_whole_stack_is_found(state: Path) -> None:
    found = saved_stack(state, "shop")
    assert found is not None
    assert (found.status, found.content, found.lost) == ("CREATE_COMPLETE", "abc", None)
    assert found.described["Outputs"][0]["OutputValue"] == "shop-1"


def test_another_stack_is_not_there(state: Path, tmp_path: Path) -> None:
    assert saved_stack(state, "another") is None
    assert saved_stack(tmp_path / "nowhere", "shop") is None


@pytest.mark.parametrize("name", [name for name, (*_, file) in RESOURCES.items() if file])
def test_a_resource_that_is_gone_is_named(state: Path, name: str) -> None:
    file = RESOURCES[name][2]
    assert file is not None
    (state / file).write_text("{}", encoding="utf-8")
    found = saved_stack(state, "shop")
    assert found is not None
    assert found.lost == name

    (state / file).unlink()
    found = saved_stack(state, "shop")
    assert found is not None
    assert found.lost == name
