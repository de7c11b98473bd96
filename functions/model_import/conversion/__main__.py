"""`python -m functions.model_import.conversion ORDER.json`: the order is a `ConversionOrder`; each
line of the output is a `ConversionNews`."""

import logging
import os
import resource
import sys
import threading
from pathlib import Path

from functions.model_import.conversion.pack import make_package
from smartscale.domain.errors import DomainError
from smartscale.domain.registry import ImportProgress
from smartscale.importing.order import ConversionNews, ConversionOrder
from smartscale.operations.ports.models import ReportProgress
from smartscale.recognition.package import PackageError

MEMORY_BYTES = 8 * 1024**3
"""Limit of address space. TensorFlow alone takes 3 GiB, and a VGG16 one more."""
_SAID_IN_A_REASON = 300
_log = logging.getLogger(__name__)


def main() -> None:
    """Convert. An error is told in one sentence on the output, and in full in the log."""
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    _end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    order = ConversionOrder.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    news = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(
        sys.stderr.fileno(), sys.stdout.fileno()
    )  # libraries print to stdout, which must carry only our lines

    def report(progress: ImportProgress) -> None:
        print(ConversionNews(progress=progress).model_dump_json(), file=news)

    if (reason := refusal(order, report)) is not None:
        print(ConversionNews(refused=reason).model_dump_json(), file=news)
        sys.exit(1)


def refusal(order: ConversionOrder, report: ReportProgress) -> str | None:
    """Convert, and return why the model is refused, in one sentence; None when it was converted."""
    try:
        make_package(order, report)
    except (DomainError, PackageError) as error:
        return str(error)
    except MemoryError:
        return f"The model needs more than {MEMORY_BYTES >> 30} GiB of memory to be converted."
    except Exception as error:  # noqa: BLE001  loaders raise whatever they like
        _log.warning("the model does not convert", exc_info=True)
        what = str(error).strip().splitlines()[0:1] or [type(error).__name__]
        return f"The {order.source.kind} cannot be converted: {what[0][:_SAID_IN_A_REASON]}"
    return None


def _end_with_parent() -> None:
    """End when the importer has died, which closes its end of our stdin."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
