"""What a manager lives through on the page of the models."""

from decimal import Decimal

import pytest
import pytest_asyncio
from nicegui import ui
from nicegui.testing import User

from frontend.staff.desk import Pace
from smartscale.domain.memory import HeldBecause, HeldLesson
from smartscale.domain.registry import ImportStep
from smartscale.domain.trial import Limits, Mode, Tallies, Tally, TrialState
from tests.examples import picture
from tests.frontend.conftest import MANAGER_PIN, SOON, log_in
from tests.frontend.test_weigh import until
from tests.service import BUILTIN, VGG16, Service

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def manager(user: User) -> User:
    """Somebody who has just logged in."""
    await log_in(user, "/models", MANAGER_PIN)
    await user.should_see("active-model", retries=SOON)
    await user.should_see(marker="package", retries=SOON)
    return user


# ---------------------------------------------------------------------- which model serves


async def test_the_model_in_use_and_the_packages(manager: User) -> None:
    await manager.should_see("Built-in model · 2026.11")
    await manager.should_see("Loaded by 2 of 2 workers")
    await manager.should_see("Adriana213/vgg16-fruit-classifier · 3f1c9a7be0")
    await manager.should_see("4 labels · 2 without a product", retries=SOON)


async def test_a_package_is_used_and_rolled_back(manager: User, api: Service) -> None:
    manager.find(f"activate-{VGG16.id}").click()
    await manager.should_see("Back to Built-in model · 2026.11", retries=SOON)
    assert api.models.current().active == VGG16

    manager.find("rollback").click()
    await manager.should_see("The previous model takes over again.", retries=SOON)
    await until(lambda: api.models.current().active == BUILTIN)
    assert api.count("admin/rollback", method="POST") == 1


async def test_a_rollback_whose_connection_breaks_is_not_sent_twice(
    manager: User, api: Service
) -> None:
    api.models.activate(VGG16.id, VGG16.revision)
    api.load_models()
    await manager.should_see("rollback", retries=SOON)
    api.stale = 1
    manager.find("rollback").click()
    await until(lambda: bool(api.count("admin/rollback", method="POST")))
    looks = api.count("admin/model")
    await until(lambda: api.count("admin/model") >= looks + 2)
    assert api.count("admin/rollback", method="POST") == 1


async def test_an_import_is_followed_to_its_end(manager: User, api: Service) -> None:
    manager.find("hub-revision").clear().type("v2")
    manager.find("reload").click()
    await manager.should_see("On its way: Adriana213/vgg16-fruit-classifier", retries=SOON)
    assert api.models.current().wanted == VGG16.model_copy(update={"revision": "v2"})

    api.importing(ImportStep.DOWNLOADING, 40, "24 of 59 MB")
    await manager.should_see("Step 2 of 6: Downloading", retries=SOON)
    await manager.should_see("24 of 59 MB")
    (bar,) = manager.find("progress").elements
    assert (bar.props["role"], bar.props["aria-valuenow"]) == ("progressbar", "40")

    api.imported()
    await manager.should_see("Serving", retries=SOON)
    await manager.should_not_see("progress", retries=SOON)


async def test_a_failed_import_says_why_and_that_all_goes_on(manager: User, api: Service) -> None:
    api.importing(ImportStep.CHECKING, 0)
    switch = api.models.current()
    api.shop.registry.switch = switch.failed("It holds a Lambda layer.", switch.changed_at)
    await manager.should_see("It holds a Lambda layer.", retries=SOON)
    await manager.should_see("The model in use goes on as before.")


async def test_what_is_typed_stays_while_the_page_is_updated(manager: User, api: Service) -> None:
    manager.find("hub-model").type("shop/apples")
    api.importing(ImportStep.CONVERTING, 10)
    await manager.should_see("Step 4 of 6: Converting", retries=SOON)
    (box,) = manager.find("hub-model").elements
    assert isinstance(box, ui.input)
    assert box.value == "shop/apples"


async def test_a_refusal_is_told_in_the_apis_words(manager: User, api: Service) -> None:
    manager.find("hub-revision").clear().type("no such branch")
    manager.find("reload").click()
    await manager.should_see("'no such branch' is no branch, tag or commit.", retries=SOON)
    assert api.models.current().active == BUILTIN


async def test_a_service_that_comes_back_needs_no_tap(manager: User, api: Service) -> None:
    api.down = True
    await manager.should_see("The service cannot be reached right now", retries=SOON)
    api.down = False
    await manager.should_not_see("The service cannot be reached right now", retries=SOON)


async def test_a_quiet_page_asks_ever_more_seldom() -> None:
    pace = Pace()
    waits = []
    for _ in range(20):
        waits.append(pace.seconds)
        pace.relax()
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (Pace.FASTEST_S, Pace.SLOWEST_S)
    pace.hurry()
    assert pace.seconds == Pace.FASTEST_S


# ---------------------------------------------------------------------- a candidate


async def start_trial(manager: User) -> None:
    manager.find(f"try-{VGG16.id}").click()
    await manager.should_see("try-form", retries=SOON)
    manager.find("Canary").click()
    await manager.should_see("It answers for a share of the scales", retries=SOON)
    manager.find("50%").click()
    manager.find("limit-error_rate").type("2,5")
    manager.find("start-trial").click()
    await manager.should_see("comparison", retries=SOON)


async def test_a_candidate_is_tried_beside_the_active_model(manager: User, api: Service) -> None:
    await start_trial(manager)
    trial = api.shop.trials.current()
    assert trial is not None
    assert (trial.model, trial.mode, trial.share) == (VGG16, Mode.CANARY, Decimal("0.50"))
    assert trial.limits == Limits(error_rate=Decimal("0.025"))
    figures = {"confidence": Decimal(182), "low_confidence": 16}
    tallies = Tallies(
        active=Tally(answers=200, latency_ms=Decimal(2480), **figures),
        candidate=Tally(answers=199, errors=1, latency_ms=Decimal(208_552), **figures),
        compared=500,
        agreed=438,
        skipped=2,
    )
    api.shop.trials.add(trial.number, tallies, trial.started_at)
    await manager.should_see("87.6%", retries=SOON)
    await manager.should_see("Not asked 2 times, because shoppers were waiting")
    await manager.should_see("12\u00a0ms")
    await manager.should_see("1.0\u00a0s")
    await manager.should_see("0.5%")


async def test_a_limit_that_is_no_share_is_told(manager: User, api: Service) -> None:
    manager.find(f"try-{VGG16.id}").click()
    await manager.should_see("try-form", retries=SOON)
    manager.find("limit-error_rate").type("lots")
    manager.find("start-trial").click()
    await manager.should_see("Please enter a share in percent", retries=SOON)
    assert api.shop.trials.current() is None


async def test_a_candidate_takes_over(manager: User, api: Service) -> None:
    await start_trial(manager)
    manager.find("promote").click()
    await manager.should_see("Taken over", retries=SOON)
    await until(lambda: api.models.current().active == VGG16)


async def test_a_candidate_is_stopped(manager: User) -> None:
    await start_trial(manager)
    manager.find("stop-trial").click()
    await manager.should_see("Stopped", retries=SOON)
    await manager.should_not_see("promote", retries=SOON)


async def test_a_candidate_that_was_taken_back_says_why(manager: User, api: Service) -> None:
    await start_trial(manager)
    trial = api.shop.trials.current()
    assert trial is not None
    why = "41 % answers with low confidence in 30 weighings; the limit is 30 %."
    api.shop.trials.trial = trial.ended(TrialState.ROLLED_BACK, trial.started_at, why)
    await manager.should_see(why, retries=SOON)
    (state,) = manager.find("trial-state").elements
    assert isinstance(state, ui.label)
    assert state.text == "Taken back automatically"


# ---------------------------------------------------------------------- labels and memory


async def test_a_label_gets_a_product_and_loses_it(manager: User, api: Service) -> None:
    await manager.should_see("Need a product (2)", retries=SOON)
    manager.find("choose-Apple Crimson Snow").click()
    await manager.should_see("item-Royal-Gala", retries=SOON)
    manager.find("item-search").type("gala")
    await manager.should_not_see("item-Lemon", retries=SOON)
    manager.find("item-Royal-Gala").click()

    await manager.should_see("Need a product (1)", retries=SOON)
    assert api.shop.catalogue.items["Royal-Gala"].chosen == ("Apple Crimson Snow",)

    manager.find("All (4)").click()
    await manager.should_see("take-back-Apple Crimson Snow", retries=SOON)
    manager.find("take-back-Apple Crimson Snow").click()
    await manager.should_see("Need a product (2)", retries=SOON)
    assert not api.shop.catalogue.items["Royal-Gala"].chosen


async def test_what_was_taught_can_be_forgotten(manager: User, api: Service) -> None:
    await manager.should_see("Nothing was taught yet.", retries=SOON)
    api.shop.teach.enrol("Papaya", [picture(), picture(colour="green")])
    await manager.open("/models")
    await manager.should_see("Version 1 · Papaya", retries=SOON)
    await manager.should_see("Learning")
    await manager.should_see("2 photos")

    api.learn()
    await manager.should_see("Ready", retries=SOON)
    manager.find("memory-rollback").click()
    await manager.should_see("Version 2", retries=SOON)
    await manager.should_see("Replaced by a newer one")
    newest = api.shop.memories.newest()
    assert newest is not None
    assert newest.lessons == ()


async def test_a_lesson_that_is_held_back_is_let_count_and_another_taken_out(
    manager: User, api: Service
) -> None:
    shop = api.shop
    shop.teach.enrol("Papaya", [picture(), picture(colour="green")])
    version = shop.memories.stored[1]
    held = HeldLesson(lesson=version.lessons[0], because=HeldBecause.CONTRADICTS, seen_as="Banana")
    shop.memories.add(version.hold([held], version.created_at))
    await manager.open("/models")
    await manager.should_see("the scales were sure that this is", retries=SOON)
    await manager.should_see("Taught by photos")
    manager.find("accept-lesson").click()
    await until(lambda: 3 in shop.memories.stored)
    await manager.should_not_see("accept-lesson", retries=SOON)
    assert len(shop.memories.stored[3].lessons) == 2
    shop.teach.forget(shop.memories.stored[3].lessons[0].picture)
    await manager.open("/models")
    await manager.should_see(marker="take-lesson-out", retries=SOON)
    manager.find("take-lesson-out").click()
    await until(lambda: 5 in shop.memories.stored)
    assert shop.memories.stored[5].lessons == ()


async def test_what_a_service_does_not_have_is_not_shown(user: User, api: Service) -> None:
    api.lacks = ("admin/candidate", "admin/labels", "admin/memory/lessons")
    await log_in(user, "/models", MANAGER_PIN)
    await user.should_see(marker="package", retries=SOON)
    await user.should_not_see("section-trial", retries=SOON)
    await user.should_not_see("section-labels")
    await user.should_not_see("section-lessons")
    await user.should_not_see(f"try-{VGG16.id}")
    await user.should_see("section-packages")
    await user.should_not_see("lists the routes")
