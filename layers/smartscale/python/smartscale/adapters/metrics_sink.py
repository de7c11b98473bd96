"""Which way metrics go; settings name it without importing an SDK."""

from enum import StrEnum


class MetricsSink(StrEnum):
    """How metrics reach CloudWatch: extracted from the log (AWS), or by calls (emulators)."""

    EMF = "emf"
    CLOUDWATCH = "cloudwatch"
