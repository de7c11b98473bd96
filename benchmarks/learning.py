"""What a shop's lessons cost: seconds to learn or compare all, milliseconds more for a weighing.

    python benchmarks/learning.py [--items 300] [--lessons 30]

The lessons are random places, as many as a large shop has after its first weeks; what is computed
does not depend on what they show.
"""

import json
import statistics
import time
from typing import Annotated

import numpy as np
import typer

from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.memory_fit import learn
from smartscale.recognition.recogniser import NetworkRecogniser
from smartscale.recognition.told_apart import find_mixed_up

_LEARNED, _WEIGHED = 5, 200


def main(
    items: Annotated[int, typer.Option(min=1)] = 300,
    lessons: Annotated[int, typer.Option(min=1, help="Of each item.")] = 30,
) -> None:
    """Learn them five times and weigh 200 times; the medians."""
    head = NetworkRecogniser(builtin_package()).head
    if head is None:
        raise SystemExit("the built-in package has no head")
    rng = np.random.default_rng(5)
    seen = rng.normal(size=(items, lessons, head.length)).astype(np.float32)
    seen /= np.linalg.norm(seen, axis=2, keepdims=True)
    known = {f"item-{number}": list(vectors) for number, vectors in enumerate(seen)}
    logits = rng.normal(size=len(head.labels))
    learned, weighed, untaught = [], [], []
    nothing = learn(head, {})
    for _ in range(_LEARNED):
        began = time.perf_counter()
        memory = learn(head, known)
        learned.append(time.perf_counter() - began)
    for _ in range(_WEIGHED):
        began = time.perf_counter()
        memory.fuse(logits, seen[0, 0])
        weighed.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        nothing.fuse(logits, seen[0, 0])
        untaught.append((time.perf_counter() - began) * 1000)
    began = time.perf_counter()
    find_mixed_up(known)
    compared = time.perf_counter() - began
    typer.echo(
        json.dumps(
            {
                "items": items,
                "lessons": lessons,
                "learned_s": round(statistics.median(learned), 2),
                "compared_s": round(compared, 2),
                "weighing_ms": round(statistics.median(weighed), 2),
                "untaught_ms": round(statistics.median(untaught), 2),
            }
        )
    )


if __name__ == "__main__":
    typer.run(main)
