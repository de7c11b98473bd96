"""The service goes away and comes back, as a shopper and an attendant see it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from nicegui.testing import User

from frontend.weighing.samples import load_samples
from tests.frontend.conftest import ATTENDANT_PIN, SOON, log_in
from tests.frontend.test_receipt import scanned
from tests.frontend.test_weigh import price, tap_sample
from tests.service import Service

pytestmark = pytest.mark.asyncio

BANANAS = Path(__file__).parents[2] / "sample_data/bananas.jpg"


@pytest.fixture
def samples(samples: Path) -> Path:
    """The samples' bananas as a picture on which the model finds some."""
    (samples / "bananas.jpg").write_bytes(BANANAS.read_bytes())
    assert load_samples(samples)
    return samples


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_shopper_weighs_and_takes_a_label_while_the_service_is_away(
    user: User, api: Service, samples: Path
) -> None:
    await user.open("/")
    await until((samples / "home/kiosk/catalogue.json").exists)
    api.down = True
    await tap_sample(user, "bananas")
    user.find("classify").click()
    await user.should_see("answer", retries=SOON)

    await user.should_see("Bananas")
    await user.should_see("this scale works by itself", retries=SOON)
    user.find("Print label").click()
    await user.should_see("Your label is printed.", retries=SOON)
    assert scanned((samples / "printer").read_bytes()) == ["2240117000953"]

    price(api, "Banana", "2.49")
    api.down = False
    await user.should_not_see("this scale works by itself", retries=SOON)


async def test_an_attendant_sees_what_could_not_be_sent(
    user: User, api: Service, samples: Path
) -> None:
    await user.open("/")
    await until((samples / "home/kiosk/catalogue.json").exists)
    api.down = True
    await tap_sample(user, "bananas")
    user.find("classify").click()
    await user.should_see("answer", retries=SOON)
    api.refuses = "This weight is refused."
    user.find("next-item").click()
    api.down = False
    await user.should_not_see("this scale works by itself", retries=SOON)
    await until(lambda: api.count("predict", 422, method="POST"))

    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see("This weight is refused.", retries=SOON)
    api.refuses = None
    user.find("send-again").click()
    await user.should_not_see("This weight is refused.", retries=SOON)
