"""Finds how sure an answer must be to pass without a question, and lets the shop say what may."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from smartscale.domain.asking import Asking
from smartscale.domain.errors import InvalidInput, StoreUnavailable
from smartscale.domain.prediction import NO_ITEM
from smartscale.domain.risk import LEAST_WANTED, MOST_WANTED, WINDOW, Answer
from smartscale.domain.weighing import ConfirmedBy, ModelRef
from smartscale.operations.ports.asking import AskingStore, Wishes
from smartscale.operations.ports.models import Recogniser
from smartscale.operations.ports.weighings import HistoryFilter, WeighingFacts, Weighings

LOOK_BACK = timedelta(days=60)

_log = logging.getLogger(__name__)


class KeepAsking:
    """The worker's side: the threshold for its batches, found anew every few minutes."""

    def __init__(
        self,
        store: AskingStore,
        wishes: Wishes,
        weighings: Weighings,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._wishes = wishes
        self._weighings = weighings
        self._now = now

    def refresh(self, recogniser: Recogniser, stored: Asking | None) -> Asking:
        """What holds for the next batch, in full: it has a threshold.

        A store that is away changes nothing: what was known holds on.

        Args:
            recogniser: the model that serves.
            stored: what holds by the briefing; None in a new shop.
        """
        now = self._now()
        known = stored
        if stored is None or stored.due(recogniser.ref, now):
            try:
                known = self._renewed(stored, recogniser, now)
            except StoreUnavailable as error:
                _log.warning("asking stays as it is: %s", error)
        if known is None or known.threshold is None or known.model != recogniser.ref:
            wish = known or Asking()
            return wish.found((), recogniser.confirm_below, recogniser.ref, now)
        return known

    def _renewed(self, stored: Asking | None, recogniser: Recogniser, now: datetime) -> Asking:
        facts = self._weighings.facts(HistoryFilter(from_=now - LOOK_BACK, to=now), WINDOW)
        wish = stored
        if wish is None:  # a new shop, or one whose tables were lost
            wanted = self._wishes.newest()
            wish = Asking() if wanted is None else Asking().wish(wanted)
        found = wish.found(
            answers_of(facts, recogniser.ref), recogniser.confirm_below, recogniser.ref, now
        )
        if self._store.replace(found, stored):
            return found
        return self._store.current() or found


class SayWanted:
    """The shop's side: how many of the answers that pass may be wrong."""

    def __init__(self, store: AskingStore, wishes: Wishes) -> None:
        self._store = store
        self._wishes = wishes

    def current(self) -> Asking:
        """What the shop wants, and what it comes to."""
        return self._store.current() or Asking()

    def want(self, share: Decimal) -> Asking:
        """Let so many of the answers that pass be wrong.

        Raises:
            InvalidInput: the share is none that a shop can mean.
        """
        if not LEAST_WANTED <= share <= MOST_WANTED:
            raise InvalidInput(
                f"The share of wrong answers is {share}: give a number from {LEAST_WANTED} (one in "
                f"a thousand) to {MOST_WANTED} (one in five), such as 0.01."
            )
        # First where no crash loses it.
        self._wishes.add(share)
        return self._store_wish(share)

    def restore(self) -> bool:
        """Store what the shop said last where the table does not have it, as after a crash; tells
        whether it had to.
        """
        wanted = self._wishes.newest()
        if wanted is None or wanted == self.current().wanted:
            return False
        self._store_wish(wanted)
        return True

    def _store_wish(self, share: Decimal) -> Asking:
        while True:
            stored = self._store.current()
            wish = (stored or Asking()).wish(share)
            if self._store.replace(wish, stored):
                return wish


def answers_of(facts: Sequence[WeighingFacts], model: ModelRef) -> list[Answer]:
    """The answers that a model gave, and whether they were right, newest first.

    A suspicious confirmation says nothing until an attendant has looked at it, nor does what a
    kiosk charged by itself.
    """
    return [
        Answer(
            float(one.confidence),
            asked=one.asked,
            wrong=None
            if one.confirmed_label is None
            or one.suspicious
            or one.confirmed_by is ConfirmedBy.KIOSK
            else one.confirmed_label != one.label,
        )
        for one in facts
        if one.confidence is not None and one.label not in NO_ITEM and one.model == model
    ]
