"""What a model's labels are sold as."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.catalogue import Catalogue
from smartscale.domain.labels import Mapped, Products
from smartscale.domain.prediction import Scored
from tests.examples import item, scores

AUBERGINE = item("Aubergine", plu="4081", aliases="Eggplant|Egg plant purple")
GALA = item("Royal-Gala", plu="4174").choose(["Apple Red 1"])
CATALOGUE = Catalogue([item(), AUBERGINE, GALA])


def test_a_label_is_found_by_name_by_alias_or_by_the_operators_word() -> None:
    products = Products(CATALOGUE)
    found = {
        label: products.find(label)[1]
        for label in ("BANANA", "royal gala", "egg_plant", "Apple Red 1", "Kaki")
    }
    assert found == {
        "BANANA": Mapped.EXACT,
        "royal gala": Mapped.EXACT,
        "egg_plant": Mapped.ALIAS,
        "Apple Red 1": Mapped.OPERATOR,
        "Kaki": Mapped.NONE,
    }


def test_the_operators_word_counts_before_the_name() -> None:
    odd = Catalogue([item(), GALA.choose(["Banana"])])
    found, how = Products(odd).find("Banana")
    assert found is not None
    assert (found.label, how) == ("Royal-Gala", Mapped.OPERATOR)


def test_labels_of_one_product_add_up_and_may_win_so() -> None:
    sold = Products(CATALOGUE).sell(scores(Banana=0.4, Eggplant=0.3, Egg_plant_purple=0.3))
    assert [(one.label, one.confidence) for one in sold] == [
        ("Aubergine", Decimal("0.6")),
        ("Banana", Decimal("0.4")),
    ]


def test_what_is_not_sold_is_no_candidate_and_the_others_share_what_it_had() -> None:
    sold = Products(CATALOGUE).sell(scores(Kaki=0.4, Banana=0.48, unknown=0.12))
    assert [(one.label, one.confidence) for one in sold] == [
        ("Banana", Decimal("0.8")),
        ("unknown", Decimal("0.2")),
    ]


def test_a_picture_that_speaks_for_what_is_not_sold_makes_nothing_sure() -> None:
    sold = Products(CATALOGUE).sell(scores(Kaki=0.9, Banana=0.08, Eggplant=0.02))
    assert [(one.label, one.confidence) for one in sold] == [
        ("Banana", Decimal("0.16")),
        ("Aubergine", Decimal("0.04")),
    ]


def test_a_shop_that_sells_none_of_it_knows_nothing() -> None:
    for catalogue in (Catalogue([]), Catalogue([item().retire()])):
        assert Products(catalogue).sell(scores(Banana=0.9, Kaki=0.1)) == [
            Scored("unknown", Decimal(1))
        ]


@given(
    st.dictionaries(
        st.sampled_from(["Banana", "banana", "Eggplant", "Kaki", "Apple Red 1", "empty"]),
        st.decimals(0, "0.16", places=4),
        min_size=1,
    )
)
def test_nothing_is_lost_or_won(found: dict[str, Decimal]) -> None:
    answer = [Scored(label, confidence) for label, confidence in found.items()]
    sold = Products(CATALOGUE).sell(answer)
    whole = sum(one.confidence for one in answer)
    left = whole - found.get("Kaki", Decimal(0))
    if left >= whole / 2 or not set(found) - {"Kaki"}:
        assert sum(one.confidence for one in sold) == pytest.approx(whole, abs=Decimal("0.001"))
    else:
        assert sum(one.confidence for one in sold) < whole
    assert len({one.label for one in sold}) == len(sold)
    assert "Kaki" not in {one.label for one in sold}
