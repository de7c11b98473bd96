"""The admin token: who guesses is slowed down, and cannot lock anybody else out."""

from collections.abc import Iterable

import pytest

from smartscale.adapters.tokens import GivenToken, StoredToken
from smartscale.domain.errors import StoreUnavailable, TooManyAttempts, Unauthorised
from smartscale.operations.access.authorise import MAX_REFUSALS, Authorise
from tests.fakes import Clock, FakeMetrics, FakeRefusals

TOKEN = "the-right-one"
ATTACKER, SHOP = "203.0.113.7", "198.51.100.1"


class Gate:
    """The operation with its surroundings; each worker has one."""

    def __init__(self) -> None:
        self.clock, self.refusals, self.metrics = Clock(), FakeRefusals(), FakeMetrics()
        self.clock.advance(seconds=12.4)
        self.check = self.worker().check

    def worker(self, never: str | None = None, token: str = TOKEN) -> Authorise:
        return Authorise(GivenToken(token), self.refusals, self.metrics, self.clock, never)

    def guess(self, tokens: Iterable[str | None], address: str = ATTACKER) -> list[str]:
        said = []
        for token in tokens:
            with pytest.raises((Unauthorised, TooManyAttempts)) as refused:
                self.worker().check(token, address)
            said.append(refused.type.__name__)
        return said


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_the_right_token_passes_however_often(gate: Gate) -> None:
    for _ in range(3 * MAX_REFUSALS):
        gate.check(TOKEN, SHOP)
    assert gate.metrics.metrics == []


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], "\u00e9", "\udcff"])
def test_anything_else_is_refused_and_counted(gate: Gate, token: str | None) -> None:
    assert gate.guess([token]) == ["Unauthorised"]
    assert gate.metrics.named("AdminTokenRefused") == [1]


def test_who_guesses_is_throttled_by_all_workers_together(gate: Gate) -> None:
    said = gate.guess(f"guess-{n}" for n in range(MAX_REFUSALS + 5))
    assert said == ["Unauthorised"] * MAX_REFUSALS + ["TooManyAttempts"] * 5
    assert sum(gate.metrics.named("AdminTokenRefused")) == MAX_REFUSALS + 5
    with pytest.raises(TooManyAttempts, match="try again in 48 s") as refused:
        gate.worker().check(TOKEN, ATTACKER)
    assert refused.value.retry_after_s == 48, "even a right guess tells nothing now"


def test_an_attacker_locks_nobody_else_out_and_nobody_for_long(gate: Gate) -> None:
    gate.guess(f"guess-{n}" for n in range(50 * MAX_REFUSALS))
    gate.check(TOKEN, SHOP)
    gate.clock.advance(seconds=48)
    gate.check(TOKEN, ATTACKER)


def test_a_site_has_one_count_however_many_addresses_it_has(gate: Gate) -> None:
    for n in range(MAX_REFUSALS):
        gate.guess(["guess"], f"2001:db8:0:1::{n:x}")
    assert gate.guess(["guess"], "2001:db8:0:1:ffff::1") == ["TooManyAttempts"]
    gate.check(TOKEN, "2001:db8:0:2::1")


def test_no_address_is_kept(gate: Gate) -> None:
    gate.guess(["guess"])
    assert ATTACKER not in str(gate.refusals.counted)


@pytest.mark.parametrize("stored", ["", "changeme"])
def test_a_stored_token_that_is_none_lets_nobody_pass(gate: Gate, stored: str) -> None:
    with pytest.raises(StoreUnavailable, match="well-known default"):
        gate.worker("changeme", stored).check(stored, SHOP)


class Store:
    """Where a token is kept and rotated; it remembers what it gave out, as the real client does."""

    def __init__(self) -> None:
        self.value, self.known = "first", ""
        self.fetched = 0

    def get(self, name: str, *, force_fetch: bool) -> object:
        assert name == "arn"
        if force_fetch or not self.known:
            self.fetched += 1
            self.known = self.value
        return self.known


def test_a_rotated_token_is_taken_at_once_and_guesses_do_not_ask_the_store(gate: Gate) -> None:
    store = Store()
    operation = Authorise(StoredToken(store, "arn"), gate.refusals, gate.metrics, gate.clock)
    operation.check("first", SHOP)
    store.value = "second"
    operation.check("second", SHOP)
    with pytest.raises(Unauthorised):
        operation.check("first", SHOP)
    fetched = store.fetched
    for n in range(10):
        with pytest.raises(Unauthorised):
            operation.check(f"guess-{n}", ATTACKER)
    assert store.fetched == fetched


@pytest.mark.parametrize(
    ("stored", "token"),
    [("plain", "plain"), ('{"token": "inside"}', "inside"), ('{"a": "1", "b": "2"}', None)],
)
def test_a_secret_is_text_or_json_with_one_key(gate: Gate, stored: str, token: str | None) -> None:
    store = Store()
    store.value = stored
    operation = Authorise(StoredToken(store, "arn"), gate.refusals, gate.metrics, gate.clock)
    operation.check(token or stored, SHOP)
