"""From which likeness on single pictures of two items count as alike: how often is one mistaken?

    python benchmarks/alike.py DIR

DIR holds photos as `smartscale evaluate` takes them. Each of 20 draws takes one picture of every
item as its lesson, and another one to be recognised. For each pair of items, the next picture of
one is taken for the other where it is nearer to the other's lesson. The table says how often that
happens among pairs whose lessons are less, and at least, so much alike: `ALIKE` of
`recognition/told_apart.py` rests on it.
"""

import sys
from pathlib import Path

import numpy as np
from rich.progress import track

from smartscale.domain.prediction import NO_ITEM
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.labelled_photos import read_folder
from smartscale.recognition.memory import Vectors
from smartscale.recognition.recogniser import NetworkRecogniser
from smartscale.recognition.teaching import name_of

DRAWS = 20
SEED = 3
GRID = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65)


def main(folder: Path) -> None:
    """Read the photos, and print the table."""
    recogniser = NetworkRecogniser(builtin_package())
    seen: dict[str, list[Vectors]] = {}
    for photo in track(read_folder(folder, recogniser.package.labels, new_items=True), "Photos"):
        name = name_of(photo.truth)
        embedding = recogniser.read(photo.path.read_bytes()).embedding
        if name is not None and name not in NO_ITEM and embedding is not None:
            seen.setdefault(name, []).append(embedding)
    items = [np.stack(vectors) for vectors in seen.values() if len(vectors) > 1]
    rng = np.random.default_rng(SEED)
    alike, taken = [], []
    for _ in range(DRAWS):
        two = [vectors[rng.permutation(len(vectors))[:2]] for vectors in items]
        lessons, shown = (np.stack([pair[at] for pair in two]) for at in (0, 1))
        own = (lessons * shown).sum(axis=1)
        others = ~np.eye(len(items), dtype=bool)
        alike.append((lessons @ lessons.T)[others])
        taken.append((shown @ lessons.T > own[:, np.newaxis])[others])
    likeness, mistaken = np.concatenate(alike), np.concatenate(taken)
    say = sys.stdout.write
    say(f"{len(items)} items, {len(likeness)} pairs\n")
    for at in GRID:
        below, above = mistaken[likeness < at], mistaken[likeness >= at]
        say(f"{at:.2f}: {below.mean():6.1%} below, {above.mean():6.1%} of {len(above)} above\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
