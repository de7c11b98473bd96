"""What a model's labels are sold as."""

from decimal import Decimal

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


def test_what_has_no_product_keeps_its_name_and_no_item_stays_none() -> None:
    sold = Products(CATALOGUE).sell(scores(Kaki=0.7, unknown=0.3))
    assert [one.label for one in sold] == ["Kaki", "unknown"]


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
    assert sum(one.confidence for one in sold) == sum(one.confidence for one in answer)
    assert len({one.label for one in sold}) == len(sold)
