"""A person says what it is."""

from decimal import Decimal

import pytest

from smartscale.domain.charge import Charge
from smartscale.domain.errors import Conflict, InvalidInput, StoreUnavailable
from smartscale.domain.memory import Teacher, teaches
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ConfirmedBy, Status, Weighing
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.messages import Arrival
from tests.examples import item, scores
from tests.shop import Shop


@pytest.fixture
def job_id(shop: Shop) -> str:
    """A weighing of 1 kg taken for a banana."""
    job_id = shop.upload()
    shop.recognise(job_id)
    return job_id


def test_another_label_prices_the_weighing_anew(shop: Shop, job_id: str) -> None:
    weighing = shop.confirm.process(job_id, label="Lemon", quantity=3)
    assert (weighing.label, weighing.confirmed_label) == ("Banana", "Lemon")
    assert (weighing.price, weighing.quantity) == (Decimal("1.50"), 3)
    assert not weighing.needs_confirmation
    assert shop.weighings.rows[job_id] == weighing
    assert shop.ledger.events[job_id, "confirmed-0001"] == weighing
    assert (shop.metrics.named("Confirmations"), shop.metrics.named("Corrected")) == ([1], [1])


def test_the_predicted_label_is_a_confirmation_but_no_correction(shop: Shop, job_id: str) -> None:
    weighing = shop.confirm.process(job_id, plu="4011")
    assert weighing.price == Decimal("2.00")
    assert shop.metrics.named("Corrected") == [0]


def test_something_cheap_instead_of_what_the_model_was_sure_of_is_looked_at(
    shop: Shop, job_id: str
) -> None:
    flagged = shop.confirm.process(job_id, label="Lemon")
    assert flagged.suspicious
    assert flagged.price == Decimal("0.50"), "the shopper's word is charged"
    assert shop.ledger.events[job_id, "confirmed-0001"] == flagged
    settled = shop.confirm.process(job_id, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)
    assert not settled.suspicious
    late = shop.confirm.process(job_id, label="Lemon")
    assert not late.suspicious, "an attendant has looked at this"
    assert shop.metrics.named("Suspicious") == [1, 0, 0]


def test_who_puts_it_right_is_not_suspicious_any_more(shop: Shop, job_id: str) -> None:
    assert shop.confirm.process(job_id, label="Lemon").suspicious
    assert not shop.confirm.process(job_id, label="Banana").suspicious


@pytest.mark.parametrize("nothing", ["unknown", "empty"])
def test_what_was_not_known_is_priced_as_what_was_found_by_search(shop: Shop, nothing: str) -> None:
    shop.recogniser.answer = scores(**{nothing: 0.95, "Lemon": 0.05})
    job_id = shop.upload({"weight-kg": "0.750", "tare-kg": "0.050"})
    shop.recognise(job_id)
    assert shop.weighings.rows[job_id].price is None
    weighing = shop.confirm.process(job_id, label="Banana")
    assert (weighing.label, weighing.confirmed_label) == (nothing, "Banana")
    assert (weighing.net_kg, weighing.price) == (Decimal("0.700"), Decimal("1.40"))
    assert not weighing.needs_confirmation
    assert not weighing.suspicious


def test_saying_it_twice_changes_nothing(shop: Shop, job_id: str) -> None:
    first = shop.confirm.process(job_id, label="Lemon")
    assert shop.confirm.process(job_id, label="Lemon") == first
    assert shop.confirm.process(job_id, plu="4053") == first
    assert len(shop.metrics.named("Confirmations")) == 1


def test_a_confirmation_whose_write_was_answered_by_nobody_counts(shop: Shop) -> None:
    shop.recogniser.answer = scores(Banana=0.5, Lemon=0.4)
    job_id = shop.upload()
    shop.recognise(job_id)
    shop.weighings.answers_lost = 1
    shop.confirm.process(job_id, label="Lemon")
    assert shop.metrics.named("Confirmations") == [1]
    assert len(shop.queue.messages) == 1


def test_a_lesson_is_not_lost_with_the_queue(shop: Shop) -> None:
    shop.recogniser.answer = scores(Banana=0.5, Lemon=0.4)
    job_id = shop.upload()
    shop.recognise(job_id)
    shop.queue.away = True
    with pytest.raises(StoreUnavailable):
        shop.confirm.process(job_id, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)
    shop.queue.away = False
    shop.confirm.process(job_id, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)
    shop.drain()
    assert shop.memories.newest() is not None
    assert len(shop.ledger.events) == 2, "it is confirmed once"


def test_a_quantity_of_an_item_by_weight_is_no_other_statement(shop: Shop, job_id: str) -> None:
    first = shop.confirm.process(job_id, label="Banana", quantity=2)
    assert shop.confirm.process(job_id, label="Banana", quantity=2) == first
    assert first.confirmations == 1


def test_an_attendant_may_say_something_else_later(shop: Shop, job_id: str) -> None:
    shop.confirm.process(job_id, label="Lemon")
    last = shop.confirm.process(job_id, label="Banana", confirmed_by=ConfirmedBy.ATTENDANT)
    assert (last.confirmations, last.price) == (2, Decimal("2.00"))
    assert last.confirmed_by is ConfirmedBy.ATTENDANT
    assert shop.ledger.events[job_id, "confirmed-0001"].confirmed_label == "Lemon"


def test_the_price_is_the_one_of_the_weighing_not_of_the_confirmation(
    shop: Shop, job_id: str
) -> None:
    shop.clock.advance(hours=1)
    raised = item("Banana", unit_price="9.00", valid_from=shop.clock())
    EditCatalogue(shop.catalogue, shop.ledger, shop.clock).put(raised)
    assert shop.confirm.process(job_id, label="Banana").price == Decimal("2.00")


@pytest.mark.parametrize(
    "said",
    [("Durian", None), (None, "9999"), (None, None), ("Banana", "4011")],
)
def test_what_is_not_in_the_catalogue_is_refused(
    shop: Shop, job_id: str, said: tuple[str | None, str | None]
) -> None:
    label, plu = said
    with pytest.raises(InvalidInput):
        shop.confirm.process(job_id, label=label, plu=plu)
    assert shop.weighings.rows[job_id].confirmations == 0


def test_a_pending_or_failed_weighing_cannot_be_confirmed(shop: Shop) -> None:
    job_id = shop.upload({})
    with pytest.raises(Conflict, match="pending"):
        shop.confirm.process(job_id, label="Banana")
    shop.fail.process(Arrival(upload_key(job_id)), "bad")
    with pytest.raises(Conflict, match="failed"):
        shop.confirm.process(job_id, label="Banana")


def test_two_confirmations_at_once_both_count_in_order(
    shop: Shop, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is recorded between our reading the row and our recording ours."""
    append = shop.ledger.append

    def overtaken(weighing: Weighing) -> Weighing:
        monkeypatch.setattr(shop.ledger, "append", append)
        shop.confirm.process(job_id, label="Lemon", quantity=2)
        return append(weighing)

    monkeypatch.setattr(shop.ledger, "append", overtaken)
    ours = shop.confirm.process(job_id, label="Banana", confirmed_by=ConfirmedBy.ATTENDANT)
    assert ours.confirmations == 2
    assert shop.ledger.events[job_id, "confirmed-0001"].confirmed_label == "Lemon"
    assert shop.weighings.rows[job_id].confirmed_label == "Banana"


def test_a_confirmation_that_was_recorded_before_a_crash_is_finished(
    shop: Shop, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_weighing: Weighing) -> bool:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(shop.weighings, "put", crash)
        with pytest.raises(ConnectionError):
            shop.confirm.process(job_id, label="Lemon")
    shop.clock.advance(seconds=1)
    again = shop.confirm.process(job_id, label="Lemon")
    assert shop.metrics.named("Confirmations") == [1]
    assert (again.confirmations, again.confirmed_label) == (1, "Lemon")
    assert shop.weighings.rows[job_id] == again


PRINTED = Charge.parse(unit="kg", unit_price="1.50", price="1.47", currency="EUR", tare_kg="0.020")


def test_what_a_scale_printed_while_it_was_cut_off_is_what_the_ledger_holds(
    shop: Shop, job_id: str
) -> None:
    charged = shop.confirm.process(
        job_id, label="Banana", confirmed_by=ConfirmedBy.KIOSK, charge=PRINTED
    )
    assert (charged.unit_price, charged.price) == (Decimal("1.50"), Decimal("1.47"))
    assert (charged.tare_kg, charged.net_kg) == (Decimal("0.020"), Decimal("0.980"))
    assert charged.charged_offline
    assert charged.suspicious, "the catalogue had another price"
    assert shop.ledger.events[job_id, "confirmed-0001"] == charged
    assert shop.metrics.named("Confirmations") == [], "no person said so"

    again = shop.confirm.process(
        job_id, label="Banana", confirmed_by=ConfirmedBy.KIOSK, charge=PRINTED
    )
    assert again == charged


def test_what_was_charged_counts_although_it_is_not_sold_any_more_and_failed_here(
    shop: Shop,
) -> None:
    job_id = shop.upload()
    shop.fail.process(Arrival(upload_key(job_id)), "The picture is bad.")
    EditCatalogue(shop.catalogue, shop.ledger, shop.clock).retire("Banana")
    charged = shop.confirm.process(job_id, label="Banana", charge=PRINTED)
    assert (charged.status, charged.error, charged.price) == (Status.DONE, None, Decimal("1.47"))
    assert shop.weighings.rows[job_id] == charged


def test_an_attendant_s_correction_of_a_charge_is_priced_by_the_catalogue(
    shop: Shop, job_id: str
) -> None:
    shop.confirm.process(job_id, label="Banana", charge=PRINTED)
    corrected = shop.confirm.process(job_id, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)
    assert (corrected.price, corrected.charged_offline) == (Decimal("0.50"), False)


@pytest.fixture
def peppers(shop: Shop) -> str:
    """A weighing of 0.702 kg taken for peppers, which are sold by the piece."""
    for label, plu, least, most in (
        ("Pepper", "3120", "0.120", "0.280"),
        ("Garlic", "4608", "0.035", "0.090"),
    ):
        each = item(label, plu=plu, unit="each", piece_kg_min=least, piece_kg_max=most)
        shop.catalogue.items[label] = each
    shop.recogniser.answer = scores(Pepper=0.97)
    job_id = shop.upload({"weight-kg": "0.702"})
    shop.recognise(job_id)
    return job_id


def test_pieces_are_counted_by_their_weight_until_somebody_counts_them(
    shop: Shop, peppers: str
) -> None:
    seen = shop.weighings.rows[peppers]
    assert (seen.quantity, seen.needs_count, seen.needs_confirmation) == (4, True, False)
    same = shop.confirm.process(peppers, label="Pepper")
    assert (same.quantity, same.needs_count) == (4, True)
    counted = shop.confirm.process(peppers, label="Pepper", quantity=4)
    assert (counted.quantity, counted.needs_count, counted.price) == (4, False, Decimal(8))
    assert shop.confirm.process(peppers, label="Pepper", quantity=4) == counted


def test_what_was_counted_stays_counted(shop: Shop, peppers: str) -> None:
    shop.confirm.process(peppers, label="Pepper", quantity=3)
    settled = shop.confirm.process(peppers, label="Pepper", confirmed_by=ConfirmedBy.ATTENDANT)
    assert (settled.quantity, settled.needs_count) == (3, False)
    other = shop.confirm.process(peppers, label="Garlic", confirmed_by=ConfirmedBy.ATTENDANT)
    assert (other.quantity, other.needs_count) == (11, True), "three bulbs cannot weigh that"


def test_a_count_that_cannot_be_is_refused_and_one_that_is_odd_is_looked_at(
    shop: Shop, peppers: str
) -> None:
    with pytest.raises(InvalidInput, match="cannot weigh"):
        shop.confirm.process(peppers, label="Pepper", quantity=99)
    assert shop.weighings.rows[peppers].confirmations == 0
    assert shop.confirm.process(peppers, label="Garlic", quantity=1).suspicious
    corrected = shop.confirm.process(
        peppers, label="Garlic", quantity=11, confirmed_by=ConfirmedBy.ATTENDANT
    )
    assert (corrected.quantity, corrected.suspicious) == (11, False)


def test_an_attendant_who_lets_a_suspicious_choice_pass_teaches_nothing(
    shop: Shop, job_id: str
) -> None:
    assert shop.confirm.process(job_id, label="Lemon").suspicious
    passed = shop.confirm.process(job_id, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)
    assert (passed.suspicious, passed.suspected_label) == (False, "Lemon")
    assert teaches(passed) is None
    shop.drain()
    assert shop.memories.newest() is None, "no lesson was offered"


def test_an_attendant_who_says_a_third_thing_teaches_it(shop: Shop, job_id: str) -> None:
    shop.confirm.process(job_id, label="Lemon")
    shop.catalogue.items["Leek"] = item("Leek", plu="4629")
    said = shop.confirm.process(job_id, label="Leek", confirmed_by=ConfirmedBy.ATTENDANT)
    assert teaches(said) is Teacher.ATTENDANT
