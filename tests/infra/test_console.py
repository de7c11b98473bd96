"""What of the children's lines reaches the console and the log files."""

import json
import logging
from datetime import datetime
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


def test_every_line_of_a_log_file_is_json(home: Path) -> None:
    logger = child_logger(home, "cloud")

    for line in (
        '{"timestamp":"2026-11-25 03:50:00","message":"ours"}',
        "2026-11-25 03:50:00 ERROR [s3] away",
        "plain",
    ):
        logger.info("%s", line)

    ours, theirs, plain = map(
        json.loads, (home / "logs" / "cloud.log").read_text(encoding="utf-8").splitlines()
    )
    assert ours == {"timestamp": "2026-11-25 03:50:00", "message": "ours"}
    assert (theirs["level"], theirs["message"]) == ("ERROR", "2026-11-25 03:50:00 ERROR [s3] away")
    assert (plain["service"], plain["level"], plain["message"]) == ("cloud", "INFO", "plain")
    assert datetime.fromisoformat(plain["timestamp"])


def test_two_runs_in_one_process_keep_their_own_files(tmp_path: Path) -> None:
    first, second = (child_logger(tmp_path / name, "cloud") for name in ("first", "second"))

    first.info("of the first")
    second.info("of the second")

    for name in ("first", "second"):
        (line,) = (tmp_path / name / "logs" / "cloud.log").read_text("utf-8").splitlines()
        assert json.loads(line)["message"] == f"of the {name}"


def _record(child: str, line: str) -> logging.LogRecord:
    return logging.LogRecord(
        f"smartscale.run.{child}", logging.INFO, __file__, 1, "%s", (line,), None
    )
