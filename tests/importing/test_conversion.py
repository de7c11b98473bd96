"""The real conversion of what Keras 2, Keras 3 and TensorFlow write.

Some kinds are converted in a process of their own, as an import does it. The others share this
process: TensorFlow takes several seconds to start.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.model_import.app import CONVERSION, TENSORFLOW
from functions.model_import.conversion.__main__ import refusal
from smartscale.adapters.converter import ConverterProcess
from smartscale.adapters.tensorflow_folder import TensorFlowFolder
from smartscale.domain.errors import ImportFailed
from smartscale.domain.registry import ImportHints, ImportProgress
from smartscale.domain.weighing import ModelRef
from smartscale.importing.order import ConversionOrder
from smartscale.importing.repository import Listing, RepositoryFile, choose_source
from smartscale.recognition.package import ModelPackage, load_package
from smartscale.recognition.recogniser import NetworkRecogniser

pytestmark = pytest.mark.training
SAMPLES = Path(__file__).parents[2] / "sample_data"
PHOTO = SAMPLES / "bananas.jpg"
COMMIT = "c" * 40
NO_HINTS = ImportHints()


APART = {"vgg16-keras", "tiny-savedmodel3", "lambda-savedmodel", "vgg16-truncated"}
"""The repositories that are converted in a process of their own."""


@pytest.fixture(scope="module", autouse=True)
def quiet_tensorflow() -> Iterator[None]:
    """TensorFlow as it is in a process of its own: on the processor, and saying little."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        yield


def convert(folder: Path, package: Path, hints: ImportHints = NO_HINTS) -> ModelPackage:
    """Convert a repository's folder as an import does.

    Raises:
        ImportFailed: the model is refused.
    """
    files = tuple(
        RepositoryFile(name=str(path.relative_to(folder)), size=path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
    source = choose_source(Listing(commit=COMMIT, files=files))
    ref = ModelRef(id="them/model", revision=COMMIT)
    said: list[ImportProgress] = []
    order = ConversionOrder(
        ref=ref,
        commit=COMMIT,
        source=source,
        repository=folder,
        package=package,
        hints=hints,
        samples=SAMPLES,
    )
    if folder.name in APART:
        ConverterProcess(CONVERSION, TensorFlowFolder(package.parent, TENSORFLOW)).convert(
            order, said.append
        )
    elif (reason := refusal(order, said.append)) is not None:
        raise ImportFailed(reason)
    assert said
    return load_package(package)


VGG16 = ("vgg16-h5", "vgg16-keras", "vgg16-tflite")
TINY = ("tiny-h5", "tiny-keras3", "tiny-savedmodel3")
REFUSED = {
    "lambda-h5": "Lambda layer \\(strange\\)",
    "lambda-keras": "Lambda layer \\(strange\\)",
    "lambda-savedmodel": "Lambda layer \\(strange\\)",
    "reads-files": "ReadFile",
    "runs-python": "EagerPyFunc",
    "weights-only": "weights without the structure",
    "vgg16-truncated": "damaged",
    "vgg16-unlabelled": "131 labels are missing",
}


@pytest.mark.parametrize("kind", VGG16)
def test_a_vgg16_answers_in_its_package_as_before(models: Path, tmp_path: Path, kind: str) -> None:
    package = convert(models / kind, tmp_path)
    assert package.input_size == 100
    assert package.labels[:2] == ("Fruit 0", "Fruit 1")
    assert len(package.labels) == 131
    assert package.preprocessing.channels == "bgr"
    assert package.source["preprocessing"] == "architecture VGG"
    assert package.output == "probabilities"
    assert package.embedding == (None if kind == "vgg16-tflite" else 64)
    assert package.evaluation["top1_agreement"] == 1.0
    assert package.evaluation["largest_difference"] < 0.005
    assert package.evaluation["pictures"] > 12, "photos too, not only made-up pictures"
    scores = NetworkRecogniser(package).recognise(PHOTO.read_bytes())
    assert sum(score.confidence for score in scores) == pytest.approx(1)


@pytest.mark.parametrize("kind", TINY)
def test_what_either_keras_wrote_is_read_and_what_its_graph_does_is_found(
    models: Path, tmp_path: Path, kind: str
) -> None:
    package = convert(models / kind, tmp_path)
    assert package.labels == ("Apple", "Pear", "Plum")
    assert package.source["preprocessing"] == "inside the graph"
    assert (package.preprocessing.mean, package.preprocessing.scale) == ((0, 0, 0), (1, 1, 1))
    assert package.output == "logits"
    assert package.embedding == 8


@pytest.mark.parametrize(("kind", "saying"), REFUSED.items())
def test_what_is_refused_says_why(models: Path, tmp_path: Path, kind: str, saying: str) -> None:
    with pytest.raises(ImportFailed, match=saying):
        convert(models / kind, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_cut_short_is_refused_whatever_its_kind(
    models: Path, tmp_path: Path
) -> None:
    for kind, name in (("tiny-h5", "model.h5"), ("tiny-keras3", "model.keras")):
        repository = tmp_path / kind
        repository.mkdir()
        content = (models / kind / name).read_bytes()
        (repository / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(ImportFailed, match=f"{name} is cut short or damaged"):
            convert(repository, tmp_path / "package")
    (tmp_path / "model.tflite").write_bytes(b"no network")
    with pytest.raises(ImportFailed, match="damaged"):
        convert(tmp_path, tmp_path / "package")


def test_the_operator_says_what_the_repository_does_not(models: Path, tmp_path: Path) -> None:
    hints = ImportHints(labels=("x", "y", "z"), preprocessing="unit")
    package = convert(models / "tiny-h5", tmp_path, hints)
    assert package.labels == ("x", "y", "z")
    assert package.preprocessing.scale == (255, 255, 255)
    assert (package.source["labels"], package.source["preprocessing"]) == ("operator", "operator")
    with pytest.raises(ImportFailed, match="2 labels were given, but the model has 3"):
        convert(models / "tiny-h5", tmp_path, ImportHints(labels=("x", "y")))
