"""The recogniser that runs a model package on LiteRT, in the domain's terms."""

from decimal import Decimal
from pathlib import Path

from smartscale.domain.prediction import Scored
from smartscale.domain.registry import BUILTIN
from smartscale.domain.weighing import ModelRef
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.package import ModelPackage, load_package
from smartscale.recognition.recogniser import Recogniser

_FOUR_DIGITS = Decimal("0.0001")


class LiteRtRecogniser:
    """A loaded model package."""

    def __init__(self, ref: ModelRef, package: ModelPackage) -> None:
        self.ref = ref
        self.confirm_below = Decimal(str(package.thresholds["confirm"]))
        self._recogniser = Recogniser(package)

    def recognise(self, image: bytes) -> list[Scored]:
        """Score every label, most probable first."""
        return [
            Scored(score.label, Decimal(score.confidence).quantize(_FOUR_DIGITS))
            for score in self._recogniser.recognise(image)
        ]


def load_builtin() -> LiteRtRecogniser:
    """Load the package that comes with the code."""
    package = builtin_package()
    return LiteRtRecogniser(ModelRef(id=BUILTIN, revision=package.revision), package)


def load_folder(ref: ModelRef, folder: Path) -> LiteRtRecogniser:
    """Load and verify a package. Raises PackageError when it does not verify."""
    return LiteRtRecogniser(ref, load_package(folder))
