"""How sure an answer must be: what the shop wants, what the workers keep, and who is audited."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from smartscale.domain.asking import BEFORE_AUDITS, GOOD_FOR, Asking
from smartscale.domain.errors import InvalidInput, StoreUnavailable
from smartscale.domain.risk import AUDITED, audits
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ConfirmedBy, ModelRef
from smartscale.operations.messages import Arrival
from smartscale.operations.ports.weighings import WeighingFacts
from smartscale.operations.weighing.ask import KeepAsking, SayWanted, answers_of
from smartscale.operations.weighing.recognise import Recognise
from tests.examples import NOW
from tests.shop import Shop

MODEL = ModelRef(id="builtin", revision="1")
FACTS = WeighingFacts(
    scale_id="till-1",
    created_at=NOW,
    failed=False,
    asked=True,
    label="Banana",
    confirmed_label="Banana",
    confirmed_by=ConfirmedBy.SHOPPER,
    suspicious=False,
    confidence=Decimal("0.9"),
    model=MODEL,
    recognition_latency_ms=Decimal(40),
)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def keeper(shop: Shop) -> KeepAsking:
    return KeepAsking(shop.asking, shop.wishes, shop.weighings, shop.clock)


def test_before_the_first_answer_the_packages_threshold_holds(shop: Shop) -> None:
    found = keeper(shop).refresh(shop.recogniser, shop.asking.current())
    assert found.threshold == shop.recogniser.confirm_below
    assert found.audited == 0
    assert shop.asking.stored == found


def test_what_the_shop_wants_holds_within_a_minute(shop: Shop) -> None:
    keep, say = keeper(shop), SayWanted(shop.asking, shop.wishes)
    before = keep.refresh(shop.recogniser, shop.asking.current())
    say.want(Decimal("0.002"))
    shop.clock.moment += timedelta(minutes=1)
    after = keep.refresh(shop.recogniser, shop.asking.current())
    assert after.threshold is not None
    assert before.threshold is not None
    assert after.threshold > before.threshold
    assert say.current() == after


def test_what_the_shop_wants_outlives_its_tables(shop: Shop) -> None:
    SayWanted(shop.asking, shop.wishes).want(Decimal("0.002"))
    shop.asking.stored = None
    assert keeper(shop).refresh(shop.recogniser, shop.asking.current()).wanted == Decimal("0.002")


@pytest.mark.parametrize("share", ["0", "0.0005", "0.3", "1", "-1"])
def test_a_share_that_no_shop_can_mean_is_refused(shop: Shop, share: str) -> None:
    with pytest.raises(InvalidInput, match="one in a thousand"):
        SayWanted(shop.asking, shop.wishes).want(Decimal(share))
    assert shop.asking.stored is None


def test_a_threshold_is_kept_for_some_minutes_and_for_one_model(shop: Shop) -> None:
    keep = keeper(shop)
    first = keep.refresh(shop.recogniser, shop.asking.current())
    shop.clock.moment += GOOD_FOR / 2
    assert keep.refresh(shop.recogniser, shop.asking.current()) == first
    shop.recogniser.ref = ModelRef(id="other", revision="9")
    assert keep.refresh(shop.recogniser, shop.asking.current()).model == shop.recogniser.ref
    shop.clock.moment += GOOD_FOR
    assert keep.refresh(shop.recogniser, shop.asking.current()).number == first.number + 2


def test_a_store_that_is_away_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = keeper(shop)
    first = keep.refresh(shop.recogniser, shop.asking.current())

    def away(*_: object) -> bool:
        raise StoreUnavailable("away")

    monkeypatch.setattr(shop.asking, "replace", away)
    shop.clock.moment += GOOD_FOR
    assert keep.refresh(shop.recogniser, first) == first
    new = keeper(shop).refresh(shop.recogniser, None)
    assert new.threshold == shop.recogniser.confirm_below


def test_only_a_person_checks_an_answer_and_only_of_the_model_that_serves() -> None:
    lot = [
        FACTS,
        replace(FACTS, confirmed_label="Lemon"),
        replace(FACTS, confirmed_by=ConfirmedBy.KIOSK),
        replace(FACTS, confirmed_label="Lemon", suspicious=True),
        replace(FACTS, confirmed_label=None, asked=False),
        replace(FACTS, label="unknown"),
        replace(FACTS, model=ModelRef(id="other", revision="1")),
    ]
    assert [one.wrong for one in answers_of(lot, MODEL)] == [False, True, None, None, None]


def test_a_small_share_of_sure_answers_is_asked_about_all_the_same(shop: Shop) -> None:
    plenty = [replace(FACTS, asked=False, confirmed_label=None)] * BEFORE_AUDITS
    asking = Asking().found(
        answers_of(plenty, MODEL), shop.recogniser.confirm_below, shop.recogniser.ref, NOW
    )
    assert asking.audited == AUDITED
    operation = Recognise(shop.uploads, shop.ledger, shop.weighings, shop.announce, shop.clock)
    # Every weighing is audited where the share is the whole.
    for share, asked in ((Decimal(1), True), (Decimal(0), False)):
        job_id = shop.upload()
        operation.process(
            Arrival(upload_key(job_id)),
            shop.recogniser,
            shop.catalogue.all(),
            asking=asking.model_copy(update={"audited": share}),
        )
        weighing = shop.weighings.rows[job_id]
        assert (weighing.asked, weighing.audited, weighing.needs_confirmation) == (asked,) * 3
        assert audits(job_id, share) is asked
