"""What a person reads when something fails that nobody foresaw: never a traceback.

A test of the routes is in tests/http/test_problem.py.
"""

import json
from pathlib import Path

import pytest

import infra.cli
from infra.settings import load_settings


def test_a_command_says_one_line_and_logs_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault\nof ours")

    monkeypatch.setenv("SMARTSCALE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(infra.cli, "app", fails)

    with pytest.raises(SystemExit) as ended:
        infra.cli.main()

    said = capsys.readouterr()
    assert ended.value.code == 1
    assert said.out == ""
    assert "Traceback" not in said.err
    assert len(said.err.splitlines()) == 1
    assert "ZeroDivisionError: a fault of ours" in said.err
    log = load_settings().home / "logs" / "command.log"
    assert str(log) in said.err
    assert "Traceback" in json.loads(log.read_text(encoding="utf-8"))["exc_info"]


def test_where_no_log_can_be_written_it_is_one_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("SMARTSCALE_HOME", str(file / "home"))
    monkeypatch.setattr(infra.cli, "app", fails)
    with pytest.raises(SystemExit):
        infra.cli.main()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1
