"""The recogniser that runs a model package on LiteRT, in the domain's terms."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from smartscale.domain.prediction import Scored
from smartscale.domain.registry import BUILTIN
from smartscale.domain.weighing import ModelRef
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.memory import Memory, Vectors
from smartscale.recognition.package import ModelPackage, load_package
from smartscale.recognition.recogniser import NetworkRecogniser

_FOUR_DIGITS = Decimal("0.0001")


class LiteRtRecogniser:
    """A loaded model package."""

    def __init__(self, ref: ModelRef, package: ModelPackage, threads: int) -> None:
        self.ref = ref
        self._recogniser = NetworkRecogniser(package, threads)
        self._memory: Memory | None = None

    @property
    def confirm_below(self) -> Decimal:
        """The confidence below which a person is asked: the package's, or its lessons'."""
        return Decimal(self._recogniser.confirm(self._memory)).quantize(_FOUR_DIGITS)

    @property
    def learns(self) -> bool:
        """Whether a shop can teach it."""
        return self._recogniser.learns

    def recognise(self, image: bytes) -> list[Scored]:
        """Score every label, most probable first."""
        scores = self._recogniser.scores(self._recogniser.read(image), self._memory)
        return [
            Scored(score.label, Decimal(score.confidence).quantize(_FOUR_DIGITS))
            for score in scores
        ]

    def embed(self, image: bytes) -> Vectors:
        """The embedding of a picture, for a model that learns."""
        embedding = self._recogniser.read(image).embedding
        if embedding is None:
            raise TypeError(f"{self.ref} has no embedding")
        return embedding

    def remember(self, lessons: Mapping[str, Sequence[Vectors]]) -> None:
        """Know these embeddings by label from now on, and no others."""
        self._memory = self._recogniser.learn(lessons)


def load_builtin(threads: int = 1) -> LiteRtRecogniser:
    """Load the package that comes with the code, for a network that may use so many threads."""
    package = builtin_package()
    return LiteRtRecogniser(ModelRef(id=BUILTIN, revision=package.revision), package, threads)


def load_folder(ref: ModelRef, folder: Path, threads: int = 1) -> LiteRtRecogniser:
    """Load and verify a package. Raises PackageError when it does not verify."""
    return LiteRtRecogniser(ref, load_package(folder), threads)
