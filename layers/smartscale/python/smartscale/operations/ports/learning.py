"""What the shop has taught."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from smartscale.domain.memory import MemoryVersion
from smartscale.domain.told_apart import ToldApart
from smartscale.domain.weighing import ModelRef

if TYPE_CHECKING:  # importing it loads numpy, which most users of the ports do without
    from smartscale.recognition.memory import Vectors


class Memories(Protocol):
    """What the shop has taught: pictures, and versions of lessons."""

    def newest(self, after: int = 0) -> MemoryVersion | None:
        """The newest version; None when there is none with a number above `after`."""

    def get(self, number: int) -> MemoryVersion:
        """A version. Raises NotFound."""

    def add(self, version: MemoryVersion) -> bool:
        """Store a version unless its number is taken; tells whether it was stored."""

    def versions(self) -> list[MemoryVersion]:
        """Every version, the newest first."""

    def keep_picture(self, image: bytes) -> str:
        """Keep a picture for good; its SHA-256."""

    def picture(self, sha256: str) -> bytes:
        """A picture that was kept. Raises NotFound."""

    def embedded(self, model: ModelRef) -> list[int]:
        """The versions whose pictures a model has seen, in rising order."""

    def told_apart(self, model: ModelRef, number: int) -> ToldApart | None:
        """Which items of a version a model mixes up, None when that is not known yet."""

    def carried(self, model: ModelRef) -> list[int]:
        """The versions that a kiosk with this model can take along, in rising order."""

    def read_carried(self, model: ModelRef, number: int) -> bytes:
        """What a kiosk takes along of a version. Raises NotFound."""

    def vote(self, label: str, predicted: str, job_id: str) -> list[str]:
        """Note that a shopper said `label` where the model said `predicted`.

        Returns:
            The weighings of which shoppers said so.
        """


class EmbeddedMemories(Memories, Protocol):
    """The same with what models see in the pictures, for who runs a model."""

    def embeddings(self, model: ModelRef, number: int) -> dict[str, "Vectors"] | None:
        """What a model sees in the pictures of a version, None when that is not known yet."""

    def looked_at(self) -> list[int]:
        """The versions of which it is known what is to be held back, in rising order."""

    def seen(self) -> list[int]:
        """The versions whose pictures any model has seen, in rising order."""

    def keep_looked_at(self, number: int) -> None:
        """Note that it is known what of a version is to be held back."""

    def keep_embeddings(
        self, model: ModelRef, number: int, embeddings: Mapping[str, "Vectors"]
    ) -> None:
        """Keep what a model sees in the pictures of a version."""

    def keep_carried(
        self, model: ModelRef, number: int, lessons: Mapping[str, Sequence["Vectors"]]
    ) -> None:
        """Keep what a kiosk takes along of a version, by the label of the item."""

    def keep_told_apart(self, model: ModelRef, number: int, found: ToldApart) -> None:
        """Keep which items of a version a model mixes up."""
