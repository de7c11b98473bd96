"""One weighing at the kiosk: its picture, what became of it, and what the shopper says it is.

Nothing in here knows the screen or the scale.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol, Self

from frontend.api.client import LONGEST_WAIT_S
from frontend.api.errors import (
    ApiError,
    ApiRefused,
    ApiThrottled,
    ApiTroubled,
    log_unreachable,
)
from frontend.logs import adopt
from frontend.weighing.pictures import Picture
from frontend.weighing.samples import Sample
from frontend.words.languages import N_, Language
from frontend.words.refusals import fault_words
from smartscale.contract.weighing import Pieces, Prediction, Result, Status
from smartscale.domain.job_id import new_job_id

MAX_ALTERNATIVES = 4
MAX_QUANTITY = 99
LEAST_SHARE = 0.01
"""What is less likely is not offered: it would fill the panel with what nobody weighs."""
MOST_NUMBERS = 6
"""How many numbers of pieces are offered at once; whoever has more counts up or down."""

NO_PICTURE = N_("Take a picture, choose one, or tap a sample first")
UNREACHABLE = N_(
    "The scale cannot reach its service right now. Your item is kept: please try again in a moment."
)
TOO_SLOW = N_("This takes longer than usual. Please try again: you are charged only once.")
FAILED = N_("This picture could not be recognised: {reason}")
TOO_MANY = N_("So many pieces cannot weigh so little. Please count them again.")


class Service(Protocol):
    """What a weighing needs of the API."""

    async def predict(
        self,
        image: bytes,
        weight_kg: Decimal,
        tare_kg: Decimal | None,
        *,
        scale_id: str,
        idempotency_key: str,
    ) -> str:
        """Send a picture; returns the weighing's job id."""

    async def result(self, job_id: str, language: str, *, wait_s: int = 0) -> Result:
        """The weighing as it stands."""

    async def confirm(
        self, job_id: str, label: str, language: str, *, quantity: int | None = None
    ) -> Result:
        """Say what the item is; the answer has its new price."""


@dataclass(frozen=True)
class Photo:
    """A picture to weigh with, and where it is from."""

    picture: Picture
    captured: bool = False
    """Whether the camera took it of what is on the scale now. A picture that a person chose stays
    when the weight changes; a captured one is taken anew."""
    sample: Sample | None = None
    """The sample that it is the picture of."""


@dataclass(frozen=True)
class Entry:
    """What is sent to be recognised. Weights are kilograms; no tare is None."""

    picture: Picture
    weight_kg: Decimal
    tare_kg: Decimal | None


@dataclass(frozen=True, eq=False)
class Notice:
    """One sentence to the shopper: a message of the catalogues, or the API's own.

    The same sentence said again is another notice, and is shown again.
    """

    message: str


@dataclass(frozen=True)
class Claim:
    """What the shopper says the item is. Without a quantity there are as many as before."""

    label: str
    quantity: int | None = None


@dataclass(frozen=True)
class Said:
    """What the shopper has said of a load, which is weighed once more. Weights are kilograms."""

    label: str
    quantity: int | None
    """How many pieces the shopper counted; None where nobody did."""
    gross_kg: Decimal
    net_kg: Decimal

    def about(self, gross_kg: Decimal) -> Claim:
        """What still holds of it for a load that weighs so much now.

        As many pieces lie there unless the load has changed by half a piece; another container
        changes nothing.
        """
        if self.quantity is None:
            return Claim(self.label)
        piece_kg = self.net_kg / self.quantity
        same = abs(gross_kg - self.gross_kg) * 2 < piece_kg
        return Claim(self.label, self.quantity if same else None)


@dataclass(eq=False)
class Weighing:
    """One item at the scale, from its picture to its confirmed price."""

    photo: Photo | None = None
    presumed: Said | None = None
    """What the shopper said of it before its weight changed, or before there was an answer."""
    result: Result | None = None
    """The answer to it; None while there is none."""
    notice: Notice | None = None
    searching: bool = False
    """Whether the shopper wants to choose the item by hand."""
    unseen: bool = False
    """Whether the camera gave no picture of it, or one that shows nothing."""
    _sent: Entry | None = field(default=None, repr=False)
    _key: str = field(default="", repr=False)
    """The Idempotency-Key under which `_sent` was sent."""
    _correlation_id: str = field(default="", repr=False)
    """Stands in each log line about the weighing, at the kiosk and behind the API."""
    _attempt: object | None = field(default=None, repr=False)
    """The sending whose answer is awaited; None while the shopper waits for none."""
    _claim: Claim | None = field(default=None, repr=False)
    """What is not confirmed yet. A newer claim takes its place."""
    _settling: bool = field(default=False, repr=False)
    _recognising: int = field(default=0, repr=False)
    """How many requests for an answer are under way, awaited or not."""
    _job_id: str | None = field(default=None, repr=False)
    """The id that came with the answer to what was sent."""
    _known: bool = field(default=False, repr=False)
    """Whether the service may have what was sent."""
    _when_over: Callable[[], None] | None = field(default=None, repr=False)
    _priced_at: float | None = field(default=None, repr=False)
    """Since when it has a price that holds, on the monotonic clock."""
    stood_s: float = field(default=0.0, repr=False)
    """For how long it had one while it was looked at."""
    _counted: int | None = field(default=None, repr=False)
    """How many pieces the shopper has counted, once that is confirmed."""

    # ------------------------------------------------------------------ the answer

    @property
    def waiting(self) -> bool:
        """Whether it was sent, and the shopper waits for the answer."""
        return self._attempt is not None

    @classmethod
    def resume(cls, photo: Photo | None, entry: Entry, key: str) -> Self:
        """A weighing that was sent already, by a kiosk that has started again since."""
        return cls(photo, _sent=entry, _key=key, _correlation_id=uuid.uuid4().hex, _known=True)

    @property
    def sent(self) -> tuple[Entry, str] | None:
        """What was sent, and its Idempotency-Key."""
        return None if self._sent is None else (self._sent, self._key)

    @property
    def job_id(self) -> str | None:
        """Its id; None where the service has nothing of it, or refused it."""
        if self._job_id is not None:
            return self._job_id
        return self._key if self._known else None  # which the service takes for its own

    @property
    def sold(self) -> bool:
        """Whether it has a price that holds."""
        result = self.result
        if result is None or result.price is None:
            return False
        return not (result.needs_confirmation or result.needs_count)

    def _note_price(self) -> None:
        if self.sold and self._priced_at is None:
            self._priced_at = time.monotonic()

    def when_over(self, call: Callable[[], None]) -> None:
        """Call this as soon as no request of it is under way."""
        self._when_over = call
        self._see_whether_over()

    def _see_whether_over(self) -> None:
        if self._when_over is not None and not (self._recognising or self._settling):
            call, self._when_over = self._when_over, None
            call()

    def send(self, entry: Entry) -> object:
        """Begin to wait for the answer to an entry; returns the attempt for `recognise`."""
        if entry != self._sent:
            # As the service makes ids: it takes this one for the weighing's own.
            self._sent, self._key = entry, new_job_id(datetime.now(UTC))
            self._job_id, self._known, self._priced_at, self.stood_s = None, False, None, 0.0
            self._correlation_id = uuid.uuid4().hex
        self._attempt = attempt = object()
        self.notice = self.result = None
        return attempt

    async def recognise(
        self,
        attempt: object,
        service: Service,
        language: Language,
        *,
        scale_id: str,
        patience_s: float,
    ) -> bool:
        """Send what `send` was given, and take the answer.

        The same entry sent again has the same key: whatever was lost on the way, the shopper is
        charged once.

        Returns:
            False where the shopper did not wait for this answer any more; it is dropped then.
        """
        entry = self._sent
        if attempt is not self._attempt or entry is None:
            return False
        adopt(self._correlation_id)
        self._recognising += 1
        unknown, self._known = not self._known, True
        try:
            self._job_id = job_id = await service.predict(
                entry.picture.jpeg,
                entry.weight_kg,
                entry.tare_kg,
                scale_id=scale_id,
                idempotency_key=self._key,
            )
            result = await _outcome(job_id, service, language, patience_s)
        except ApiError as error:
            sentence = _sentence(error, language)
            refused = isinstance(error, ApiRefused) and not isinstance(
                error, ApiThrottled | ApiTroubled
            )
            if self._job_id is None and refused and unknown:
                self._known = False
            if attempt is self._attempt:
                self._attempt, self.notice = None, Notice(sentence)
                return True
            return False
        finally:
            self._recognising -= 1
            self._see_whether_over()
        if attempt is not self._attempt:
            return False
        self._attempt = None
        self._take(result, language)
        return True

    def cancel(self) -> None:
        """Wait for the answer no more; the picture stays."""
        self._attempt = None
        if self._priced_at is not None:
            self.stood_s = time.monotonic() - self._priced_at

    def _take(self, result: Result | None, language: Language) -> None:
        if result is None:
            self.notice = Notice(TOO_SLOW)
        elif result.status is Status.FAILED:
            # Weighing it again is a new weighing.
            self._sent, self._job_id, self._known = None, None, False
            self.notice = Notice(language(FAILED, reason=result.error or ""))
        else:
            self.result, self.unseen = result, False
            self._note_price()
            if result.confirmed_label is not None:  # confirmed before the kiosk started again
                self._counted = None if result.needs_count else result.quantity

    async def translate(self, service: Service, language: Language) -> None:
        """Ask for the names in another language; they stay as they are where nobody answers."""
        shown = self.result
        if shown is None:
            return
        try:
            result = await service.result(shown.job_id, language.code)
        except ApiError:
            return
        if self.result is shown:  # else something newer was confirmed meanwhile
            self.result = result

    @property
    def alternatives(self) -> list[Prediction]:
        """What else it may be, of what has a price and is not out of the question."""
        if self.result is None:
            return []
        others = (one for one in self.result.top_k if one.label != self.result.sold_label)
        likely = (one for one in others if one.total is not None and one.confidence >= LEAST_SHARE)
        return list(likely)[:MAX_ALTERNATIVES]

    # ------------------------------------------------------------------ what the shopper says

    @property
    def said(self) -> Said | None:
        """What the shopper has said of this load; None where that is nothing."""
        result, sent = self.result, self._sent
        if result is None or sent is None:
            return self.presumed
        claim = self._claim or Claim(result.confirmed_label or "", self._counted)
        if not claim.label:
            return None
        quantity = claim.quantity or self._counted
        return Said(claim.label, quantity, sent.weight_kg, result.net_kg or sent.weight_kg)

    def presume(self, label: str) -> None:
        """Note what the item is before there is an answer; `claim_again` claims it of that."""
        nothing = Decimal(0)
        self.presumed, self.notice = Said(label, None, nothing, nothing), None

    @property
    def presumed_label(self) -> str | None:
        """What the shopper said the item is, before there was an answer."""
        return None if self.presumed is None else self.presumed.label

    @property
    def unanswered(self) -> Said | None:
        """What the shopper said the item is, while there is no answer."""
        return None if self.result is not None else self.presumed

    def another(self, photo: Photo | None = None) -> "Weighing":
        """Another weighing of the same load, for which the shopper has said the same so far."""
        return Weighing(photo, presumed=self.unanswered, searching=self.searching)

    def claim_again(self) -> None:
        """Claim anew what the shopper has said before the weight changed."""
        said, self.presumed = self.presumed, None
        if said is None or self.result is None or self._sent is None:
            return
        self._claim = said.about(self._sent.weight_kg)
        if not self._can_be(self._claim):
            self._claim = Claim(said.label)

    def claim(self, label: str, quantity: int | None = None) -> None:
        """Note that the item is this one, and how many pieces; `settle` has it confirmed."""
        if self._claim is not None and self._claim.label == label:
            self.searching = False  # it is being confirmed already, with all that was counted
        else:
            self._claim, self.notice = Claim(label, quantity), None

    def count(self, by: int) -> None:
        """Note that there are more or fewer, which shows at once; `settle` has it confirmed."""
        self.count_as(min(max(self.quantity + by, 1), MAX_QUANTITY))

    def count_as(self, quantity: int) -> None:
        """Note how many there are, which shows at once; `settle` has it confirmed."""
        label = self._claim.label if self._claim else self.result and self.result.sold_label
        if not label:
            return
        claim = Claim(label, quantity)
        if self._can_be(claim):
            self._claim, self.notice = claim, None
        else:
            self.notice = Notice(TOO_MANY)

    def _can_be(self, claim: Claim) -> bool:
        """Whether so many pieces can weigh what is on the scale, as far as is known here."""
        pieces = self._pieces_of(claim.label)
        return claim.quantity is None or pieces is None or claim.quantity <= pieces.at_most

    def _pieces_of(self, label: str) -> Pieces | None:
        if self.result is None:
            return None
        if self.result.sold_label == label:
            return self.result.pieces
        return next((one.pieces for one in self.result.top_k if one.label == label), None)

    @property
    def most(self) -> int:
        """How many pieces there can be at most."""
        pieces = None if self.result is None else self.result.pieces
        return MAX_QUANTITY if pieces is None else pieces.at_most

    @property
    def numbers(self) -> list[int]:
        """The numbers of pieces that it can be, likeliest first; none where they are too many."""
        pieces = None if self.result is None else self.result.pieces
        if pieces is None or not 1 < pieces.most - pieces.least + 1 <= MOST_NUMBERS:
            return []
        return sorted(
            range(pieces.least, pieces.most + 1), key=lambda number: number != pieces.suggested
        )

    async def settle(self, service: Service, language: Language) -> bool:
        """Have the last claim confirmed, one request at a time.

        A claim that is made while a request runs is sent when that one has ended.

        Returns:
            False where another call does so already.
        """
        if self.result is None or self._settling:
            return False
        job_id = self.result.job_id
        self._settling = True
        adopt(self._correlation_id)
        try:
            while (claim := self._claim) is not None:
                await self._confirm(job_id, claim, service, language)
        finally:
            self._claim, self._settling = None, False
            self._see_whether_over()
        return True

    async def _confirm(
        self, job_id: str, claim: Claim, service: Service, language: Language
    ) -> None:
        try:
            result = await service.confirm(
                job_id, claim.label, language.code, quantity=claim.quantity
            )
        except ApiError as error:
            if self._claim == claim:
                self._claim, self.notice = None, Notice(_sentence(error, language))
            return
        if self.result is not None:  # else it was sent anew meanwhile, and the answer will tell
            self.result = result
            self._note_price()
            self._counted = claim.quantity or self._counted
        if self._claim == claim:
            self._claim = None
            self.searching = self.searching and claim.quantity is not None

    @property
    def settled(self) -> bool:
        """Whether the result has the price of the last claim."""
        return self._claim is None

    @property
    def quantity(self) -> int:
        """How many pieces there are, also before that is confirmed."""
        if self._claim is not None and self._claim.quantity is not None:
            return self._claim.quantity
        return (self.result and self.result.quantity) or 1


async def _outcome(
    job_id: str, service: Service, language: Language, patience_s: float
) -> Result | None:
    """The result as soon as it is there; None when it did not come in time."""
    deadline = time.monotonic() + patience_s
    while (left := deadline - time.monotonic()) > 0:
        wait_s = max(1, min(LONGEST_WAIT_S, int(left)))
        result = await service.result(job_id, language.code, wait_s=wait_s)
        if result.status is not Status.PENDING:
            return result
    return None


def _sentence(error: ApiError, language: Language) -> str:
    """What the shopper is shown; the operator finds the rest in the log."""
    if isinstance(error, ApiRefused) and error.faults:
        return " ".join(fault_words(fault, language) for fault in error.faults)
    if isinstance(error, ApiRefused) and not isinstance(error, ApiTroubled):
        return str(error)
    log_unreachable(error)
    return UNREACHABLE
