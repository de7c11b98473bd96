"""The SNS topic `WeighingCompleted`."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from smartscale.adapters.store_errors import store_errors
from smartscale.domain.weighing_completed import WeighingCompleted
from smartscale.operations.ports.weighings import Events

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

# Short timeouts: the shopper must not wait for the topic, and the queue keeps the event.
_CONFIG = Config(
    max_pool_connections=50,
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "max_attempts": 2},
)


class SnsTopic:
    """Publishes events with the attributes that subscriptions filter by."""

    def __init__(self, sns: "SNSClient", arn: str) -> None:
        self._sns = sns
        self._arn = arn

    def publish(self, event: WeighingCompleted) -> None:
        """Publish an event. Raises StoreUnavailable."""
        data = event.data
        texts = {
            "type": event.type,
            "outcome": data.outcome,
            "scale_id": data.scale_id,
            "needs_confirmation": str(data.needs_confirmation).lower(),
            "label": data.label,
            "correlation_id": data.correlation_id,
        }
        attributes: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": text}
            for name, text in texts.items()
            if text
        }
        with store_errors("The topic of events cannot be reached just now."):
            self._sns.publish(
                TopicArn=self._arn,
                Message=event.model_dump_json(),
                MessageAttributes=attributes,
            )


class NoTopic:
    """The topic of an installation that publishes no events."""

    def publish(self, event: WeighingCompleted) -> None:
        """Do nothing."""


def topic_for(arn: str | None, region: str) -> Events:
    """The topic that a setting names."""
    if arn is None:
        return NoTopic()
    return SnsTopic(boto3.client("sns", region_name=region, config=_CONFIG), arn)
