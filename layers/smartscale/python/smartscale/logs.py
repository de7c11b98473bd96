"""Structured logs: a line is a JSON object, with the correlation id of what it is about."""

import logging
import os
import zlib

from aws_lambda_powertools import Logger

from smartscale.domain import correlation


class WithCorrelationId(logging.Filter):
    """Adds the correlation id to every record, whichever module wrote it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record through."""
        current = correlation.current()
        if current is not None and not hasattr(record, "correlation_id"):
            record.correlation_id = current
        return True


def function_logger() -> Logger:
    """The logger of a function; records of the layer's modules go to it as well."""
    logger = Logger()
    handler = logger.registered_handler
    if not any(isinstance(one, WithCorrelationId) for one in handler.filters):
        handler.addFilter(WithCorrelationId())
    return logger


def is_sampled() -> bool:
    """Whether what went well is written of what is being worked on.

    Of a share of the weighings, LOG_SAMPLE (all where that is not set), every function writes its
    lines: the correlation id decides. What went wrong is always written, and so are the figures,
    with the correlation id; where each byte is paid for, the rest is seldom read.
    """
    share = float(os.environ.get("LOG_SAMPLE", "1"))
    return zlib.crc32((correlation.current() or "").encode()) < share * 2**32
