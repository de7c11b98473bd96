"""One weighing at the kiosk: what the shopper has entered, and what came of it.

Nothing of the screen is in here, so that a scale driver or an offline queue can drive it too.
"""

import time
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto

from frontend.api.client import (
    LONGEST_WAIT_S,
    ApiClient,
    ApiError,
    ApiRefused,
    Prediction,
    Result,
    Status,
    log_unreachable,
)
from frontend.logs import adopt
from frontend.weighing.flow import NOTHING
from frontend.weighing.pictures import Picture
from frontend.words.languages import N_, Language
from frontend.words.wording import BadFigure, read_tare, read_weight

MAX_ALTERNATIVES = 4
MAX_QUANTITY = 99
UNKNOWN = "unknown"
EMPTY = "empty"

NO_PICTURE = N_("Take a picture, choose one, or tap a sample first")
UNREACHABLE = N_(
    "The scale cannot reach its service right now. Your item is kept: please try again in a moment."
)
TOO_SLOW = N_("This takes longer than usual. Please try again: you are charged only once.")
FAILED = N_("This picture could not be recognised: {reason}")


class Phase(Enum):
    """Where a weighing stands for the shopper."""

    ENTERING = auto()
    WAITING = auto()
    ANSWERED = auto()


@dataclass(frozen=True)
class Entry:
    """What is sent: checked, and therefore right."""

    picture: Picture
    weight_kg: Decimal
    tare_kg: Decimal | None


@dataclass(frozen=True)
class Said:
    """What the shopper says the item is; without a quantity it stays as it is."""

    label: str
    quantity: int | None = None


@dataclass
class Weighing:
    """What is on the scale, from the first picture to the confirmed price."""

    picture: Picture | None = None
    weight: str = ""
    tare: str = ""
    phase: Phase = Phase.ENTERING
    result: Result | None = None
    weight_problem: str | None = None
    tare_problem: str | None = None
    problem: str | None = None
    """A message of the catalogue, or the API's own sentence."""
    searching: bool = False
    _sent: Entry | None = field(default=None, repr=False)
    _key: str = field(default="", repr=False)
    _correlation_id: str = field(default="", repr=False)
    """What log lines about it carry, here and behind the API."""
    _said: Said | None = field(default=None, repr=False)
    """What is not confirmed yet; whatever is said meanwhile takes its place."""
    _settling: bool = field(default=False, repr=False)

    def check(self) -> bool:
        """Whether what was typed is right; what is wrong is noted."""
        self.weight_problem = self.tare_problem = self.problem = None
        weight = None
        try:
            weight = read_weight(self.weight)
        except BadFigure as error:
            self.weight_problem = str(error)
        try:
            read_tare(self.tare, weight)
        except BadFigure as error:
            self.tare_problem = str(error)
        return self.weight_problem is None and self.tare_problem is None

    @property
    def typed(self) -> tuple[Decimal, Decimal]:
        """The weight and the tare that were typed, after `check`."""
        weight = read_weight(self.weight)
        return weight, read_tare(self.tare, weight) or NOTHING

    async def classify(
        self, entry: Entry, api: ApiClient, language: Language, *, scale_id: str, patience_s: float
    ) -> None:
        """Send an entry and wait for its result.

        The same entry sent again has the same key: whatever was lost on the way, it is charged
        once.
        """
        if entry != self._sent:
            self._sent, self._key = entry, str(uuid.uuid4())
            self._correlation_id = uuid.uuid4().hex
        adopt(self._correlation_id)
        key = self._key
        self.phase, self.problem, self.result = Phase.WAITING, None, None
        try:
            job_id = await api.predict(
                entry.picture.jpeg,
                entry.weight_kg,
                entry.tare_kg,
                scale_id=scale_id,
                idempotency_key=key,
            )
            result = await _outcome(job_id, api, language, patience_s)
        except ApiError as error:
            if self._awaits(key):
                self._give_up(_sentence(error))
            return
        if self._awaits(key):
            self._take(result, language)

    def cancel(self) -> None:
        """Stop waiting; what was entered stays."""
        self.phase = Phase.ENTERING

    def say(self, label: str) -> None:
        """Say what the item is; `settle` has it confirmed."""
        if self._said is not None and self._said.label == label:
            self.searching = False  # it is being confirmed already, with all that was counted
        else:
            self._said, self.problem = Said(label), None

    def count(self, by: int) -> None:
        """Say that there are more or fewer; it counts at once, and `settle` has it confirmed."""
        label = self._said.label if self._said else self.result and self.result.sold_label
        if label:
            quantity = min(max(self.quantity + by, 1), MAX_QUANTITY)
            self._said, self.problem = Said(label, quantity), None

    async def settle(self, api: ApiClient, language: Language) -> bool:
        """Have confirmed what was said last, one request at a time.

        What is said while a request runs is sent when that one has ended. False when such a
        request runs already: whoever began it sees to the rest.
        """
        if self.result is None or self._settling:
            return False
        self._settling = True
        adopt(self._correlation_id)
        try:
            while (said := self._said) is not None:
                await self._confirm(self.result.job_id, said, api, language)
        finally:
            self._said, self._settling = None, False
        return True

    async def _confirm(self, job_id: str, said: Said, api: ApiClient, language: Language) -> None:
        try:
            result = await api.confirm(job_id, said.label, language.code, quantity=said.quantity)
        except ApiError as error:
            if self._said == said:
                self._said, self.problem = None, _sentence(error)
            return
        self.result = result
        if self._said == said:
            self._said = None
            self.searching = self.searching and said.quantity is not None

    @property
    def settled(self) -> bool:
        """Whether the result has the price of what was said last."""
        return self._said is None

    @property
    def quantity(self) -> int:
        """How many there are, also before that is confirmed."""
        if self._said is not None and self._said.quantity is not None:
            return self._said.quantity
        return (self.result and self.result.quantity) or 1

    async def translate(self, api: ApiClient, language: Language) -> None:
        """Have the item's names in another language; without the API they stay as they are."""
        shown = self.result
        if shown is None:
            return
        try:
            result = await api.result(shown.job_id, language.code)
        except ApiError:
            return
        if self.result is shown:  # else something newer was confirmed meanwhile
            self.result = result

    @property
    def alternatives(self) -> list[Prediction]:
        """What else it may be."""
        if self.result is None:
            return []
        others = (one for one in self.result.top_k if one.label != self.result.sold_label)
        return [one for one in others if one.total is not None][:MAX_ALTERNATIVES]

    def _awaits(self, key: str) -> bool:
        """Whether the shopper still waits for this very answer."""
        return self.phase is Phase.WAITING and key == self._key

    def _take(self, result: Result | None, language: Language) -> None:
        if result is None:
            self._give_up(TOO_SLOW)
        elif result.status is Status.FAILED:
            self._sent = None  # weighing again is a new weighing
            self._give_up(language(FAILED, reason=result.error or ""))
        else:
            self.phase, self.result = Phase.ANSWERED, result
            self.searching = result.label == UNKNOWN

    def _give_up(self, problem: str) -> None:
        self.phase, self.problem = Phase.ENTERING, problem


async def _outcome(
    job_id: str, api: ApiClient, language: Language, patience_s: float
) -> Result | None:
    """The result as soon as it is there; None when it did not come in time."""
    deadline = time.monotonic() + patience_s
    while (left := deadline - time.monotonic()) > 0:
        wait_s = max(1, min(LONGEST_WAIT_S, int(left)))
        result = await api.result(job_id, language.code, wait_s=wait_s)
        if result.status is not Status.PENDING:
            return result
    return None


def _sentence(error: ApiError) -> str:
    if isinstance(error, ApiRefused):
        return str(error)
    log_unreachable(error)
    return UNREACHABLE
