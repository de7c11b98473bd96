"""What is uploaded of the template's code."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, cast

import pytest

from infra.errors import PlainError
from infra.package import compile_code, upload, zipped

TEMPLATE = """
Resources:
  Upload:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/upload/, Role: !GetAtt Role.Arn}
  Result:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/upload/}
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/one/}
"""


class Uploaded(dict[str, bytes]):
    """What was put into a bucket."""

    def put_object(self, **put: Any) -> None:
        """Note an object."""
        self[f"s3://{put['Bucket']}/{put['Key']}"] = put["Body"]


def test_each_folder_is_uploaded_once_and_named_by_what_is_in_it(tmp_path: Path) -> None:
    for folder in ("functions/upload", "layers/one/python"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "app.py").write_text(f"# {folder}\n")
    (tmp_path / "functions/upload/app.py").chmod(0o755)
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    first, again = (Uploaded() for _ in range(2))
    packaged = upload(template, "artifacts", cast("Any", first)).read_text()
    resources = json.loads(packaged)["Resources"]
    assert resources["Upload"]["Properties"]["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}
    code, same, layer = (
        next(uri for name, uri in resources[one]["Properties"].items() if name.endswith("Uri"))
        for one in ("Upload", "Result", "Layer")
    )
    assert code == same
    assert {code, layer} == set(first)
    with zipfile.ZipFile(io.BytesIO(first[layer])) as archive:
        assert archive.read("python/app.py") == b"# layers/one/python\n"
    with zipfile.ZipFile(io.BytesIO(first[code])) as archive:
        assert archive.getinfo("app.py").external_attr >> 16 & 0o777 == 0o755
    upload(template, "artifacts", cast("Any", again))
    assert again == first, "the same code is the same object"


def test_what_hardly_gets_smaller_is_not_compressed(tmp_path: Path) -> None:
    for name in ("model.tflite", "model.json"):
        (tmp_path / name).write_bytes(bytes(1_000))
    with zipfile.ZipFile(io.BytesIO(zipped(tmp_path))) as archive:
        sizes = {entry.filename: entry.compress_size for entry in archive.infolist()}
    assert sizes["model.tflite"] == 1_000 > sizes["model.json"]


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    with pytest.raises(PlainError, match="upload"):
        upload(template, "artifacts", cast("Any", Uploaded()))


def test_code_is_compiled_for_every_copy_of_it(tmp_path: Path) -> None:
    """Whatever times the copy's files have: nothing is compiled where it is imported."""
    (tmp_path / "code" / "it").mkdir(parents=True)
    (tmp_path / "code" / "it" / "app.py").write_text("ANSWER = 42\n")
    (tmp_path / "code" / "it" / "no_python.py").write_text("this is none\n")
    compile_code(tmp_path / "code")
    with zipfile.ZipFile(io.BytesIO(zipped(tmp_path / "code"))) as archive:
        archive.extractall(tmp_path / "copy")
    (tmp_path / "copy" / "it" / "app.py").write_text("ANSWER = 0\n")
    ran = subprocess.run(
        [sys.executable, "-c", "from it.app import ANSWER; print(ANSWER)"],
        cwd=tmp_path / "copy",
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "42\n"
