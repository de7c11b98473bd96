"""The error format: `application/problem+json` (RFC 9457), one sentence a person can act on."""

from smartscale.contract.document import Document

MEDIA_TYPE = "application/problem+json"


class Problem(Document):
    """An error answer. `detail` says what was wrong and what would be right."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
