"""What happens at the scale: from what lands on it to the next item.

Pure: no screen, no network, no clock. The page hands in readings and taps, and does what comes
back. Weights are kilograms.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto

from frontend.devices.scales.scale import Condition, Reading

MIN_DIVISIONS = 20
"""What counts as a load: a scale of class III weighs from 20 of its divisions on (OIML R 76-1,
table 3)."""
SAME_DIVISIONS = {Condition.STABLE: 1, Condition.MOVING: 2}
"""By how much a load may seem to change while nobody touches it: settled, it is the error that a
scale in use may have (OIML R 76-1, 3.5); a draught makes it tremble by more."""
CONTAINER_DIVISIONS = 5
"""From how much on something is a container: a thin bag is one, crumbs are none."""
ZERO_SHARE = Decimal("0.02")
"""Up to which part of its capacity a scale may be set to zero."""
NOTHING = Decimal("0.000")


class Step(Enum):
    """Where the shopper stands."""

    IDLE = auto()
    """There is nothing to weigh."""
    CONTAINER = auto()
    """The shopper's own empty container is awaited."""
    MOVING = auto()
    """Something is there, and its weight has not settled."""
    READY = auto()
    """It has settled; a picture is wanted."""
    WAITING = auto()
    """It was sent."""
    ANSWERED = auto()
    """There is an answer."""
    LEAVING = auto()
    """It is dealt with: the weight has to change before the next one begins."""


class Do(Enum):
    """What the page sees to after something happened."""

    CAPTURE = auto()
    """Take a picture, unless there is one, and send it."""
    REWEIGH = auto()
    """The weight is another one: what was answered has no price any more."""
    FORGET = auto()
    """The item is gone: its picture and its answer are the past."""


class Untareable(ValueError):
    """There is nothing that could be the weight of a container."""


@dataclass
class Plate:
    """What is on the scale, as it is shown: gross, tare and net. Net is gross less tare."""

    capacity_kg: Decimal
    division_kg: Decimal
    reading: Reading = field(default_factory=lambda: Reading(Condition.MOVING, NOTHING))
    """Until the scale has said something, it may say anything."""
    zero_kg: Decimal = NOTHING
    tare_kg: Decimal = NOTHING

    @property
    def gross_kg(self) -> Decimal | None:
        """What is on it since it was set to zero; None while there is no such figure."""
        shown = self.reading.gross_kg
        if shown is None or shown < self.zero_kg - self.division_kg:
            return None
        return max(shown - self.zero_kg, NOTHING)

    @property
    def net_kg(self) -> Decimal | None:
        """Gross less tare; None while that is no weight: nothing negative is ever shown."""
        gross = self.gross_kg
        return None if gross is None or gross < self.tare_kg else gross - self.tare_kg

    @property
    def condition(self) -> Condition:
        """The scale's condition; what was taken off below zero is an underload too."""
        if self.reading.gross_kg is not None and self.gross_kg is None:
            return Condition.UNDERLOAD
        return self.reading.condition

    @property
    def stable(self) -> bool:
        """Whether the weight may be charged."""
        return self.condition is Condition.STABLE

    @property
    def can_zero(self) -> bool:
        """Whether what is on it is so little that it may count as nothing."""
        shown = self.reading.gross_kg
        return self.stable and shown is not None and shown <= self.capacity_kg * ZERO_SHARE

    def zero(self) -> None:
        """Count what is on it as nothing; does nothing where that is not allowed."""
        if self.can_zero and self.reading.gross_kg is not None:
            self.zero_kg, self.tare_kg = self.reading.gross_kg, NOTHING

    def follow_zero(self) -> None:
        """Less than nothing is on it, and that holds: what was counted as nothing is gone."""
        shown = self.reading.gross_kg
        stable = self.reading.condition is Condition.STABLE
        if stable and shown is not None and self.gross_kg is None:
            self.zero_kg = shown

    def tare(self, kg: Decimal) -> None:
        """Take a container's weight off; 0 is none.

        Raises:
            Untareable: it is below 0 or the scale's whole capacity.
        """
        if not 0 <= kg < self.capacity_kg:
            raise Untareable(f"{kg} kg")
        self.tare_kg = kg


@dataclass
class Flow:
    """The steps of one shopper after another."""

    plate: Plate
    step: Step = Step.IDLE
    _settled: Decimal | None = None
    """The gross weight of the load that is being dealt with."""
    _least: int = MIN_DIVISIONS

    def read(self, reading: Reading) -> tuple[Do, ...]:
        """Take a reading of the scale; what there is to do."""
        self.plate.reading = reading
        self.plate.follow_zero()
        if self.step is Step.CONTAINER:
            self._take_container()
            return ()
        if self.step in {Step.IDLE, Step.MOVING}:
            return self._land()
        if reading.condition is Condition.UNAVAILABLE:
            return ()
        if self._settled is not None and self._same(self._settled):
            if self.step is not Step.LEAVING:  # what is shown stays what is priced
                self.plate.reading = Reading(Condition.STABLE, self._settled + self.plate.zero_kg)
            return ()
        return (self._changed(), *self._land())

    def insist(self) -> None:
        """Begin anew with what lands next, however light it is: the shopper asked for it."""
        self.step, self._settled, self._least = Step.IDLE, None, 1

    def send(self) -> None:
        """The picture is on its way."""
        self.step, self._settled = Step.WAITING, self.plate.gross_kg

    def answer(self) -> None:
        """The answer is there."""
        self.step = Step.ANSWERED

    def give_up(self) -> None:
        """Nothing came of it, or the shopper cancelled: the load is still there."""
        if self.step is Step.WAITING:
            self.step = Step.READY

    def again(self) -> tuple[Do, ...]:
        """Look once more at what is on the scale."""
        self.step, self._settled = Step.READY, self.plate.gross_kg
        return (Do.CAPTURE,)

    def finish(self) -> tuple[Do, ...]:
        """Be done with the item; the next one needs the weight to change."""
        if not self._loaded:
            self.step, self._settled = Step.IDLE, None
            self.plate.tare_kg = NOTHING
            return (Do.FORGET,)
        self.step, self._settled = Step.LEAVING, self.plate.gross_kg
        return ()

    def await_container(self) -> None:
        """Take what is on the scale for the shopper's container, or else what lands next."""
        self.step, self.plate.tare_kg = Step.CONTAINER, NOTHING
        self._take_container()

    def end_container(self) -> None:
        """Await no container any more."""
        if self.step is Step.CONTAINER:
            self.step = Step.IDLE

    def _land(self) -> tuple[Do, ...]:
        was = self.step
        if not self._loaded:
            self.step = Step.IDLE
            return (Do.FORGET,) if was is Step.MOVING else ()
        if not self.plate.stable:
            self.step = Step.MOVING
            return ()
        self.step, self._settled = Step.READY, self.plate.gross_kg
        return (Do.CAPTURE,)

    def _changed(self) -> Do:
        """Leave the load that was; what is there now lands like any other."""
        finished = self.step in {Step.ANSWERED, Step.LEAVING}
        goes_on = self._loaded and self.step is not Step.LEAVING
        self.step, self._settled, self._least = Step.IDLE, None, MIN_DIVISIONS
        if goes_on:
            return Do.REWEIGH
        if finished and not self._loaded:
            self.plate.tare_kg = NOTHING  # a container goes with its shopper
        return Do.FORGET

    def _take_container(self) -> None:
        gross = self.plate.gross_kg
        if gross is None or not self.plate.stable:
            return
        least = CONTAINER_DIVISIONS * self.plate.division_kg
        if least <= gross < self.plate.capacity_kg:
            self.plate.tare(gross)
            self.step = Step.IDLE

    @property
    def _least_kg(self) -> Decimal:
        return self._least * self.plate.division_kg

    @property
    def _loaded(self) -> bool:
        net = self.plate.net_kg
        return net is not None and net >= self._least_kg

    def _same(self, settled: Decimal) -> bool:
        gross = self.plate.gross_kg
        if gross is None or not self.plate.net_kg:
            return False  # a light load may differ from none by no more than this
        divisions = SAME_DIVISIONS[self.plate.condition]
        return abs(gross - settled) <= divisions * self.plate.division_kg
