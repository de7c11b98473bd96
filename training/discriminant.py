"""By which directions photos of one class are alike and those of different classes are not: a
linear discriminant analysis, in closed form (R. A. Fisher, "The use of multiple measurements in
taxonomic problems", Annals of Eugenics 1936)."""

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.05
"""How far the covariance within a class is drawn towards the same in every direction. It is little:
what tells classes apart hides where photos vary least. Less still suits the days and shops that
photos are of too well."""
NOTHING = 1e-9
"""The share of the strongest direction's strength below which one tells nothing."""


def of_several(class_of: NDArray[np.str_]) -> list[str]:
    """The classes that more than one photo is of, in order."""
    names, counts = np.unique(class_of, return_counts=True)
    return [str(name) for name in names[counts > 1]]


def within_classes(moved: NDArray[np.float32], class_of: NDArray[np.str_]) -> NDArray[np.float64]:
    """The covariance of photos within their class, shrunk, (E, E).

    Args:
        moved: vectors of the photos, less the mean of all of them (N, E).
        class_of: of each photo (N,); a class of a single one says nothing.
    """
    names, means = of_several(class_of), means_of(moved, class_of)
    rest = np.concatenate(
        [moved[class_of == name] - mean for name, mean in zip(names, means, strict=True)]
    )
    found = (rest.T @ rest).astype(np.float64) / (len(rest) - len(names))
    length = len(found)
    even = np.trace(found) / length * np.eye(length)
    return np.asarray((1 - SHRINKAGE) * found + SHRINKAGE * even)


def means_of(vectors: NDArray[np.float32], class_of: NDArray[np.str_]) -> NDArray[np.float32]:
    """The mean of each class of several photos, (classes, E)."""
    return np.stack([vectors[class_of == name].mean(axis=0) for name in of_several(class_of)])


def directions(moved: NDArray[np.float32], class_of: NDArray[np.str_]) -> NDArray[np.float32]:
    """The directions in which the means of classes differ, in units of how much photos of one class
    do: (E, D), D less than the number of classes. Arguments as of `within_classes`."""
    within = within_classes(moved, class_of)
    towards = np.linalg.solve(within, means_of(moved, class_of).T.astype(np.float64))
    strengths, turned = np.linalg.eigh(towards.T @ within @ towards)
    telling = strengths > NOTHING * strengths[-1]
    return np.asarray(towards @ (turned[:, telling] / np.sqrt(strengths[telling])), np.float32)
