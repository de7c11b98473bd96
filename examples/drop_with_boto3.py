"""Weigh a picture by dropping it into the bucket, and wait for its record in the ledger.

    python examples/drop_with_boto3.py PICTURE WEIGHT_KG SCALE_ID

For the embedded run: AWS_ENDPOINT_URL=http://127.0.0.1:4566, and the credentials of that run,
AWS_SHARED_CREDENTIALS_FILE=.smartscale/credentials. It needs boto3.
"""

import json
import mimetypes
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

PATIENCE_S = 30


def main() -> int:
    """Drop, wait, print the record; 0 when it was recognised."""
    if len(sys.argv) != 4:  # noqa: PLR2004
        print(__doc__, file=sys.stderr)
        return 2
    picture, weight_kg, scale_id = sys.argv[1:]
    record = weigh(bucket_of_stack(), Path(picture), weight_kg, scale_id)
    print(json.dumps(record, indent=2))
    return 0 if record["status"] == "done" else 1


def bucket_of_stack() -> str:
    """The name of the stack's bucket."""
    stack = os.environ.get("SMARTSCALE_STACK", "smartscale")
    [found] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
    return outputs["BucketName"]


def weigh(bucket: str, picture: Path, weight_kg: str, scale_id: str) -> dict[str, Any]:
    """Drop a picture and return the ledger's record of what became of it."""
    # Under a job id of our own its ledger record has a path that we know. The id is 32 hex digits:
    # 12 of milliseconds since 1970, 20 by chance.
    now_ms = time.time_ns() // 1_000_000
    job_id = f"{now_ms:012x}{secrets.token_hex(10)}"
    day = time.strftime("%Y/%m/%d", time.gmtime(now_ms / 1000))
    s3 = boto3.client("s3")
    s3.upload_file(
        str(picture),
        bucket,
        f"uploads/{day}/{job_id}",
        ExtraArgs={
            "ContentType": mimetypes.guess_type(picture)[0] or "application/octet-stream",
            "Metadata": {"weight-kg": weight_kg, "scale-id": scale_id},
        },
    )
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for outcome in ("done", "failed"):
            try:
                key = f"ledger/{day}/{job_id}/{outcome}.json"
                record: dict[str, Any] = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
            else:
                return record
        time.sleep(0.1)
    raise TimeoutError(f"{job_id} has no outcome after {PATIENCE_S} s")


if __name__ == "__main__":
    sys.exit(main())
