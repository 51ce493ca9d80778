"""Whatever doors let in, a cart's figures fit into a bigint."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradewind.carts.rules import LARGEST_LINE, MOST_LINES, MOST_PER_LINE, fits
from tradewind.catalog.rules import LARGEST_AMOUNT, Rounding
from tradewind.contracts.pricing import Adjustment, QuoteLine
from tradewind.pricing.rules import Rate, Sourced, price

LARGEST = 2**63 - 1
prices = st.integers(0, LARGEST_AMOUNT) | st.just(LARGEST_AMOUNT)
quantities = st.integers(1, MOST_PER_LINE) | st.just(MOST_PER_LINE)


def most_of(unit: int, wanted: int) -> int:
    """As many units as the doors let in."""
    return min(wanted, LARGEST_LINE // unit if unit else wanted)


@given(unit=prices, wanted=quantities)
def test_so_many_fit_and_one_more_does_not(unit: int, wanted: int) -> None:
    most = most_of(unit, wanted)
    assert fits(unit, most)
    assert most == wanted or not fits(unit, most + 1)


@given(
    unit=prices,
    wanted=quantities,
    shipping=st.integers(0, LARGEST_AMOUNT),
    surcharge=st.integers(0, LARGEST * 2),
    rates=st.lists(st.decimals("0", "0.999999", places=6), max_size=16),
    rounding=st.sampled_from(["unit", "line"]),
    inclusive=st.booleans(),
)
def test_a_full_cart_of_the_dearest_lines_with_sixteen_taxes_fits(
    *,
    unit: int,
    wanted: int,
    shipping: int,
    surcharge: int,
    rates: list[Decimal],
    rounding: Rounding,
    inclusive: bool,
) -> None:
    quantity = most_of(unit, wanted)
    line = QuoteLine(
        line_id="l",
        sku="S",
        kind="physical",
        tax_class="standard",
        quantity=quantity,
        unit_price=unit,
        subtotal=unit * quantity,
    )
    taxes = [Rate(name="T", rate=one, tax_class="standard", on_shipping=True) for one in rates]
    more = Adjustment(line_id="l", code="c", title="t", amount=surcharge)
    dearer = Adjustment(line_id="shipping", code="c", title="t", amount=surcharge)
    given = [Sourced("p", "price", more), Sourced("p", "price", dearer)]
    priced = price([line], shipping, given, taxes, inclusive=inclusive, rounding=rounding)
    # Lines are priced each by itself: 500 of them come to 500 times one.
    one, delivery = priced.lines[0], priced.shipping_total + priced.shipping_tax
    assert MOST_LINES * one.total + delivery <= LARGEST
    assert MOST_LINES * one.tax + priced.shipping_tax <= LARGEST
    assert one.subtotal <= LARGEST_LINE
