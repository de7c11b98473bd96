"""Finding a deployed stack, and where its API is."""

from collections.abc import Iterator

import pytest

from infra import on_stack
from infra.errors import PlainError
from infra.outputs import StackOutputs, gateway_url
from infra.settings import Settings

OUTPUTS = StackOutputs.model_validate(
    {
        "BucketName": "smartscale",
        "WeighingsTable": "weighings",
        "CatalogueTable": "catalogue",
        "ModelsTable": "models",
        "WeighingsQueueUrl": "http://sqs/weighings",
        "DeadLetterQueueUrl": "http://sqs/dead",
        "ImportsQueueUrl": "http://sqs/imports",
        "ImportsDeadLetterQueueUrl": "http://sqs/dead-imports",
        "WeighingCompletedTopicArn": "arn:aws:sns:us-east-1:000000000000:completed",
        "ApiUrl": "https://abc123.execute-api.us-east-1.amazonaws.com/localstack",
    }
)


def test_an_emulator_serves_the_api_below_its_own_address() -> None:
    found = gateway_url(OUTPUTS, "http://localhost:4566")

    assert found == "http://localhost:4566/_aws/execute-api/abc123/localstack"
    assert gateway_url(OUTPUTS, None) == OUTPUTS.api_url


def test_a_container_waits_for_its_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[PlainError | StackOutputs] = iter(
        [PlainError("No stack to be reached"), PlainError("no output ApiUrl"), OUTPUTS]
    )

    def look(_settings: Settings) -> StackOutputs:
        answer = next(answers)
        if isinstance(answer, PlainError):
            raise answer
        return answer

    monkeypatch.setattr(on_stack, "stack_outputs", look)
    monkeypatch.setattr(on_stack, "_INTERVAL_S", 0.0)

    assert on_stack.deployed_outputs(Settings()) == OUTPUTS


def test_a_stack_that_never_comes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(_settings: Settings) -> StackOutputs:
        raise PlainError("There is no stack 'smartscale' at http://cloud")

    monkeypatch.setattr(on_stack, "stack_outputs", look)

    with pytest.raises(PlainError, match="no stack 'smartscale'"):
        on_stack.deployed_outputs(Settings(), patience_s=0)
