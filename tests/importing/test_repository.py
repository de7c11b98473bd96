"""Only what is needed of a repository is downloaded, and pickles never are."""

import pytest

from smartscale.domain.errors import ImportFailed
from smartscale.importing.repository import (
    MAX_MODEL_BYTES,
    Listing,
    ModelKind,
    RepositoryFile,
    choose_source,
)

SAVED = ("saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001")


def listing(*names: str, size: int = 100) -> Listing:
    files = tuple(RepositoryFile(name=name, size=size) for name in names)
    return Listing(commit="c" * 40, files=files)


def test_of_a_savedmodel_the_graph_the_weights_and_the_texts_are_needed() -> None:
    source = choose_source(
        listing(
            *SAVED,
            *("keras_metadata.pb", "class_labels.json", "config.json", "README.md"),
            *("training.ipynb", "weights.pkl", ".gitattributes", "assets/vocabulary.txt"),
            "elsewhere/labels.txt",
        )
    )
    assert (source.kind, source.model) == (ModelKind.SAVED_MODEL, ".")
    assert {file.name for file in source.files} == {
        *SAVED,
        "keras_metadata.pb",
        "class_labels.json",
        "config.json",
    }


def test_a_model_in_a_folder_brings_the_texts_beside_it_and_at_the_top() -> None:
    names = [f"model/{name}" for name in SAVED]
    source = choose_source(listing(*names, "model/labels.txt", "config.json", "other/labels.txt"))
    assert source.model == "model"
    assert {file.name for file in source.files} == {*names, "model/labels.txt", "config.json"}


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("a.h5", "b.keras", "c.tflite"), "c.tflite"),
        (("a.h5", "b.keras"), "b.keras"),
        (("deep/in/here.h5", "top.h5"), "top.h5"),
        (("model.h5", "weights.h5"), "model.h5"),
    ],
)
def test_one_model_is_chosen(names: tuple[str, ...], chosen: str) -> None:
    assert choose_source(listing(*names)).model == chosen


@pytest.mark.parametrize(
    ("names", "saying"),
    [
        (("README.md",), "no model that can be imported"),
        (("model.pkl",), "can run code"),
        (("pytorch_model.bin", "config.json"), "can run code"),
        (("a.h5", "b.h5"), r"several models \(a.h5, b.h5\)"),
        (("saved_model.pb",), "lacks its weights"),
        (("../model.h5",), "no model"),
        (("/etc/model.h5",), "no model"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_what_could(
    names: tuple[str, ...], saying: str
) -> None:
    with pytest.raises(ImportFailed, match=saying):
        choose_source(listing(*names))


def test_too_much_is_refused_before_it_is_downloaded() -> None:
    with pytest.raises(ImportFailed, match="at most 1000 MB"):
        choose_source(listing("model.h5", size=MAX_MODEL_BYTES + 1))
