"""What gets deployed: a clean copy of template, functions and layers, and its fingerprint."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.errors import PlainError

_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
_SOURCES = ("template.yaml", "functions", "layers")


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


def fingerprint(folder: Path, parameters: Mapping[str, str]) -> str:
    """A hash of every staged file and parameter: equal means there is nothing to deploy."""
    digest = hashlib.sha256(json.dumps(dict(sorted(parameters.items()))).encode())
    for path in _files(folder):
        digest.update(str(path.relative_to(folder)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def upload(
    template: Path, bucket: str, endpoint: str, region: str, credentials: Mapping[str, str]
) -> Path:
    """Upload the code to the emulator with the AWS CLI; the template that refers to it."""
    packaged = template.with_name("packaged.yaml")
    # fmt: off
    command = [
        sys.executable, "-m", "awscli", "cloudformation", "package",
        "--template-file", str(template), "--s3-bucket", bucket,
        "--output-template-file", str(packaged),
    ]
    # fmt: on
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        **credentials,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, env=environment, capture_output=True, text=True, check=False, process_group=0
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise PlainError(f"Packaging template.yaml failed: {last}")
    return packaged


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())
