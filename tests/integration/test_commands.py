"""The `smartscale` commands as an operator types them."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.command import run_command
from tests.conftest import Deployed
from tests.integration.conftest import Api

pytestmark = pytest.mark.integration
SAMPLES = Path(__file__).parents[2] / "sample_data"
TOKEN = {"X-Admin-Token": "a-token-for-tests"}


@pytest.fixture
def smartscale(deployed: Deployed, api: Api) -> "Command":
    """The command, pointed at the stack and the API of the tests."""
    return Command(
        {
            **os.environ,
            **deployed.environment,
            "SMARTSCALE_HOME": str(deployed.settings.home),  # with the credentials
            "SMARTSCALE_CLOUD_PORT": str(urlsplit(deployed.endpoint).port),
            "SMARTSCALE_API_URL": str(api.base_url).removesuffix("/v1/"),
        }
    )


class Command:
    """Runs the command in an environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run_command(arguments, self.environment)

    def refuses(self, *arguments: str | Path, saying: str) -> None:
        """The command ends with one plain line that says what was wrong."""
        done = self(*arguments)
        assert done.returncode in {1, 2}
        assert done.stdout == ""
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1, done.stderr
        assert saying in lines[0]


def test_predict_prints_the_result(smartscale: Command) -> None:
    done = smartscale("predict", SAMPLES / "bananas.jpg", "--weight", "0.742", "--lang", "de")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["label"], result["name"], result["weight_kg"]) == ("Banana", "Bananen", "0.742")


def test_a_model_is_tried_only_where_that_makes_sense(smartscale: Command) -> None:
    smartscale.refuses("model", "try", "them/none@a1", saying="there are: builtin@")
    smartscale.refuses("model", "promote", saying="No candidate")


def test_predict_says_what_was_wrong(smartscale: Command, tmp_path: Path) -> None:
    smartscale.refuses("predict", tmp_path / "no.jpg", "--weight", "1", saying="no.jpg")
    smartscale.refuses("predict", SAMPLES / "bananas.jpg", "--weight", "heavy", saying="weight")
    smartscale.refuses("predict", SAMPLES / "manifest.json", "--weight", "1", saying="JPEG")
    smartscale.environment["SMARTSCALE_API_URL"] = "http://127.0.0.1:9"
    smartscale.refuses("predict", SAMPLES / "bananas.jpg", "--weight", "1", saying="make run")


def test_evaluate_measures_a_folder_of_photos(smartscale: Command, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for folder, file in (
        ("banana", "bananas.jpg"),
        ("GRANNY smith", "granny-smith.jpg"),
        ("red_bell_pepper", "bananas.jpg"),
        ("_negatives", "carton.jpg"),
    ):
        (photos / folder).mkdir(parents=True)
        shutil.copy(SAMPLES / file, photos / folder / "1.jpg")
    done = smartscale("evaluate", photos, "--json")
    assert done.returncode == 0, done.stderr
    quality = json.loads(done.stdout)
    assert quality["n"] == 3
    assert quality["top1"] == pytest.approx(2 / 3)
    assert quality["negatives_accepted"] == 0
    assert {"top3", "ece", "needs_confirmation", "error_when_sure"} <= quality.keys()
    assert quality["per_class"]["Red-Bell-Pepper"]["top1"] == 0

    (photos / "spaceship").mkdir()
    smartscale.refuses("evaluate", photos, saying="spaceship")


def test_evaluate_needs_no_running_stack(smartscale: Command, tmp_path: Path) -> None:
    (tmp_path / "Banana").mkdir()
    shutil.copy(SAMPLES / "bananas.jpg", tmp_path / "Banana")
    smartscale.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    done = smartscale("evaluate", tmp_path, "--json")
    assert (done.returncode, json.loads(done.stdout)["top1"]) == (0, 1.0)
    assert "built-in" in done.stderr


def of_another_colour(sample: Path) -> Image.Image:
    """What lies on a sample's picture in a colour that nothing of its kind has: unknown produce."""
    with Image.open(sample) as picture:
        hue, *others = picture.convert("HSV").split()
    turned = hue.point(lambda value: (value + 150) % 256)
    return Image.merge("HSV", (turned, *others)).convert("RGB")


def test_a_folder_teaches_its_items_by_one_version(
    smartscale: Command, api: Api, tmp_path: Path
) -> None:
    for name, sample in (
        ("Fig/1.jpg", "carrots"),
        ("Fig/2.jpg", "orange-pepper"),
        ("Quince/1.jpg", "yellow-pepper"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        of_another_colour(SAMPLES / f"{sample}.jpg").save(tmp_path / name)
    items = tmp_path.parent / "items-to-teach.csv"
    items.write_text(
        "label,plu,category,unit,unit_price,currency,tare_kg,name_en\n"
        "Fig,4266,fruit,kg,4.90,EUR,0.000,Figs\nQuince,4447,fruit,kg,3.49,EUR,0.000,Quinces\n"
    )
    assert smartscale("catalogue", "import", items).returncode == 0
    done = smartscale("teach", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    held, known, *_ = done.stdout.splitlines()
    assert held.endswith("of the memory holds the 3 photos of 2 items.")
    assert known.startswith("The scales know it now")
    newest = api.get("/admin/memory", headers=TOKEN).json()[0]
    assert (newest["labels"]["Fig"], newest["labels"]["Quince"]) == (2, 1)

    again = smartscale("teach", tmp_path)
    assert again.stdout.endswith("knows the 3 photos of 2 items already.\n")
    assert api.get("/admin/memory", headers=TOKEN).json()[0]["version"] == newest["version"]

    (tmp_path / "Fig" / "3.jpg").write_bytes(b"no picture")
    broken = smartscale("teach", tmp_path)
    assert (broken.returncode, broken.stdout) == (2, "")
    assert "3.jpg" in broken.stderr.splitlines()[-1]
    assert "Nothing was taught." in broken.stderr.splitlines()[-1]
    assert api.get("/admin/memory", headers=TOKEN).json()[0]["version"] == newest["version"]
    assert api.post("/admin/memory/rollback", headers=TOKEN).status_code == 202


def test_a_catalogue_file_changes_what_is_sold(
    smartscale: Command, api: Api, tmp_path: Path
) -> None:
    file = tmp_path / "items.csv"
    header = "label,plu,category,unit,unit_price,currency,tare_kg,name_en,name_de\n"
    file.write_text(header + "Durian,3299,fruit,kg,9.99,EUR,0.000,Durian,Durian\n")
    done = smartscale("catalogue", "import", file)
    assert done.returncode == 0, done.stderr
    added, counted = done.stdout.splitlines()
    assert added.startswith("Durian added: plu 3299, unit kg, unit_price 9.99 from ")
    assert counted == f"1 items imported from {file} (1 added)."
    prices = {item["label"]: item["unit_price"] for item in api.get("/catalogue").json()["items"]}
    assert prices["Durian"] == "9.99"
    file.write_text(header + "Durian,3299,fruit,kg,cheap,EUR,0.000,Durian,Durian\n")
    smartscale.refuses("catalogue", "import", file, saying="line 2")


@pytest.mark.parametrize("command", [("redrive", "--dry-run"), ("backup", "there")])
def test_a_cloud_that_is_not_there_is_one_plain_line(
    smartscale: Command, command: tuple[str, ...]
) -> None:
    smartscale.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    smartscale.refuses(*command, saying="check the endpoint")


def test_what_a_command_needs_is_said_in_one_plain_line(smartscale: Command) -> None:
    environment = dict(smartscale.environment)
    smartscale.environment["SMARTSCALE_STACK"] = "elsewhere"
    smartscale.refuses("redrive", saying="There is no stack 'elsewhere'")
    smartscale.environment = environment | {"AWS_ENDPOINT_URL": "over there"}
    smartscale.refuses("redrive", saying="must be an address such as")
    smartscale.environment = {
        name: value for name, value in environment.items() if not name.startswith("AWS_")
    } | {"SMARTSCALE_CLOUD": "aws", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
    smartscale.refuses("redrive", saying="give credentials as the AWS CLI takes them")
    smartscale.environment = environment
    smartscale.refuses("restore", "s3://no-such-bucket/x", saying="no-such-bucket")
    smartscale.refuses("backup", "s3://", saying="names no bucket")


def test_reconcile_says_what_it_mended(smartscale: Command) -> None:
    done = smartscale("reconcile", "--since", "2026-01-01")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Reconciled: ")
    smartscale.refuses("reconcile", "--since", "yesterday", saying="2026-11-25")


def test_the_models_are_listed_and_one_is_served_by_name(smartscale: Command) -> None:
    listed = smartscale("model", "list")
    assert listed.returncode == 0, listed.stderr
    assert "builtin" in listed.stdout
    assert "active" in listed.stdout
    asked = smartscale("model", "activate", "builtin")
    assert "is asked for" in asked.stdout
    smartscale.refuses("model", "activate", "them/nothing@a1", saying="There is no package")
