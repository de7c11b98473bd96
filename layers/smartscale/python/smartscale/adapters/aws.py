"""AWS clients. Endpoint and credentials come from the SDK's own environment variables."""

import os
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# Version 4, which every bucket takes for presigned posts. Bucket names in the path, so that the
# address is the region's own, and an emulator's under whatever host name it has.
_OF_S3 = Config(signature_version="s3v4", s3={"addressing_style": "path"})


def sdk_config(region: str) -> Config:
    """Settings for every client, also those that libraries make themselves, such as PynamoDB's."""
    return Config(
        region_name=region,
        # By itself the SDK puts its name together anew, twice, for each request: an eighth of what
        # one costs its process.
        user_agent=f"SmartScale app/{os.environ.get('AWS_SDK_UA_APP_ID', 'smartscale')}",
        # One connection per thread of the web server, and short timeouts, since a shopper waits.
        max_pool_connections=50,
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "max_attempts": 3},
    )


def s3_client(region: str) -> "S3Client":
    """A client for S3."""
    return boto3.client("s3", config=sdk_config(region).merge(_OF_S3))


def dynamodb_client(region: str) -> "DynamoDBClient":
    """A client for DynamoDB, for what PynamoDB is too slow or too clever for."""
    return boto3.client("dynamodb", config=sdk_config(region))


def sqs_client(region: str) -> "SQSClient":
    """A client for SQS."""
    return boto3.client("sqs", config=sdk_config(region))


def cloudwatch_client(region: str) -> "CloudWatchClient":
    """A client for CloudWatch."""
    return boto3.client("cloudwatch", config=sdk_config(region))
