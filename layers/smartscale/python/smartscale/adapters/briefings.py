"""What workers must know before a batch, in one row of the registry's table."""

from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel
from pynamodb.exceptions import UpdateError

from smartscale.adapters.connection import bind
from smartscale.adapters.rows import BRIEFING_KEY, BriefingRow, new_change
from smartscale.adapters.store_errors import translates_store_errors
from smartscale.adapters.tables import CONDITION_FAILED
from smartscale.domain.asking import Asking
from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import Trial
from smartscale.operations.ports.briefings import Briefing

_NONE = ""
Document = TypeVar("Document", bound=BaseModel)


@translates_store_errors
class DynamoBriefings:
    """The row is small: one read unit."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(BriefingRow, table_name, region)
        self._last: tuple[tuple[object, ...], Briefing] | None = None

    def read(self) -> Briefing | None:
        """What a worker must know; None where the row does not hold all of it yet."""
        try:
            row = self._rows.get(BRIEFING_KEY, consistent_read=True)
        except self._rows.DoesNotExist:
            return None
        return self._briefing(row)

    def _briefing(self, row: BriefingRow) -> Briefing | None:
        documents = row.switch, row.trial, row.asking
        if None in documents or row.memory is None or row.changes is None:
            return None
        said = (*documents, row.memory, tuple(row.changes))
        if self._last is None or self._last[0] != said:
            briefing = Briefing(
                switch=_document(ModelSwitch, row.switch),
                trial=_document(Trial, row.trial),
                asking=_document(Asking, row.asking),
                memory=int(row.memory),
                catalogue=tuple(row.changes),
            )
            self._last = said, briefing
        return self._last[1]

    def complete(self, briefing: Briefing) -> Briefing:
        """Add what the row does not hold yet; what it holds was written later."""
        rows = self._rows
        row = rows(BRIEFING_KEY)
        row.update(
            actions=[
                rows.switch.set(rows.switch | _text(briefing.switch)),
                rows.trial.set(rows.trial | _text(briefing.trial)),
                rows.asking.set(rows.asking | _text(briefing.asking)),
                rows.memory.set(rows.memory | Decimal(briefing.memory)),
                rows.changes.set(rows.changes | [new_change("")]),
            ]
        )
        completed = self._briefing(row)
        if completed is None:
            raise AssertionError("the row was just completed")
        return completed

    def announce_memory(self, number: int) -> None:
        """Note a version of the memory, unless a later one is noted."""
        rows = self._rows
        latest = Decimal(number)
        try:
            rows(BRIEFING_KEY).update(
                actions=[rows.memory.set(latest)],
                condition=rows.memory.does_not_exist() | (rows.memory < latest),
            )
        except UpdateError as error:
            if error.cause_response_code != CONDITION_FAILED:
                raise

    def forget(self) -> None:
        """Delete the row."""
        self._rows(BRIEFING_KEY).delete()


def _text(document: BaseModel | None) -> str:
    return _NONE if document is None else document.model_dump_json()


def _document(kind: type[Document], text: str | None) -> Document | None:
    return kind.model_validate_json(text) if text else None
