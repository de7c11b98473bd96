"""PINs and their settings: what is taken, what is compared, how often one may try."""

import pytest
from pydantic import ValidationError

from frontend.access.photos import PhotoAddresses
from frontend.access.pins import Attempts, Role, TooManyAttempts, check_pin, hash_pin, matches
from frontend.settings import DEMO_PINS, Settings, what_is_wrong

JOB = "0" * 32


def test_a_hash_takes_its_pin_and_no_other() -> None:
    kept = hash_pin("2580")
    assert "2580" not in kept
    assert kept != hash_pin("2580"), "each has a salt of its own"
    assert matches("2580", check_pin(kept))
    assert not matches("2581", kept)
    assert matches("2580", "2580")
    assert not matches(kept, kept), "a stolen hash opens nothing"


@pytest.mark.parametrize(
    "kept", ["123", "with space", "x" * 65, "schlüssel", "scrypt:", "scrypt:31:AAAA:BBBB"]
)
def test_what_is_no_pin_is_refused_and_not_repeated(kept: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Settings.model_validate({"SMARTSCALE_MANAGER_PIN": kept})
    said = what_is_wrong(wrong.value)
    assert said.startswith("SMARTSCALE_MANAGER_PIN: use 4 to 64")
    assert kept not in said.removeprefix("SMARTSCALE_MANAGER_PIN: ").replace("scrypt", "")


def test_one_pin_for_both_roles_is_refused() -> None:
    both = {"SMARTSCALE_MANAGER_PIN": "2580", "SMARTSCALE_ATTENDANT_PIN": "2580"}
    with pytest.raises(ValidationError) as wrong:
        Settings.model_validate(both)
    assert "two different ones" in what_is_wrong(wrong.value)


def test_the_demos_pins_hold_only_in_the_demo() -> None:
    assert Settings.model_validate({}).pins == DEMO_PINS
    assert Settings.model_validate({"ADMIN_TOKEN": "a-chosen-one"}).pins == {}
    chosen = Settings.model_validate({"SMARTSCALE_MANAGER_PIN": "2580"})
    assert chosen.pins == {Role.MANAGER: "2580"}
    assert not chosen.has_demo_pins


def test_waits_get_longer_and_end_with_success() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    for _ in range(Attempts.FREE):
        attempts.begin("10.0.0.7")
    attempts.begin("10.0.0.8")  # another tablet is not held up

    waits = []
    for _ in range(6):
        with pytest.raises(TooManyAttempts) as told:
            attempts.begin("10.0.0.7")
        waits.append(told.value.seconds)
        now += told.value.seconds
        attempts.begin("10.0.0.7")
    assert waits == [30, 60, 120, 240, 300, 300]

    now += Attempts.LONGEST_WAIT_S
    attempts.begin("10.0.0.7")
    attempts.succeed("10.0.0.7", Role.MANAGER)
    attempts.begin("10.0.0.7")


def test_an_attendant_cannot_guess_the_manager_s_pin_between_their_own() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    tries = 0
    while now < 24 * 3600:
        try:
            attempts.begin("10.0.0.7")
        except TooManyAttempts as wait:
            now += wait.seconds
            continue
        tries += 1
        if tries % Attempts.FREE == 0:
            attempts.succeed("10.0.0.7", Role.ATTENDANT)
    assert tries < 500, "of 10,000 PINs"


def test_staff_who_mistype_now_and_then_do_not_wait() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    for _ in range(100):
        attempts.begin("10.0.0.7")
        attempts.begin("10.0.0.7")
        attempts.succeed("10.0.0.7", Role.ATTENDANT)
        now += Attempts.FORGET_S / 3


def test_an_address_that_made_many_up_is_not_kept_for_ever() -> None:
    attempts = Attempts(lambda: 0.0)
    for number in range(3 * Attempts.MOST_ADDRESSES):
        attempts.begin(f"10.0.0.{number}")
    assert len(attempts._known) == Attempts.MOST_ADDRESSES


def test_an_address_of_a_photo_holds_for_this_photo_and_some_hours() -> None:
    now = 1_000_000.0
    photos = PhotoAddresses(lambda: now)
    address = photos.make(JOB, 128)
    assert address == photos.make(JOB, 128), "a browser's cache can keep it"
    query = dict(part.split("=") for part in address.partition("?")[2].split("&"))
    until, sign = int(query["until"]), query["sign"]

    assert photos.holds(JOB, 128, until, sign)
    assert not photos.holds(JOB, 640, until, sign)
    assert not photos.holds("1" * 32, 128, until, sign)
    assert not photos.holds(JOB, 128, until + 3600, sign)
    assert not photos.holds(JOB, 128, until, "é")
    assert not PhotoAddresses(lambda: now).holds(JOB, 128, until, sign)
    now = float(until)
    assert not photos.holds(JOB, 128, until, sign)
