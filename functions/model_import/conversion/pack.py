"""Makes the package: loads the original, names its outputs, converts it, and compares answers."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from PIL import Image

from smartscale.domain.errors import ImportFailed
from smartscale.domain.registry import ImportProgress, ImportStep
from smartscale.importing.labels import LABEL_FILES, choose_labels
from smartscale.importing.order import ConversionOrder
from smartscale.importing.preprocessings import choose_preprocessing
from smartscale.importing.repository import CONFIGURATION_FILES, ModelKind
from smartscale.operations.ports.models import ReportProgress
from smartscale.recognition.network_input import prepare
from smartscale.recognition.package import ModelPackage, OutputKind, write_package
from smartscale.recognition.photo import decode
from smartscale.recognition.preprocessing import Preprocessing
from smartscale.recognition.recogniser import softmax

Pictures = Sequence[NDArray[np.float32]]
"""Each (1, size, size, 3), as the network sees it."""

MAX_DIFFERENCE = 0.02
"""The most that a probability may differ from the original's."""
_ENOUGH = 2
"""Precisions to choose from, where one of them answers like the original."""
_MADE_UP = 12
_PHOTOS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_MOST_PHOTOS = 20
_SUM_TOLERANCE = 1e-2


class Original(Protocol):
    """The loaded original. A conversion must give the same answers as it does."""

    size: int
    """Side of the input in pixels."""
    outputs: int
    embedding: int | None
    """Length of the features that can be told beside the scores."""
    scales_inside: bool
    """Whether the graph works on the pixels before its first layer."""
    layers: list[str]
    """The names of its layers or operations."""

    def answer(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Its output for one picture: (outputs,)."""

    def conversions(self) -> Iterator[tuple[str, bytes]]:
        """Each precision worth measuring with its network, as LiteRT runs it."""


@dataclass(frozen=True)
class Variant:
    """One precision, measured on the sample pictures."""

    precision: str
    bytes: int
    milliseconds: float
    """Median of one picture on one thread."""
    top1_agreement: float
    """Share of pictures with the original's first answer."""
    largest_difference: float
    """Of any probability of any picture."""

    @property
    def faithful(self) -> bool:
        """Whether it answers like the original."""
        return self.top1_agreement == 1.0 and self.largest_difference <= MAX_DIFFERENCE


def make_package(order: ConversionOrder, report: ReportProgress) -> ModelPackage:
    """Convert the model of an order and write the package.

    Raises:
        ImportFailed, InvalidInput: the model is refused; the text says why.
    """
    report(ImportProgress(step=ImportStep.CONVERTING, detail=f"loading the {order.source.kind}"))
    texts = _texts(order)
    original = _load(order, texts)
    named = choose_labels(order.hints.labels, texts, original.outputs)
    seen_as = choose_preprocessing(
        order.hints.preprocessing,
        texts,
        original.size,
        inside=original.scales_inside,
        layers=original.layers,
    )
    pictures = list(_pictures(seen_as.preprocessing, order.samples))
    answers, took = _timed(original.answer, pictures)
    kind = _kind(answers)
    models: dict[str, bytes] = {}
    variants: list[Variant] = []
    report(ImportProgress(step=ImportStep.CONVERTING, percent=30, detail="to LiteRT"))
    for precision, network in original.conversions():
        checked = min(100 * len(variants) // _ENOUGH, 99)
        report(ImportProgress(step=ImportStep.CHECKING, percent=checked, detail=precision))
        models[precision] = network
        variants.append(_measure(precision, network, pictures, answers, kind))
        if len(variants) >= _ENOUGH and any(variant.faithful for variant in variants):
            break
    best = _best(variants)
    return write_package(
        ModelPackage(
            model_id=order.ref.id,
            revision=order.ref.revision,
            labels=named.labels,
            preprocessing=seen_as.preprocessing,
            folder=order.package,
            output=kind,
            embedding=original.embedding,
            source={
                "repository": order.ref.id,
                "commit": order.commit,
                "format": order.source.kind.value,
                "labels": named.where,
                "preprocessing": seen_as.where,
                "hints": order.hints.fingerprint,
            },
            licence=order.licence or "unknown",
            evaluation={
                "compared_with": f"the {order.source.kind} it was made from",
                "pictures": len(pictures),
                "original_milliseconds": round(took, 1),
                **asdict(best),
                "variants": [asdict(variant) for variant in variants],
            },
        ),
        models[best.precision],
    )


def _load(order: ConversionOrder, texts: dict[str, str]) -> Original:
    path = order.repository / order.source.model
    if order.source.kind is ModelKind.TFLITE:
        from functions.model_import.conversion.tflite import TfliteOriginal  # noqa: PLC0415

        return TfliteOriginal(path)
    # TensorFlow takes seconds to import and may not be installed.
    from functions.model_import.conversion.tensorflow_models import load  # noqa: PLC0415

    return load(order.source.kind, path, texts)


def _texts(order: ConversionOrder) -> dict[str, str]:
    """The label and configuration files by base name; those at the top give way to those beside
    the model."""
    wanted = {*LABEL_FILES, *CONFIGURATION_FILES}
    texts = {}
    for file in sorted(order.source.files, key=lambda file: file.name.count("/")):
        name = PurePosixPath(file.name).name
        if name in wanted:
            text = (order.repository / file.name).read_bytes()
            texts[name] = text.decode("utf-8", errors="replace")
    return texts


def _pictures(preprocessing: Preprocessing, samples: Path | None) -> Iterator[NDArray[np.float32]]:
    """Photos, where there are any, and made-up pictures of all brightnesses and colours."""
    photos = sorted(samples.iterdir()) if samples and samples.is_dir() else []
    chosen = [path for path in photos if path.suffix.lower() in _PHOTOS][:_MOST_PHOTOS]
    for path in chosen:
        yield prepare(decode(path.read_bytes(), preprocessing.size), preprocessing)
    rng = np.random.default_rng(0)
    for cells in range(2, 2 + _MADE_UP):
        coarse = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC)
        yield prepare(smooth, preprocessing)


def _kind(answers: NDArray[np.float32]) -> OutputKind:
    """Tell logits from probabilities by looking at the answers.

    Raises:
        ImportFailed: they are neither logits nor probabilities.
    """
    if not np.isfinite(answers).all():
        raise ImportFailed("The model's answers are no numbers (NaN): its weights are damaged.")
    if answers.min() < 0 or answers.max() > 1 + _SUM_TOLERANCE:
        return "logits"
    if np.allclose(answers.sum(axis=1), 1, atol=_SUM_TOLERANCE):
        return "probabilities"
    raise ImportFailed(
        "The model's outputs are from 0 to 1 and do not add up to 1: it says yes or no to each "
        "label (sigmoid) instead of choosing one (softmax)."
    )


def _measure(
    precision: str,
    network: bytes,
    pictures: Pictures,
    expected: NDArray[np.float32],
    kind: OutputKind,
) -> Variant:
    """Compare a converted network's answers with the original's."""
    interpreter = Interpreter(model_content=network, num_threads=1)
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    output = next(
        found["index"]
        for found in interpreter.get_output_details()
        if found["shape"][-1] == expected.shape[1]
    )

    def run(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        interpreter.set_tensor(entry["index"], picture)
        interpreter.invoke()
        return np.array(interpreter.get_tensor(output)[0])

    answers, took = _timed(run, pictures)
    wanted, got = _probabilities(expected, kind), _probabilities(answers, kind)
    return Variant(
        precision=precision,
        bytes=len(network),
        milliseconds=round(took, 1),
        top1_agreement=round(float((wanted.argmax(axis=1) == got.argmax(axis=1)).mean()), 4),
        largest_difference=round(float(np.abs(wanted - got).max()), 6),
    )


def _best(variants: Sequence[Variant]) -> Variant:
    """The fastest that answers like the original.

    Raises:
        ImportFailed: none does.
    """
    faithful = [variant for variant in variants if variant.faithful]
    if faithful:
        return min(faithful, key=lambda variant: variant.milliseconds)
    closest = max(variants, key=lambda variant: variant.top1_agreement)
    raise ImportFailed(
        "The converted model does not answer like the original: "
        f"{closest.top1_agreement:.0%} of the sample pictures have the same first answer, and a "
        f"probability differs by {closest.largest_difference:.3f}."
    )


def _probabilities(answers: NDArray[np.float32], kind: OutputKind) -> NDArray[np.float64]:
    values = answers.astype(np.float64)
    return softmax(values) if kind == "logits" else values


def _timed(
    run: Callable[[NDArray[np.float32]], NDArray[Any]], pictures: Pictures
) -> tuple[NDArray[np.float32], float]:
    """The answers, and the median milliseconds of one."""
    answers, took = [], []
    for picture in pictures:
        start = time.perf_counter()
        answers.append(run(picture))
        took.append(1000 * (time.perf_counter() - start))
    return np.stack(answers), float(np.median(took))
