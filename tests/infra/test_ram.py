"""What a process keeps of the RAM that it freed."""

import subprocess
import sys
from pathlib import Path

import pytest

KEPT = """
from pathlib import Path
import sys
from smartscale import ram
if sys.argv[1] == "nothing large":
    ram.keep_nothing_large()
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
for size in (8, 16, 24, 30):  # each freed one teaches glibc to keep the next
    parts = [bytes(size << 20), bytes(100)]
    del parts
before = resident()
large = [bytes([number]) * (10 << 20) for number in range(6)]
last = bytes(1000)
del large
kept = resident() - before
ram.give_back()
print(kept, resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux says what it has")
def test_what_is_large_is_given_back_at_once_and_the_rest_when_asked_for() -> None:
    def kilobytes(mode: str) -> list[int]:
        ran = subprocess.run(
            [sys.executable, "-c", KEPT, mode], capture_output=True, text=True, check=True
        )
        return [int(part) for part in ran.stdout.split()]

    by_itself, nothing_large = kilobytes("by itself"), kilobytes("nothing large")
    assert nothing_large[0] < 2000
    assert max(by_itself[1], nothing_large[1]) < 2000
