"""The parts of the kiosk's way to its service, each by itself."""

import asyncio

import pytest

from frontend.api.errors import ApiUnreachable
from frontend.offline.availability import Availability
from frontend.offline.screens import Screens


def test_the_service_is_away_from_the_first_failure_to_the_first_success() -> None:
    availability = Availability()
    assert availability.cut_since is None
    availability.note_lost(ApiUnreachable("no route"))
    since = availability.cut_since
    assert since is not None
    availability.note_lost(ApiUnreachable("still none"))
    assert availability.cut_since == since
    availability.note_reached()
    assert availability.cut_since is None


@pytest.mark.asyncio
async def test_who_looks_after_the_service_is_woken_also_by_what_came_before() -> None:
    availability = Availability()
    availability.wake()
    async with asyncio.timeout(5):
        await availability.wait(60)
        waiting = asyncio.create_task(availability.wait(60))
        await asyncio.sleep(0)
        availability.note_lost(ApiUnreachable("no route"))
        await waiting
        await availability.wait(0)


def test_a_weighing_may_be_on_a_screen_until_it_is_left_or_quiet() -> None:
    screens = Screens(quiet_s=60)
    assert not screens.may_show("one")
    screens.touch("one")
    assert screens.may_show("one")
    assert screens.leave("one")
    assert not screens.may_show("one")
    assert not screens.leave("one"), "nobody looked any more"
    quiet = Screens(quiet_s=0)
    quiet.touch("one")
    assert not quiet.may_show("one")
