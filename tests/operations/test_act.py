"""Staff void weighings and print labels again."""

import pytest

from smartscale.domain.errors import Conflict
from smartscale.domain.memory import teaches
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import Act, ConfirmedBy
from smartscale.operations.messages import Arrival
from smartscale.operations.ports.weighings import WeighingFacts
from smartscale.operations.weighing.act import ActOnWeighing
from tests.examples import scores
from tests.shop import Shop

WHO = "attendant@kiosk-1"


@pytest.fixture
def act(shop: Shop) -> ActOnWeighing:
    return shop.act


@pytest.fixture
def job_id(shop: Shop) -> str:
    """A weighing of 1 kg taken for a banana."""
    job_id = shop.upload()
    shop.recognise(job_id)
    return job_id


def test_a_void_is_in_the_ledger_with_who_and_when(
    shop: Shop, act: ActOnWeighing, job_id: str
) -> None:
    voided = act.process(job_id, Act.VOID, WHO)
    assert voided.voided is not None
    assert (voided.voided.staff, voided.voided.at) == (WHO, shop.clock())
    assert shop.weighings.rows[job_id] == shop.ledger.events[job_id, "confirmed-0001"] == voided
    assert act.process(job_id, Act.VOID, "manager@kiosk-2") == voided, "the first one counts"
    with pytest.raises(Conflict, match="voided"):
        shop.confirm.process(job_id, label="Lemon")
    with pytest.raises(Conflict, match="voided"):
        act.process(job_id, Act.REPRINT, WHO)


def test_each_reprint_is_in_the_ledger(shop: Shop, act: ActOnWeighing, job_id: str) -> None:
    shop.confirm.process(job_id, label="Banana")
    act.process(job_id, Act.REPRINT, WHO)
    shop.clock.advance(minutes=1)
    twice = act.process(job_id, Act.REPRINT, "manager@kiosk-1")
    assert [(one.what, one.staff) for one in twice.acts] == [
        (Act.REPRINT, WHO),
        (Act.REPRINT, "manager@kiosk-1"),
    ]
    assert [event for _, event in shop.ledger.events] == [
        "done", "confirmed-0001", "confirmed-0002", "confirmed-0003",
    ]  # fmt: skip
    assert twice.price is not None
    assert twice.voided is None


def test_a_void_settles_a_suspicion_and_a_correction_says_who(
    shop: Shop, act: ActOnWeighing, job_id: str
) -> None:
    assert shop.confirm.process(job_id, label="Lemon").suspicious
    said = shop.confirm.process(
        job_id, label="Banana", confirmed_by=ConfirmedBy.ATTENDANT, staff=WHO
    )
    assert shop.ledger.events[job_id, "confirmed-0002"].confirmed_by_staff == WHO
    assert said.confirmed_by_staff == WHO
    assert not act.process(job_id, Act.VOID, WHO).suspicious


def test_what_was_voided_counts_no_more(shop: Shop, act: ActOnWeighing) -> None:
    shop.recogniser.answer = scores(Banana=0.5, Lemon=0.4)
    job_id = shop.upload()
    shop.recognise(job_id)
    assert act.process(job_id, Act.VOID, WHO).needs_confirmation is False

    other = shop.upload()
    shop.recognise(other)
    shop.confirm.process(other, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)
    voided = act.process(other, Act.VOID, WHO)
    assert teaches(voided) is None
    assert WeighingFacts.of(voided).confirmed_label is None, "nobody has checked its answer"
    with pytest.raises(Conflict, match="voided"):
        shop.confirm.process(other, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)


def test_of_a_void_and_a_confirmation_at_once_one_comes_first(
    shop: Shop, act: ActOnWeighing, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = shop.ledger.append

    def overtaken(weighing: object) -> object:
        monkeypatch.setattr(shop.ledger, "append", append)
        shop.confirm.process(job_id, label="Lemon")
        return append(weighing)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.ledger, "append", overtaken)
    voided = act.process(job_id, Act.VOID, WHO)
    assert (voided.confirmed_label, voided.version) == ("Lemon", 3)
    assert voided.voided is not None


def test_what_has_no_outcome_cannot_be_voided(shop: Shop, act: ActOnWeighing) -> None:
    job_id = shop.upload({})
    with pytest.raises(Conflict, match="pending"):
        act.process(job_id, Act.VOID, WHO)
    shop.fail.process(Arrival(upload_key(job_id)), "bad")
    with pytest.raises(Conflict, match="nothing to void"):
        act.process(job_id, Act.VOID, WHO)


def test_a_rebuilt_row_is_void_and_tells_no_figures_twice(
    shop: Shop, act: ActOnWeighing, job_id: str
) -> None:
    shop.confirm.process(job_id, label="Banana")
    voided = act.process(job_id, Act.VOID, WHO)
    shop.weighings.rows.clear()
    shop.metrics.metrics.clear()
    shop.reconcile().run()
    assert shop.weighings.rows[job_id] == voided
    assert shop.metrics.named("Confirmations") == [1]
