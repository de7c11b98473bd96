"""What of the children's lines reaches the console and the log files."""

import json
import logging
import traceback
from datetime import datetime
from pathlib import Path

from pytest import CaptureFixture, MonkeyPatch

from infra.console import WarningsOfServices, log_to_console
from infra.process import child_logger


def test_of_what_serves_only_warnings_reach_the_console() -> None:
    lines = {
        "Traceback of a start that failed": True,
        "INFO:     Started server process [7]": False,
        "OSError: [Errno 98] address already in use": True,
        "ERROR:    Application startup failed. Exiting.": True,
        "2026-11-25 03:50:00 INFO [lambda] ESM: Lambda inference output:": False,
        '{"level":"INFO","message":"recognised","key":"incoming/1"}': False,
        '{"level":"WARNING","message":"unprocessable"}': True,
        '{"timestamp": "2026-11-29T17:51:25+0000", "level": "INFO", "message": "answered"}': False,
        '{"timestamp": "2026-11-29T17:51:25+0000", "level": "ERROR", "message": "no"}': True,
        "[2026-11-25 03:50:00 +0000] [14433] [INFO] Running on http://127.0.0.1:4566": False,
        "2026-11-25 03:50:00 ERROR [lambda] Failed to extract a layer": True,
        "Traceback (most recent call last):": True,
        "2026-11-25 03:50:01 INFO [s3] An ERROR in a name": False,
        "  continued": False,
    }
    shown = WarningsOfServices()

    assert {line: shown.filter(_record("cloud", line)) for line in lines} == lines


def test_of_each_service_and_of_the_run_itself_one_line_says_nothing_of_another() -> None:
    shown = WarningsOfServices()
    request = '{"level":"INFO","message":"request"}'
    assert not shown.filter(_record("api", request))
    assert not shown.filter(_record("api", "  continued"))
    assert shown.filter(_record("kiosk", "  continued"))
    assert shown.filter(_record("initialise", request))


def test_where_an_error_comes_from_is_in_the_files_alone(
    capsys: CaptureFixture[str], monkeypatch: MonkeyPatch
) -> None:
    try:
        try:
            json.loads("{}")["key"]
        except KeyError as error:
            raise ZeroDivisionError("a fault of ours") from error
    except ZeroDivisionError:
        raised = traceback.format_exc()
    console = logging.getLogger("smartscale.run")
    monkeypatch.setattr(logging, "raiseExceptions", True)
    monkeypatch.setattr(console, "propagate", True)
    log_to_console()
    try:
        for line in raised.splitlines():
            console.getChild("kiosk").info("%s", line)
        console.getChild("kiosk").info("it goes on")
        told = {"message": "unexpected error", "exc_info": raised, "correlation_id": "7"}
        console.getChild("api").info("%s", json.dumps(told))
    finally:
        console.handlers.clear()
    *lines, told_in_short = [line.split(" | ")[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["KeyError: 'key'", "ZeroDivisionError: a fault of ours", "it goes on"]
    assert json.loads(told_in_short) == {"message": "unexpected error", "correlation_id": "7"}


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
