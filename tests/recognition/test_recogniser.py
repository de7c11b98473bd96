"""The built-in package loads, fits its network and answers; another one must fit as well."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from smartscale.domain.prediction import EMPTY, UNKNOWN
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.evaluation import measure
from smartscale.recognition.package import (
    ModelPackage,
    PackageError,
    load_package,
    write_package,
)
from smartscale.recognition.photo import CorruptImage, UnsupportedImage
from smartscale.recognition.recogniser import NetworkRecogniser, softmax

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return builtin_package()


@pytest.fixture(scope="module")
def recogniser(package: ModelPackage) -> NetworkRecogniser:
    return NetworkRecogniser(package)


def photo(colour: str, size: tuple[int, int] = (640, 480)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def test_the_built_in_package_is_whole(package: ModelPackage) -> None:
    assert {UNKNOWN, EMPTY} < set(package.labels)
    assert len(package.labels) == 78
    assert 0 < package.confirm < 1
    assert "MIT" in (package.folder / "LICENCE.md").read_text()
    size = sum(path.stat().st_size for path in package.folder.iterdir() if path.is_file())
    assert size < 20_000_000


def test_scores_cover_all_labels_best_first_and_add_up(
    recogniser: NetworkRecogniser, package: ModelPackage
) -> None:
    scores = recogniser.recognise(photo("orange"))

    assert {score.label for score in scores} == set(package.labels)
    confidences = [score.confidence for score in scores]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) == pytest.approx(1)


def test_a_bare_plate_is_empty(recogniser: NetworkRecogniser) -> None:
    assert recogniser.recognise(photo("#b8b8b4"))[0].label == EMPTY


def test_threads_can_share_a_recogniser(recogniser: NetworkRecogniser) -> None:
    photos = [photo(colour) for colour in ("red", "yellow", "white", "green")] * 4
    alone = [recogniser.recognise(data) for data in photos]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(recogniser.recognise, photos)) == alone


def test_what_is_no_picture_is_refused(recogniser: NetworkRecogniser) -> None:
    with pytest.raises(UnsupportedImage):
        recogniser.recognise(b"no picture")
    with pytest.raises(CorruptImage):
        recogniser.recognise(photo("red")[:-200])


def test_a_network_must_have_one_output_per_label(package: ModelPackage, tmp_path: Path) -> None:
    too_few = replace(package, labels=package.labels[:-1], folder=tmp_path)
    write_package(too_few, package.model_path.read_bytes())

    with pytest.raises(PackageError, match="output"):
        NetworkRecogniser(load_package(tmp_path))


def test_a_network_must_take_the_described_picture(package: ModelPackage, tmp_path: Path) -> None:
    other = replace(package.preprocessing, size=package.input_size + 1)
    write_package(
        replace(package, preprocessing=other, folder=tmp_path), package.model_path.read_bytes()
    )

    with pytest.raises(PackageError, match="input"):
        NetworkRecogniser(load_package(tmp_path))


def test_bytes_that_are_no_network_are_refused(package: ModelPackage, tmp_path: Path) -> None:
    write_package(replace(package, folder=tmp_path), b"no network")

    with pytest.raises(PackageError, match="cannot be loaded"):
        NetworkRecogniser(load_package(tmp_path))


def test_a_mirrored_view_gives_a_photo_and_its_mirror_image_one_answer(
    package: ModelPackage, tmp_path: Path
) -> None:
    both = replace(package.preprocessing, mirrored_view=True)
    described = replace(package, preprocessing=both, folder=tmp_path)
    mirroring = NetworkRecogniser(write_package(described, package.model_path.read_bytes()))
    size = package.input_size
    pixels = np.random.default_rng(3).integers(0, 256, (size, size, 3), np.uint8)

    assert np.allclose(
        mirroring.logits(Image.fromarray(pixels)),
        mirroring.logits(Image.fromarray(pixels[:, ::-1])),
        atol=1e-3,
    )


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-700, 700)))
def test_softmax_is_a_distribution_that_keeps_the_order(logits: np.ndarray) -> None:
    confidences = softmax(logits)

    assert confidences.sum() == pytest.approx(1)
    assert confidences[logits.argmax()] == confidences.max()


@pytest.mark.skipif(
    not (SHARED_DATA / "grocery" / "val.txt").is_file(),
    reason=f"the photos are not part of the project; put them into {SHARED_DATA}",
)
def test_produce_in_shops_is_recognised(
    recogniser: NetworkRecogniser, package: ModelPackage
) -> None:
    grocery = SHARED_DATA / "grocery"
    listed = [line.split(",")[0] for line in (grocery / "val.txt").read_text().splitlines()]
    paths = [grocery / name for name in listed]
    truths = [path.parent.name if "Packages" not in path.parts else None for path in paths]
    answers = [recogniser.recognise(path.read_bytes()) for path in paths]

    quality = measure(truths, answers, package.confirm)

    assert quality.n > 150
    assert quality.top1 is not None
    assert quality.top1 >= 0.80
    assert quality.top3 is not None
    assert quality.top3 >= 0.93
    assert quality.negatives_accepted is not None
    assert quality.negatives_accepted <= 0.05
