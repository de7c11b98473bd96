"""The load on the scale: it lands, it settles, it changes, and it leaves.

Nothing in here knows a screen, a network or a clock. The `Shopper` hands in the scale's readings,
and does what is handed back. Weights are kilograms.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto

from frontend.devices.scales.scale import Condition, Reading

MIN_DIVISIONS = 20
"""The least that counts as a load, in divisions of the scale: a scale of class III weighs from 20
of them on (OIML R 76-1, table 3)."""
SAME_DIVISIONS = {Condition.STABLE: 1, Condition.MOVING: 2}
"""How many divisions a weight may differ by and still be the same load. A settled weight may be
wrong by one (OIML R 76-1, 3.5); a draught makes it tremble by more."""
CONTAINER_DIVISIONS = 5
"""The least that counts as a container, in divisions: a thin bag does, crumbs do not."""
ZERO_SHARE = Decimal("0.02")
"""The scale may be set to zero while the load is at most this share of its capacity."""
NOTHING = Decimal("0.000")


class Load(Enum):
    """What is on the scale."""

    NONE = auto()
    """Nothing that could be weighed."""
    CONTAINER = auto()
    """The shopper's own empty container is there, or is about to be put there."""
    MOVING = auto()
    """A load whose weight has not settled yet."""
    SETTLED = auto()
    """A load whose weight has settled: it can be recognised and priced."""
    LEAVING = auto()
    """A load that is dealt with. The weight has to change before the next one is weighed."""


class Do(Enum):
    """What the shopper's session has to do after a reading."""

    CAPTURE = auto()
    """A load has settled: send a picture of it."""
    REWEIGH = auto()
    """The load has another weight now: the answer to it has no price any more."""
    FORGET = auto()
    """The load is gone: forget its picture and its answer."""


class Untareable(ValueError):
    """This can be no container's weight."""


@dataclass
class Plate:
    """What is on the scale, as it is shown: gross, tare and net. Net is gross less tare."""

    capacity_kg: Decimal
    division_kg: Decimal
    reading: Reading = field(default_factory=lambda: Reading(Condition.MOVING, NOTHING))
    """The scale's last reading. Before the first one nothing may be charged."""
    zero_kg: Decimal = NOTHING
    tare_kg: Decimal = NOTHING

    @property
    def gross_kg(self) -> Decimal | None:
        """The weight above the point that was set to zero; None while the scale shows none."""
        shown = self.reading.gross_kg
        if shown is None or shown < self.zero_kg - self.division_kg:
            return None
        return max(shown - self.zero_kg, NOTHING)

    @property
    def tared_by_scale(self) -> bool:
        """Whether the scale has taken off a tare of its own: then its weight is net already."""
        return self.reading.net

    @property
    def net_kg(self) -> Decimal | None:
        """Gross less tare; None while that would be below zero, which is never shown."""
        gross = self.gross_kg
        return None if gross is None or gross < self.tare_kg else gross - self.tare_kg

    @property
    def condition(self) -> Condition:
        """The scale's condition. A weight below the point that was set to zero is an underload."""
        if self.reading.gross_kg is not None and self.gross_kg is None:
            return Condition.UNDERLOAD
        return self.reading.condition

    @property
    def stable(self) -> bool:
        """Whether the weight may be charged."""
        return self.condition is Condition.STABLE

    @property
    def can_zero(self) -> bool:
        """Whether the load is steady and so light that the scale may be set to zero."""
        shown = self.reading.gross_kg
        return self.stable and shown is not None and shown <= self.capacity_kg * ZERO_SHARE

    def zero(self) -> None:
        """Set the scale to zero, and the tare too; does nothing where `can_zero` is false."""
        if self.can_zero and self.reading.gross_kg is not None:
            self.zero_kg, self.tare_kg = self.reading.gross_kg, NOTHING

    def follow_zero(self) -> None:
        """Set the scale to zero again when what it was zeroed with has been taken off."""
        shown = self.reading.gross_kg
        stable = self.reading.condition is Condition.STABLE
        if stable and shown is not None and self.gross_kg is None:
            self.zero_kg = shown

    def tare(self, kg: Decimal) -> None:
        """Take a container's weight in kg off; 0 stands for no container.

        Raises:
            Untareable: it is below 0 or the scale's whole capacity, or the scale has taken off a
                tare of its own.
        """
        if not 0 <= kg < self.capacity_kg or (kg and self.tared_by_scale):
            raise Untareable(f"{kg} kg")
        self.tare_kg = kg


@dataclass
class Flow:
    """Follows one load after another."""

    plate: Plate
    load: Load = Load.NONE
    _settled: Decimal | None = None
    """The gross weight at which the load settled."""
    _least: int = MIN_DIVISIONS
    """From how many divisions on something is a load."""
    _occupied: bool = False
    """Whether an item lies where a container is to stand: it has to go first."""

    def read(self, reading: Reading, *, answered: bool = False) -> tuple[Do, ...]:
        """Take a reading of the scale; returns what there is to do.

        Args:
            reading: what the scale shows now.
            answered: whether the shopper has an answer to the load. A load that is taken off then
                takes its container along.
        """
        self.plate.reading = reading
        if self.plate.tared_by_scale:
            self.plate.tare_kg = NOTHING
        self.plate.follow_zero()
        if self.load is Load.CONTAINER:
            self._take_container()
            return ()
        if self.load in {Load.NONE, Load.MOVING}:
            return self._land()
        if reading.condition is Condition.UNAVAILABLE:
            return ()
        if self._settled is not None and self._same(self._settled):
            if self.load is Load.SETTLED:  # the weight that is shown stays the one that is priced
                shown = self._settled + self.plate.zero_kg
                self.plate.reading = Reading(Condition.STABLE, shown, reading.net)
            return ()
        return (self._changed(answered=answered), *self._land())

    def start_over(self) -> None:
        """Forget the load. The shopper wants what lands next to be weighed, however light it is."""
        self.load, self._settled, self._least = Load.NONE, None, 1

    def weigh_again(self) -> tuple[Do, ...]:
        """Take what is on the scale for a load that has just settled."""
        self.load, self._settled = Load.SETTLED, self.plate.gross_kg
        return (Do.CAPTURE,)

    def finish(self) -> tuple[Do, ...]:
        """Be done with the load; the weight has to change before the next one is weighed."""
        if not self._loaded:
            self.load, self._settled = Load.NONE, None
            self.plate.tare_kg = NOTHING
            return (Do.FORGET,)
        self.load, self._settled = Load.LEAVING, self.plate.gross_kg
        return ()

    def await_container(self, *, item_lies_there: bool = False) -> None:
        """Weigh the shopper's container: it is on the scale already, or is what lands next, once
        an item that lies there is taken off."""
        self.load, self.plate.tare_kg = Load.CONTAINER, NOTHING
        self._occupied = item_lies_there
        self._take_container()

    def end_container(self) -> None:
        """Wait for no container any more."""
        if self.load is Load.CONTAINER:
            self.load = Load.NONE

    def _land(self) -> tuple[Do, ...]:
        was = self.load
        if not self._loaded:
            self.load = Load.NONE
            return (Do.FORGET,) if was is Load.MOVING else ()
        if not self.plate.stable:
            self.load = Load.MOVING
            return ()
        self.load, self._settled = Load.SETTLED, self.plate.gross_kg
        return (Do.CAPTURE,)

    def _changed(self, *, answered: bool) -> Do:
        """Leave the load that was there; `_land` then looks at what is there now."""
        finished = answered or self.load is Load.LEAVING
        goes_on = self._loaded and self.load is not Load.LEAVING
        self.load, self._settled, self._least = Load.NONE, None, MIN_DIVISIONS
        if goes_on:
            return Do.REWEIGH
        if finished and not self._loaded:
            self.plate.tare_kg = NOTHING  # the shopper takes the container along
        return Do.FORGET

    def _take_container(self) -> None:
        gross = self.plate.gross_kg
        if gross is None or not self.plate.stable or self.plate.tared_by_scale:
            return
        least = CONTAINER_DIVISIONS * self.plate.division_kg
        if self._occupied:
            self._occupied = gross >= least
            return
        if least <= gross < self.plate.capacity_kg:
            self.plate.tare(gross)
            self.load = Load.NONE

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
            return False  # without this, a load of one division would seem to stay when it leaves
        divisions = SAME_DIVISIONS[self.plate.condition]
        return abs(gross - settled) <= divisions * self.plate.division_kg
