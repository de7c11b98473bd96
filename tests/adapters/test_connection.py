"""Tables share a client, and no other's."""

import pytest

from smartscale.adapters.connection import SharedConnection, bind
from smartscale.adapters.rows import ItemRow, WeighingRow


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


def test_all_tables_of_a_region_share_a_client() -> None:
    tables = [
        bind(model, "a-table", "eu-central-1")._get_connection().connection
        for model in (ItemRow, WeighingRow)
    ]
    tables.append(SharedConnection(region="eu-central-1"))
    assert len({id(table.client) for table in tables}) == 1
    assert id(SharedConnection(region="us-east-1").client) != id(tables[0].client)


def test_another_endpoint_has_another_client(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = SharedConnection(region="eu-central-1")
    before = connection.client
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    assert connection.client is not before
    assert connection.client.meta.endpoint_url == "http://127.0.0.1:2"
