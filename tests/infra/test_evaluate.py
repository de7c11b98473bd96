"""`smartscale evaluate` and `smartscale model compare` on the real built-in model."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.commands.evaluate import Evaluation, judged
from infra.commands.model_compare import compare_evaluations
from infra.commands.model_package import Answer, latency
from infra.errors import PlainError
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.labelled_photos import LabelledPhoto, Truth
from smartscale.recognition.package import ModelPackage, write_package
from smartscale.recognition.preprocessing import Preprocessing
from smartscale.recognition.recogniser import Score

SAMPLES = Path(__file__).parents[2] / "sample_data"
CONTRACT = {
    *("n", "top1", "top3", "ece", "needs_confirmation", "error_when_sure"),
    *("negatives_accepted", "per_class"),
}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder as somebody may have named it: labels, a kind, and what is not on the menu."""
    folder = tmp_path / "photos"
    for place, file in (
        ("banana", "bananas.jpg"),
        ("red_bell_pepper", "bananas.jpg"),
        ("Apples", "granny-smith.jpg"),
        ("_negatives", "carton.jpg"),
    ):
        (folder / place).mkdir(parents=True)
        shutil.copy(SAMPLES / file, folder / place / "1.jpg")
    return folder


def run(*arguments: str | Path) -> str:
    """What the command prints to stdout."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception:
        raise done.exception
    return done.stdout


def test_the_json_keeps_its_contract_and_says_how_far_to_trust_it(photos: Path) -> None:
    figures = json.loads(run("evaluate", photos, "--json", "--model", "builtin"))

    assert figures.keys() >= CONTRACT
    assert (figures["n"], figures["top1"]) == (2, 0.5)
    assert (figures["n_coarse"], figures["coarse_top1"]) == (3, pytest.approx(2 / 3))
    assert figures["negatives_accepted"] == figures["negatives_accepted_at_95"] == 0
    assert figures["intervals"]["top1"][0] < 0.5 < figures["intervals"]["top1"][1]
    assert figures["latency_ms"]["network"]["p95"] >= figures["latency_ms"]["network"]["p50"] > 0
    assert figures["model"]["revision"] == builtin_package().revision


def test_the_report_is_a_file_of_its_own(photos: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    printed = run("evaluate", photos, "--model", "builtin", "--report", page)

    assert "top1" in printed
    html = page.read_text()
    assert builtin_package().revision in html
    assert html.count("data:image/jpeg;base64,") == 1  # bananas that are no red pepper
    assert "is Red-Bell-Pepper" in html


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        (["--model", "nonsense"], "builtin, a package's folder"),
        (["--model", "builtin", "--report", "/nowhere/report.html"], "/nowhere/report.html"),
    ],
)
def test_what_cannot_be_used_is_named(photos: Path, arguments: list[str], saying: str) -> None:
    with pytest.raises(PlainError, match=saying):
        run("evaluate", photos, *arguments)


def test_a_photo_that_is_none_is_named(photos: Path) -> None:
    (photos / "banana" / "2.jpg").write_text("no photo")

    with pytest.raises(PlainError, match=r"2\.jpg"):
        run("evaluate", photos, "--model", "builtin")


def test_a_model_does_not_differ_from_itself(photos: Path) -> None:
    found = json.loads(run("model", "compare", "builtin", "builtin", "--on", photos, "--json"))

    assert found["changed"] == []
    assert found["paired"]["top1"]["p_value"] == 1
    assert found["verdict"].startswith("No difference")


def test_labels_in_another_spelling_are_the_same_labels(photos: Path, tmp_path: Path) -> None:
    own = builtin_package()
    spelt = tuple(label.replace("-", " ").lower() for label in own.labels)
    other = replace(own, folder=tmp_path / "other", model_id="other", labels=spelt)
    write_package(other, own.model_path.read_bytes())

    printed = run("model", "compare", "builtin", other.folder, "--on", photos)

    assert "A was right, B is wrong: 0 photos" in printed
    assert "A was wrong, B is right: 0 photos" in printed


def made(*answers: tuple[Truth, str, float]) -> Evaluation:
    """The evaluation of a package that gives these answers."""
    package = ModelPackage("made", "1", ("Lemon", "Lime"), Preprocessing(8), Path("made"))
    shots = [
        LabelledPhoto(Path(f"{index}.jpg"), truth) for index, (truth, *_) in enumerate(answers)
    ]
    given = [
        Answer([Score(label, share), Score("other", 1 - share)], decode_ms=1, network_ms=index)
        for index, (_, label, share) in enumerate(answers)
    ]
    return judged(package, shots, given, [truth for truth, *_ in answers])


def test_a_better_model_is_said_to_be_better() -> None:
    wrong = made(*[("Lemon", "Lime", 0.9)] * 8, ("Lime", "Lime", 0.9))
    right = made(*[("Lemon", "Lemon", 0.9)] * 8, ("Lime", "Lime", 0.9))

    assert compare_evaluations(wrong, right).verdict().startswith("B is better")
    assert compare_evaluations(right, wrong).verdict().startswith("A is better")
    assert len(compare_evaluations(wrong, right).changed) == 8


def test_few_photos_prove_nothing() -> None:
    wrong, right = made(("Lemon", "Lime", 0.9)), made(("Lemon", "Lemon", 0.9))

    found = compare_evaluations(wrong, right)

    assert found.verdict().startswith("No difference that these photos can show")
    assert [photo.path.name for photo, *_ in found.changed] == ["0.jpg"]


def test_a_negative_is_right_while_it_is_not_sold() -> None:
    sold, asked = made((None, "Lemon", 0.95)), made((None, "Lemon", 0.5))

    found = compare_evaluations(sold, asked)

    assert found.paired["negatives_accepted"].only_a == 1
    assert len(found.changed) == 1
    assert "no produce" in found.verdict()


def test_latency_is_given_for_each_step() -> None:
    times = latency(made(("Lemon", "Lemon", 1.0), ("Lemon", "Lemon", 1.0)).answers)

    assert times == {
        "decode": {"p50": 1.0, "p95": 1.0},
        "network": {"p50": 0.5, "p95": 0.95},
        "total": {"p50": 1.5, "p95": 1.95},
    }
