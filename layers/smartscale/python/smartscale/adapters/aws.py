"""AWS clients. Endpoint and credentials come from the SDK's own environment variables."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# One connection per thread of the web server, and short timeouts, since a shopper waits.
_CONFIG = Config(
    max_pool_connections=50,
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "max_attempts": 3},
)
# Version 4, which every bucket takes for presigned posts. Bucket names in the path, so that the
# address is the region's own, and an emulator's under whatever host name it has.
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))


def sdk_config(region: str) -> Config:
    """Settings for clients that libraries make themselves, such as PynamoDB's."""
    return _CONFIG.merge(Config(region_name=region))


def s3_client(region: str) -> "S3Client":
    """A client for S3."""
    return boto3.client("s3", region_name=region, config=_S3_CONFIG)


def dynamodb_client(region: str) -> "DynamoDBClient":
    """A client for DynamoDB, for copying raw rows. The stores use PynamoDB."""
    return boto3.client("dynamodb", region_name=region, config=_CONFIG)


def sqs_client(region: str) -> "SQSClient":
    """A client for SQS."""
    return boto3.client("sqs", region_name=region, config=_CONFIG)


def cloudwatch_client(region: str) -> "CloudWatchClient":
    """A client for CloudWatch."""
    return boto3.client("cloudwatch", region_name=region, config=_CONFIG)
