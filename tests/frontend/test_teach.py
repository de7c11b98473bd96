"""Teaching the scales a new item, step by step."""

import pytest
from nicegui.testing import User

from tests.examples import picture
from tests.frontend.conftest import MANAGER_PIN, SOON, jpeg, log_in, photo
from tests.frontend.test_items import give
from tests.service import VGG16, Service

pytestmark = pytest.mark.asyncio


async def add_photos(user: User, count: int) -> None:
    for number in range(1, count + 1):
        await give(user, "enrol-upload", "a.jpg", jpeg(photo(300 + number, 300)), "image/jpeg")
        await user.should_see(marker=f"photo-{number}", retries=SOON)


async def test_a_new_item_from_its_price_to_being_recognised(user: User, api: Service) -> None:
    await log_in(user, "/teach", MANAGER_PIN)
    await user.should_see("enter-item", retries=SOON)
    user.find(marker="enter-item").click()
    await user.should_see(marker="item-form", retries=SOON)
    for name, text in (
        ("label", "Kiwano"),
        ("plu", "4302"),
        ("name_en", "Kiwano"),
        ("unit_price", "1.19"),
    ):
        user.find(marker=f"item-{name}").type(text)
    user.find(marker="save-item").click()

    await user.should_see("Five photos of Kiwano", retries=SOON)
    await user.should_see("0 of 5 photos")
    await add_photos(user, 5)
    await user.should_see("5 of 5 photos")
    user.find(marker="enrol").click()
    await user.should_see("The scales are learning Kiwano…", retries=SOON)
    assert len(api.shop.memories.pictures) == 5

    api.learn()
    await user.should_see("The scales recognise Kiwano now.", retries=SOON)
    user.find(marker="another").click()
    await user.should_see("enter-item", retries=SOON)


async def test_an_item_of_the_catalogue_whose_photos_do_not_do(user: User, api: Service) -> None:
    await log_in(user, "/teach", MANAGER_PIN)
    await user.should_see("enrol-item", retries=SOON)
    user.find(marker="enrol-item").click()
    await user.should_see("item-Papaya", retries=SOON)
    user.find(marker="item-Papaya").click()
    await user.should_see("Five photos of Papaya", retries=SOON)
    await give(user, "enrol-upload", "a.jpg", b"a letter to grandmother", "image/jpeg")
    await user.should_see("A file was left out", retries=SOON)
    await add_photos(user, 1)
    user.find(marker="enrol").click()
    await user.should_see("The scales are learning Papaya…", retries=SOON)
    api.models.activate(VGG16.id, VGG16.revision)
    api.load_models()
    await user.should_see("cannot be taught: its package has no head.", retries=SOON)


async def learning_papaya(user: User) -> None:
    await log_in(user, "/teach", MANAGER_PIN)
    await user.should_see("enrol-item", retries=SOON)
    user.find(marker="enrol-item").click()
    await user.should_see("item-Papaya", retries=SOON)
    user.find(marker="item-Papaya").click()
    await user.should_see("Five photos of Papaya", retries=SOON)
    await add_photos(user, 1)
    user.find(marker="enrol").click()
    await user.should_see("The scales are learning Papaya…", retries=SOON)


async def test_somebody_who_teaches_more_meanwhile_keeps_nobody_waiting(
    user: User, api: Service
) -> None:
    await learning_papaya(user)
    api.shop.teach.enrol("Banana", [picture()])
    assert [one.state for one in api.shop.teach.versions()] == ["pending", "superseded"]
    api.learn()
    await user.should_see("The scales recognise Papaya now.", retries=SOON)


async def test_somebody_who_takes_the_lesson_back_meanwhile_is_told(
    user: User, api: Service
) -> None:
    await learning_papaya(user)
    api.shop.teach.go_back()
    api.learn()
    await user.should_see("Somebody has taken this lesson back.", retries=SOON)
