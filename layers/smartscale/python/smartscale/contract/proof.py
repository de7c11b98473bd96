"""The proof that a request comes from one of the shop's kiosks, where staff log in.

API and kiosks share a secret. A kiosk signs what it asks for staff, or of what it did while it was
cut off: HMAC-SHA256 over method, path, query, body and the moment until which that holds.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

HEADER = "X-Kiosk-Proof"
GOOD_FOR = timedelta(minutes=2)
"""How long a proof holds."""
_LONGEST = timedelta(minutes=10)
"""How long it may hold: a proof that leaked must not be good for ever, nor a clock quite right."""
_ROOT = "/v1/"


def prove(secret: str, method: str, path: str, query: str, body: bytes, now: datetime) -> str:
    """The header's value.

    Args:
        secret: what API and kiosks share.
        method: HTTP's.
        path: the request's, decoded; what stands before `/v1/` does not count.
        query: the request's, in any order.
        body: the request's.
        now: by the API's clock.
    """
    until = int((now + GOOD_FOR).timestamp())
    return f"{until}.{_sign(secret, method, path, query, digest(body), until)}"


def proves(
    secret: str, proof: str, method: str, path: str, query: str, body_sha256: str, now: datetime
) -> bool:
    """Whether `proof` is of this request, whose body has this digest, and holds now."""
    until, _, signature = proof.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 12):  # noqa: PLR2004
        return False
    expected = _sign(secret, method, path, query, body_sha256, int(until))
    moment = now.timestamp()
    in_time = moment <= int(until) <= moment + _LONGEST.total_seconds()
    return hmac.compare_digest(signature.encode(), expected.encode()) and in_time


def digest(body: bytes) -> str:
    """What a proof says of a body."""
    return hashlib.sha256(body).hexdigest()


def _sign(secret: str, method: str, path: str, query: str, body_sha256: str, until: int) -> str:
    # Gateways cut what stands before the routes, and put a query together anew.
    route = path[path.find(_ROOT) :]
    pairs = urlencode(sorted(parse_qsl(query, keep_blank_values=True)))
    message = "\n".join((method.upper(), route, pairs, body_sha256, str(until)))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
