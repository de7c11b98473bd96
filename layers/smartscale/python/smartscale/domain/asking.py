"""What a shop asks about: how many unasked answers may be wrong, and the threshold for that."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict

from smartscale.domain.risk import AUDITED, WANTED, Answer, asking, audits
from smartscale.domain.weighing import ModelRef

GOOD_FOR = timedelta(minutes=10)
"""How long a threshold is kept before it is found again."""
BEFORE_AUDITS = 100
"""A shop that has weighed less asks about most answers anyway."""


class Asking(BaseModel):
    """The shop's wish, and what follows from it for the model that serves."""

    model_config = ConfigDict(frozen=True)

    number: int = 0
    """Grows with every change."""
    wanted: Decimal = WANTED
    """The share of the answers that pass unasked that may be wrong."""
    threshold: Decimal | None = None
    """From which confidence on answers pass; None before the first look at the shop's answers."""
    risk: Decimal | None = None
    """The share of them that is wrong, as far as one can tell; None where none pass."""
    bound: Decimal | None = None
    """What that share hardly exceeds."""
    checked: int = 0
    """How many answers somebody has checked, which this rests on."""
    audited: Decimal = Decimal(0)
    """The share of the answers that could pass but are asked about, so that one can tell."""
    model: ModelRef | None = None
    at: datetime | None = None

    def due(self, model: ModelRef, now: datetime) -> bool:
        """Whether the threshold has to be found anew."""
        return (
            self.threshold is None
            or self.model != model
            or self.at is None
            or (now - self.at >= GOOD_FOR)
        )

    def found(
        self, answers: Sequence[Answer], package: Decimal, model: ModelRef, now: datetime
    ) -> Self:
        """The same wish with the threshold that the shop's answers lead to.

        Args:
            answers: of the model that serves, newest first.
            package: the threshold that the model's package comes with.
            model: the model that serves.
            now: the time.
        """
        found = asking(answers, package, self.wanted)
        return self.model_copy(
            update={
                "number": self.number + 1,
                "threshold": found.threshold,
                "risk": _rounded(found.risk),
                "bound": _rounded(found.bound),
                "checked": found.checked,
                "audited": AUDITED if len(answers) >= BEFORE_AUDITS else Decimal(0),
                "model": model,
                "at": now,
            }
        )

    def wish(self, wanted: Decimal) -> Self:
        """Another wish, for which a threshold has to be found."""
        return self.model_copy(
            update={"number": self.number + 1, "wanted": wanted, "threshold": None, "at": None}
        )

    def audits(self, job_id: str) -> bool:
        """Whether a weighing is asked about although its answer could pass."""
        return audits(job_id, self.audited)


def _rounded(share: float | None) -> Decimal | None:
    return None if share is None else Decimal(str(round(share, 5)))
