"""Where commands read the bucket of a stack."""

from pathlib import Path

import pytest

from infra.bucket_on_disk import BucketOnDisk
from infra.commands import connection
from infra.commands.connection import connect
from infra.emulator import objects_folder
from infra.outputs import StackOutputs
from infra.settings import Settings, load_settings

_OUTPUTS = {
    name: "name"
    for name, field in StackOutputs.model_fields.items()
    if field.is_required() and name != "bucket"
}


def _found(settings: Settings) -> StackOutputs:
    del settings
    return StackOutputs.model_validate({"bucket": "shop", **_OUTPUTS})


@pytest.mark.parametrize(
    ("endpoint", "of_run", "on_disk"),
    [
        (None, False, True),
        # The run tells its children where its emulator is.
        ("http://127.0.0.1:4566", True, True),
        # LocalStack has this address too, and a shop's home may lie beside it.
        ("http://127.0.0.1:4566", False, False),
    ],
)
def test_the_bucket_of_a_run_is_read_from_its_disk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str | None,
    of_run: bool,
    on_disk: bool,
) -> None:
    (objects_folder(tmp_path) / "shop").mkdir(parents=True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a-key")
    monkeypatch.setenv("METRICS_SINK", "emf")
    monkeypatch.setenv("SMARTSCALE_HOME", str(tmp_path))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setattr(connection, "stack_outputs", _found)
    monkeypatch.setattr(connection, "stack_environment", lambda *_: {})
    found = connect(load_settings(), of_run=of_run)
    assert isinstance(found.bucket, BucketOnDisk) is on_disk
