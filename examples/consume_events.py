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
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

WANTED = {"outcome": ["done", "confirmed"], "needs_confirmation": ["false"]}
"""The subscription's filter: what nobody has to look at. A later word replaces an earlier price."""

PAUSE_S = 5


class Sales:
    """What was sold, in a small database; money stays text, as it came."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file)
        with self._database:
            self._database.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY)")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS weighings (job_id TEXT PRIMARY KEY, version INTEGER,"
                " scale_id TEXT, label TEXT, net_kg TEXT, price TEXT, currency TEXT,"
                " voided INTEGER, needs_count INTEGER)"
            )

    def take(self, event: dict[str, Any]) -> bool:
        """Note a sale; False for an event that was noted before."""
        sold = event["data"]
        sold.setdefault("version", 1 + sold["confirmations"])  # of before there were versions
        with self._database:
            seen = self._database.execute("INSERT OR IGNORE INTO events VALUES (?)", (event["id"],))
            if not seen.rowcount:
                return False
            self._database.execute(
                "INSERT INTO weighings VALUES (:job_id, :version, :scale_id, :label, :net_kg,"
                " :price, :currency, :voided, :needs_count) ON CONFLICT (job_id) DO UPDATE SET"
                " version = excluded.version, label = excluded.label, net_kg = excluded.net_kg,"
                " price = excluded.price, voided = excluded.voided,"
                " needs_count = excluded.needs_count"
                # Events have no order: the highest version is the latest word.
                " WHERE excluded.version > version",
                sold,
            )
        return True

    def all(self) -> list[tuple[str, str, str]]:
        """Job id, label and price of every sale: neither voided, nor waiting for its pieces to be
        counted. Both rows stay, since an earlier word may come after the later one."""
        found = self._database.execute(
            "SELECT job_id, label, price FROM weighings WHERE NOT voided AND NOT needs_count"
            " ORDER BY job_id"
        )
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
            said = "voided" if sold["voided"] else f"{sold['price']} {sold['currency']}"
            print(f"{sold['job_id']} {sold['label']} {said}", flush=True)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return len(found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Work until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic_arn")
    parser.add_argument("--queue", default="smartscale-sales")
    parser.add_argument("--database", type=Path, default=Path("sales.sqlite"))
    given = parser.parse_args(arguments)
    sales, sqs = Sales(given.database), boto3.client("sqs")
    while True:
        try:
            url = subscribe(given.topic_arn, given.queue)
            print(f"listening on {url}", flush=True)
            while True:
                work(sqs, url, sales)
        except (BotoCoreError, ClientError) as error:
            # It is away, or was begun anew without queue and subscription: these are made again.
            print(f"again in {PAUSE_S} s: {error}", file=sys.stderr, flush=True)
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
