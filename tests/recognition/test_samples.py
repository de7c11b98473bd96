"""The sample pictures show what the built-in model knows: a demo must not embarrass."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from smartscale.domain.load import Load
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.recogniser import NetworkRecogniser

SAMPLES = Path(__file__).parents[2] / "sample_data"
MANIFEST = json.loads((SAMPLES / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def recogniser() -> NetworkRecogniser:
    """The built-in model."""
    return NetworkRecogniser(builtin_package())


CLEAR = [sample for sample in MANIFEST if not sample.get("asks")]
ASKS = [sample for sample in MANIFEST if sample.get("asks")]


@pytest.mark.parametrize("sample", CLEAR, ids=lambda sample: sample["file"])
def test_a_sample_is_recognised(recogniser: NetworkRecogniser, sample: dict[str, str]) -> None:
    best = recogniser.recognise((SAMPLES / sample["file"]).read_bytes())[0]
    assert best.label == sample["label"]


@pytest.mark.parametrize("sample", ASKS, ids=lambda sample: sample["file"])
def test_the_sample_that_shows_a_question_leads_to_one(
    recogniser: NetworkRecogniser, sample: dict[str, str]
) -> None:
    scores = recogniser.recognise((SAMPLES / sample["file"]).read_bytes())
    assert scores[0].confidence < recogniser.package.confirm
    assert sample["label"] in [score.label for score in scores[:3]]


@pytest.mark.parametrize("sample", MANIFEST, ids=lambda sample: sample["file"])
def test_a_sample_has_a_weight_that_a_scale_may_show(sample: dict[str, str]) -> None:
    load = Load.parse(sample["weight_kg"], sample["tare_kg"])
    assert load.weight_kg > (load.tare_kg or Decimal(0))


def test_there_are_eight_and_an_empty_plate_and_something_else() -> None:
    labels = {sample["label"] for sample in MANIFEST}
    assert len(CLEAR) >= 8
    assert {"empty", "unknown"} <= labels
