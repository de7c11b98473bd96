"""The report and the card of a run say what was measured, from plain figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smartscale.recognition.evaluation import Outcome, judge, summarise
from smartscale.recognition.package import ModelPackage
from smartscale.recognition.preprocessing import Preprocessing
from smartscale.recognition.recogniser import Score
from training.card import FIGURES, render_card, with_findings
from training.recipe import Progress
from training.report import render_report

SCENES: Mapping[str, Any] = {
    "left_out": "scenes",
    "n": 90,
    "top1": 0.812,
    "top3": 0.95,
    "coarse_top1": 0.873,
    "folds": [{"n": 90, "top1": 0.812, "top3": 0.95, "coarse_top1": 0.873}],
}
CLASSES: Mapping[str, Any] = {
    "left_out": "classes",
    "n": 40,
    "top1": 0.9,
    "top3": 0.96,
    "parts": {"the ten, enrolled from 5 photos each": {"n": 50, "top1": 0.764, "top3": 0.9}},
}


def outcomes() -> list[Outcome]:
    answers = (("Lemon", "Lemon", 0.9), ("Lime", "Lemon", 0.6), (None, "unknown", 0.8))
    return [
        judge(truth, [Score(label, share), Score("empty", 1 - share)], confirm=0.8)
        for truth, label, share in answers
    ]


def package(*findings: Mapping[str, Any]) -> ModelPackage:
    quality = summarise(outcomes())
    return ModelPackage(
        model_id="made",
        revision="abc",
        labels=("Lemon", "Lime", "unknown", "empty"),
        preprocessing=Preprocessing(224),
        folder=Path("made"),
        confirm=0.8,
        evaluation={
            **{name: getattr(quality, name) for name in ("n", "n_negatives", *FIGURES)},
            "variants": [
                {"precision": "int8", "top1": 0.5, "top3": 1.0, "milliseconds": 4.2, "bytes": 4e6}
            ],
            "calibration": {
                "found_on": "altered photos",
                "n": 4,
                "top1": 0.5,
                "ece": 0.1,
                "needs_confirmation": 0.5,
                "wanted_error_when_sure": 0.01,
                "error_when_sure": 0.0,
            },
            "members": [
                {
                    "runs": [{"epochs": 2, "best_epoch": 2}],
                    "recipe": {"variant": 2, "teacher": "ours@1"},
                }
            ],
            "findings": findings,
            "note": "",
        },
    )


def page(*findings: Mapping[str, Any]) -> str:
    history = [Progress(0, 2.0, 1.5, 0.4), Progress(1, 1.0, 0.9, 0.7)]
    altered = np.array([0.9, 0.6]), np.array([True, False])
    found = outcomes()
    return render_report(package(*findings), found, summarise(found), altered, [[history]])


def test_the_report_shows_the_run() -> None:
    html = page()

    for expected in (
        "made abc",
        "How EfficientNet-Lite2 learned",
        "the weights of epoch 2 were kept",
        "Its confidence on altered photos",
        "int8",
        "Class by class",
    ):
        assert expected in html
    assert "What it has not seen" not in html


def test_the_report_and_the_card_show_what_probes_found() -> None:
    html = page(SCENES, CLASSES)
    card = render_card(package(SCENES, CLASSES), "int8", 4_000_000)

    for text in (html, card):
        assert "cross-validation" in text
        assert "81.2%" in text
        assert "the ten, enrolled from 5 photos each" in text
        assert "76.4%" in text


def test_a_finding_takes_the_place_of_the_one_before_it_on_the_card() -> None:
    balance = {
        "top1": 0.867,
        "top1_of_the_network": 0.854,
        "log_loss": 0.4,
        "log_loss_of_the_network": 0.47,
        "unasked": 0.63,
        "unasked_of_the_network": 0.53,
    }
    card = render_card(package(SCENES, CLASSES), "int8", 4_000_000)
    found = with_findings(card, [SCENES, CLASSES], [{**SCENES, "balance": balance}, CLASSES])
    assert "86.7% instead of 85.4%" in found
    assert found.count("cross-validation") == card.count("cross-validation")
    assert found.count("the ten, enrolled") == card.count("the ten, enrolled")
    assert with_findings(card, [], [CLASSES]) == card


def test_the_card_says_whose_answers_it_has_learned_from() -> None:
    assert "taught by ours@1" in render_card(package(), "int8", 4_000_000)


def test_the_card_says_the_figures_that_a_shop_asks_for() -> None:
    card = render_card(package(), "int8", 4_000_000)

    assert "| top-1, produce | 50.0% |" in card
    assert "| cartons accepted as produce, at 95 % of produce accepted | 0.0% |" in card
    assert "EfficientNet-Lite2" in card
    assert "report.html" in card
