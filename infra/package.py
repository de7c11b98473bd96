"""What gets deployed: a clean copy of template, functions and layers, and its fingerprint."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import PlainError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
_CODE = frozenset({"CodeUri", "ContentUri"})
"""The properties that name it."""
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can say: the same files make the same archive."""
_DENSE = frozenset({".npz", ".tflite"})
"""The files of a model hardly get smaller, and each worker that starts unpacks them."""
_SOURCES = ("template.yaml", "functions", "layers")
_REWRITES_TEMPLATE = Path(__file__).with_name("unversioned.py")


def stage(root: Path, target: Path) -> Path:
    """Copy what the template refers to, without caches; the copy's template is returned."""
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    for name in _SOURCES:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=_IGNORED)
        else:
            shutil.copy2(source, target / name)
    return target / "template.yaml"


def fingerprint(root: Path, parameters: Mapping[str, str]) -> str:
    """A hash of every file that `stage` copies, and of what changes the template, and of the
    parameters: equal means there is nothing to deploy."""
    digest = hashlib.sha256(json.dumps(dict(sorted(parameters.items()))).encode())
    digest.update(_REWRITES_TEMPLATE.read_bytes())
    for path in _sources(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def compile_code(folder: Path) -> None:
    """Compile what was staged, so that no worker that starts has to: each has a copy of its own.

    By a process of its own, as compiling takes some 50 MB. A source that is no Python stays one.
    """
    command = [sys.executable, "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, str(folder)], check=False)  # noqa: S603 - our own interpreter


def upload(template: Path, bucket: str, s3: "S3Client") -> Path:
    """Upload the code that a staged template refers to; the template that refers to the uploads.

    It is what `aws cloudformation package` does, for the few kinds of resources that there are.
    """
    # It takes as long as all else that a start with nothing to deploy imports.
    from infra.template import parse  # noqa: PLC0415

    tree = parse(template.read_text(encoding="utf-8"))
    uploaded: dict[str, str] = {}
    for place, name in _code(tree):
        folder = place[name]
        if folder not in uploaded:
            code = zipped(template.parent / folder)
            key = hashlib.sha256(code).hexdigest()
            s3.put_object(Bucket=bucket, Key=key, Body=code)
            uploaded[folder] = f"s3://{bucket}/{key}"
        place[name] = uploaded[folder]
    packaged = template.with_name("packaged.json")
    packaged.write_text(json.dumps(tree, default=str), encoding="utf-8")
    return packaged


def zipped(folder: Path) -> bytes:
    """A folder as a zip archive, the same for the same files.

    Raises:
        PlainError: there is no such folder.
    """
    if not folder.is_dir():
        raise PlainError(f"template.yaml refers to {folder.name}, which is not there")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for path in _files(folder):
            entry = zipfile.ZipInfo(str(path.relative_to(folder)), _NO_TIME)
            entry.external_attr = path.stat().st_mode << 16
            stored = path.suffix in _DENSE
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            out.writestr(entry, path.read_bytes())
    return archive.getvalue()


def _code(tree: object) -> Iterator[tuple[dict[str, Any], str]]:
    """The places of a template that name a folder with code."""
    if isinstance(tree, list):
        for value in tree:
            yield from _code(value)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            if name in _CODE and isinstance(value, str):
                yield tree, name
            else:
                yield from _code(value)


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _sources(root: Path) -> Iterator[Path]:
    for name in _SOURCES:
        if (root / name).is_file():
            yield root / name
        for folder, folders, names in os.walk(root / name):
            ignored = _IGNORED(folder, [*folders, *names])
            folders[:] = sorted(set(folders) - ignored)
            yield from (Path(folder, one) for one in sorted(set(names) - ignored))
