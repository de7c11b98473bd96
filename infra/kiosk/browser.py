"""The browser of a kiosk: its command line, and the policy that binds it."""

import json
from urllib.parse import urlsplit

PROFILE = "/run/smartscale-screen/chromium"
"""In memory, and made anew at each start."""

_FLAGS = (
    "--kiosk",
    # No questions, tips or bubbles: nobody is there to answer them.
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--disable-infobars",
    "--disable-session-crashed-bubble",
    "--disable-features=Translate,OverscrollHistoryNavigation,TouchpadOverscrollHistoryNavigation",
    "--deny-permission-prompts",
    # Fingers tap and scroll; they do not go back, reload or zoom.
    "--overscroll-history-navigation=0",
    "--pull-to-refresh=0",
    "--disable-pinch",
    # Spoken prices need no tap first.
    "--autoplay-policy=no-user-gesture-required",
    # Nothing is asked of anybody but the kiosk.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--password-store=basic",
    # Wayland below the compositor, X where there is only that.
    "--ozone-platform-hint=auto",
)


def browser_command(browser: str, url: str) -> list[str]:
    """What shows the kiosk at `url` on a whole screen."""
    return [browser, *_FLAGS, f"--user-data-dir={PROFILE}", url]


def policy(url: str, authority: bytes | None) -> str:
    """What the browser may do, as JSON: show the kiosk, with the camera, and nothing else.

    Args:
        url: where the kiosk answers.
        authority: who signed the kiosk's certificate, DER, base64; None where there is none.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    rules: dict[str, object] = {
        "URLBlocklist": ["*"],
        "URLAllowlist": [origin],
        "VideoCaptureAllowedUrls": [origin],
        "VideoCaptureAllowed": True,
        "AudioCaptureAllowed": False,
        "DefaultNotificationsSetting": 2,
        "DefaultGeolocationSetting": 2,
        "DefaultPopupsSetting": 2,
        "DeveloperToolsAvailability": 2,
        "DownloadRestrictions": 3,
        "PrintingEnabled": False,
        "TranslateEnabled": False,
        "SpellcheckEnabled": False,
        "PasswordManagerEnabled": False,
        "AutofillAddressEnabled": False,
        "AutofillCreditCardEnabled": False,
        "BrowserSignin": 0,
        "SyncDisabled": True,
        "IncognitoModeAvailability": 1,
        "BrowserAddPersonEnabled": False,
        "ExtensionInstallBlocklist": ["*"],
        "MetricsReportingEnabled": False,
        "BackgroundModeEnabled": False,
        "HideWebStoreIcon": True,
        "AllowDinosaurEasterEgg": False,
    }
    if authority is not None:
        rules["CACertificates"] = [authority.decode("ascii")]
    return json.dumps(rules, indent=2) + "\n"
