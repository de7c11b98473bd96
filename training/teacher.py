"""A finished package that teaches a new network: what it makes of an altered photo is a softer
truth than the photo's label, and says what the photo still shows after it was altered.

L. Beyer et al., "Knowledge distillation: A good teacher is patient and consistent", CVPR 2022
(arXiv 2106.05237): teacher and student see the very same picture.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from smartscale.recognition.package import PackageError, load_package
from smartscale.recognition.recogniser import NetworkRecogniser, softmax
from training.data import Classes
from training.errors import TrainingError


class Teacher:
    """A package that answers with the labels of `classes`."""

    def __init__(self, folder: Path, classes: Classes) -> None:
        """Load a package.

        Raises:
            TrainingError: it is none, or has other labels.
        """
        try:
            package = load_package(folder)
            self._recogniser = NetworkRecogniser(package)
        except PackageError as error:
            raise TrainingError(f"{folder} cannot teach: {error}") from error
        if package.trained_labels != classes.labels:
            raise TrainingError(f"{folder} cannot teach: its labels are not those of the photos")
        self.name = f"{package.model_id}@{package.revision}"
        self.size = package.input_size
        label_of = np.array(classes.label_of)
        self._members = np.eye(len(classes.labels), dtype=np.float32)[:, label_of]

    def soften(
        self, pictures: NDArray[np.uint8], truths: NDArray[np.float32], weight: float
    ) -> NDArray[np.float32]:
        """Mix what the teacher sees into the truths.

        A label with several targets (cartons) is shared among them as the truth is, so that the
        teacher, which does not tell them apart, has no say in that.

        Args:
            pictures: uint8 (N, size, size, 3).
            truths: shares of the targets, (N, targets).
            weight: of the teacher, 0 to 1.

        Returns:
            Shares of the targets, (N, targets).
        """
        logits = np.stack([self._recogniser.logits(Image.fromarray(one)) for one in pictures])
        answers = softmax(logits[:, : len(self._members)]).astype(np.float32)
        # The little that is added shares a label evenly that the truth knows nothing of.
        within = (truths + 1e-6) * self._members[:, np.newaxis]
        within /= within.sum(axis=2, keepdims=True)
        seen = np.einsum("nl,lnt->nt", answers, within)
        return np.asarray((1 - weight) * truths + weight * seen, np.float32)
