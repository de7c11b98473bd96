"""The import function: makes the hub's models into packages in the bucket.

On AWS it runs as a container image, which holds TensorFlow; the embedded run has a process that
polls the queue, `infra.importer`.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from smartscale.adapters.aws import sqs_client
from smartscale.adapters.bucket import S3Ledger, S3Packages, data_bucket
from smartscale.adapters.converter import ConverterProcess
from smartscale.adapters.hub import HuggingFaceHub
from smartscale.adapters.queue import SqsQueue
from smartscale.adapters.tables import DynamoRegistry
from smartscale.adapters.tensorflow_folder import TensorFlowFolder
from smartscale.clock import now
from smartscale.logs import function_logger
from smartscale.operations.models.import_model import ImportModel, ImportRequested
from smartscale.settings import BucketSettings, RegistrySettings

logger = function_logger()

CONVERSION = "functions.model_import.conversion"
"""The module that converts: started by its name in a process of its own, never imported."""
TENSORFLOW = Path(__file__).with_name("tensorflow.txt")
"""What that process needs beside, where it is not installed; `make layers` writes it."""


class Settings(BucketSettings, RegistrySettings):
    """The import function's settings."""

    weighings_queue_url: str
    model_cache: Path
    smartscale_samples: Path | None = None


@lru_cache
def import_requested() -> ImportRequested:
    """The operation on the real adapters."""
    settings = Settings()
    bucket = data_bucket(settings.smartscale_bucket, settings.aws_region)
    importer = ImportModel(
        HuggingFaceHub(settings.model_cache),
        ConverterProcess(CONVERSION, TensorFlowFolder(settings.model_cache, TENSORFLOW)),
        S3Packages(bucket),
        settings.smartscale_samples,
    )
    return ImportRequested(
        importer,
        DynamoRegistry(settings.models_table, settings.aws_region),
        S3Ledger(bucket, settings.ledger_lock_days),
        SqsQueue(sqs_client(settings.aws_region), settings.weighings_queue_url),
        now,
    )


@logger.inject_lambda_context
def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Import the model that the registry requests; the message itself names none."""
    import_requested().run()
