"""The admin token where it is really kept, and wrong ones where they are really counted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from infra.deploy import deploy
from infra.emulator import Emulator
from infra.errors import PlainError
from smartscale.adapters.tables import DynamoRefusals
from smartscale.adapters.tokens import StoredToken
from smartscale.domain.errors import StoreUnavailable
from tests.conftest import Deployed

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _environment(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in deployed.environment.items():
        monkeypatch.setenv(name, value)


def test_a_secret_is_read_and_its_rotation_followed(deployed: Deployed) -> None:
    secrets = deployed.session.client("secretsmanager", endpoint_url=deployed.endpoint)
    arn = secrets.create_secret(Name="admin-token", SecretString="first")["ARN"]
    token = StoredToken.in_secrets_manager(arn, deployed.settings.region)
    assert token.current() == "first"
    secrets.put_secret_value(SecretId=arn, SecretString='{"admin-token": "second"}')
    assert token.current() == "first", "it is kept for a while"
    assert token.current(fresh=True) == "second"


def test_a_parameter_is_read_decrypted(deployed: Deployed) -> None:
    parameters = deployed.session.client("ssm", endpoint_url=deployed.endpoint)
    name = "/smartscale/rotated-token"
    parameters.put_parameter(Name=name, Value="first", Type="SecureString")
    token = StoredToken.in_parameter_store(name, deployed.settings.region)
    assert token.current() == "first"
    parameters.put_parameter(Name=name, Value="second", Type="SecureString", Overwrite=True)
    assert token.current(fresh=True) == "second"


def test_a_token_that_is_not_there_is_told(deployed: Deployed) -> None:
    token = StoredToken.in_parameter_store("/smartscale/none", deployed.settings.region)
    with pytest.raises(StoreUnavailable, match="/smartscale/none"):
        token.current()


def test_workers_that_refuse_at_once_count_together(deployed: Deployed) -> None:
    refusals = DynamoRefusals(deployed.outputs.models_table, deployed.settings.region)
    until = datetime.now(UTC) + timedelta(hours=1)
    assert refusals.count("somewhere#now") == 0
    with ThreadPoolExecutor(8) as workers:
        counts = list(workers.map(lambda _: refusals.add("somewhere#now", until), range(24)))
    assert sorted(counts) == list(range(1, 25))
    assert (refusals.count("somewhere#now"), refusals.count("elsewhere#now")) == (24, 0)


def test_a_real_stage_does_not_deploy_with_the_default_token(
    emulator: Emulator, deployed: Deployed
) -> None:
    del deployed  # its package is there already
    with pytest.raises(PlainError, match="the default is for emulators only"):
        deploy(emulator, "smartscale-shop", {"Stage": "shop"})
