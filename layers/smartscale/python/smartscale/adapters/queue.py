"""SQS queues, and the messages on them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

REASON = "reason"
"""The message attribute that tells why a message is a dead letter."""


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

    def receive(self, wait_s: int) -> str | None:
        """Wait so long for a message; its receipt, to delete it by when it is worked on."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=1, WaitTimeSeconds=wait_s
        )
        messages = answer.get("Messages", [])
        return messages[0]["ReceiptHandle"] if messages else None

    def delete(self, receipt: str) -> None:
        """Delete a message that was received."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
