"""Which weighings a history or its export shows."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from smartscale.contract.document import Document
from smartscale.domain.weighing import Status


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


Moment = Annotated[str, BeforeValidator(_as_text)]
"""A date or a moment as people write it; a datetime becomes one."""


class HistoryFilter(Document):
    """The filters of a history, as the query of `GET /v1/history` has them; None leaves all."""

    needs_confirmation: bool | None = None
    suspicious: bool | None = None
    status: Status | None = Field(None, description="`failed` for what needs another try")
    scale_id: str | None = None
    label: str | None = None
    upload_key: str | None = None
    start: Moment | None = Field(None, alias="from", description="date or moment")
    end: Moment | None = Field(None, alias="to", description="date or moment")

    @property
    def query(self) -> dict[str, str]:
        """The filters as query parameters for a client's request.

        >>> HistoryFilter(suspicious=True, start="2026-11-01").query
        {'suspicious': 'true', 'from': '2026-11-01'}
        """
        asked = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in asked.items()
        }
