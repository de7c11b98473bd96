"""Setting a shop up: the walk from item to item, on the kiosk's page."""

import pytest
from nicegui.testing import User

from frontend.staff.setup.walk import walk_order
from smartscale.domain.memory import HeldBecause, HeldLesson
from tests.examples import picture
from tests.frontend.conftest import MANAGER_PIN, SOON, jpeg, log_in, photo
from tests.frontend.test_items import give
from tests.frontend.test_weigh import until
from tests.service import Service

pytestmark = pytest.mark.asyncio


async def show(user: User, shade: int) -> None:
    """Put an item down and tap once."""
    await give(user, "setup-upload", "camera.jpg", jpeg(photo(300 + shade, 300)), "image/jpeg")


def lessons(api: Service) -> list[str]:
    """The item of each picture that the newest memory has."""
    newest = api.shop.memories.newest()
    return [] if newest is None else [lesson.label for lesson in newest.lessons]


def hold_back(api: Service, label: str, seen_as: str) -> None:
    """A worker was sure that the item's pictures show another one."""
    newest = api.shop.memories.newest()
    assert newest is not None
    contradicts = HeldBecause.CONTRADICTS
    held = [
        HeldLesson(lesson=lesson, because=contradicts, seen_as=seen_as)
        for lesson in newest.lessons
        if lesson.label == label
    ]
    assert api.shop.memories.add(newest.hold(held, newest.created_at))


async def test_a_manager_walks_through_the_shop(user: User, api: Service) -> None:
    items = sorted(api.shop.catalogue.all(), key=lambda item: item.names["en"].casefold())
    sold = [(item.category, item.label) for item in items]
    first, second, third, fourth = walk_order(sold, {item.label for item in items})[:4]

    def name(label: str) -> str:
        return api.shop.catalogue.items[label].names["en"]

    await log_in(user, "/setup", MANAGER_PIN)
    await user.should_see(f"Show them everything ({len(items)})", retries=SOON)
    user.find(marker="setup-everything").click()
    await user.should_see(name(first), retries=SOON)

    [take] = user.find(marker="setup-take").elements
    assert take.props["aria-label"] == f"Take picture: {name(first)}"
    await show(user, 1)
    await user.should_see(name(second), retries=SOON)
    await show(user, 2)
    await user.should_see(name(third), retries=SOON)
    user.find(marker="setup-skip").click()
    await user.should_see(name(fourth), retries=SOON)
    user.find(marker="setup-back").click()
    await user.should_see(name(third), retries=SOON)
    user.find(marker="setup-retire").click()
    await user.should_see(marker="setup-retire-sure", retries=SOON)
    user.find(marker="setup-retire-sure").click()
    await user.should_see(name(fourth), retries=SOON)
    assert api.shop.catalogue.items[third].retired

    api.learn((first, second))
    await user.should_see(f"{name(first)} and {name(second)} look alike.", retries=SOON)
    user.find(marker=f"again-{first}-{second}").click()
    await user.should_see(name(first), retries=SOON)
    await give(user, "setup-upload", "a.jpg", b"a letter to grandmother", "image/jpeg")
    await user.should_see("A file was left out", retries=SOON)
    await show(user, 3)
    await until(lambda: sorted(lessons(api)) == sorted([first, first, second]))

    user.find(marker="setup-finish").click()
    await user.should_see("You have shown 2 items.", retries=SOON)
    await user.should_see("The scales are learning…", retries=SOON)
    hold_back(api, second, seen_as=fourth)
    api.learn((first, second))
    await user.should_see("The scales can tell 0 of them apart.", retries=SOON)
    sure = f"Held back: the scales were sure that this is {name(fourth)}."
    await user.should_see(f"{name(second)}. {sure}", retries=SOON)
    await user.should_see(f"Go on ({len(items) - 3} left)", retries=SOON)
    assert lessons(api) == [first, first]


async def test_what_could_not_be_sent_waits(user: User, api: Service) -> None:
    api.shop.teach.enrol("Banana", [picture()])
    await log_in(user, "/setup", MANAGER_PIN)
    await user.should_see(marker="setup-everything", retries=SOON)
    user.find(marker="setup-everything").click()
    await user.should_see(marker="setup-take", retries=SOON)
    api.down = True
    await show(user, 1)
    await user.should_see("1 photo is not sent yet.", retries=SOON)
    await show(user, 2)
    await user.should_see("2 photos are not sent yet.", retries=SOON)
    api.down = False
    user.find(marker="setup-send").click()
    await user.should_not_see(marker="setup-unsent", retries=SOON)

    def all_taught() -> bool:
        taught = api.shop.memories.newest()
        return taught is not None and (taught.number, len(taught.lessons)) == (2, 3)

    await until(all_taught)
