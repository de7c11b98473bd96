"""Gives a package that is there a head: the network stays as it is."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from smartscale.domain.prediction import UNKNOWN
from smartscale.recognition.evaluation import judge, summarise
from smartscale.recognition.package import HEAD_FILE, ModelPackage, load_package, write_package
from smartscale.recognition.recogniser import NetworkRecogniser, Reading
from training import data as photos
from training.card import HEAD_DATA, LICENCE_NOTES, render_head, with_findings
from training.heads.calibration import Balance
from training.heads.made_up import look_at_made_up
from training.heads.making import make_head
from training.heads.seen import look

_DOCUMENTS = ("README.md", "LICENCE.md", "report.html")

logger = logging.getLogger(__name__)


def give_head(
    data: Path,
    folder: Path,
    run: Path,
    error: float,
    findings: Sequence[Mapping[str, Any]] = (),
) -> ModelPackage:
    """Make a package's head from photos, weigh it, calibrate it, and write the package anew.

    Args:
        data: the folder of the photos.
        folder: the package's.
        run: where what was seen in photos is kept for the next time.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
        findings: what probes have found since, in place of what the package says of the same.
    """
    package = load_package(folder)
    recogniser = NetworkRecogniser(package, with_head=False)
    before = package.evaluation.get("findings", ())
    findings = [*{one["left_out"]: one for one in (*before, *findings)}.values()]
    made_up = look_at_made_up(recogniser, data, run)
    made = make_head(recogniser, data, run, made_up, error, Balance.of(findings))
    head, found = made.head, made.calibration
    content = head.dump()
    model = package.model_path.read_bytes()
    described = replace(
        package,
        revision=hashlib.sha256(model + content).hexdigest()[:12],
        temperature=found.temperature,
        confirm=found.confirm,
        source={**package.source, "data": list(dict.fromkeys((*data_of(package), *HEAD_DATA)))},
    )
    documents = documents_of(folder)
    documents |= {HEAD_FILE: content, "LICENCE.md": LICENCE_NOTES}
    written = write_package(described, model, documents)
    measured = _measured(written, data, run)
    evaluation = {
        **package.evaluation,
        **measured,
        "findings": findings,
        "head": asdict(head.weights),
    }
    described = replace(described, evaluation=evaluation)
    card = with_findings(str(documents.get("README.md", "")), before, findings)
    documents["README.md"] = render_head(described, card)
    logger.info("%s: %s", described.revision, measured)
    return write_package(described, model, documents)


def documents_of(folder: Path) -> dict[str, str | bytes]:
    """What a package has for people to read, by name; those of it that are there."""
    return {
        name: (folder / name).read_text(encoding="utf-8")
        for name in _DOCUMENTS
        if (folder / name).is_file()
    }


def data_of(package: ModelPackage) -> list[str]:
    """The sets of photos that a package says it was made of."""
    return [str(name) for name in package.source.get("data", ())]


def _measured(package: ModelPackage, data: Path, run: Path) -> dict[str, float | int | None]:
    """The figures of the package on the validation split, as its card has them."""
    recogniser = NetworkRecogniser(package)
    chosen = photos.read_grocery(data, "val")
    seen = look(recogniser, chosen, run / "embeddings.npz")
    label_of = photos.read_classes(data).label_by_target
    outcomes = []
    for name, logits, embedding in zip(seen.names, seen.logits, seen.embeddings, strict=True):
        truth = label_of[str(name)]
        scores = recogniser.scores(Reading(logits, embedding))
        outcomes.append(judge(None if truth == UNKNOWN else truth, scores, package.confirm))
    quality = summarise(outcomes)
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(quality).items()
        if value is None or isinstance(value, int | float)
    }
