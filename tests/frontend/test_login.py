"""Who gets behind the login, and for how long."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
import uvicorn
from httpx import AsyncClient
from nicegui import app, ui
from nicegui.testing import User
from starlette.types import Receive, Scope, Send

import frontend.__main__
from frontend.access.pins import Attempts
from frontend.kiosk import Kiosk
from frontend.staff.models.page import ModelsPage
from frontend.staff.page import PAGES
from smartscale.operations.access.authorise import MAX_REFUSALS
from tests.frontend.conftest import ATTENDANT_PIN, MANAGER_PIN, SOON, log_in
from tests.frontend.test_weigh import until
from tests.service import TOKEN, Service

pytestmark = pytest.mark.asyncio


async def logged_out(user: User) -> None:
    """Wait until nobody is logged in at the tab."""
    async with asyncio.timeout(SOON / 10):
        while True:
            with user, suppress(RuntimeError):  # not connected yet
                if not app.storage.tab:
                    return
            await asyncio.sleep(0.02)


def replayable(user: User, mark: str) -> dict[str, Any]:
    """The message by which the browser tells of a click, as anybody may send it again."""
    (button,) = user.find(mark).elements
    (listener,) = (one for one in button._event_listeners.values() if one.type == "click")
    return {"id": button.id, "listener_id": listener.id, "args": []}


@pytest.mark.parametrize("path", [path for path, _, _ in PAGES])
async def test_nothing_is_shown_or_asked_for_before_the_pin(
    user: User, api: Service, path: str
) -> None:
    api.weigh()
    await user.open(path)
    await user.should_see("login", retries=SOON)
    await user.should_not_see("weighing")
    await user.should_not_see("Staff pages")
    await user.should_not_see("log-out")
    assert (api.count("admin/model"), api.count("history")) == (0, 0)


async def test_an_attendant_sees_weighings_and_nothing_of_the_managers(user: User) -> None:
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see("Attendant", retries=SOON)
    await user.should_see("staff-suspicious")
    await user.should_not_see("staff-models")

    await user.open("/models")
    await user.should_see("This page is for managers", retries=SOON)
    await user.should_not_see("Model in use")
    user.find("pin").type(MANAGER_PIN)
    user.find("log-in").click()
    await user.should_see("active-model", retries=SOON)


async def test_a_manager_sees_every_page(user: User) -> None:
    await log_in(user, "/history", MANAGER_PIN)
    await user.should_see("Manager", retries=SOON)
    for path, _, _ in PAGES:
        await user.should_see(f"staff-{path[1:]}")


async def test_the_admin_token_of_the_service_opens_all_too(user: User, api: Service) -> None:
    api.token.value = "another-than-the-kiosk-has"
    await log_in(user, "/models", "another-than-the-kiosk-has")
    await user.should_see("active-model", retries=SOON)


async def test_a_kiosk_with_a_wrong_token_says_so_to_its_manager(user: User, api: Service) -> None:
    api.token.value = "another-than-the-kiosk-has"
    await log_in(user, "/models", MANAGER_PIN)
    await user.should_see("does not take this kiosk's ADMIN_TOKEN", retries=SOON)
    await user.should_see("log-out")


async def test_a_wrong_pin_is_told_and_is_no_try_at_the_admin_token(
    user: User, api: Service
) -> None:
    await log_in(user, "/models", "4712")
    await user.should_see("This is not right", retries=SOON)
    await user.should_not_see("active-model")
    assert api.count("admin/model", 401) == 0

    await log_in(user, "/models", "a-guess")
    await user.should_see("This is not right", retries=SOON)
    assert api.count("admin/model", 401) == 1


@pytest.mark.parametrize(("said", "told"), [("", "Please enter"), ("schlüssel", "not right")])
async def test_what_can_be_no_pin_is_told(user: User, said: str, told: str) -> None:
    await log_in(user, "/models", said)
    await user.should_see(told, retries=SOON)


async def test_a_header_makes_nobody_somebody_else(user: User, kiosk: Kiosk) -> None:
    for _ in range(Attempts.FREE):
        kiosk.attempts.begin("127.0.0.1")
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        user.http_client.headers[name] = "203.0.113.7"
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see("Too many attempts", retries=SOON)


async def test_the_server_too_takes_the_address_of_the_connection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served: dict[str, Any] = {}
    seen: list[object] = []

    async def note(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["client"])

    monkeypatch.setenv("SMARTSCALE_HOME", str(tmp_path))
    monkeypatch.setattr(ui, "run", lambda **given: served.update(given))
    for name in ("serve", "log_as_json"):
        monkeypatch.setattr(frontend.__main__, name, lambda _: None)
    monkeypatch.setattr(frontend.__main__, "app", Mock())
    frontend.__main__.main()
    config = uvicorn.Config(note, proxy_headers=served["proxy_headers"], log_config=None)
    config.load()
    headers = [(b"x-forwarded-for", b"203.0.113.7")]
    scope = {"type": "http", "client": ("127.0.0.1", 5), "headers": headers, "scheme": "http"}
    await config.loaded_app(scope, AsyncMock(), AsyncMock())
    assert seen == [("127.0.0.1", 5)]


async def test_after_five_wrong_pins_one_has_to_wait(user: User, kiosk: Kiosk) -> None:
    for _ in range(Attempts.FREE):
        kiosk.attempts.begin("127.0.0.1")
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see("Too many attempts. Please wait 30 seconds", retries=SOON)
    await user.should_not_see("log-out")


async def test_a_throttled_token_is_told_calmly(user: User, api: Service) -> None:
    async with AsyncClient(transport=api.transport, base_url="http://service/v1/") as guesser:
        for _ in range(MAX_REFUSALS):
            await guesser.get("admin/model", headers={"X-Admin-Token": "a-guess"})
    await log_in(user, "/models", "not-the-kiosks-own")
    await user.should_see("Too many attempts. Please wait a minute", retries=SOON)


async def test_a_login_by_token_without_service_is_told_calmly(user: User, api: Service) -> None:
    api.down = True
    await log_in(user, "/models", "not-the-kiosks-own")
    await user.should_see("The service cannot be reached right now", retries=SOON)


async def test_a_reload_of_the_tab_stays_logged_in_and_log_out_ends_it(user: User) -> None:
    await log_in(user, "/models", MANAGER_PIN)
    await user.should_see("active-model", retries=SOON)
    await user.open("/history")
    await user.should_see("log-out", retries=SOON)

    user.find("log-out").click()
    await user.should_see("login", retries=SOON)
    await user.open("/models")
    await user.should_see("login", retries=SOON)


async def test_no_secret_reaches_the_browser_or_the_disk(user: User) -> None:
    await log_in(user, "/models", MANAGER_PIN)
    await user.should_see("active-model", retries=SOON)
    with user:
        assert user.client is not None
        drawn = [str(element._to_dict()) for element in user.client.elements.values()]
        assert any("Model in use" in each for each in drawn)
        for secret in (TOKEN, MANAGER_PIN, ATTENDANT_PIN):
            assert not any(secret in each for each in drawn)
            assert secret not in str(dict(app.storage.user))
            assert secret not in str(dict(app.storage.browser))


async def test_whoever_is_idle_is_logged_out(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("frontend.screen.session.monotonic", lambda: now)
    await log_in(user, "/models", MANAGER_PIN)
    await user.should_see("active-model", retries=SOON)

    now += 181.0
    await user.should_see(
        "You were logged out because nothing was tapped for 3 minutes", retries=SOON
    )
    page = user.client
    assert page is not None

    def asks() -> bool:
        timers = [one for one in page.elements.values() if isinstance(one, ui.timer)]
        return any(
            one.active and getattr(one.callback, "__func__", None) is ModelsPage._watch
            for one in timers
        )

    await until(lambda: not asks())  # a page that is logged out asks no more


async def test_who_goes_to_the_scale_is_logged_out_and_an_open_page_hears_nothing(
    user: User, api: Service
) -> None:
    await log_in(user, "/items", MANAGER_PIN)
    await user.should_see("new-item", retries=SOON)
    page = user.client
    assert page is not None
    message = replayable(user, "new-item")

    await user.open("/")
    await logged_out(user)
    asked = api.count("admin/catalogue")
    page.handle_event(message)
    await user.open("/items")
    await user.should_see("login", retries=SOON)
    assert api.count("admin/catalogue") == asked
    assert not any("item-form" in element._markers for element in page.elements.values())


async def test_a_message_of_a_page_that_was_shut_is_not_heard(user: User) -> None:
    await log_in(user, "/items", MANAGER_PIN)
    await user.should_see("new-item", retries=SOON)
    page = user.client
    assert page is not None
    message = replayable(user, "new-item")
    with user:
        app.storage.tab.clear()  # as the scale's page does in this tab
    page.handle_event(message)
    await user.should_see("login", retries=SOON)
    await user.should_not_see("item-form")


async def test_the_way_to_the_staffs_pages_can_be_hidden(user: User, kiosk: Kiosk) -> None:
    object.__setattr__(kiosk.settings, "staff_entry", "hidden")
    await user.open("/")
    await user.should_see("tab-weigh", retries=SOON)
    await user.should_not_see("tab-history")
    page = await user.http_client.get("/")
    assert 'data-staff="/history?lang=en"' in page.text
    await user.open("/history")
    await user.should_see("login", retries=SOON)


async def test_a_token_that_was_rotated_asks_for_the_new_one(user: User, api: Service) -> None:
    api.token.value = "the-first"
    await log_in(user, "/models", "the-first")
    await user.should_see("active-model", retries=SOON)
    api.token.value = "the-second"
    await user.should_see("The admin token has changed", retries=SOON)
    await user.should_see("login")


async def test_the_shoppers_page_shows_no_way_past_the_login(user: User) -> None:
    await user.open("/")
    await user.should_see("Staff")
    for path, _, _ in PAGES:
        await user.should_not_see(f"staff-{path[1:]}")
