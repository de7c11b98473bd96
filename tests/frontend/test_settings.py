"""Settings that are not right end the kiosk at its start, in one plain line."""

import pytest

from frontend.__main__ import main
from frontend.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "SMARTSCALE_SCALE_ID",
            "a b",
            "SMARTSCALE_SCALE_ID: use 1 to 64 letters, digits, dots, dashes or underscores"
            " (got 'a b')\n",
        ),
        ("SMARTSCALE_SCALE_ID", "x" * 65, None),
        ("SMARTSCALE_SCALE_ID", "", None),
        (
            "SMARTSCALE_LANGUAGE",
            "xx",
            "SMARTSCALE_LANGUAGE: use one of ar, de, en, es, fr, ru (got 'xx')\n",
        ),
        (
            "SMARTSCALE_SAMPLES",
            "/nope",
            "SMARTSCALE_SAMPLES: use a folder that exists, with manifest.json and its pictures"
            " (got '/nope')\n",
        ),
        ("SMARTSCALE_UI_PORT", "a", None),
        (
            "SMARTSCALE_TIME_ZONE",
            "Europe/Atlantis",
            "SMARTSCALE_TIME_ZONE: There is no time zone 'Europe/Atlantis': use a name of IANA's,"
            " such as Europe/Berlin. (got 'Europe/Atlantis')\n",
        ),
        (
            "SMARTSCALE_SHOP_NAME",
            "x" * 61,
            f"SMARTSCALE_SHOP_NAME: use one line of at most 60 letters (got '{'x' * 61}')\n",
        ),
        ("SMARTSCALE_SHOP_ADDRESS", "a\nb", None),
        (
            "SMARTSCALE_SHOP_LOGO",
            "/nope.png",
            "SMARTSCALE_SHOP_LOGO: use a PNG, JPEG or WebP file of at most 1 MB and 4096 pixels"
            " that can be read (No such file or directory) (got '/nope.png')\n",
        ),
        (
            "SMARTSCALE_SCALE",
            "serial:///dev/ttyUSB0",
            "SMARTSCALE_SCALE: add ?protocol= with one of mt-sics, toledo-8217, cas, cas-22"
            " (got 'serial:///dev/ttyUSB0')\n",
        ),
    ],
)
def test_a_bad_setting_is_named_with_what_would_be_right(
    name: str,
    value: str,
    line: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said == line if line else said.startswith(f"{name}: ") and said.count("\n") == 1


def test_good_settings_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTSCALE_SCALE_ID", "Shop.1_till-2")
    monkeypatch.setenv("SMARTSCALE_LANGUAGE", "de")
    settings = Settings()
    assert (settings.scale_id, settings.language) == ("Shop.1_till-2", "de")
