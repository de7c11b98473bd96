"""The weight breaks near-ties, and does nothing else."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.catalogue import Catalogue, Item, SoldAs
from smartscale.domain.evidence import NEAR_TIE, break_near_ties, fit
from smartscale.domain.load import Load
from smartscale.domain.prediction import NO_ITEM, Scored
from tests.examples import item, scores

NAMES = ("Lime", "Orange", "Melon", "Apple", "Pear")
LABELS = (*NAMES, *sorted(NO_ITEM))
WEIGHTS = st.decimals(min_value="0.001", max_value="30", places=3)
LOADS = st.builds(Load, weight_kg=WEIGHTS, quantity=st.just(1) | st.integers(2, 99))


def pieces(label: str, least: str, most: str, sold_as: str = "bulk") -> Item:
    """An item whose pieces weigh so much."""
    return item(label, piece_kg_min=least, piece_kg_max=most, sold_as=sold_as)


LIME = pieces("Lime", "0.050", "0.100")
ORANGE = pieces("Orange", "0.140", "0.350")
MELON = pieces("Melon", "1.000", "1.500", "single")
SHOP = Catalogue([LIME, ORANGE, MELON])


@st.composite
def shops(draw: st.DrawFn) -> Catalogue:
    """A shop that knows what a piece weighs of some of its items."""
    items = []
    for label in draw(st.sets(st.sampled_from(NAMES))):
        least, most = sorted(draw(st.tuples(WEIGHTS, WEIGHTS)))
        sold_as = draw(st.sampled_from(["", *SoldAs]))
        items.append(pieces(label, str(least), str(most), sold_as))
    return Catalogue(items)


@st.composite
def answers(draw: st.DrawFn) -> list[Scored]:
    """A model's probabilities of all labels, no two the same, in any order."""
    shares = draw(
        st.lists(st.integers(1, 1000), min_size=len(LABELS), max_size=len(LABELS), unique=True)
    )
    found = [
        Scored(label, Decimal(share) / sum(shares))
        for label, share in zip(LABELS, shares, strict=True)
    ]
    return draw(st.permutations(found))


def by_label(scored: list[Scored]) -> dict[str, Decimal]:
    return {score.label: score.confidence for score in scored}


@given(answers(), LOADS, shops())
def test_the_probabilities_stay_what_they_were_only_items_swap_theirs(
    answer: list[Scored], load: Load, shop: Catalogue
) -> None:
    weighed = break_near_ties(answer, load, shop)
    before, after = by_label(answer), by_label(weighed)
    assert before.keys() == after.keys()
    assert [score.confidence for score in weighed] == sorted(before.values(), reverse=True)
    assert all(after[label] == before[label] for label in NO_ITEM)


@given(answers(), LOADS, shops())
def test_what_is_clear_stays_clear(answer: list[Scored], load: Load, shop: Catalogue) -> None:
    before, after = by_label(answer), by_label(break_near_ties(answer, load, shop))
    for one in NAMES:
        for other in NAMES:
            if before[one] > NEAR_TIE * before[other]:
                assert after[one] > after[other]
    best = max(before, key=before.__getitem__)
    rivals = [before[label] for label in NAMES if label != best]
    if best in NO_ITEM or before[best] > NEAR_TIE * max(rivals):
        assert max(after, key=after.__getitem__) == best


@given(answers(), LOADS, shops(), st.randoms())
def test_the_order_of_the_scores_does_not_matter(
    answer: list[Scored], load: Load, shop: Catalogue, random: Random
) -> None:
    shuffled = random.sample(answer, len(answer))
    assert break_near_ties(shuffled, load, shop) == break_near_ties(answer, load, shop)


@given(answers(), LOADS, shops())
def test_labels_are_but_names(answer: list[Scored], load: Load, shop: Catalogue) -> None:
    """Two items that change their names in answer and shop change them in what comes out."""
    other_name = {"Lime": "Orange", "Orange": "Lime"}

    def renamed(scored: list[Scored]) -> list[Scored]:
        return [Scored(other_name.get(s.label, s.label), s.confidence) for s in scored]

    renamed_shop = Catalogue(
        one.model_copy(update={"label": other_name.get(one.label, one.label)}) for one in shop
    )
    assert break_near_ties(renamed(answer), load, renamed_shop) == renamed(
        break_near_ties(answer, load, shop)
    )


@given(answers(), LOADS)
def test_a_shop_that_knows_no_piece_weights_gets_the_models_answer(
    answer: list[Scored], load: Load
) -> None:
    shop = Catalogue(item(label) for label in NAMES)
    assert by_label(break_near_ties(answer, load, shop)) == by_label(answer)


@pytest.mark.parametrize(
    ("answer", "weight", "best"),
    [
        (scores(Orange=0.5, Lime=0.4), "0.080", "Lime"),
        (scores(Orange=0.5, Lime=0.4), "0.250", "Orange"),
        (scores(Lime=0.5, Orange=0.4), "0.080", "Lime"),
        (scores(Orange=0.7, Lime=0.3), "0.080", "Orange"),
        (scores(Melon=0.5, Orange=0.4), "9.000", "Orange"),
        (scores(Melon=0.5, Orange=0.3), "0.500", "Melon"),
        (scores(unknown=0.5, Orange=0.4), "0.250", "unknown"),
        (scores(empty=0.4, Orange=0.3, Lime=0.3), "0.080", "empty"),
    ],
    ids=[
        "one lime is no orange",
        "an orange weighs as much as limes do",
        "the model is right",
        "no near-tie",
        "six melons at once",
        "half a melon",
        "not on the menu",
        "an empty scale",
    ],
)
def test_examples(answer: list[Scored], weight: str, best: str) -> None:
    assert break_near_ties(answer, Load.parse(weight), SHOP)[0].label == best


@pytest.mark.parametrize(
    ("sold", "weight", "fits"),
    [
        (LIME, "0.050", "1"),
        (LIME, "0.100", "1"),
        (LIME, "1.234", "1"),
        (LIME, "0.025", "0.5"),
        (MELON, "1.800", "0.9"),
        (MELON, "2.000", "1"),
        (MELON, "4.500", "1"),
        (MELON, "9.000", "0.5"),
        (MELON, "0.900", "0.9"),
        (MELON, "0.250", "0.8"),
    ],
    ids=[
        "one, light", "one, heavy", "many", "half of what is not cut", "between one and two",
        "two", "three", "more than anybody buys", "one, a little light", "a slice",
    ],
)  # fmt: skip
def test_how_well_a_weight_fits(sold: Item, weight: str, fits: str) -> None:
    assert fit(sold, Load.parse(weight)) == Decimal(fits)


@given(WEIGHTS, WEIGHTS, st.integers(1, 9), st.decimals(0, 1, places=3))
def test_any_number_of_pieces_fits(
    one: Decimal, other: Decimal, count: int, between: Decimal
) -> None:
    least, most = sorted((one, other))
    load = Load(weight_kg=count * (least + (most - least) * between))
    assert fit(pieces("Lime", str(least), str(most)), load) == 1


@given(LOADS, shops())
def test_a_fit_is_a_share(load: Load, shop: Catalogue) -> None:
    assert all(0 < fit(one, load) <= 1 for one in shop)


def test_a_count_that_somebody_gave_is_taken_at_its_word() -> None:
    assert fit(ORANGE, Load.parse("0.400", quantity=2)) == 1
    assert fit(ORANGE, Load.parse("0.400", quantity=4)) < 1


def test_the_tare_is_no_fruit() -> None:
    assert fit(LIME, Load.parse("0.120", "0.040")) == 1
    boxed = LIME.model_copy(update={"tare_kg": Decimal("0.040")})
    assert fit(boxed, Load.parse("0.090")) == 1
    assert fit(LIME, Load.parse("0.060", "0.030")) < 1
