"""SQS queues, and the messages on them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

REASON = "reason"
"""The message attribute that tells why a message is a dead letter."""


class SqsQueue:
    """A queue that messages are sent to."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def send(self, body: str, reason: str | None = None) -> None:
        """Send a message, for a dead letter with the reason."""
        attributes: dict[str, MessageAttributeValueTypeDef] = {}
        if reason is not None:
            attributes[REASON] = {"DataType": "String", "StringValue": reason}
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body, MessageAttributes=attributes)
