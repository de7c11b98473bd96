"""The emulator's objects, of which it holds the keys alone."""

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
from infra.emulator_objects import know_objects_by_their_keys
know_objects_by_their_keys()
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


def test_ram_holds_no_more_than_the_last_that_were_written(tmp_path: Path) -> None:
    held, count, gone = told(
        stored(tmp_path, "old"),
        'objects = bucket["objects"]\n'
        'for n in range(3000): objects[f"{n:04}"] = {"body": b"", "size": n}\n'
        'del objects["2999"]\n'
        'print(json.dumps([len(objects._written), len(objects), "2999" in objects]))',
    )
    assert (held, count, gone) == (999, 3000, False)
