"""The operator gives a model's labels to products."""

from decimal import Decimal

import pytest

from smartscale.domain.catalogue import Item
from smartscale.domain.errors import InvalidInput, NotFound
from smartscale.domain.labels import Mapped
from smartscale.domain.weighing import ModelRef
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.models.map_labels import MapLabels
from tests.examples import scores
from tests.fakes import FakePackages
from tests.shop import Shop

MODEL = ModelRef(id="them/vgg", revision="a1")


@pytest.fixture
def shop() -> Shop:
    """A shop that sells bananas and lemons."""
    return Shop()


@pytest.fixture
def mapping(shop: Shop) -> MapLabels:
    """The operation, with a model from elsewhere in the bucket."""
    return MapLabels(
        shop.catalogue,
        EditCatalogue(shop.catalogue, shop.ledger, shop.clock),
        shop.registry,
        FakePackages([MODEL]),
        lambda: ["Banana", "Kaki", "unknown", "empty"],
    )


def test_what_needs_a_product_is_said(mapping: MapLabels) -> None:
    assert [(one.label, one.product) for one in mapping.labels()] == [
        ("Banana", "Banana"),
        ("Kaki", None),
    ]
    assert [(one.label, one.how) for one in mapping.labels(MODEL)] == [
        ("Banana", Mapped.EXACT),
        ("lemon", Mapped.EXACT),
        ("Eggplant", Mapped.NONE),
    ]
    with pytest.raises(NotFound):
        mapping.labels(ModelRef(id="them/vgg", revision="b2"))


def test_a_label_is_given_to_one_product_at_a_time_and_sold_as_it(
    shop: Shop, mapping: MapLabels
) -> None:
    shop.recogniser.answer = scores(Eggplant=0.95, Banana=0.05)
    assert shop.weighings.get(shop.upload()) is None
    unsold = shop.upload()
    shop.recognise(unsold)
    asked = shop.weighings.rows[unsold]
    assert (asked.label, asked.confidence) == ("Banana", Decimal("0.1"))
    assert asked.needs_confirmation

    mapping.give("Eggplant", "Lemon")
    given = mapping.give("Eggplant", "Banana")

    assert (given.product, given.how) == ("Banana", Mapped.OPERATOR)
    assert shop.catalogue.items["Lemon"].chosen == ()
    sold = shop.upload()
    shop.recognise(sold)
    assert shop.weighings.rows[sold].label == "Banana"
    assert str(shop.weighings.rows[sold].price) == "2.00"
    assert shop.ledger.item_changes, "the operator's word is in the ledger"
    assert mapping.take_back("Eggplant").how is Mapped.NONE


@pytest.mark.parametrize(("label", "product"), [("Kaki", "Dragon"), ("unknown", "Banana")])
def test_what_makes_no_sense_is_refused(mapping: MapLabels, label: str, product: str) -> None:
    with pytest.raises(InvalidInput):
        mapping.give(label, product)


@pytest.mark.parametrize("recorded", [0, 1])
def test_whenever_giving_is_interrupted_the_label_is_sold_as_something(
    shop: Shop, mapping: MapLabels, monkeypatch: pytest.MonkeyPatch, recorded: int
) -> None:
    mapping.give("Eggplant", "Lemon")
    record, left = shop.ledger.record_item, iter(range(recorded))

    def dying(item: Item) -> Item:
        if next(left, None) is None:
            raise ConnectionError("the process was killed")
        return record(item)

    monkeypatch.setattr(shop.ledger, "record_item", dying)
    with pytest.raises(ConnectionError):
        mapping.give("Eggplant", "Banana")
    monkeypatch.undo()

    sold = {one.label: one.product for one in mapping.labels(MODEL)}
    assert sold["Eggplant"] in {"Lemon", "Banana"}
    mapping.give("Eggplant", "Banana")
    assert [one.label for one in shop.catalogue.all() if "Eggplant" in one.chosen] == ["Banana"]
