"""The weight and the tare as they are typed for a simulated scale."""

from dataclasses import dataclass
from decimal import Decimal

from frontend.weighing.flow import NOTHING
from frontend.words import wording
from frontend.words.languages import Language
from frontend.words.wording import BadFigure, read_tare, read_weight


@dataclass
class Figures:
    """Two figures as people type them, and what is wrong with them."""

    weight: str = ""
    tare: str = ""
    weight_problem: str | None = None
    """A message of the catalogues; None where the weight is right."""
    tare_problem: str | None = None

    def read(self) -> tuple[Decimal, Decimal] | None:
        """Weight and tare in kilograms; None where one is wrong, which is noted then."""
        self.clear_problems()
        weight: Decimal | None = None
        tare: Decimal | None = None
        try:
            weight = read_weight(self.weight)
        except BadFigure as error:
            self.weight_problem = str(error)
        try:
            tare = read_tare(self.tare, weight)
        except BadFigure as error:
            self.tare_problem = str(error)
        if weight is None or self.tare_problem is not None:
            return None
        return weight, tare or NOTHING

    def clear_problems(self) -> None:
        """Forget what was wrong."""
        self.weight_problem = self.tare_problem = None

    def show_weight(self, kg: Decimal | None, language: Language) -> None:
        """Write a weight as if it had been typed; None or 0 empties the field."""
        self.weight = wording.editable(kg, language) if kg else ""

    def show_tare(self, kg: Decimal, language: Language) -> None:
        """Write a tare as if it had been typed; 0 empties the field."""
        self.tare = wording.editable(kg, language) if kg else ""

    def translate(self, language: Language) -> None:
        """Write both as one types them in another language."""
        self.weight = wording.retyped(self.weight, language)
        self.tare = wording.retyped(self.tare, language)
