"""A home folder that only its owner looks into."""

import stat
from pathlib import Path

from infra.private import make_private, write_private


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_home_is_its_owners_alone(home: Path) -> None:
    make_private(home)
    assert _mode(home) == 0o700


def test_what_an_earlier_version_left_open_is_closed(home: Path) -> None:
    state = home / "cloud" / "state" / "sqs.json"
    picture = home / "cloud" / "s3" / "bucket" / "uploads" / "picture"
    for file in (state, picture):
        file.parent.mkdir(parents=True)
        file.write_text("{}")
        file.chmod(0o644)
    home.chmod(0o755)
    make_private(home)
    assert {_mode(state), _mode(picture)} == {0o600}
    assert {_mode(folder) for folder in (home, state.parent, picture.parent)} == {0o700}


def test_a_single_file_that_was_opened_is_closed_in_a_closed_home(home: Path) -> None:
    make_private(home)
    state = home / "cloud" / "state" / "sqs.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    state.chmod(0o644)
    make_private(home)
    assert _mode(state) == 0o600


def test_what_a_link_points_to_stays_as_it_is(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("")
    outside.chmod(0o644)
    home.mkdir()
    (home / "link").symlink_to(outside)
    make_private(home)
    assert _mode(outside) == 0o644


def test_a_secret_is_written_for_its_owner_and_replaced_at_once(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    for text in ("one", "two"):
        write_private(file, text)
        assert (file.read_text(), _mode(file)) == (text, 0o600)
    assert list(tmp_path.iterdir()) == [file]
