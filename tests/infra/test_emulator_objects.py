"""The emulator's objects, which are what the disk has."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support import tool_environment

START = """
import json, sys
from pathlib import Path
from ministack.services import s3
s3.DATA_DIR = sys.argv[1]
from infra.emulator_objects import find_objects_on_disk
find_objects_on_disk()
bucket = s3._buckets["b"]
listed = lambda *asked: list(s3._collect_list_entries(bucket["objects"], *asked))
"""


def told(folder: Path, script: str) -> Any:
    """What a script says of the objects in a folder, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", START + script, str(folder)],
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def stored(folder: Path, *keys: str) -> Path:
    """A folder with objects as the emulator keeps them."""
    for key in keys:
        file = folder / "000000000000" / "b" / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"1234")
        described = {"content_type": "text/plain", "etag": '"e"', "size": 4, "key": key}
        Path(f"{file}.meta.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


def test_listings_are_pages_by_rising_key(tmp_path: Path) -> None:
    keys = ["a/1", "a/2", "a/3", "b", "c/1"]
    pages = told(
        stored(tmp_path, *keys),
        'print(json.dumps([listed("", "", 9, ""), listed("a/", "", 2, ""),'
        ' listed("a/", "", 2, "a/2"), listed("", "/", 9, ""),'
        ' listed("", "/", 2, ""), listed("", "/", 9, "a/")]))',
    )
    assert pages == [
        [keys, [], False, "c/1"],
        [["a/1", "a/2"], [], True, "a/2"],
        [["a/3"], [], False, "a/3"],
        [["b"], ["a/", "c/"], False, "c/"],
        [["b"], ["a/"], True, "b"],
        [["b"], ["c/"], False, "c/"],
    ]


def test_an_object_is_what_the_disk_says(tmp_path: Path) -> None:
    folder = stored(tmp_path, "whole", "bare")
    (folder / "000000000000" / "b" / "bare.meta.json").write_text("{", encoding="utf-8")
    whole, bare = told(
        folder,
        'found = [bucket["objects"][key] for key in ("whole", "bare")]\n'
        'print(json.dumps([[one["size"], one["etag"], one["content_type"]] for one in found]))',
    )
    assert whole == [4, '"e"', "text/plain"]
    assert bare == [4, '"81dc9bdb52d04dc20036dbd8313ed055"', "application/octet-stream"]


def test_a_key_that_is_no_path_is_found_and_listed(tmp_path: Path) -> None:
    stored(tmp_path, "a/1", "a/3")
    encoded = tmp_path / "000000000000" / "b" / ".ministack-keys"
    encoded.mkdir()
    # A power cut may have left nothing but its bytes.
    (encoded / "a%2F%2F2").write_bytes(b"12")
    found = told(
        tmp_path,
        'objects = bucket["objects"]\n'
        'print(json.dumps([list(objects), objects["a//2"]["size"],'
        ' [key in objects for key in ("a//2", "a//3", "a", "a/", "")]]))',
    )
    assert found == [["a//2", "a/1", "a/3"], 2, [True, False, False, False, False]]


def test_what_is_deleted_is_gone_when_its_files_are(tmp_path: Path) -> None:
    found = told(
        stored(tmp_path, "a", "b"),
        'objects = bucket["objects"]\n'
        'objects["c"] = {"body": b"1"}\n'
        'for key in ("a", "c"): del objects[key]\n'
        "s3.S3_PERSIST = True\n"
        's3._delete_persisted_object("b", "a")\n'
        'print(json.dumps([list(objects), bool(objects), "a" in objects, "c" in objects,'
        ' objects.pop("a", "none")]))',
    )
    assert found == [["b"], True, False, False, "none"]


def test_ram_holds_as_much_of_ten_thousand_objects_as_of_a_thousand(tmp_path: Path) -> None:
    before, after, held = told(
        stored(tmp_path, "old"),
        "import tracemalloc\n"
        "tracemalloc.start()\n"
        'def put(n): bucket["objects"][f"ledger/2026/11/28/{n:08}/done.json"] = {"size": n}\n'
        "for n in range(1000): put(n)\n"
        "before = tracemalloc.get_traced_memory()[0]\n"
        "for n in range(1000, 10000): put(n)\n"
        "after = tracemalloc.get_traced_memory()[0]\n"
        'print(json.dumps([before, after, len(bucket["objects"]._written)]))',
    )
    assert abs(after - before) < 20_000
    assert held < 1000
