"""docs/operations.md says what is true of the template and the calculators."""

import re
from decimal import Decimal

from typer.main import get_command

from infra.backup.copy_out import PREFIXES
from infra.cli import app
from infra.settings import ROOT
from infra.sizing.cost import alarms_in, bill, read_prices
from infra.sizing.limits import limits
from infra.sizing.workload import Usage
from tests.template import read_template

GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_table_of_limits_is_what_the_command_says() -> None:
    parameters = read_template()["Parameters"]
    rows = [
        f"| `{limit.parameter}` | {parameters[limit.parameter]['Default']} | "
        f"{limit.value} | {limit.what} |"
        for limit in limits(Usage(kiosks=1000), Decimal(2), operators=10)
        if limit.parameter
    ]
    shown = GUIDE.split("<!-- limits 1000 -->")[1].split("<!-- end -->")[0]
    assert shown.strip().splitlines()[2:] == rows


def test_a_million_weighings_cost_what_the_command_says() -> None:
    usage = Usage(kiosks=1000, alarms=alarms_in(ROOT / "template.yaml"))
    shown = GUIDE.split("<!-- cost 1000 -->")[1].split("<!-- end -->")[0]
    assert f"{1000 * bill(usage, read_prices('eu-central-1')).per_thousand:.2f}" == shown


def test_every_parameter_that_is_given_exists() -> None:
    named = set(re.findall(r"\b([A-Z][a-z][A-Za-z]*)=", GUIDE))
    assert named
    assert named <= read_template()["Parameters"].keys()


def test_every_command_and_option_of_ours_exists() -> None:
    command = get_command(app)
    for line in re.findall(r"\bsmartscale ((?:[a-z-]+ ?)+)((?:[^`\n]*))", GUIDE):
        words, rest = line[0].split(), line[1]
        found = command
        for word in words:
            if not hasattr(found, "commands"):
                break
            found = found.commands[word]
        options = {option for parameter in found.params for option in parameter.opts}
        given = set(re.findall(r"(?<!\S)--[a-z-]+", rest))
        assert given <= options, line


def test_a_backup_has_everything_that_functions_keep_in_the_bucket() -> None:
    kept = re.findall(r"\$\{DataBucket\.Arn\}/([a-z-]+/)\*", (ROOT / "template.yaml").read_text())
    assert set(kept) == set(PREFIXES)


def test_every_link_leads_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", GUIDE):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (ROOT / "docs" / target.split("#")[0]).exists(), target
