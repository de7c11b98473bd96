"""What the emulator is made to do: these names of ministack's own have to be there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ministack.core import responses

from infra.emulated_services import PROTOCOLS
from infra.emulator import Emulator

LOGS = """
from ministack.services import cloudwatch_logs, lambda_svc
function = {"config": {"FunctionName": "inference"}}
for number in range(LOG_STREAMS + 50):
    lambda_svc._emit_lambda_logs(function, str(number), "a line", False, 1)
[group] = cloudwatch_logs._log_groups.values()
last = list(group["streams"].values())[-1]["events"][0]["message"]
print(json.dumps({"streams": len(group["streams"]), "most": LOG_STREAMS, "last": last}))
"""
FIGURES = """
from ministack.services import cloudwatch
looked = []
cloudwatch._metrics = type("Noted", (dict,), {"items": lambda self: looked.append(1) or []})()
for _ in range(5):
    cloudwatch._evict_old_metrics()
print(json.dumps(len(looked)))
"""
COMPACTED = """
from infra.emulator_rules import compact
now = 1_800_000_000.0
dims = {"Stack": "shop"}
points = [
    {"Timestamp": now - 7200 + n, "Value": float(n * 37 % 101), "Unit": "None", "Dimensions": dims}
    for n in range(3600)
]
metrics = {"latency": points}
compact(metrics, now)
few = metrics["latency"]
compact(metrics, now)
again = len(metrics["latency"])
compact(metrics, now + 40 * 86400)
print(json.dumps([
    len(few),
    [len(points), sum(one["Count"] for one in few)],
    [sum(one["Value"] for one in points), sum(one["Value"] * one["Count"] for one in few)],
    again,
    len(metrics),
]))
"""
SAVING = """
import ministack.app
from ministack.core import persistence
from ministack.services import dynamodb
table = {"TableName": "t", "items": {"1": {"a": {"S": "\\u00e4"}}}}
dynamodb._tables["t"] = table
ministack.app.save_all({"dynamodb": dynamodb.get_state})
loaded = persistence.load_state("dynamodb")["tables"]
print(json.dumps([list(loaded.values()), dynamodb.copy.__name__]))
"""
FLUSHING = """
import asyncio, os, pathlib
from ministack.services import s3
flushed, fsync = [], os.fsync
def note(descriptor):
    flushed.append(str(pathlib.Path(f"/proc/self/fd/{descriptor}").readlink()))
    fsync(descriptor)
os.fsync = note
def ask(method, path, headers={}):
    return asyncio.run(s3.handle_request(method, path, headers, b"1", {}))[0]
ask("PUT", "/shop")
said = [ask("PUT", "/shop/uploads/a")]
flushed.clear()
said.append(ask("PUT", "/shop/evidence/1/a", {"x-amz-copy-source": "/shop/uploads/a"}))
copied = list(flushed)
def full(descriptor):
    raise OSError(28, "No space left on device")
flushed.clear()
ask("PUT", "/shop/idempotency//twice")
elsewhere = list(flushed[:2])
os.fsync = full
said.append(ask("PUT", "/shop/evidence/1/b"))
said.append(ask("GET", "/shop/evidence/1/b"))
print(json.dumps([said, copied, elsewhere]))
"""
ANSWERED = """
import sys
from infra.emulated_services import PROTOCOLS
from ministack.core import responses
said = {}
for service in PROTOCOLS:
    headers = {"Content-Type": "application/json"}
    responses.fix_success_content_type(service, 200, headers)
    said[service] = headers["Content-Type"]
loaded = "botocore" in sys.modules
print(json.dumps([said["sqs"], loaded]))
"""


RECENT = """
from infra.emulator_rules import compact
now = 1_800_000_000.0
dims = {"Stack": "shop"}
def seen(at, value):
    return {"Timestamp": at, "Value": value, "Unit": "None", "Dimensions": dims}
old = [seen(now - 7200 + n, 1.0) for n in range(600)]
metrics = {"latency": [*old, *(seen(now - 840 + n / 10, float(n % 97)) for n in range(8400))]}
whole = sum(one["Value"] for one in metrics["latency"])
compact(metrics, now, recent=True)
few = metrics["latency"]
compact(metrics, now + 1, recent=True)
print(json.dumps([
    few[:600] == old,
    len(few) - 600,
    [9000.0, sum(one.get("Count", 1.0) for one in few)],
    [whole, sum(one["Value"] * one.get("Count", 1.0) for one in few)],
    len(metrics["latency"]) <= len(few),
]))
"""


LOADED = """
import sys
import ministack.app, ministack.services.cloudformation
from ministack.services import rds
def kind():
    return type(sys.modules["ministack.services.rds"]).__name__
unused = [kind(), "rds" in ministack.app._build_persistence_save_dict()]
rds._instances
print(json.dumps([unused, [kind(), "rds" in ministack.app._build_persistence_save_dict()]]))
"""
LAYERS = """
import io, zipfile
from ministack.core.lambda_runtime import Worker
from ministack.services import lambda_svc
def packed(name, text):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), text)  # of no date
    return content.getvalue()
layers = {"ours": packed("python/ours.py", "version = 1"), "none": None}
lambda_svc._resolve_layer_zip = layers.get
code = packed("app.py", "import ours\\ndef handler(event, context): return ours.__file__")
def where(layer_text):
    layers["ours"] = packed("python/ours.py", layer_text)
    worker = Worker("f", config, code)
    answer = worker.invoke({}, "1")
    worker.kill()
    return answer["result"]
config = {
    "FunctionName": "f",
    "FunctionArn": "arn:aws:lambda:eu-central-1:000000000000:function:f",
    "Runtime": "python3.11",
    "Handler": "app.handler",
    "Layers": ["none", "ours"],
}
print(json.dumps([where("version = 1"), where("version = 1"), where("version = 2")]))
"""
LOGGED = """
import io, types, zipfile
from ministack.core import lambda_runtime
content = io.BytesIO()
with zipfile.ZipFile(content, "w") as archive:
    archive.writestr("app.py", '''
import sys
def handler(event, context):
    for number in range(event["lines"]):
        print(event["name"], number, file=sys.stderr)
''')
config = {
    "FunctionName": "f",
    "FunctionArn": "arn:aws:lambda:eu-central-1:000000000000:function:f",
    "Runtime": "python3.11",
    "Handler": "app.handler",
}
worker = lambda_runtime.Worker("f", config, content.getvalue())
said = [worker.invoke({"name": name, "lines": 3}, "1")["log"].splitlines() for name in "ab"]
real, slept = lambda_runtime.time, []
def sleep(seconds):
    slept.append(seconds)
    real.sleep(seconds)
clock = types.SimpleNamespace(
    time=lambda: sum(slept), sleep=sleep, monotonic=real.monotonic
)
lambda_runtime.time = clock
silent = worker.invoke({"name": "c", "lines": 0}, "2")["log"]
lambda_runtime.time = real
worker.kill()
print(json.dumps([said, silent, sum(slept)]))
"""
SAM = """
import sys
from ministack.services.cloudformation import engine
def transformed(**properties):
    function = {"Type": "AWS::Serverless::Function", "Properties": properties}
    sam = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"F": function}}
    try:
        return engine._apply_transforms(sam)["Resources"]
    except ValueError as error:
        return str(error)
made = transformed(CodeUri="s3://b/k", Handler="app.handler", Runtime="python3.13")
here = [name for name in sys.modules if name.startswith("samtranslator.")]
print(json.dumps([sorted(one["Type"] for one in made.values()), transformed(), here]))
"""
EMPTY = """
from ministack.core import persistence
persistence.save_state("rds", {"instances": {"a": 1}})
persistence.save_state("iam", {"roles": {"a": 1}, "users": {}})
persistence.save_state("rds", {"instances": {}})
from ministack.core.responses import AccountRegionScopedDict
of_another = AccountRegionScopedDict()
of_another._data["1", "eu-west-3", "a"] = 1
persistence.save_state("sns", {"topics": of_another})
loaded = [persistence.load_state(name) for name in ("rds", "iam")]
print(json.dumps([*loaded, len(persistence.load_state("sns")["topics"]._data)]))
"""


def with_rules(script: str, state: Path, **environment: str) -> Any:
    """What a script prints in a process of its own, which the rules have changed."""
    start = (
        "import json\nfrom infra.emulator_rules import LOG_STREAMS, apply_rules\napply_rules()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", start + script],
        env={**os.environ, "PERSIST_STATE": "1", "STATE_DIR": str(state), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_logs_are_bounded_and_the_newest_stay(tmp_path: Path) -> None:
    found = with_rules(LOGS, tmp_path)
    assert found["streams"] == found["most"]
    assert f"RequestId: {found['most'] + 49} " in found["last"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux names open files")
def test_a_copy_is_on_the_disk_itself_before_its_original_is_deleted(tmp_path: Path) -> None:
    """And an object of a key that is no path, which lies elsewhere."""
    objects = tmp_path / "s3"
    said, copied, elsewhere = with_rules(
        FLUSHING,
        tmp_path,
        S3_PERSIST="1",
        S3_DATA_DIR=str(objects),
        SMARTSCALE_READY_FILE=str(tmp_path / "ready"),
    )
    bucket = objects / "000000000000" / "shop"
    evidence = bucket / "evidence" / "1" / "a"
    folders = [evidence.parent, evidence.parent.parent, bucket]
    assert copied == [str(one) for one in (evidence, f"{evidence}.meta.json", *folders)]
    assert said == [200, 200, 507, 404]
    assert [Path(file).parent.name for file in elsewhere] == [".ministack-keys"] * 2


def test_old_figures_are_looked_for_seldom(tmp_path: Path) -> None:
    assert with_rules(FIGURES, tmp_path) == 1


def test_old_figures_become_few_and_stay_right(tmp_path: Path) -> None:
    points, counts, sums, again, left = with_rules(COMPACTED, tmp_path)
    assert points <= 12 * 20 + 20
    assert counts == [3600.0, 3600.0]
    assert sums[0] == pytest.approx(sums[1])
    assert again == points
    assert left == 0


def test_recent_figures_stand_for_minutes_and_older_ones_are_not_looked_at(tmp_path: Path) -> None:
    untouched, points, counts, sums, stays_few = with_rules(RECENT, tmp_path)
    assert untouched
    assert points <= 1200 + 13 * 20, "two minutes as they came, and the minutes before"
    assert counts[0] == counts[1]
    assert sums[0] == pytest.approx(sums[1])
    assert stays_few


def test_a_service_is_loaded_when_somebody_asks_it_for_something(tmp_path: Path) -> None:
    unused, used = with_rules(LOADED, tmp_path)
    assert unused == ["_Later", False], "and it is not saved"
    assert used == ["module", True]


def test_workers_share_the_files_of_a_layer_until_it_is_another_one(tmp_path: Path) -> None:
    first, second, other = with_rules(LAYERS, tmp_path / "state", TMPDIR=str(tmp_path))
    assert first == second != other
    assert {Path(file).is_file() for file in (first, other)} == {True}


def test_templates_are_transformed_without_the_translator_in_memory(tmp_path: Path) -> None:
    made, refused, here = with_rules(SAM, tmp_path)
    assert made == ["AWS::IAM::Role", "AWS::Lambda::Function"]
    assert "Resource with id [F] is invalid" in refused
    assert here == ["samtranslator.translator.transform"]


def test_the_media_type_of_an_answer_needs_no_sdk(tmp_path: Path) -> None:
    assert with_rules(ANSWERED, tmp_path) == ["application/x-amz-json-1.0", False]


@pytest.mark.parametrize("service", PROTOCOLS)
def test_what_services_speak_is_what_the_sdk_says(service: str) -> None:
    described = responses._service_model(service).metadata
    assert PROTOCOLS[service] == (described["protocol"], described.get("jsonVersion"))


def test_what_has_nothing_is_not_saved(tmp_path: Path) -> None:
    assert with_rules(EMPTY, tmp_path) == [None, {"roles": {"a": 1}, "users": {}}, 1]


def test_what_is_saved_is_what_the_emulator_loads(tmp_path: Path) -> None:
    [table], copies = with_rules(SAVING, tmp_path)
    assert table["items"] == {"1": {"a": {"S": "ä"}}}
    assert copies == "copy"


@pytest.mark.parametrize("what", ["an empty home", "a state of another version"])
def test_figures_are_dropped_from_any_saved_state(tmp_path: Path, what: str) -> None:
    state = tmp_path / "cloud" / "state"
    state.mkdir(parents=True)
    emulator = Emulator(tmp_path, 1, "us-east-1")
    file = state / "cloudwatch.json"
    told = {
        "000000000000\0us-east-1\0('SmartScale', 'Requests', ())": [1],
        "000000000000\0us-east-1\0('SmartScale', 'QueueDepth', ())": [1],
        "000000000000\0us-east-1\0('Other', 'Requests', ())": [1],
    }
    if what == "an empty home":
        emulator._drop_figures()
        assert not file.exists()
        return
    file.write_text(json.dumps({"payload": {"metrics": {"data": told}}}))
    emulator._drop_figures()
    kept = json.loads(file.read_text())["payload"]["metrics"]["data"]
    assert list(kept) == list(told)[1:]


def test_a_worker_is_free_again_as_soon_as_it_has_answered(tmp_path: Path) -> None:
    """What it has logged is known, and nobody waits for what it might log."""
    said, silent, slept_s = with_rules(LOGGED, tmp_path)
    assert said == [[f"{name} {number}" for number in range(3)] for name in "ab"]
    assert silent == ""
    assert slept_s < 0.005
