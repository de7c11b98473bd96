"""Converts a model in a process of its own, without credentials, and for a limited time."""

import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from smartscale.adapters.tensorflow_folder import TensorFlowFolder
from smartscale.domain.errors import ImportFailed
from smartscale.domain.registry import ImportProgress, ImportStep
from smartscale.importing.order import ConversionNews, ConversionOrder
from smartscale.importing.repository import ModelKind
from smartscale.operations.ports.models import ReportProgress

_HEARTBEAT_S = 1.0
# Neither credentials nor the folder they are kept in: the process loads a file from a stranger.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}


class ConverterProcess:
    """Runs a module that converts, for one model at a time.

    Args:
        module: what `python -m` starts; it takes the path of a `ConversionOrder` and prints
            `ConversionNews`.
        tensorflow: where the process finds TensorFlow for what is no TFLite file.
        limit_s: how long a conversion may take.
    """

    def __init__(self, module: str, tensorflow: TensorFlowFolder, limit_s: float = 600.0) -> None:
        self._module = module
        self._tensorflow = tensorflow
        self._limit_s = limit_s

    def convert(self, order: ConversionOrder, report: ReportProgress) -> None:
        """Write a package into the order's folder.

        Raises:
            ImportFailed: the model is refused, its process took too long or died, or TensorFlow is
                needed and cannot be fetched.
        """
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _QUIET
        if order.source.kind is not ModelKind.TFLITE:
            folder = self._tensorflow.ready(report)
            if folder is not None:
                known = environment.get("PYTHONPATH", "").split(os.pathsep)
                environment["PYTHONPATH"] = os.pathsep.join(filter(None, [*known, str(folder)]))
        with tempfile.TemporaryDirectory() as scratch:
            order_file = Path(scratch) / "order.json"
            order_file.write_text(order.model_dump_json(), encoding="utf-8")
            process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-m", self._module, str(order_file)],
                env=environment | {"HOME": scratch},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                process_group=0,
            )
            try:
                self._follow(process, order, report)
            finally:
                process.kill()
                process.communicate()

    def _follow(
        self,
        process: "subprocess.Popen[str]",
        order: ConversionOrder,
        report: ReportProgress,
    ) -> None:
        """Report the process's progress until it ends; repeat the last report every second."""
        lines: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        last = ImportProgress(step=ImportStep.CONVERTING)
        deadline = time.monotonic() + self._limit_s
        while time.monotonic() < deadline:
            with suppress(queue.Empty):
                line = lines.get(timeout=_HEARTBEAT_S)
                if line is None:
                    break
                news = _parsed(line)
                if news.refused is not None:
                    raise ImportFailed(news.refused)
                last = news.progress or last
            report(last)
        else:
            raise ImportFailed(
                f"The {order.source.kind} was not converted within {self._limit_s:.0f} s."
            )
        if status := process.wait():
            raise ImportFailed(
                f"The process that converts the {order.source.kind} ended with status {status}: "
                "most likely the model needs more memory than there is."
            )


def _read(stream: TextIO | None, lines: "queue.Queue[str | None]") -> None:
    for line in stream or ():
        lines.put(line)
    lines.put(None)


def _parsed(line: str) -> ConversionNews:
    try:
        return ConversionNews.model_validate_json(line)
    except ValidationError as error:
        raise ImportFailed(f"The process that converts the model said {line!r}.") from error
