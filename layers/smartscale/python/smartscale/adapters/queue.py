"""SQS queues, and the messages on them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smartscale.adapters.store_errors import translates_store_errors
from smartscale.operations.ports.queues import DeadLetter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

_HOLD_S = 300
_BATCH = 10

REASON = "reason"
"""The message attribute that tells why a message is a dead letter."""


@translates_store_errors
class SqsQueue:
    """A queue that messages are sent to and received from."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def send(self, body: str, reason: str | None = None) -> None:
        """Send a message, for a dead letter with the reason."""
        attributes: dict[str, MessageAttributeValueTypeDef] = {}
        if reason is not None:
            attributes[REASON] = {"DataType": "String", "StringValue": reason}
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body, MessageAttributes=attributes)

    def waiting(self) -> int:
        """How many messages nobody works on yet, about. Raises StoreUnavailable."""
        found = self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def receive(self, wait_s: int) -> str | None:
        """Wait so long for a message; return its receipt, by which it is deleted after the work."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=1, WaitTimeSeconds=wait_s
        )
        messages = answer.get("Messages", [])
        return messages[0]["ReceiptHandle"] if messages else None

    def held(self) -> Iterator[DeadLetter]:
        """Each message once. One not released or deleted in time is delivered again."""
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_HOLD_S,
                # Long polling asks all of SQS's servers, so an empty answer means an empty queue.
                WaitTimeSeconds=1,
                MessageAttributeNames=[REASON],
            )
            if not (messages := answer.get("Messages", [])):
                return
            for message in messages:
                attributes = message.get("MessageAttributes", {})
                reason = attributes[REASON].get("StringValue") if REASON in attributes else None
                yield DeadLetter(message["Body"], reason, message["ReceiptHandle"])

    def release(self, letter: DeadLetter) -> None:
        """Give a message back at once."""
        self._sqs.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )

    def delete(self, receipt: str) -> None:
        """Delete a message that was received."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
