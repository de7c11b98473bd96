"""What decides how a network is trained, and what is known of it meanwhile: plain figures, which
load no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """Every decision that shapes the weights; stored with the run and in the package."""

    variant: int = 0
    epochs: int = 26
    size: int = 224
    served_size: int | None = None
    """Pixels a side in the package, where another size than it learned at serves better."""
    early_size: int = 160
    early_epochs: int = 12
    head_epochs: int = 3
    """Altered copies of every photo that the classifier alone learns from, before the rest does."""
    batch: int = 32
    learning_rate: float = 8e-4
    classifier_rate: float = 2.0
    weight_decay: float = 0.02
    warmup_epochs: float = 1.5
    label_smoothing: float = 0.1
    coarse_weight: float = 0.3
    """How much it matters, beside the fine class, to have the coarse one right."""
    ema: float = 0.996
    dropout: float = 0.2
    frozen_blocks: int = 3
    patience: int = 12
    seed: int = 7
    runs: int = 1
    """How many networks are trained, each from a seed of its own. What is served has the mean of
    their weights."""
    shares: tuple[tuple[str, int], ...] = (
        ("steel", 110),
        ("tabletop", 60),
        ("empty", 90),
        ("objects", 90),
    )
    carton_share: float = 0.6
    plate_share: float = 0.25
    bag_share: float = 0.2
    teacher: str = ""
    """The package whose answers are mixed into the labels, as MODEL_ID@REVISION; "" for none."""
    teacher_weight: float = 0.0
    """How much a teacher's answer counts beside the label, where there is a teacher."""

    @property
    def serving_size(self) -> int:
        """Pixels a side at which it answers."""
        return self.served_size or self.size

    @property
    def each_run(self) -> tuple["Recipe", ...]:
        """The recipes of its runs."""
        return tuple(replace(self, seed=self.seed + place, runs=1) for place in range(self.runs))

    def size_at(self, epoch: int) -> int:
        """Small pictures first, since they are cheap; the full size to finish."""
        return self.early_size if 0 <= epoch < self.early_epochs else self.size


@dataclass(frozen=True)
class Progress:
    """What is known after an epoch."""

    epoch: int
    loss: float
    val_loss: float
    val_accuracy: float


def best_of(history: Sequence[Progress]) -> Progress:
    """What is known after the epoch whose weights are kept."""
    return min(history, key=lambda progress: progress.val_loss)
