"""Keep a list of sales from the events `WeighingCompleted`, each counted once.

    python examples/consume_events.py TOPIC_ARN [--queue smartscale-sales] [--database sales.sqlite]

It makes an SQS queue, lets the topic send to it, subscribes it, and works on what comes. An event
can come more than once; its id tells. What is written and the id are one transaction, and only then
is the message deleted: whenever this is killed, nothing is lost and nothing counts twice.

For the embedded run: AWS_ENDPOINT_URL=http://127.0.0.1:4566, and the credentials of that run,
AWS_SHARED_CREDENTIALS_FILE=.smartscale/credentials. It needs boto3.
"""

import argparse
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

WANTED = {"outcome": ["done", "confirmed"], "needs_confirmation": ["false"]}
"""The subscription's filter: what is settled. A later confirmation replaces an earlier price."""


class Sales:
    """What was sold, in a small database; money stays text, as it came."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file)
        with self._database:
            self._database.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY)")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS sales (job_id TEXT PRIMARY KEY, confirmations INTEGER,"
                " scale_id TEXT, label TEXT, net_kg TEXT, price TEXT, currency TEXT)"
            )

    def take(self, event: dict[str, Any]) -> bool:
        """Note a sale; False for an event that was noted before."""
        sold = event["data"]
        with self._database:
            seen = self._database.execute("INSERT OR IGNORE INTO events VALUES (?)", (event["id"],))
            if not seen.rowcount:
                return False
            self._database.execute(
                "INSERT INTO sales VALUES (:job_id, :confirmations, :scale_id, :label, :net_kg,"
                " :price, :currency) ON CONFLICT (job_id) DO UPDATE SET"
                " confirmations = excluded.confirmations, label = excluded.label,"
                " net_kg = excluded.net_kg, price = excluded.price"
                # Events have no order: the highest number is the latest word.
                " WHERE excluded.confirmations > confirmations",
                sold,
            )
        return True

    def all(self) -> list[tuple[str, str, str]]:
        """Job id, label and price of every sale."""
        found = self._database.execute("SELECT job_id, label, price FROM sales ORDER BY job_id")
        return found.fetchall()


def subscribe(topic_arn: str, queue: str) -> str:
    """A queue that the topic sends to; its address."""
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": attributes["QueueArn"],
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=attributes["QueueArn"],
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(WANTED)},
    )
    return url


def work(sqs: "SQSClient", url: str, sales: Sales, wait_s: int = 20) -> int:
    """Work on what the queue holds; how many messages there were."""
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_s)
    found = messages.get("Messages", [])
    for message in found:
        event = json.loads(message["Body"])
        if sales.take(event):
            sold = event["data"]
            print(
                f"{sold['job_id']} {sold['label']} {sold['price']} {sold['currency']}", flush=True
            )
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return len(found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Work until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic_arn")
    parser.add_argument("--queue", default="smartscale-sales")
    parser.add_argument("--database", type=Path, default=Path("sales.sqlite"))
    given = parser.parse_args(arguments)
    url, sales = subscribe(given.topic_arn, given.queue), Sales(given.database)
    print(f"listening on {url}", flush=True)
    sqs = boto3.client("sqs")
    while True:
        work(sqs, url, sales)


if __name__ == "__main__":
    main()
