"""What `Image.draft` saves: decoding a photo as the recogniser does, against decoding all of it.

    python benchmarks/decode.py [PHOTO.jpg]

Both are timed in turns in one run, and both give a picture of the network's input size. The result
is a ratio: times differ between machines, the ratio hardly.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.network_input import prepare
from smartscale.recognition.photo import decode

ROUNDS = 30
SAMPLE = Path(__file__).parents[1] / "sample_data" / "bananas.jpg"


def photo(path: Path, size: tuple[int, int]) -> bytes:
    """The picture as a JPEG of the given size."""
    out = io.BytesIO()
    with Image.open(path) as image:
        image.resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=90)
    return out.getvalue()


def main() -> None:
    """Print both times and their ratio for a 1080p and a 12-megapixel photo."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
    spec = builtin_package().preprocessing

    def with_draft(data: bytes) -> None:
        prepare(decode(data, spec.size), spec)

    def whole(data: bytes) -> None:
        with Image.open(io.BytesIO(data)) as image:
            prepare(image.convert("RGB"), spec)

    for size in ((1920, 1080), (4000, 3000)):
        data = photo(path, size)
        ours, peer = in_turns(with_draft, whole, data)
        sys.stdout.write(
            f"{size[0]} x {size[1]}: {ours:.1f} ms with draft, {peer:.1f} ms without: "
            f"{peer / ours:.1f} times as fast\n"
        )


def in_turns(
    one: Callable[[bytes], None], other: Callable[[bytes], None], data: bytes
) -> tuple[float, float]:
    """Median milliseconds of two ways, each round timing both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for way, spent in zip((one, other), times, strict=True):
            started = time.perf_counter()
            way(data)
            spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
