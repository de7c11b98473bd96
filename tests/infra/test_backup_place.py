"""Where a backup lies: nobody else reads it, and it names nothing outside."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.backup.manifest import BackupFile
from infra.backup.place import Folder


def test_a_copy_is_its_user_s_alone_and_replaces_the_last(tmp_path: Path) -> None:
    place, file = Folder(tmp_path / "backup"), tmp_path / "file"
    for text in ("one", "two"):
        file.write_text(text)
        place.save("objects/ledger/2026/11/29.1.tar.gz", file)
    kept = tmp_path / "backup" / "objects" / "ledger" / "2026" / "11" / "29.1.tar.gz"
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("two", 0o600)
    assert [one.name for one in kept.parent.iterdir()] == [kept.name]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "objects/../../victim", "objects//etc", "manifest.json", "objects/.hidden"],
)
def test_a_manifest_names_only_files_of_the_backup(name: str) -> None:
    with pytest.raises(ValidationError):
        BackupFile(name=name, sha256="0", size=1, count=1)
