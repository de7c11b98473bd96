"""Labels are found in whatever file and shape a repository has them."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.errors import InvalidInput
from smartscale.importing.labels import choose_labels, parse_labels, read_labels

NAMES = st.text(st.characters(categories=["L"]), min_size=1, max_size=20)
LABELS = st.lists(NAMES, min_size=1, max_size=30, unique=True).map(tuple)


@given(LABELS, st.randoms())
def test_a_list_and_both_directions_of_a_map_say_the_same(
    labels: tuple[str, ...], rng: Random
) -> None:
    pairs = list(enumerate(labels))
    rng.shuffle(pairs)
    shapes: list[object] = [
        list(labels),
        {str(index): label for index, label in pairs},
        {label: index for index, label in pairs},
        {"id2label": {str(index): label for index, label in pairs}, "model_type": "vgg16"},
        {"label2id": {label: index for index, label in pairs}},
        {"class_names": list(labels)},
    ]
    for shape in shapes:
        assert parse_labels(json.loads(json.dumps(shape))) == labels


@given(LABELS)
def test_a_text_file_has_a_label_on_each_line_with_or_without_its_number(
    labels: tuple[str, ...],
) -> None:
    assert read_labels("labels.txt", "\n".join(labels) + "\n") == labels
    numbered = "\r\n".join(f"{index} {label}" for index, label in enumerate(labels))
    assert read_labels("labels.txt", "\ufeff" + numbered) == labels


def test_labels_that_are_numbers_are_told_from_their_indices() -> None:
    assert parse_labels({"0": "3017", "1": "4011"}) == ("3017", "4011")
    assert parse_labels({"4011": 1, "3017": 0}) == ("3017", "4011")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        [],
        "Apple",
        7,
        {"0": "Apple", "2": "Pear"},
        {"Apple": 1, "Pear": 2},
        ["Apple", "Apple"],
        ["Apple", 3],
        ["Apple", ""],
        ["x" * 81],
        {"0": "Apple", "1": None},
        {"Apple": True, "Pear": False},
    ],
)
def test_what_are_no_labels_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInput):
        parse_labels(wrong)


def test_the_file_with_the_right_number_is_taken() -> None:
    texts = {
        "class_labels.json": '["Apple", "Pear"]',
        "config.json": '{"id2label": {"0": "a", "1": "b", "2": "c"}}',
    }
    assert choose_labels(None, texts, 2).where == "class_labels.json"
    assert choose_labels(None, texts, 3).labels == ("a", "b", "c")
    given = choose_labels(("x", "y"), texts, 2)
    assert (given.labels, given.where) == (("x", "y"), "operator")


@pytest.mark.parametrize(
    ("texts", "given", "saying"),
    [
        ({}, None, "labels are missing"),
        ({"class_labels.json": "{"}, None, "class_labels.json"),
        ({"labels.txt": "Apple\nPear\n"}, None, "labels.txt has 2"),
        ({"config.json": '{"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}'}, None, "missing"),
        ({"labels.txt": "Apple\nPear\nPlum\n"}, ("a", "b"), "2 labels were given"),
    ],
)
def test_the_reason_says_what_is_there_and_how_to_give_labels(
    texts: dict[str, str], given: tuple[str, ...] | None, saying: str
) -> None:
    with pytest.raises(InvalidInput, match=saying) as refused:
        choose_labels(given, texts, 3)
    assert given is not None or "--labels" in str(refused.value)
