"""Whether something answers over HTTP.

`python -m infra.probe URL PID` waits until it does, or until the process that should is gone.
"""

import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus

_PATIENCE_S = 5.0
_LOOK_EVERY_S = 0.5


def answers(url: str) -> bool:
    """Whether a GET of our own address is answered by anything but a server error.

    By https it may be any certificate's: nothing is told but that somebody asks, and it may not
    hold for the loopback.
    """
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reads no authorities, unlike the default
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_S, context=anybody) as answer:  # noqa: S310
            return bool(answer.status < HTTPStatus.INTERNAL_SERVER_ERROR)
    except urllib.error.HTTPError as error:
        return error.code < HTTPStatus.INTERNAL_SERVER_ERROR
    except OSError:
        return False


def wait_for(url: str, pid: int) -> bool:
    """Wait until it answers, for as long as a process lives that will; tells whether it does."""
    while not answers(url):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


if __name__ == "__main__":
    sys.exit(0 if wait_for(sys.argv[1], int(sys.argv[2])) else f"{sys.argv[1]} does not answer")
