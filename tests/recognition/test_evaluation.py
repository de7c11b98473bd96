"""The figures of `smartscale evaluate`, on cases small enough to check by hand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.recognition.evaluation import (
    ClassQuality,
    EvaluationError,
    calibration_error,
    measure,
    plain_name,
    read_folder,
)
from smartscale.recognition.recogniser import Score

LABELS = ["Golden-Delicious", "Banana", "Red-Bell-Pepper", "unknown", "empty"]


def answer(*labels: str, confidence: float) -> list[Score]:
    rest = (1 - confidence) / (len(LABELS) - 1)
    first, *others = [*labels, *(label for label in LABELS if label not in labels)]
    return [Score(first, confidence), *(Score(label, rest) for label in others)]


def test_the_figures_of_five_photos() -> None:
    truths = ["Banana", "Banana", "Banana", "Golden-Delicious", None, None]
    answers = [
        answer("Banana", confidence=0.95),  # right and sure
        answer("Red-Bell-Pepper", "Banana", confidence=0.97),  # wrong and sure; second
        answer("unknown", "empty", "Golden-Delicious", confidence=0.99),  # fourth; not sold
        answer("Golden-Delicious", confidence=0.60),  # right, to be confirmed
        answer("Banana", confidence=0.93),  # a negative sold as bananas
        answer("Banana", confidence=0.50),  # a negative that somebody looks at
    ]

    quality = measure(truths, answers, confirm=0.9)

    assert quality.n == 4
    assert quality.top1 == 0.5
    assert quality.top3 == 0.75
    assert quality.needs_confirmation == 0.5
    assert quality.error_when_sure == 0.5
    assert quality.n_negatives == 2
    assert quality.negatives_accepted == 0.5
    assert quality.per_class == {
        "Banana": ClassQuality(3, 1 / 3, 2 / 3),
        "Golden-Delicious": ClassQuality(1, 1.0, 1.0),
    }
    # One bin holds 0.95, 0.97 and 0.99 with one right, the other 0.60 with one right.
    assert quality.ece == pytest.approx((abs(0.95 + 0.97 + 0.99 - 1) + abs(0.60 - 1)) / 4)


def test_what_cannot_be_measured_is_none() -> None:
    only_negatives = measure([None], [answer("empty", confidence=0.9)], confirm=0.5)
    assert only_negatives.top1 is None
    assert only_negatives.ece is None
    assert only_negatives.negatives_accepted == 0.0

    never_sure = measure(["Banana"], [answer("Banana", confidence=0.5)], confirm=0.9)
    assert never_sure.error_when_sure is None
    assert never_sure.negatives_accepted is None


def test_a_truth_the_model_has_no_label_for_is_never_right() -> None:
    quality = measure(["Durian"], [answer("Banana", confidence=0.9)], confirm=0.5)

    assert (quality.top1, quality.top3, quality.error_when_sure) == (0.0, 0.0, 1.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_calibration_error_is_a_share(outcomes: list[tuple[float, bool]]) -> None:
    confidences, correct = zip(*outcomes, strict=True)

    assert 0 <= calibration_error(confidences, correct) <= 1


def test_calibration_error_is_zero_where_confidence_is_accuracy() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([1.0], [True]) == 0


@given(st.sampled_from(LABELS), st.sampled_from(["-", "_", " ", ""]), st.booleans())
def test_folder_names_match_whatever_their_style(label: str, mark: str, shout: bool) -> None:
    name = label.replace("-", mark)

    assert plain_name(name.upper() if shout else name) == plain_name(label)


def test_photos_come_with_the_labels_of_their_folders(tmp_path: Path) -> None:
    for name in (
        "golden delicious/1.JPG",
        "BANANA/b.webp",
        "BANANA/a.png",
        "BANANA/notes.txt",
        "_negatives/shoe.jpeg",
        ".cache/x.jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "README.md").touch()

    found = [
        (path.relative_to(tmp_path).as_posix(), label)
        for path, label in read_folder(tmp_path, LABELS)
    ]

    assert found == [
        ("BANANA/a.png", "Banana"),
        ("BANANA/b.webp", "Banana"),
        ("_negatives/shoe.jpeg", None),
        ("golden delicious/1.JPG", "Golden-Delicious"),
    ]


def test_a_folder_that_matches_no_label_is_named(tmp_path: Path) -> None:
    (tmp_path / "Durian").mkdir()

    with pytest.raises(EvaluationError, match="'Durian' matches no label"):
        read_folder(tmp_path, LABELS)


def test_no_folder_and_no_photos_are_errors(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="not a folder"):
        read_folder(tmp_path / "nowhere", LABELS)
    with pytest.raises(EvaluationError, match="no photos"):
        read_folder(tmp_path, LABELS)
