"""Deliveries by weight: bands that are taken leave nothing open, and a cart has one price."""

from itertools import pairwise
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tradewind.contracts.pricing import QuoteLine
from tradewind.pricing.rules import (
    BuiltInShipping,
    ShippingRules,
    WeightBand,
    band_errors,
    price_by_weight,
)

prices = st.integers(0, 10**6)
seams = st.lists(st.integers(0, 10**6), min_size=2, max_size=8, unique=True).map(sorted)


@st.composite
def sound_bands(draw: st.DrawFn) -> list[WeightBand]:
    bounds = draw(seams)
    bands = [
        WeightBand(over_grams=over, up_to_grams=up_to, price=draw(prices))
        for over, up_to in pairwise(bounds)
    ]
    if draw(st.booleans()):
        bands[-1] = msgspec.structs.replace(bands[-1], up_to_grams=None)
    return bands


any_bands = st.lists(
    st.builds(
        WeightBand,
        price=prices,
        over_grams=st.integers(-2, 12),
        up_to_grams=st.none() | st.integers(-2, 12),
    ),
    max_size=5,
)


def option(bands: list[WeightBand], price: int = 777) -> BuiltInShipping:
    return BuiltInShipping(
        id=UUID(int=1),
        region_id=UUID(int=2),
        name="Parcel",
        price=price,
        estimate="",
        rules=ShippingRules(weight_bands=bands),
        position=0,
    )


def line(grams: int | None, quantity: int = 1, kind: str = "physical") -> QuoteLine:
    return QuoteLine(
        line_id=f"{grams}-{quantity}-{kind}",
        sku="A",
        kind=kind,
        tax_class="standard",
        quantity=quantity,
        unit_price=1,
        subtotal=quantity,
        weight_grams=grams,
    )


def holding(bands: list[WeightBand], grams: int) -> list[WeightBand]:
    """The bands that hold for a weight, as one reads them."""
    return [
        band
        for band in bands
        if (band.over_grams < grams or band.over_grams == grams == 0)
        and (band.up_to_grams is None or grams <= band.up_to_grams)
    ]


@given(bands=sound_bands(), grams=st.integers(0, 11 * 10**5))
def test_a_weight_from_the_first_band_to_the_last_has_the_price_of_its_one_band(
    bands: list[WeightBand], grams: int
) -> None:
    assert not band_errors("bands", bands)
    found = price_by_weight(option(bands), [line(grams)])
    within = holding(bands, grams)
    assert len(within) <= 1
    assert found == (within[0].price if within else None)
    last = bands[-1].up_to_grams
    inside = bands[0].over_grams < grams and (last is None or grams <= last)
    assert bool(within) == (inside or grams == bands[0].over_grams == 0)


@given(bands=any_bands)
def test_bands_that_are_taken_leave_no_gap_and_never_meet(bands: list[WeightBand]) -> None:
    if band_errors("bands", bands):
        broken = [
            one.over_grams < 0
            or (one.up_to_grams is not None and one.up_to_grams <= one.over_grams)
            for one in bands
        ]
        seams = [one.up_to_grams != two.over_grams for one, two in pairwise(bands)]
        assert any(broken) or any(seams)
        return
    covered = [len(holding(bands, grams)) for grams in range(1, 15)]
    assert set(covered) <= {0, 1}
    edges = [place for place, (a, b) in enumerate(pairwise(covered)) if a != b]
    assert len(edges) <= 2  # nothing, then covered without a gap, then nothing


@given(
    bands=sound_bands(),
    goods=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 50)), min_size=1, max_size=6),
)
def test_only_the_sum_of_the_weights_counts(
    bands: list[WeightBand], goods: list[tuple[int, int]]
) -> None:
    apart = [line(grams, quantity) for grams, quantity in goods]
    whole = sum(grams * quantity for grams, quantity in goods)
    together = price_by_weight(option(bands), [line(whole)])
    assert price_by_weight(option(bands), apart) == together
    assert price_by_weight(option(bands), apart[::-1]) == together
    light = [*apart, line(None, kind="digital"), line(None, kind="service")]
    assert price_by_weight(option(bands), light) == together


@given(bands=sound_bands(), known=st.integers(0, 11 * 10**5))
def test_an_unknown_weight_has_the_own_price_and_never_makes_a_heavy_cart_light(
    bands: list[WeightBand], known: int
) -> None:
    heaviest = bands[-1].up_to_grams
    too_heavy = heaviest is not None and known > heaviest
    found = price_by_weight(option(bands), [line(known), line(None)])
    assert found == (None if too_heavy else 777)


def test_without_bands_the_weight_does_not_matter() -> None:
    for grams in (None, 0, 10**9):
        assert price_by_weight(option([]), [line(grams)]) == 777
