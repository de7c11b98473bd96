"""A weighing outlives its row: the ledger has it for good."""

from collections.abc import Callable

import pytest

from smartscale.domain.errors import NotFound
from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import direct_upload_key, evidence_key, upload_key
from smartscale.operations.ports.weighings import ROWS_KEPT
from smartscale.operations.weighing.history import History
from tests.examples import picture
from tests.shop import Shop


@pytest.fixture
def history(shop: Shop) -> History:
    """The operation that reads weighings."""
    return History(shop.weighings, shop.ledger, shop.uploads, shop.clock)


def test_a_weighing_whose_row_has_expired_is_told_as_it_was_last(
    shop: Shop, history: History
) -> None:
    job_id = shop.upload({"weight-kg": "1.000"})
    shop.recognise(job_id)
    confirmed = shop.confirm.process(job_id, label="Lemon")
    shop.clock.advance(days=ROWS_KEPT.days + 1)
    shop.weighings.rows.clear()
    shop.uploads.objects.clear()

    assert history.result(job_id) == confirmed


def test_the_ledger_is_not_asked_for_what_has_to_have_a_row(
    shop: Shop, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = new_job_id(shop.clock())
    shop.clock.advance(days=1)
    monkeypatch.setattr(shop.ledger, "last", lambda _: pytest.fail("it was asked"))

    with pytest.raises(NotFound):
        history.result(job_id)


@pytest.mark.parametrize("key_of", [upload_key, direct_upload_key, evidence_key])
def test_what_waits_for_long_is_pending_wherever_its_picture_is(
    shop: Shop, history: History, key_of: Callable[[str], str]
) -> None:
    job_id = new_job_id(shop.clock())
    shop.clock.advance(hours=1)
    with pytest.raises(NotFound, match="never arrived"):
        history.result(job_id)
    shop.uploads.put(key_of(job_id), picture(), "image/jpeg", {})
    assert history.result(job_id) is None


def test_what_is_kept_of_a_picture_does_not_make_a_weighing_of_old_pending(
    shop: Shop, history: History
) -> None:
    job_id = shop.upload({"weight-kg": "1.000"})
    shop.recognise(job_id)
    shop.clock.advance(days=ROWS_KEPT.days + 1)
    shop.weighings.rows.clear()
    shop.uploads.put(evidence_key(job_id), picture(), "image/jpeg", {})

    recorded = history.result(job_id)
    assert recorded is not None
    assert recorded.label == "Banana"
