"""Whether something answers over HTTP."""

import urllib.error
import urllib.request
from http import HTTPStatus

_PATIENCE_S = 5.0


def answers(url: str) -> bool:
    """Whether a GET of our own http address is answered by anything but a server error."""
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer:  # noqa: S310
            return bool(answer.status < HTTPStatus.INTERNAL_SERVER_ERROR)
    except urllib.error.HTTPError as error:
        return error.code < HTTPStatus.INTERNAL_SERVER_ERROR
    except OSError:
        return False
