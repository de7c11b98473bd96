"""Which confirmations deserve a second look."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.load import Load
from smartscale.domain.pricing import price_sale
from smartscale.domain.suspicion import CHEAPER, SURE, suspicion
from smartscale.domain.weighing import ConfirmedBy, Prediction, Status, Weighing
from tests.examples import NOW, item

MONEY = st.decimals("0.01", "99.99", places=2)
SHARES = st.decimals(0, 1, places=4)


def prediction(label: str, total: Decimal | None, confidence: str | Decimal = "0.95") -> Prediction:
    """A priced item."""
    return Prediction(label=label, confidence=Decimal(confidence), total=total, currency="EUR")


def recognised_as(mango: Prediction, label: str = "Mango") -> Weighing:
    """A weighing that the model took for a label, with a mango among its predictions."""
    return Weighing(
        job_id="0" * 32,
        status=Status.DONE,
        scale_id="till-1",
        upload_key="uploads/x",
        created_at=NOW,
        completed_at=NOW,
        load=Load.parse("1"),
        label=label,
        confidence=mango.confidence,
        top_k=(mango,),
    )


def judged(
    mango: Prediction, sold: Prediction, by: ConfirmedBy = ConfirmedBy.SHOPPER, label: str = "Mango"
) -> str | None:
    return suspicion(recognised_as(mango, label), sold, by)


def test_the_reason_says_what_was_chosen_and_what_was_seen() -> None:
    reason = judged(
        prediction("Mango", Decimal("3.98"), "0.97"), prediction("Leek", Decimal("1.20"))
    )
    assert reason == (
        "The shopper chose Leek for 1.20 EUR; the model was 97% sure of Mango for 3.98 EUR."
    )


@pytest.mark.parametrize(
    ("confidence", "total", "by", "label"),
    [
        ("0.7999", "1.00", ConfirmedBy.SHOPPER, "Mango"),
        ("0.95", "3.20", ConfirmedBy.SHOPPER, "Mango"),
        ("0.95", "9.00", ConfirmedBy.SHOPPER, "Mango"),
        ("0.95", "1.00", ConfirmedBy.ATTENDANT, "Mango"),
        ("0.95", "1.00", ConfirmedBy.SHOPPER, "unknown"),
        ("0.95", "1.00", ConfirmedBy.SHOPPER, "empty"),
    ],
    ids=["not sure", "hardly cheaper", "dearer", "an attendant", "not on the menu", "empty scale"],
)
def test_nothing_else_is(confidence: str, total: str, by: ConfirmedBy, label: str) -> None:
    mango = prediction("Mango", Decimal("4.00"), confidence)
    assert judged(mango, prediction("Leek", Decimal(total)), by, label) is None


def test_more_than_a_fifth_cheaper_where_the_model_just_counts_as_sure() -> None:
    mango = prediction("Mango", Decimal("4.00"), SURE)
    assert judged(mango, prediction("Leek", Decimal("3.19")))
    assert not judged(mango, prediction("Leek", Decimal("3.20")))


def test_what_has_no_price_cannot_be_compared() -> None:
    assert judged(prediction("Mango", None), prediction("Leek", Decimal("1.00"))) is None


@given(MONEY, MONEY, SHARES)
def test_who_says_what_the_model_says_is_never_suspicious(
    seen: Decimal, paid: Decimal, confidence: Decimal
) -> None:
    assert judged(prediction("Mango", seen, confidence), prediction("Mango", paid)) is None


@given(MONEY, MONEY, SHARES)
def test_it_takes_a_sure_model_and_a_lower_price(
    seen: Decimal, paid: Decimal, confidence: Decimal
) -> None:
    suspicious = judged(prediction("Mango", seen, confidence), prediction("Leek", paid)) is not None
    assert suspicious == (confidence >= SURE and seen - paid > seen * CHEAPER)


def test_a_weighing_that_was_stored_before_this_rule_still_loads() -> None:
    weighing = recognised_as(prediction("Mango", Decimal("4.00")))
    stored = weighing.model_dump_json(exclude_none=True)
    assert "suspicious" not in stored
    assert not Weighing.model_validate_json(stored).suspicious


def counted(quantity: int, by: ConfirmedBy = ConfirmedBy.SHOPPER) -> str | None:
    """Why so many bulbs of garlic for 1.2 kg are looked at; the model was not sure."""
    garlic = item("Garlic", plu="4608", unit="each", piece_kg_min="0.035", piece_kg_max="0.090")
    weighing = recognised_as(prediction("Potatoes", Decimal("1.80"), "0.4"), "Potatoes")
    weighing = weighing.model_copy(update={"load": Load.parse("1.2")})
    return suspicion(weighing, price_sale(weighing, garlic, quantity), by)


def test_one_garlic_for_more_than_a_kilogram_is_looked_at_however_unsure_the_model_was() -> None:
    assert counted(1) == (
        "The shopper counted 1 of Garlic for 1.200 kg; by their weight there are 14 or more."
    )
    assert counted(9) is not None
    assert counted(11) is None, "bulbs may be somewhat heavier than usual"
    assert counted(1, ConfirmedBy.ATTENDANT) is None
