"""A label's number is read back by somebody else's library as what was written."""

from decimal import Decimal

import pytest
from biip import ParseConfig
from biip.checksums import gs1_price_weight_check_digit
from biip.gtin import Gtin
from biip.rcn import Rcn, RcnRegion
from hypothesis import given
from hypothesis import strategies as st

from frontend.labels.barcode import DoesNotFit, Sold, measure_check_digit, number
from frontend.labels.profiles import PROFILES, Layout, Measure, Profile

BIIP = {region.value for region in RcnRegion}
DECIDED = [profile for profile in PROFILES.values() if profile.code[:2] in BIIP]


def sold(
    plu: str = "4011", *, net: str = "0.500", total: str = "0.95", pieces: int | None = None
) -> Sold:
    return Sold(plu, pieces is not None, pieces or 1, Decimal(net), Decimal(total))


@given(st.integers(0, 9999))
def test_the_check_digit_of_four_digits_is_gs1_s(value: int) -> None:
    assert measure_check_digit(f"{value:04d}") == str(gs1_price_weight_check_digit(f"{value:04d}"))


@given(st.integers(0, 99999))
def test_the_check_digit_of_five_digits_is_gs1_s(value: int) -> None:
    assert measure_check_digit(f"{value:05d}") == str(gs1_price_weight_check_digit(f"{value:05d}"))


@pytest.mark.parametrize("profile", DECIDED, ids=lambda profile: profile.code)
@given(
    plu=st.integers(1, 9999).map(str),
    grams=st.integers(1, 30_000),
    cents=st.integers(1, 200_000),
    pieces=st.integers(1, 99),
    by_piece=st.booleans(),
)
def test_biip_reads_back_item_and_measure_exactly(
    profile: Profile, plu: str, grams: int, cents: int, pieces: int, by_piece: bool
) -> None:
    net, total = Decimal(grams).scaleb(-3), Decimal(cents).scaleb(-2)
    try:
        digits = number(Sold(plu, by_piece, pieces, net, total), profile)
    except DoesNotFit:
        assert by_piece or _is_too_much(profile.by_weight, net, total)
        return
    rcn = Gtin.parse(digits, config=_region(profile))
    assert isinstance(rcn, Rcn)
    assert (rcn.item_reference or "").lstrip("0") == plu
    layout = (profile.by_piece if by_piece else profile.by_weight)[0]
    wanted = {Measure.PRICE: total, Measure.WEIGHT: net, Measure.COUNT: pieces}[layout.measure]
    assert {rcn.price, rcn.weight, rcn.count} == {wanted, None}


def _region(profile: Profile) -> ParseConfig:
    return ParseConfig(rcn_region=RcnRegion(profile.code[:2]), rcn_verify_variable_measure=True)


def _is_too_much(layouts: tuple[Layout, ...], net: Decimal, total: Decimal) -> bool:
    return all(
        (value := (total if layout.measure is Measure.PRICE else net).scaleb(layout.decimals))
        >= 10**layout.value_digits
        or value != value.to_integral_value()
        for layout in layouts
    )


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.code)
@given(plu=st.integers(1, 99_999).map(str), cents=st.integers(1, 9999))
def test_a_plu_of_one_to_five_digits_stands_in_the_number_or_has_none(
    profile: Profile, plu: str, cents: int
) -> None:
    what = sold(plu, total=str(Decimal(cents).scaleb(-2)))
    (layout, *_) = profile.by_weight
    if len(plu) > layout.item_digits:
        with pytest.raises(DoesNotFit, match=f"PLU {plu} has more than the {layout.item_digits}"):
            number(what, profile)
    else:
        item = number(what, profile)[len(layout.prefix) :][: layout.item_digits]
        assert item == plu.rjust(layout.item_digits, "0")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.code)
@given(grams=st.integers(1, 9999), cents=st.integers(1, 9999))
def test_every_profile_makes_a_restricted_ean_13(profile: Profile, grams: int, cents: int) -> None:
    digits = number(
        Sold("4011", False, 1, Decimal(grams).scaleb(-3), Decimal(cents).scaleb(-2)), profile
    )
    gtin = Gtin.parse(digits)
    assert isinstance(gtin, Rcn)
    assert len(digits) == 13


def test_the_american_number_is_a_upc_a_with_its_price_check_digit() -> None:
    digits = number(sold("4011", total="12.34"), PROFILES["us"])
    assert digits[:7] == "0204011"
    assert digits[7] == str(gs1_price_weight_check_digit("1234"))
    assert digits[8:12] == "1234"
    assert Gtin.parse(digits[1:]).as_gtin_13() == digits


@pytest.mark.parametrize(
    ("profile", "what", "says"),
    [
        ("de", sold("94011"), "PLU 94011 has more than the 4 digits"),
        (
            "de",
            sold(total="1000.00"),
            "1000.00 does not fit: prefix 22 holds 0.01 to 999.99",
        ),
        ("gb", sold(total="100.00"), "0.01 to 99.99"),
        ("fi", sold(net="10.001"), "0.001 to 9.999"),
        ("fi", sold(pieces=2), "no number for goods that are sold by the piece"),
        ("de", sold(total="0.00"), "price of 0.00 does not fit"),
        ("de", sold(total="-1.00"), "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(profile: str, what: Sold, says: str) -> None:
    with pytest.raises(DoesNotFit, match=says):
        number(what, PROFILES[profile])


def test_a_price_that_is_too_long_goes_under_a_coarser_prefix_when_nothing_is_lost() -> None:
    assert number(sold(total="100.50"), PROFILES["se"]).startswith("21")
    with pytest.raises(DoesNotFit):
        number(sold(total="100.55"), PROFILES["se"])


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.code)
def test_every_profile_says_where_it_is_from(profile: Profile) -> None:
    assert "https://" in profile.source
    for layout in profile.by_weight + profile.by_piece:
        check = int(layout.checked)
        assert len(layout.prefix) + layout.item_digits + check + layout.value_digits == 12
