"""What of the children's lines reaches the console and the log files."""

import logging
from pathlib import Path

from infra.console import WarningsOfEmulator
from infra.process import child_logger


def test_of_the_emulator_only_warnings_reach_the_console() -> None:
    lines = {
        "Traceback of a start that failed": True,
        "2026-11-25 03:50:00 INFO [lambda] ESM: Lambda inference output:": False,
        '{"level":"INFO","message":"recognised","key":"incoming/1"}': False,
        '{"level":"WARNING","message":"unprocessable"}': True,
        "[2026-11-25 03:50:00 +0000] [14433] [INFO] Running on http://127.0.0.1:4566": False,
        "2026-11-25 03:50:00 ERROR [lambda] Failed to extract a layer": True,
        "Traceback (most recent call last):": True,
        "2026-11-25 03:50:01 INFO [s3] An ERROR in a name": False,
        "  continued": False,
    }
    shown = WarningsOfEmulator()

    assert {line: shown.filter(_record("cloud", line)) for line in lines} == lines


def test_everything_of_the_others_reaches_the_console() -> None:
    assert WarningsOfEmulator().filter(_record("api", '{"level":"INFO","message":"request"}'))


def test_a_line_that_says_its_time_is_kept_as_it_was_printed(home: Path) -> None:
    timed = ['{"timestamp":"2026-11-25 03:50:00"}', "2026-11-25 03:50:00 INFO [s3] Loaded"]
    logger = child_logger(home, "cloud")

    for line in [*timed, "plain"]:
        logger.info("%s", line)

    kept = (home / "logs" / "cloud.log").read_text(encoding="utf-8").splitlines()
    assert kept[:2] == timed
    assert kept[2].endswith(" plain")
    assert kept[2] != "plain"


def _record(child: str, line: str) -> logging.LogRecord:
    return logging.LogRecord(
        f"smartscale.run.{child}", logging.INFO, __file__, 1, "%s", (line,), None
    )
