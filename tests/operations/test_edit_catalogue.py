"""Changing what is sold: by hand, by a file, and not by accident."""

from datetime import timedelta

import pytest

from smartscale.domain.catalogue import Item
from smartscale.domain.catalogue_changes import ChangeKind, fingerprint
from smartscale.domain.errors import Conflict, NotFound
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.catalogue.pictures import PictureItems, read_picture
from smartscale.recognition.photo import ImageError, inspect
from tests.examples import NOW, item, picture
from tests.shop import Shop


@pytest.fixture
def edit(shop: Shop) -> EditCatalogue:
    return EditCatalogue(shop.catalogue, shop.ledger, shop.clock)


def test_a_future_price_takes_effect_by_itself(edit: EditCatalogue, shop: Shop) -> None:
    tomorrow = NOW + timedelta(days=1)
    edit.put(item("Banana", unit_price="3.00", valid_from=tomorrow))

    def charged() -> str | None:
        job_id = shop.upload()
        shop.recognise(job_id)
        weighing = shop.weighings.get(job_id)
        return None if weighing is None else str(weighing.price)

    assert charged() == "2.00"
    shop.clock.advance(days=1)
    assert charged() == "3.00"


def test_the_same_again_changes_and_records_nothing(edit: EditCatalogue, shop: Shop) -> None:
    before = shop.catalogue.items["Banana"]
    assert edit.put(item("Banana", valid_from=NOW)) == before
    assert shop.ledger.item_changes == []


def test_what_is_not_said_is_kept_and_what_is_emptied_is_empty(edit: EditCatalogue) -> None:
    edit.put(
        item(
            "Banana", aliases="Bananas", synonyms="Plantain", piece_kg_min="0.1", piece_kg_max="0.2"
        )
    )
    kept = edit.put(item("Banana", unit_price="9.00", valid_from=NOW))
    assert kept.aliases == ("Bananas",)
    assert kept.synonyms == ("Plantain",)
    emptied = edit.put(
        item("Banana"), clears=["aliases", "synonyms", "piece_kg_min", "piece_kg_max"]
    )
    assert (emptied.aliases, emptied.synonyms, emptied.piece_kg_min) == ((), (), None)
    assert edit.put(item("Banana"), clears=["aliases"]) == emptied


def test_what_is_declared_is_kept_and_can_be_emptied(edit: EditCatalogue) -> None:
    edit.put(item("Banana", origin="ES", quality_class="I", variety="Gala", best_before_days="5"))
    kept = edit.put(item("Banana", origin="MA"))
    assert (kept.origin, kept.quality_class, kept.variety) == ("MA", "I", "Gala")
    emptied = edit.put(item("Banana"), clears=["quality_class", "best_before_days"])
    assert emptied.declared == {"origin": "MA", "variety": "Gala"}


EXAMPLES = [item("Banana"), item("Lemon", plu="4053"), item("Fig", plu="4266")]


def test_examples_fill_a_new_shop_in_a_few_writes(shop: Shop) -> None:
    shop.catalogue.items.clear()
    edit = EditCatalogue(shop.catalogue, shop.ledger, shop.clock)
    many = [item(f"Kind {n}", plu=str(n)) for n in range(1, 121)]
    assert edit.put_examples(many) == 120
    assert shop.catalogue.batches == [49, 49, 22]
    assert edit.put_examples(many) == 0
    assert shop.ledger.item_changes == []


def test_a_filling_that_was_interrupted_goes_on(shop: Shop) -> None:
    shop.catalogue.items = {"Banana": EXAMPLES[0]}
    edit = EditCatalogue(shop.catalogue, shop.ledger, shop.clock)
    assert edit.put_examples(EXAMPLES) == 2
    assert set(shop.catalogue.items) == {"Banana", "Lemon", "Fig"}


@pytest.mark.parametrize(
    "own",
    [
        item("Mug", plu="9902"),
        item("Fig", plu="1"),
        item("Banana").retire(),
        item("Banana", unit_price="9.00").succeed(item("Banana")),
    ],
    ids=["an item", "a PLU", "one less", "a price"],
)
def test_a_shop_with_something_of_its_own_gets_no_examples(shop: Shop, own: Item) -> None:
    shop.catalogue.items = {own.label: own}
    edit = EditCatalogue(shop.catalogue, shop.ledger, shop.clock)
    assert edit.put_examples(EXAMPLES) == 0
    assert shop.catalogue.items == {own.label: own}


def test_an_edit_of_what_was_changed_meanwhile_is_refused(edit: EditCatalogue) -> None:
    seen = edit.put(item("Banana", unit_price="2.10", valid_from=NOW)).version
    edit.put(item("Banana", unit_price="2.20", valid_from=NOW + timedelta(hours=1)))
    with pytest.raises(Conflict, match="changed meanwhile"):
        edit.put(item("Banana", unit_price="2.30", valid_from=NOW), expected_version=seen)


def test_a_preview_changes_nothing_and_its_import_just_that(
    edit: EditCatalogue, shop: Shop
) -> None:
    file = [item("Banana", unit_price="2.50", valid_from=NOW), item("Kiwi", plu="4030")]
    before = dict(shop.catalogue.items)
    changes = edit.preview(file)
    assert [change.kind for change in changes] == [ChangeKind.CHANGED, ChangeKind.ADDED]
    assert (shop.catalogue.items, shop.ledger.item_changes) == (before, [])

    looked_at = fingerprint(changes, NOW)
    shop.clock.advance(minutes=3)
    later = [
        item("Banana", unit_price="2.50", valid_from=shop.clock()),
        item("Kiwi", plu="4030"),
    ]
    edit.put_all(later, moment=shop.clock(), previewed=looked_at)
    assert str(shop.catalogue.items["Banana"].unit_price_at(shop.clock())) == "2.50"
    assert "Kiwi" in shop.catalogue.items


def test_an_import_that_would_do_something_else_than_its_preview_does_nothing(
    edit: EditCatalogue, shop: Shop
) -> None:
    file = [item("Banana", unit_price="2.50", valid_from=NOW), item("Kiwi", plu="4030")]
    looked_at = fingerprint(edit.preview(file), NOW)
    edit.put(item("Banana", unit_price="2.40", valid_from=NOW - timedelta(hours=1)))
    with pytest.raises(Conflict, match="look at the preview again"):
        edit.put_all(file, moment=NOW, previewed=looked_at)
    assert "Kiwi" not in shop.catalogue.items


def test_an_import_returns_nothing_to_sale_that_its_preview_did_not_show(
    edit: EditCatalogue, shop: Shop
) -> None:
    edit.put_all([item("Banana")])
    looked_at = fingerprint(edit.preview([item("Banana")]), NOW)
    edit.retire("Banana")
    with pytest.raises(Conflict, match="look at the preview again"):
        edit.put_all([item("Banana")], moment=NOW, previewed=looked_at)
    assert shop.catalogue.items["Banana"].retired


def test_two_items_may_swap_their_plus_in_one_file(edit: EditCatalogue, shop: Shop) -> None:
    edit.put_all([item("Banana", plu="4053"), item("Lemon", plu="4011", unit="each")])
    assert shop.catalogue.items["Banana"].plu == "4053"
    with pytest.raises(Conflict, match="PLU 4053 is taken by Banana"):
        edit.put_all([item("Lemon", plu="4053", unit="each")])


def test_a_picture_is_made_small_and_kept_with_its_item(edit: EditCatalogue, shop: Shop) -> None:
    pictures = PictureItems(shop.pictures, edit)
    shown = pictures.give("Banana", picture("PNG", (1200, 900)))
    assert shown.picture is not None
    kept = inspect(read_picture(shop.pictures, shown.picture))
    assert (kept.format, kept.width, kept.height) == ("JPEG", 320, 240)

    priced = edit.put(item("Banana", unit_price="9.00", valid_from=NOW))
    assert priced.picture == shown.picture
    assert pictures.take_away("Banana").picture is None


def test_what_is_no_picture_is_refused(edit: EditCatalogue, shop: Shop) -> None:
    pictures = PictureItems(shop.pictures, edit)
    with pytest.raises(ImageError):
        pictures.give("Banana", b"<svg onload='alert(1)'/>")
    with pytest.raises(NotFound):
        pictures.give("Durian", picture())
    for name in ("../ledger/2026", "a" * 64, "A" * 64):
        with pytest.raises(NotFound):
            read_picture(shop.pictures, name)
