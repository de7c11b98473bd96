"""What eight of the largest pictures at once take: the peak memory of the API's process.

    python benchmarks/picture_peak.py

Each kind is stored and made small by eight threads of a fresh process that has loaded the API.
"""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

KINDS: dict[str, tuple[str, str, tuple[int, int], dict[str, bool]]] = {
    "WebP of 40 megapixels": ("WEBP", "RGB", (8000, 5000), {}),
    "WebP of 12.4": ("WEBP", "RGBA", (4128, 3000), {}),
    "PNG of 20": ("PNG", "RGBA", (5000, 4000), {}),
    "PNG of 20, 16-bit grey": ("PNG", "I;16", (5000, 4000), {}),
    "JPEG of 40": ("JPEG", "RGB", (8000, 5000), {}),
    "progressive JPEG of 24": ("JPEG", "CMYK", (6000, 4000), {"progressive": True}),
}
LIMIT_MB = 400
THREADS = 8


def measure(kind: str) -> None:
    """Print the peak of this process."""
    import infra.api  # noqa: F401, PLC0415  what the process holds beside
    from smartscale.recognition.photo import (  # noqa: PLC0415
        ImageError,
        thumbnail,
        without_metadata,
    )

    data = sys.stdin.buffer.read()

    def use(_: int) -> str:
        try:
            return f"stored {len(without_metadata(data).data)}, small {len(thumbnail(data, 1280))}"
        except ImageError as error:
            return str(error)

    with ThreadPoolExecutor(THREADS) as pool:
        said = list(pool.map(use, range(THREADS)))
    status = Path("/proc/self/status").read_text("utf-8")
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    sys.stdout.write(f"{kind} ({len(data)} bytes): peak {peak} MB; {said[0]}\n")
    sys.exit(peak > LIMIT_MB)


def main() -> None:
    """Measure each kind in a process of its own; fails where one takes more than the limit."""
    if sys.argv[1:]:
        measure(sys.argv[1])
    failed = False
    for kind, (image_format, mode, size, options) in KINDS.items():
        out = io.BytesIO()
        Image.new(mode, size).save(out, image_format, **options)
        done = subprocess.run([sys.executable, __file__, kind], input=out.getvalue(), check=False)  # noqa: S603
        failed = failed or done.returncode != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
