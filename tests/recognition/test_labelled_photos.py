"""Folders of photos are read whatever the style of their names."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import smartscale
from smartscale.domain.names import plain_name
from smartscale.recognition import hierarchy
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.hierarchy import CoarseClass, coarse_of, find_coarse
from smartscale.recognition.labelled_photos import EvaluationError, LabelledPhoto, read_folder

LABELS = ["Golden-Delicious", "Banana", "Red-Bell-Pepper", "Carrots", "unknown", "empty"]


@given(st.sampled_from(LABELS), st.sampled_from(["-", "_", " ", ""]), st.booleans())
def test_folder_names_match_whatever_their_style(label: str, mark: str, shout: bool) -> None:
    name = label.replace("-", mark)

    assert plain_name(name.upper() if shout else name) == plain_name(label)


def test_photos_come_with_what_their_folders_name(tmp_path: Path) -> None:
    for name in (
        "golden delicious/1.JPG",
        "BANANA/b.webp",
        "BANANA/a.png",
        "BANANA/notes.txt",
        "_negatives/shoe.jpeg",
        "apple/1.jpg",
        "Bell Peppers/1.jpg",
        "carrot/1.jpg",
        ".cache/x.jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "README.md").touch()

    assert read_folder(tmp_path, LABELS) == [
        LabelledPhoto(tmp_path / "BANANA/a.png", "Banana"),
        LabelledPhoto(tmp_path / "BANANA/b.webp", "Banana"),
        LabelledPhoto(tmp_path / "Bell Peppers/1.jpg", CoarseClass("pepper")),
        LabelledPhoto(tmp_path / "_negatives/shoe.jpeg", None),
        LabelledPhoto(tmp_path / "apple/1.jpg", CoarseClass("apple")),
        LabelledPhoto(tmp_path / "carrot/1.jpg", "Carrots"),
        LabelledPhoto(tmp_path / "golden delicious/1.JPG", "Golden-Delicious"),
    ]


def test_a_folder_that_matches_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "Durian").mkdir()

    with pytest.raises(EvaluationError, match="'Durian' matches no label"):
        read_folder(tmp_path, LABELS)


def test_no_folder_and_no_photos_are_errors(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="not a folder"):
        read_folder(tmp_path / "nowhere", LABELS)
    with pytest.raises(EvaluationError, match="no photos"):
        read_folder(tmp_path, LABELS)


@pytest.mark.parametrize("name", ["tomatoes", "Tomato", "EGG-PLANT", "peaches", "bell_pepper"])
def test_a_kind_is_found_in_singular_and_plural(name: str) -> None:
    known = {coarse_of(label) for label in builtin_package().labels}

    assert (find_coarse(name) or coarse_of("Peach")) in known


def test_every_listed_label_is_one_that_the_model_or_the_catalogue_knows() -> None:
    listed = json.loads(Path(hierarchy.__file__).with_name("hierarchy.json").read_text())
    labels = [label for kind in listed for label in kind["labels"]]

    assert len(labels) == len(set(labels))
    with Path(smartscale.__file__).with_name("catalogue.csv").open(encoding="utf-8") as file:
        sold = {row["label"] for row in csv.DictReader(file)}
    assert set(labels) <= set(builtin_package().labels) | sold
    assert coarse_of("granny smith") == CoarseClass("apple")
    assert coarse_of("Passion-Fruit") == CoarseClass("passion fruit")
