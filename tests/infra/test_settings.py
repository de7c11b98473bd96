"""The operator's settings."""

from pathlib import Path

import pytest

from infra.errors import PlainError
from infra.settings import Cloud, load_settings

_VARIABLES = (
    "SMARTSCALE_HOME",
    "SMARTSCALE_API_PORT",
    "SMARTSCALE_UI_PORT",
    "SMARTSCALE_CLOUD_PORT",
    "SMARTSCALE_CLOUD",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "SMARTSCALE_HOST",
    "SMARTSCALE_UI_HOST",
    "SMARTSCALE_HTTPS",
    "SMARTSCALE_CERTIFICATE",
    "ADMIN_TOKEN",
    "CURRENCY",
    "SMARTSCALE_TIME_ZONE",
    "LOG_LEVEL",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment without settings."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_the_documented_ones() -> None:
    settings = load_settings()

    assert (settings.api_port, settings.ui_port, settings.cloud_port) == (8000, 8501, 4566)
    assert settings.home == Path.cwd() / ".smartscale"
    assert settings.aws_endpoint == "http://127.0.0.1:4566"
    assert settings.uses_default_token
    assert not settings.reaches_others


@pytest.mark.parametrize(
    ("host", "reaches_others"),
    [
        ("127.0.0.1", False),
        ("127.0.0.2", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),  # noqa: S104 - read, not bound
        ("::", True),
        ("192.168.1.20", True),
        ("scale.shop.example", True),
    ],
)
def test_only_the_loopback_keeps_others_out(
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    reaches_others: bool,
) -> None:
    monkeypatch.setenv("SMARTSCALE_HOST", host)

    assert load_settings().reaches_others is reaches_others


def test_ports_and_home_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMARTSCALE_API_PORT", "9000")
    monkeypatch.setenv("SMARTSCALE_HOME", str(tmp_path))

    settings = load_settings()

    assert settings.api_url == "http://127.0.0.1:9000"
    assert settings.home == tmp_path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMARTSCALE_API_PORT", "99999"),
        ("SMARTSCALE_UI_PORT", "http"),
        ("LOG_LEVEL", "chatty"),
        ("SMARTSCALE_CLOUD", "mars"),
        ("SMARTSCALE_INFERENCE_CONCURRENCY", "3"),
        ("SMARTSCALE_TIME_ZONE", "Europe/Atlantis"),
        ("SMARTSCALE_TIME_ZONE", "Europe"),
        ("SMARTSCALE_TIME_ZONE", ""),
        ("SMARTSCALE_TIME_ZONE", "/etc/passwd"),
        ("SMARTSCALE_TIME_ZONE", "../Berlin"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(PlainError) as refused:
        load_settings()

    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)
    assert refused.value.exit_status == 2


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ADMIN_TOKEN", "", "ADMIN_TOKEN must not be empty"),
        ("CURRENCY", "euro", "CURRENCY must be a code of ISO 4217, such as EUR"),
        ("CURRENCY", "", "CURRENCY must be a code of ISO 4217, such as EUR"),
    ],
)
def test_a_value_that_the_stack_would_refuse_is_refused_before_and_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(PlainError) as refused:
        load_settings()

    assert str(refused.value) == said
    assert refused.value.exit_status == 2


def test_localstack_and_aws_are_reached_by_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localstack:4566")
    assert load_settings().aws_endpoint == "http://localstack:4566"

    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("SMARTSCALE_CLOUD", Cloud.AWS)
    assert load_settings().aws_endpoint is None


def test_the_kiosk_may_be_shown_to_others_while_the_api_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMARTSCALE_UI_HOST", "0.0.0.0")  # noqa: S104 - the setting under test
    monkeypatch.setenv("SMARTSCALE_HTTPS", "true")

    settings = load_settings()

    assert (settings.reaches_others, settings.shows_others) == (False, True)
    assert settings.ui_url == "https://127.0.0.1:8501"
    assert settings.api_url == "http://127.0.0.1:8000"


def test_a_certificate_that_is_none_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMARTSCALE_CERTIFICATE", str(tmp_path / "nowhere.pem"))

    with pytest.raises(PlainError, match=r"SMARTSCALE_CERTIFICATE: .*nowhere\.pem"):
        load_settings()


def test_an_empty_certificate_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTSCALE_CERTIFICATE", "")

    assert load_settings().certificate is None
