"""The error format: `application/problem+json` (RFC 9457), one sentence a person can act on."""

from pydantic import Field

from smartscale.contract.document import Document

MEDIA_TYPE = "application/problem+json"


class Fault(Document):
    """One thing that is wrong. `detail` is `message` with the `values` in the places of `{name}`,
    so that a client can say it in another language. `line` is that of a file, counted from 1."""

    line: int | None = None
    detail: str
    message: str
    values: dict[str, str] = Field(default_factory=dict)


class Problem(Document):
    """An error answer. `detail` says what was wrong and what would be right.

    `faults` are the same one by one; there may be none.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    faults: tuple[Fault, ...] = ()
