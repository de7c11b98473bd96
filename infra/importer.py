"""The embedded run's import function: polls the queue of imports, as Lambda does on AWS.

TensorFlow, where it is installed, lives in a process of its own for as long as converting a model
takes. With the argument `until-idle` this one, too, ends when there is nothing to import.
"""

import logging
import os
import signal
import sys
import time

from functions.model_import.app import import_requested
from infra.readiness import UNTIL_IDLE, Readiness
from smartscale.adapters.aws import sqs_client
from smartscale.adapters.queue import SqsQueue
from smartscale.domain.errors import StoreUnavailable

_WAIT_S = 5
_PAUSE_S = 1.0
_log = logging.getLogger(__name__)


def main() -> None:
    """Import what is wanted, now and whenever a message says so."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("smartscale").propagate = False  # this library's lines are JSON already
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log each request
    # Exit by an exception, so that an import under way cleans up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    queue = SqsQueue(sqs_client(os.environ["AWS_REGION"]), os.environ["IMPORTS_QUEUE_URL"])
    follow = import_requested()
    ready = Readiness.from_environment()
    while True:
        try:
            if not ready:
                time.sleep(_PAUSE_S)
                continue
            # Before the first message too: a predecessor may have died with an import half done.
            follow.run()
            receipt = queue.receive(_WAIT_S)
            if receipt is not None:
                follow.run()
                queue.delete(receipt)
            elif UNTIL_IDLE in sys.argv[1:]:
                return
        except StoreUnavailable as error:
            _log.warning("the emulated cloud is away: %s", error.__cause__ or error)
            time.sleep(_PAUSE_S)


if __name__ == "__main__":
    main()
