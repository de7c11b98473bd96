"""`python -m frontend.devices.scales URL`: shows a scale's readings to whoever wires it."""

import asyncio
import sys

from frontend.devices.scales.scale import Reading
from frontend.devices.scales.setting import open_scale


async def _watch(url: str) -> None:
    scale = open_scale(url)
    if scale is None:
        raise ValueError("the simulated scale has nothing to show: name a wire")
    try:
        async for reading in scale.readings():
            sys.stdout.write(f"{_line(reading)}\n")
            sys.stdout.flush()
    finally:
        await scale.close()


def _line(reading: Reading) -> str:
    weight = "" if reading.gross_kg is None else f" {reading.gross_kg} kg"
    return f"{reading.condition.name.lower()}{weight}"


def main() -> None:
    """Show readings until Ctrl-C. Exits with 2 where the URL names no scale."""
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.stderr.write("usage: python -m frontend.devices.scales URL (see docs/devices.md)\n")
        sys.exit(2)
    try:
        asyncio.run(_watch(sys.argv[1]))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
