"""The simulated scale: a kiosk without hardware, where weights are typed and samples put on it."""

from decimal import Decimal

from frontend.devices.scales.simulated import SimulatedScale
from frontend.weighing.flow import NOTHING
from frontend.weighing.session import Session, Step
from frontend.weighing.weighing import NO_PICTURE, Photo, Weighing

BOWL_KG = Decimal("0.120")
"""What the empty bowl weighs."""


class Bench:
    """A simulated scale, and what can be put on it."""

    def __init__(self, scale: SimulatedScale, session: Session) -> None:
        self._scale, self._session = scale, session

    def clear(self) -> None:
        """Take everything off."""
        self._scale.clear()

    def place_bowl(self) -> None:
        """Put an empty bowl on it."""
        self._scale.place(BOWL_KG)

    def place_sample(self, photo: Photo, weight_kg: Decimal, tare_kg: Decimal | None) -> None:
        """Put a sample on it, and weigh with its picture.

        Args:
            photo: the sample's picture.
            weight_kg: what the sample weighs, with the container that it comes in.
            tare_kg: what that container weighs; None where the sample comes in none. The sample
                then goes into the container that the shopper has brought.
        """
        session = self._session
        tare = tare_kg or session.plate.tare_kg
        gross = weight_kg + (NOTHING if tare_kg else tare)
        presumed = session.weighing.unanswered
        session.replace(Weighing(photo, presumed=presumed), same_load=False)
        session.flow.start_over()
        session.plate.tare(tare)
        session.figures.show_weight(gross, session.language())
        session.show_tare()
        self._scale.place(gross)

    def classify(self) -> str | None:
        """Put on it what was typed, to recognise it.

        Returns:
            The message for the shopper, where something is missing; None where nothing is, or where
            the message stands beside the figures.
        """
        session = self._session
        typed = session.figures.read()
        if typed is None:
            return None
        weight, tare = typed
        if session.step is Step.CONTAINER:
            self._scale.place(weight)
            return None
        presumed = session.weighing.unanswered
        if session.weighing.photo is None and presumed is None and not session.camera_sees:
            return NO_PICTURE
        same = typed == (session.plate.gross_kg, session.plate.tare_kg)
        if same and session.step is Step.WAITING:
            return None
        if same and session.chosen_photo is not None:
            session.weighing.cancel()  # sent again it is the same weighing, and is charged once
        else:
            photo = session.chosen_photo
            session.replace(Weighing(photo, presumed=presumed), same_load=photo is not None)
        session.plate.tare(tare)
        session.flow.start_over()
        self._scale.place(weight)
        return None
