"""Models: the shared switch, trials, packages, the hub and what runs them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from smartscale.domain.prediction import Scored
from smartscale.domain.registry import ImportProgress, ModelSwitch, WorkerReport
from smartscale.domain.trial import Tallies, Trial
from smartscale.domain.weighing import ModelRef
from smartscale.importing.order import ConversionOrder
from smartscale.importing.repository import Listing, RepositoryFile

if TYPE_CHECKING:  # importing it loads numpy, which most users of the ports do without
    from smartscale.recognition.memory import Vectors


class Registry(Protocol):
    """The model switch that all workers share."""

    def current(self) -> ModelSwitch | None:
        """The last request, None before the first."""

    def replace(self, switch: ModelSwitch, expected: ModelSwitch | None) -> bool:
        """Store a switch if the stored one is still the expected; tells whether it was."""

    def report(self, report: WorkerReport) -> None:
        """Say what a worker has loaded."""

    def workers(self) -> list[WorkerReport]:
        """What each live worker has loaded."""


class Trials(Protocol):
    """The candidate that all workers try, and how it does."""

    def current(self) -> Trial | None:
        """The last trial, None before the first."""

    def replace(self, trial: Trial, expected: Trial | None) -> bool:
        """Store a trial if the stored one is still the expected; tells whether it was."""

    def add(self, number: int, tallies: Tallies, at: datetime) -> tuple[Tallies, Tallies]:
        """Add to the tallies of a trial, whoever else does so.

        Returns:
            What they are then, over the whole trial and over the window that `at` lies in.
        """

    def tallies(self, number: int) -> Tallies:
        """The tallies of a trial."""


class Packages(Protocol):
    """The model packages in the bucket."""

    def revisions(self) -> list[ModelRef]:
        """Every package there is."""

    def fetch(self, ref: ModelRef, folder: Path) -> None:
        """Copy a package's files into a folder.

        Raises:
            NotFound: there is no such package.
            StoreUnavailable: the store does not answer just now.
        """


class PackageStore(Packages, Protocol):
    """The model packages in the bucket, for who adds to them."""

    def describe(self, ref: ModelRef) -> Mapping[str, Any] | None:
        """What a package says of itself; None where there is no such package, or not yet all."""

    def labels(self, ref: ModelRef) -> list[str]:
        """A package's labels. Raises NotFound."""

    def store(self, ref: ModelRef, folder: Path) -> None:
        """Copy a verified package into the bucket, its description last."""


ReportProgress = Callable[[ImportProgress], None]
"""Told how far an import is, at least every few seconds; what it raises ends the import."""


class Hub(Protocol):
    """Where models are published."""

    def resolve(self, model_id: str, revision: str) -> Listing:
        """What a branch, tag or commit holds. Raises ImportFailed."""

    def download(
        self, model_id: str, commit: str, files: Sequence[RepositoryFile], report: ReportProgress
    ) -> Path:
        """The folder with these files of a commit. Raises ImportFailed."""


class Converter(Protocol):
    """Makes packages of models."""

    def convert(self, order: ConversionOrder, report: ReportProgress) -> None:
        """Write a package into the order's folder. Raises ImportFailed when the model is refused,
        or does not become a package for another reason."""


class Recogniser(Protocol):
    """A loaded model."""

    @property
    def ref(self) -> ModelRef:
        """Which package it is."""

    @property
    def confirm_below(self) -> Decimal:
        """The probability below which a person has to confirm."""

    @property
    def learns(self) -> bool:
        """Whether a shop can teach it."""

    def recognise(self, image: bytes) -> list[Scored]:
        """Score every label. Raises ImageError when the bytes are no usable picture."""

    def embed(self, image: bytes) -> "Vectors":
        """What it sees in a picture, to compare with others; of a model that learns."""

    def remember(self, lessons: Mapping[str, Sequence["Vectors"]]) -> None:
        """Know these embeddings by label from now on, and no others."""
