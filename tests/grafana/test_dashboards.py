"""Grafana's dashboards, by what its CloudWatch plugin would ask for them after real traffic."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from grafana.build import ALERTS, DASHBOARDS, alerts, rendered
from grafana.replay import (
    Panel,
    Series,
    WouldShowNothing,
    metric_data_query,
    panels_of,
    replay,
)
from infra.commands.catalogue import import_examples
from infra.commands.connection import connect
from infra.deploy import embedded_parameters
from infra.emulator import Emulator
from infra.settings import ROOT
from smartscale.domain.job_id import new_job_id
from smartscale.domain.prediction import NO_ITEM
from smartscale.domain.upload import upload_key
from smartscale.operations.metrics.watch import COSTS
from smartscale.recognition.builtin import builtin_package
from tests.conftest import Deployed, deployed_into
from tests.examples import picture
from tests.integration.conftest import Api, Signed
from tests.support import eventually, free_port

PROVISIONING = Path(__file__).parents[2] / "grafana" / "provisioning"
NOW = datetime.now(UTC)


def targets() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every query of the committed dashboards, with its panel's title."""
    for file in sorted(DASHBOARDS.glob("*.json")):
        for panel in panels_of(file):
            for target in panel["targets"]:
                yield panel["title"], target


def test_the_files_are_what_the_script_writes() -> None:
    """`python -m grafana.build` writes them."""
    assert {file.name: file.read_text("utf-8") for file in DASHBOARDS.glob("*.json")} == rendered()
    assert ALERTS.read_text("utf-8") == alerts()


def test_alerts_watch_what_a_panel_shows_and_say_what_to_do() -> None:
    shown = {(target["metricName"], target["statistic"]) for _, target in targets()}
    [group] = json.loads(ALERTS.read_text("utf-8"))["groups"]
    assert len({rule["uid"] for rule in group["rules"]}) == len(group["rules"])
    for rule in group["rules"]:
        asked, *steps = [step["model"] for step in rule["data"]]
        assert (asked["metricName"], asked["statistic"]) in shown
        assert metric_data_query(asked, NOW, NOW)
        assert [step["expression"] for step in steps] == ["A", "B"]
        assert rule["annotations"]["description"]


def test_no_panel_has_a_known_reason_for_no_data() -> None:
    for file in DASHBOARDS.glob("*.json"):
        for panel in panels_of(file):
            ids = [target["id"] for target in panel["targets"]]
            assert len(set(ids)) == len(ids) > 0, panel["title"]
    for _, target in targets():
        assert metric_data_query(target, NOW, NOW)


def test_percentiles_are_asked_for_by_themselves() -> None:
    """LocalStack refuses everything that is asked for with one."""
    for file in DASHBOARDS.glob("*.json"):
        for panel in panels_of(file):
            ranked = {target["statistic"].startswith("p") for target in panel["targets"]}
            assert len(ranked) == 1, panel["title"]
    [group] = json.loads(ALERTS.read_text("utf-8"))["groups"]
    for rule in group["rules"]:
        ranked_rule = rule["data"][0]["model"]["statistic"].startswith("p")
        assert rule["execErrState"] == ("KeepLast" if ranked_rule else "Error"), rule["title"]


def test_everything_is_asked_for_by_stack() -> None:
    """The stacks of an account tell their figures in one namespace."""
    for title, target in targets():
        assert target["dimensions"]["Stack"] == ["$stack"], title
    for file in DASHBOARDS.glob("*.json"):
        [chosen] = json.loads(file.read_text("utf-8"))["templating"]["list"]
        assert (chosen["name"], chosen["query"]["dimensionKey"]) == ("stack", "Stack")
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert "SMARTSCALE_STACK" in compose["services"]["grafana"]["environment"]
    [group] = json.loads(ALERTS.read_text("utf-8"))["groups"]
    for rule in group["rules"]:
        assert rule["data"][0]["model"]["dimensions"] == {"Stack": ["$SMARTSCALE_STACK"]}


def test_an_alert_counts_what_came_in_the_last_five_minutes() -> None:
    """Not in CloudWatch's own five minutes, which begin anew with what came before left out."""
    [group] = json.loads(ALERTS.read_text("utf-8"))["groups"]
    for rule in group["rules"]:
        query, reduce, _ = (step["model"] for step in rule["data"])
        if query["statistic"] == "Sum":
            assert (query["period"], reduce["reducer"]) == ("60", "sum"), rule["title"]
            assert rule["data"][0]["relativeTimeRange"] == {"from": 300, "to": 0}
            assert rule["for"] == "0m"


@pytest.mark.parametrize(
    "trap",
    [
        {"metricEditorMode": None},
        {"metricQueryType": 1},
        {"expression": "SUM(q0)"},
        {"matchExact": False},
        {"dimensions": {"Label": ["*"]}},
        {"dimensions": {"QueueName": ["$queue"]}},
    ],
)
def test_the_replay_knows_the_traps(trap: dict[str, Any]) -> None:
    _, target = next(targets())
    with pytest.raises(WouldShowNothing):
        metric_data_query(target | trap, NOW, NOW)


def test_no_request_is_larger_than_cloudwatch_answers_at_once() -> None:
    """100,800 values: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
    for file in DASHBOARDS.glob("*.json"):
        for panel in panels_of(file):
            month = sum(30 * 86400 / int(target["period"]) for target in panel["targets"])
            assert month <= 100_800, panel["title"]


def test_the_source_lets_each_service_have_its_own_endpoint() -> None:
    """One endpoint for metrics, logs and STS fails Grafana's health check."""
    [file] = (PROVISIONING / "datasources").glob("*.yaml")
    [source] = yaml.safe_load(file.read_text("utf-8"))["datasources"]
    assert "endpoint" not in source["jsonData"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    told = compose["services"]["grafana"]["environment"]
    for service in ("CLOUDWATCH", "CLOUDWATCH_LOGS", "STS"):
        assert told[f"AWS_ENDPOINT_URL_{service}"]
    assert "AWS_ENDPOINT_URL" not in told
    used = {target["datasource"]["uid"] for _, target in targets()}
    assert used == {source["uid"]}


@dataclass
class Shop:
    """A stack of its own, so that no other test's figures are in it, and what was sent to it."""

    deployed: Deployed
    api: Api
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=1))
    results: list[dict[str, Any]] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    confirmed: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0

    def weigh(self, image: bytes) -> dict[str, Any]:
        """Weigh a picture."""
        began = time.perf_counter()
        result = self.api.result(self.api.predict(image, "0.500", scale_id="seen"))
        self.took_ms.append((time.perf_counter() - began) * 1000)
        self.results.append(result)
        return result

    def fail(self, number: int) -> None:
        """Drop a picture that is cut short."""
        job_id = new_job_id(datetime.now(UTC))
        self.deployed.s3().put_object(
            Bucket=self.deployed.outputs.bucket,
            Key=upload_key(job_id),
            Body=picture()[: -100 - number],
            Metadata={"weight-kg": "0.5"},
        )
        assert self.api.result(job_id)["status"] == "failed"
        self.failed += 1

    def shown(self) -> dict[str, Panel]:
        """Every panel of every dashboard, as Grafana would show it now."""
        end = datetime.now(UTC) + timedelta(minutes=1)
        return {
            panel.title: panel
            for file in sorted(DASHBOARDS.glob("*.json"))
            for panel in replay(self.deployed.cloudwatch(), file, self.began, end)
        }

    def average(self, series: Series) -> float:
        """A series of averages as one, each period by how many values it has."""
        counts = {**series.target, "statistic": "SampleCount"}
        end = datetime.now(UTC) + timedelta(minutes=1)
        query = metric_data_query(counts, self.began, end)
        answer = self.deployed.cloudwatch().get_metric_data(
            MetricDataQueries=[query], StartTime=self.began, EndTime=end
        )["MetricDataResults"][0]
        weights = dict(zip(answer["Timestamps"], answer["Values"], strict=True))
        assert weights.keys() == series.points.keys()
        summed = sum(value * weights[at] for at, value in series.points.items())
        return summed / sum(weights.values())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """After real traffic through the gateway, the bucket and every function."""
    emulator = Emulator(tmp_path_factory.mktemp("seen"), free_port(), "us-east-1")
    emulator.start()
    try:
        deployed = deployed_into(emulator)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in deployed.environment.items():
                patch.setenv(name, value)
            import_examples(connect(deployed.settings))
        shop = Shop(deployed, Api(f"{deployed.gateway_url}/v1", auth=Signed(deployed)))
        # The embedded stack's own admin function, which nobody calls but here, looks there.
        deployed.session.client("ssm", endpoint_url=deployed.endpoint).put_parameter(
            Name=embedded_parameters(deployed.settings)["AdminTokenParameterName"],
            Value=deployed.settings.admin_token.get_secret_value(),
            Type="SecureString",
        )
        shop.api.headers["X-Admin-Token"] = deployed.settings.admin_token.get_secret_value()
        traffic(shop)
        yield shop
    finally:
        emulator.stop()


def traffic(shop: Shop) -> None:
    """Weigh everything there is a picture of, with a candidate beside; confirm some; fail some."""
    for file in builtin_package().folder.glob("*.*"):
        if file.suffix != ".py":
            key = f"models/shop/twin/1/{file.name}"
            shop.deployed.s3().upload_file(str(file), shop.deployed.outputs.bucket, key)
    twin = {"model_id": "shop/twin", "model_revision": "1", "share": 1, "mode": "shadow"}
    assert shop.api.post("/admin/candidate", json=twin).status_code == 202
    for file in sorted((ROOT / "sample_data").glob("*.jpg")):
        shop.weigh(file.read_bytes())
    sold = [one for one in shop.results if one["label"] not in NO_ITEM]
    for one, label in zip(sold[:3], ("Lemon", sold[1]["label"], "Lemon"), strict=True):
        confirmed = shop.api.post(f"/confirm/{one['job_id']}", json={"label": label})
        assert confirmed.status_code == 200, confirmed.text
        shop.confirmed.append(confirmed.json())
    for number in range(2):
        shop.fail(number)
    assert shop.api.get("/admin/memory", headers={"X-Admin-Token": "wrong"}).status_code == 401
    done = len(shop.results)
    # Figures are told after the answer.
    eventually(lambda: total(shop.shown()["Predictions"]) == done)
    eventually(lambda: total(shop.shown()["Dead letters"]) == shop.failed)


def total(panel: Panel, number: int = 0) -> float:
    """The sum over the whole time."""
    return sum(panel.series[number].points.values())


@pytest.mark.integration
class TestAfterRealTraffic:
    """What the panels show, against what was sent."""

    def test_every_query_of_every_panel_comes_back_with_data(self, shop: Shop) -> None:
        answered = {one["label"] for one in shop.results}
        of_labels = {"Label": answered, "CorrectedByLabel": {c["label"] for c in shop.confirmed}}
        for panel in shop.shown().values():
            if panel.title == "Risk of unasked answers":
                continue  # told once some answers have passed and been looked at, in minutes
            assert panel.has_data, panel.title
            for series in panel.series:
                metric, label = series.target["metricName"], series.legend
                due = metric not in of_labels or label in of_labels[metric]
                assert bool(series.points) is due, (panel.title, label)

    def test_totals(self, shop: Shop) -> None:
        shown, done = shop.shown(), len(shop.results)
        found = {title: total(shown[title]) for title in TOTALS}
        assert found == {
            "Total requests": done + shop.failed,
            "Predictions": done,
            "Errors": shop.failed,
            "Dead letters": shop.failed,
            "Confirmations": len(shop.confirmed),
        }
        assert total(shown["Failed weighings"]) == shop.failed
        letters, refused = (total(shown["Dead letters and refusals"], n) for n in range(2))
        assert (letters, refused) == (shop.failed, 1)

    def test_latency(self, shop: Shop) -> None:
        [average] = shop.shown()["Latency"].series
        [p95] = shop.shown()["Latency, slowest of 20"].series
        recognised = [one["timings"]["total_ms"] for one in shop.results]
        assert np.mean(recognised) <= shop.average(average) <= np.mean(shop.took_ms)
        assert max(p95.points.values()) <= max(shop.took_ms)
        if len(p95.points) == 1:
            assert np.percentile(recognised, 95) <= next(iter(p95.points.values()))
        inference = [one["timings"]["inference_ms"] for one in shop.results]
        active, candidate = shop.shown()["Inference: active and candidate"].series
        assert shop.average(active) == pytest.approx(np.mean(inference))
        assert shop.average(candidate) > 0

    def test_rates(self, shop: Shop) -> None:
        shown = shop.shown()
        unsure = np.mean([one["needs_confirmation"] for one in shop.results])
        [low] = shown["Low-confidence rate"].series
        assert shop.average(low) == pytest.approx(unsure)
        active, candidate, agrees, fails = shown["Rates: active and candidate"].series
        assert shop.average(active) == pytest.approx(unsure)
        # It is the same model; a shadow may skip weighings, not say something else.
        assert 0 <= shop.average(candidate) <= 1
        assert (shop.average(agrees), shop.average(fails)) == (1, 0)
        nothing = np.mean([one["label"] in NO_ITEM for one in shop.results])
        for series in shown["Drift: not on the menu, or empty"].series:
            assert shop.average(series) == pytest.approx(nothing)
        for series in shown["Drift: low confidence"].series:
            assert shop.average(series) == pytest.approx(unsure)

    def test_confidence(self, shop: Shop) -> None:
        shown = shop.shown()
        confidences = [one["confidence"] for one in shop.results]
        shares = (5, 25, 50, 75, 95)
        for series, share in zip(shown["Confidence distribution"].series, shares, strict=True):
            assert within(series, confidences, share)
        active, candidate = shown["Confidence: active and candidate"].series
        for series in (active, *shown["Drift: confidence"].series):
            assert shop.average(series) == pytest.approx(np.mean(confidences), abs=1e-4)
        assert min(confidences) <= shop.average(candidate) <= max(confidences)

    def test_by_label(self, shop: Shop) -> None:
        shown = shop.shown()
        counted = {one.legend: sum(one.points.values()) for one in shown["Top labels"].series}
        assert Counter({k: v for k, v in counted.items() if v}) == Counter(
            one["label"] for one in shop.results
        )
        said: dict[str, list[bool]] = {}
        for one in shop.confirmed:
            said.setdefault(one["label"], []).append(one["label"] != one["confirmed_label"])
        shares = {
            series.legend: shop.average(series)
            for series in shown["Corrected share by label"].series
            if series.points
        }
        assert shares == {label: pytest.approx(np.mean(each)) for label, each in said.items()}
        corrected, suspicious = shown["Corrected and suspicious"].series
        assert shop.average(corrected) == pytest.approx(2 / 3)
        assert shop.average(suspicious) == np.mean([one["suspicious"] for one in shop.confirmed])

    def test_the_system(self, shop: Shop) -> None:
        shown = shop.shown()
        assert total(shown["Cold starts"]) >= 4, "upload, result, admin, inference"
        assert total(shown["Throttles"]) == 0
        assert max(shown["Queue depth"].series[0].points.values()) <= 2
        age = max(shown["Age of the oldest message"].series[0].points.values())
        assert 0 < age * 1000 <= max(shop.took_ms) + 60_000, "the worker's own start is in it"
        prices = json.loads(COSTS.read_text("utf-8"))["regions"]["us-east-1"]
        besides = float(prices["per_thousand_besides_inference"])
        cost = shop.average(shown["Cost per 1,000 weighings"].series[0])
        assert besides < cost < besides + 1


TOTALS = ("Total requests", "Predictions", "Errors", "Dead letters", "Confirmations")


def within(series: Series, values: list[float], share: int) -> bool:
    """Whether a series is a percentile of the values; over two periods, whether it may be one."""
    if len(series.points) == 1:
        [value] = series.points.values()
        return value == pytest.approx(np.percentile(values, share), abs=1e-4)
    return all(min(values) <= value <= max(values) for value in series.points.values())
