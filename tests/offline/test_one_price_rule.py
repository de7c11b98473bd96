"""A kiosk without the service charges what the service would charge for the same confirmation."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.offline.local import LocalScale, NotSold
from smartscale.domain.catalogue import Item
from smartscale.domain.errors import InvalidInput
from smartscale.domain.weighing import Weighing
from smartscale.present import catalogue as shown
from tests.examples import NOW, item
from tests.fakes import FakeCatalogue
from tests.shop import Shop

PRICED = (
    *("unit", "unit_price", "quantity", "counted", "needs_count", "pieces"),
    *("tare_kg", "net_kg", "price", "currency"),
    *("origin", "quality_class", "variety", "best_before_days"),
    *("unit_price_before", "offer_until"),
)
ITEMS = st.builds(
    item,
    st.just("Lemon"),
    plu=st.just("4053"),
    unit=st.sampled_from(["kg", "each"]),
    unit_price=st.decimals("0.01", "99.99", places=2).map(str),
    currency=st.sampled_from(["EUR", "CHF"]),
    tare_kg=st.sampled_from(["0.000", "0.020", "1.500"]),
    piece_kg_min=st.just("0.120"),
    piece_kg_max=st.sampled_from(["0.130", "0.280"]),
    origin=st.sampled_from(["", "ES"]),
    best_before_days=st.sampled_from(["", "5"]),
)


@given(
    sold=ITEMS,
    weight=st.decimals("0.001", "30", places=3),
    quantity=st.one_of(st.none(), st.integers(1, 99)),
)
def test_both_charge_the_same(sold: Item, weight: Decimal, quantity: int | None) -> None:
    shop, weighing, items = weighed(sold, weight)
    said = weighing.model_dump_json(), "Lemon", quantity, "shopper", items
    try:
        here = LocalScale().confirm(*said)
    except NotSold as refused:
        with pytest.raises(InvalidInput, match=re.escape(str(refused))):
            shop.confirm.process(weighing.job_id, label="Lemon", quantity=quantity)
        return
    there = shop.confirm.process(weighing.job_id, label="Lemon", quantity=quantity)
    assert Weighing.model_validate_json(here).model_dump(include=set(PRICED)) == there.model_dump(
        include=set(PRICED)
    )


def test_both_show_the_same_offer() -> None:
    usual = item("Lemon", plu="4053", unit_price="2.49")
    [offer] = item("Lemon", unit_price="1.99", valid_from=NOW - timedelta(days=1)).prices
    until = offer.model_copy(update={"valid_to": NOW + timedelta(days=1)})
    sold = usual.model_copy(update={"prices": (*usual.prices, until)})
    shop, weighing, items = weighed(sold, Decimal("0.500"))
    here = LocalScale().confirm(weighing.model_dump_json(), "Lemon", None, "shopper", items)
    there = shop.confirm.process(weighing.job_id, label="Lemon")
    assert there.unit_price_before == Decimal("2.49")
    assert Weighing.model_validate_json(here).shown == there.shown


def test_neither_sells_what_has_no_price_yet() -> None:
    coming = item("Lemon", plu="4053", valid_from=NOW.replace(year=NOW.year + 1))
    shop, weighing, items = weighed(coming, Decimal("0.500"))
    with pytest.raises(NotSold) as here:
        LocalScale().confirm(weighing.model_dump_json(), "Lemon", None, "shopper", items)
    with pytest.raises(Exception, match=str(here.value)):
        shop.confirm.process(weighing.job_id, label="Lemon")


def weighed(sold: Item, weight: Decimal) -> tuple[Shop, Weighing, list[dict[str, object]]]:
    """A shop that sells an item, a banana that was weighed there, and the shop's catalogue."""
    shop = Shop(catalogue=FakeCatalogue.of(item("Banana"), sold))
    job_id = shop.upload({"weight-kg": f"{weight:.3f}", "scale-id": "till-1"})
    shop.recognise(job_id)
    document = shown.item(sold, shop.clock()).model_dump(mode="json")
    return shop, shop.weighings.rows[job_id], [document]
