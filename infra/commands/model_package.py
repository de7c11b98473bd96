"""Which model package a command works on, and what it answers to a folder of photos."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from infra.commands.connection import connect
from infra.errors import PlainError
from infra.settings import Cloud, load_settings
from smartscale.clock import now
from smartscale.domain.catalogue import Catalogue
from smartscale.domain.catalogue_file import read_csv
from smartscale.domain.registry import BUILTIN
from smartscale.domain.weighing import ModelRef
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.labelled_photos import EvaluationError, LabelledPhoto
from smartscale.recognition.package import ModelPackage, load_package
from smartscale.recognition.photo import ImageError, decode
from smartscale.recognition.recogniser import NetworkRecogniser, Reading, Score

MODEL_HELP = "builtin, a package's folder, or MODEL_ID@REVISION"


@dataclass(frozen=True)
class Answer:
    """What a package says of a photo (scores best first), and how long it took, in ms."""

    scores: Sequence[Score]
    decode_ms: float
    network_ms: float
    reading: Reading | None = None
    """What the network sees in it, to teach it."""


@contextmanager
def active_package() -> Iterator[ModelPackage]:
    """The package that serves, for as long as it is needed; without a stack the built-in one."""
    settings = load_settings()
    try:
        connection = connect(settings)
    except PlainError:
        if settings.cloud is not Cloud.EMBEDDED:
            raise
        typer.echo("No stack is running here: measuring the built-in model.", err=True)
        yield builtin_package()
        return
    switch = connection.registry.current()
    with named_package(f"{switch.active.id}@{switch.active.revision}" if switch else BUILTIN) as it:
        yield it


@contextmanager
def named_package(name: str) -> Iterator[ModelPackage]:
    """The package of that name, for as long as it is needed.

    Args:
        name: `builtin`, a package's folder, or MODEL_ID@REVISION in the stack's bucket.

    Raises:
        PlainError: the name is none of these, or there is no stack to read it from.
        NotFound: the bucket holds no such package.
        PackageError: it is damaged.
    """
    model_id, _, revision = name.rpartition("@")
    if BUILTIN in (name, model_id):
        yield builtin_package()
    elif Path(name).is_dir():
        yield load_package(Path(name))
    elif model_id:
        packages = connect(load_settings()).packages
        with tempfile.TemporaryDirectory() as copy:
            packages.fetch(ModelRef(id=model_id, revision=revision), Path(copy))
            yield load_package(Path(copy))
    else:
        raise PlainError(f"{name} is no model: give {MODEL_HELP}.", 2)


def sold_catalogue() -> Catalogue:
    """What the stack here sells; without a stack, what ships."""
    settings = load_settings()
    try:
        found = connect(settings).catalogue.all()
    except PlainError:
        if settings.cloud is not Cloud.EMBEDDED:
            raise
        found = Catalogue(())
    if list(found):
        return found
    text = (files("smartscale") / "catalogue.csv").read_text(encoding="utf-8")
    return Catalogue(read_csv(text.splitlines(), now()))


def answer_photos(photos: Sequence[LabelledPhoto], package: ModelPackage) -> list[Answer]:
    """What a package answers to photos, with a progress bar on stderr.

    Raises:
        EvaluationError: a photo cannot be read.
    """
    recogniser = NetworkRecogniser(package)
    console = Console(stderr=True)
    answers = []
    for photo in track(photos, "recognising", console=console, transient=True):
        try:
            data = photo.path.read_bytes()
            started = time.perf_counter()
            picture = decode(data, package.input_size)
            decoded = time.perf_counter()
            reading = recogniser.read_picture(picture)
            scores = recogniser.scores(reading)
            done = time.perf_counter()
        except (OSError, ImageError) as error:
            raise EvaluationError(f"{photo.path}: {error}") from error
        answers.append(Answer(scores, 1000 * (decoded - started), 1000 * (done - decoded), reading))
    return answers


def latency(answers: Sequence[Answer]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile in ms: decoding, network (with scaling), and both."""
    decoding = np.array([answer.decode_ms for answer in answers])
    network = np.array([answer.network_ms for answer in answers])
    return {
        name: {
            "p50": round(float(np.percentile(times, 50)), 2),
            "p95": round(float(np.percentile(times, 95)), 2),
        }
        for name, times in (
            ("decode", decoding),
            ("network", network),
            ("total", decoding + network),
        )
    }


def package_bytes(package: ModelPackage) -> int:
    """The size of a package's files."""
    return sum(path.stat().st_size for path in package.folder.iterdir() if path.is_file())
