"""Writes a package anew from the networks that it has: drawn back, calibrated and measured."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from smartscale.recognition.package import ModelPackage, load_package
from training import data as photos
from training import network
from training.errors import TrainingError
from training.material import stage
from training.pipeline import WANTED_ERROR, pack
from training.restored import restored

logger = logging.getLogger(__name__)


def repack(
    data: Path,
    run: Path,
    folder: Path,
    shares: Sequence[float] = (),
    error: float = WANTED_ERROR,
) -> ModelPackage:
    """Draw the networks of a package back, and write the package anew.

    What was beside them is lost, and so is its head: `smartscale train widen` makes both again.

    Args:
        data: the folder of the photos.
        run: where the report and the precisions go.
        folder: the package's.
        shares: of the way to ImageNet's weights, for each network; none leave them as they are.
        error: the share of wrong answers wanted among those nobody is asked to confirm.

    Raises:
        TrainingError: it holds no networks of `smartscale train`'s, or other ones.
    """
    trained, recipes = restored(folder, len(photos.read_classes(data).targets))
    if shares and len(shares) != len(trained):
        raise TrainingError(
            f"{len(trained)} networks need {len(trained)} shares, not {len(shares)}"
        )
    for place, share in enumerate(shares):
        if recipes[place].drawn_back:
            raise TrainingError(f"network {place + 1} was drawn back before it was packaged")
        network.draw_back(trained[place].model, recipes[place].variant, share)
        recipes[place] = replace(recipes[place], drawn_back=share)
    before = load_package(folder).evaluation
    package = pack(
        stage(data, recipes[0]),
        trained,
        recipes,
        run,
        folder,
        error=error,
        findings=before.get("findings", ()),
        note=str(before.get("note", "")),
    )
    logger.info("Package %s %s is in %s", package.model_id, package.revision, package.folder)
    return package
