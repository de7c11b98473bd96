"""Confirm what an item is, and price the weighing as that."""

from collections.abc import Callable
from datetime import datetime

from smartscale.domain import pricing
from smartscale.domain.catalogue import Item
from smartscale.domain.charge import Charge
from smartscale.domain.errors import Conflict, InvalidInput
from smartscale.domain.memory import teaches
from smartscale.domain.suspicion import suspicion
from smartscale.domain.weighing import ConfirmedBy, Unit, Weighing
from smartscale.operations.messages import lesson_message
from smartscale.operations.metrics.figures import confirmation_metrics
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.metrics import Metrics
from smartscale.operations.ports.queues import Queue
from smartscale.operations.ports.weighings import Weighings
from smartscale.operations.weighing.announce import Announce


class Confirm:
    """Confirms weighings."""

    def __init__(
        self,
        weighings: Weighings,
        ledger: Ledger,
        catalogue: CatalogueStore,
        metrics: Metrics,
        queue: Queue,
        announce: Announce,
        now: Callable[[], datetime],
    ) -> None:
        self._weighings = weighings
        self._ledger = ledger
        self._catalogue = catalogue
        self._metrics = metrics
        self._queue = queue
        self._announce = announce
        self._now = now

    def process(
        self,
        job_id: str,
        *,
        label: str | None = None,
        plu: str | None = None,
        quantity: int | None = None,
        confirmed_by: ConfirmedBy = ConfirmedBy.SHOPPER,
        charge: Charge | None = None,
        staff: str | None = None,
    ) -> Weighing:
        """Store what the item is. Confirming the same again changes nothing.

        Args:
            job_id: the weighing.
            label: the item; or its `plu`.
            plu: the item; or its `label`.
            quantity: pieces that somebody counted; None leaves them as they are.
            confirmed_by: who says so.
            staff: who of the staff says so, where it is one of them.
            charge: what a kiosk charged while the service was away; it is kept as it is.

        Raises:
            Conflict: the weighing is pending, failed, or was voided.
            InvalidInput: the label or PLU is not in the catalogue, so many pieces cannot weigh
                that, or the charge is wrong.
        """
        item = self._item(label, plu, charge)
        while True:
            weighing = self._weighings.get(job_id)
            if weighing is None:
                raise Conflict("This weighing is still pending: ask for its result first.")
            if self._says_already(weighing, item, quantity, confirmed_by, charge):
                # Whoever says it again may have got no answer, since the queue was away.
                self._teach(weighing)
                return weighing
            confirmed = self._confirmed(weighing, item, quantity, confirmed_by, charge)
            confirmed = confirmed.model_copy(update={"confirmed_by_staff": staff})
            recorded = self._ledger.append(confirmed)
            # Published before the row is written: after a crash in between, the client confirms
            # again, and the event is published again.
            self._announce.announce(recorded)
            # Not stored although the ledger took it: the answer to the first try was lost.
            if self._weighings.put(recorded) or recorded is confirmed:
                self._metrics.emit(confirmation_metrics(recorded))
                self._teach(recorded)
            # Another confirmation took this number first: it counts, and ours gets the next number.
            if recorded != confirmed:
                continue
            return recorded

    def _teach(self, weighing: Weighing) -> None:
        """Offer what was confirmed as a lesson; a lesson that is offered twice is learned once."""
        if teaches(weighing) is not None:
            self._queue.send(lesson_message(weighing.job_id))

    def _item(self, label: str | None, plu: str | None, charge: Charge | None) -> Item:
        if (label is None) == (plu is None):
            raise InvalidInput("Say what the item is with either label or plu.")
        if label is not None:
            item = self._catalogue.get(label)
        else:
            item = self._catalogue.all().find_plu(str(plu))
        if item is None or (item.retired and charge is None):
            raise InvalidInput(
                f"{(label or f'PLU {plu}')[:80]} is not in the catalogue; "
                "GET /v1/catalogue lists what is sold."
            )
        return item

    @staticmethod
    def _says_already(
        weighing: Weighing,
        item: Item,
        quantity: int | None,
        confirmed_by: ConfirmedBy,
        charge: Charge | None,
    ) -> bool:
        if charge is not None and (
            not weighing.charged_offline
            or (weighing.unit_price, weighing.price) != (charge.unit_price, charge.price)
        ):
            return False
        return (
            weighing.voided is None  # what was voided cannot be confirmed, not even again
            and weighing.confirmed_label == item.label
            and weighing.confirmed_by is confirmed_by
            and (
                quantity is None
                or item.unit is not Unit.EACH
                or (weighing.counted and quantity == weighing.quantity)
            )
        )

    def _confirmed(
        self,
        weighing: Weighing,
        item: Item,
        quantity: int | None,
        confirmed_by: ConfirmedBy,
        charge: Charge | None,
    ) -> Weighing:
        now = self._now()
        prediction = pricing.price_sale(weighing, item, quantity, charged=charge is not None)
        if charge is None:
            reason = suspicion(weighing, prediction, confirmed_by)
            return weighing.confirm(prediction, confirmed_by, now, reason)
        deviation = charge.deviation(prediction)
        load = weighing.load_to_sell(quantity, charged=True)
        charged = charge.settle(prediction, load)
        reason = deviation or suspicion(weighing, charged, confirmed_by)
        return weighing.confirm(charged, confirmed_by, now, reason, charged_offline=True)
