"""The SNS topic `WeighingCompleted`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from smartscale.adapters.aws import sdk_config
from smartscale.adapters.store_errors import store_errors
from smartscale.domain.errors import StoreUnavailable
from smartscale.domain.weighing_completed import WeighingCompleted
from smartscale.operations.ports.weighings import Events
from smartscale.parallel import batched

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

# Short timeouts: the shopper must not wait for the topic, and the queue keeps the event.
_IMPATIENT = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 2}
)
_MOST = 10
"""How many events SNS takes in one call."""
_AWAY = "The topic of events cannot be reached just now."


class SnsTopic:
    """Publishes events with the attributes that subscriptions filter by."""

    def __init__(self, sns: "SNSClient", arn: str) -> None:
        self._sns = sns
        self._arn = arn

    def publish(self, event: WeighingCompleted) -> None:
        """Publish an event. Raises StoreUnavailable."""
        if self.publish_all([event]):
            raise StoreUnavailable(_AWAY)

    def publish_all(self, events: Sequence[WeighingCompleted]) -> list[WeighingCompleted]:
        """Publish events, ten in a call; those that were not taken."""
        left = []
        for some in batched(events, _MOST):
            with store_errors(_AWAY):
                answer = self._sns.publish_batch(
                    TopicArn=self._arn,
                    PublishBatchRequestEntries=[
                        _entry(number, event) for number, event in enumerate(some)
                    ],
                )
            left += [some[int(failed["Id"])] for failed in answer.get("Failed", [])]
        return left


def _entry(number: int, event: WeighingCompleted) -> "PublishBatchRequestEntryTypeDef":
    data = event.data
    texts = {
        "type": event.type,
        "outcome": data.outcome,
        "scale_id": data.scale_id,
        "needs_confirmation": str(data.needs_confirmation).lower(),
        "needs_count": str(data.needs_count).lower(),
        "voided": str(data.voided).lower(),
        "label": data.label,
        "correlation_id": data.correlation_id,
    }
    return {
        "Id": str(number),
        "Message": event.model_dump_json(),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": text}
            for name, text in texts.items()
            if text
        },
    }


class NoTopic:
    """The topic of an installation that publishes no events."""

    def publish(self, event: WeighingCompleted) -> None:
        """Do nothing."""

    def publish_all(self, events: Sequence[WeighingCompleted]) -> list[WeighingCompleted]:
        """Do nothing."""
        del events
        return []


def topic_for(arn: str | None, region: str) -> Events:
    """The topic that a setting names."""
    if arn is None:
        return NoTopic()
    return SnsTopic(boto3.client("sns", config=sdk_config(region).merge(_IMPATIENT)), arn)
