"""Price arithmetic: whatever is in the cart, every figure adds up."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradewind.catalog.rules import Rounding
from tradewind.contracts.money import allocate
from tradewind.contracts.pricing import Adjustment, QuoteLine
from tradewind.pricing.rules import SHIPPING, Priced, Rate, Sourced, price

CLASSES = ("standard", "reduced")

lines = st.lists(
    st.builds(
        lambda quantity, unit, tax_class: (quantity, unit, tax_class),
        st.integers(1, 500),
        st.integers(0, 10**7),
        st.sampled_from(CLASSES),
    ),
    min_size=1,
    max_size=8,
).map(
    lambda drawn: [
        QuoteLine(
            line_id=f"l{index}",
            sku=f"S{index}",
            kind="physical",
            tax_class=tax_class,
            quantity=quantity,
            unit_price=unit,
            subtotal=quantity * unit,
        )
        for index, (quantity, unit, tax_class) in enumerate(drawn)
    ]
)
rates = st.lists(
    st.builds(
        Rate,
        name=st.just("Tax"),
        rate=st.decimals("0", "0.5", places=6),
        tax_class=st.sampled_from(CLASSES),
        on_shipping=st.booleans(),
    ),
    max_size=3,
)
adjustments = st.lists(
    st.builds(
        Sourced,
        st.just("plugin"),
        st.just("price"),
        st.builds(
            Adjustment,
            line_id=st.sampled_from(["l0", "l1", "l2", SHIPPING, "nowhere"]),
            code=st.just("c"),
            title=st.just("t"),
            amount=st.integers(-(10**8), 10**6),
        ),
    ),
    max_size=6,
)
money = st.integers(0, 10**6)
rounding = st.sampled_from(["unit", "line"])


def check_sums(priced: Priced, *, inclusive: bool) -> None:
    assert priced.subtotal == sum(line.subtotal for line in priced.lines)
    assert priced.discount_total == sum(line.discount for line in priced.lines)
    assert priced.tax_total == sum(line.tax for line in priced.lines) + priced.shipping_tax
    delivery = priced.shipping_total + (0 if inclusive else priced.shipping_tax)
    assert priced.total == sum(line.total for line in priced.lines) + delivery
    added = 0 if inclusive else priced.tax_total
    assert priced.total == priced.subtotal - priced.discount_total + priced.shipping_total + added


@given(
    lines=lines,
    shipping=money,
    given_=adjustments,
    rates=rates,
    inclusive=st.booleans(),
    rounding=rounding,
)
def test_lines_always_add_up_to_the_total(
    *,
    lines: list[QuoteLine],
    shipping: int,
    given_: list[Sourced],
    rates: list[Rate],
    inclusive: bool,
    rounding: Rounding,
) -> None:
    priced = price(lines, shipping, given_, rates, inclusive=inclusive, rounding=rounding)
    check_sums(priced, inclusive=inclusive)
    assert priced.total >= 0
    assert priced.discount_total >= 0
    assert all(0 <= line.discount <= line.subtotal for line in priced.lines)


@given(
    lines=lines,
    shipping=money,
    given_=adjustments,
    rates=rates,
    inclusive=st.booleans(),
    rounding=rounding,
)
def test_every_figure_of_a_line_is_explained_by_its_adjustments(
    *,
    lines: list[QuoteLine],
    shipping: int,
    given_: list[Sourced],
    rates: list[Rate],
    inclusive: bool,
    rounding: Rounding,
) -> None:
    priced = price(lines, shipping, given_, rates, inclusive=inclusive, rounding=rounding)
    for before, after in zip(lines, priced.lines, strict=True):
        own = [entry for entry in priced.adjustments if entry.line_id == before.line_id]
        prices = [entry.amount for entry in own if entry.kind != "tax"]
        assert after.discount == -sum(amount for amount in prices if amount < 0)
        assert after.subtotal == before.subtotal + sum(a for a in prices if a > 0)
        assert after.tax == sum(entry.amount for entry in own if entry.kind == "tax")
    delivery = [entry for entry in priced.adjustments if entry.line_id is None]
    changed = sum(entry.amount for entry in delivery if entry.kind == "shipping")
    assert priced.shipping_total == shipping + changed


@given(lines, rates, rounding)
def test_tax_in_a_gross_price_never_exceeds_it(
    lines: list[QuoteLine], rates: list[Rate], rounding: Rounding
) -> None:
    priced = price(lines, 0, [], rates, inclusive=True, rounding=rounding)
    assert priced.total == priced.subtotal
    for line, before in zip(priced.lines, lines, strict=True):
        applied = sum(1 for rate in rates if rate.tax_class == before.tax_class)
        assert 0 <= line.tax <= line.total + applied * before.quantity


@given(st.integers(0, 10**6), st.integers(1, 400), st.decimals("0", "0.9", places=4))
def test_rounding_by_unit_makes_each_unit_of_a_plain_line_equal(
    unit: int, quantity: int, rate: Decimal
) -> None:
    line = QuoteLine(
        line_id="l",
        sku="S",
        kind="physical",
        tax_class="standard",
        quantity=quantity,
        unit_price=unit,
        subtotal=unit * quantity,
    )
    rates = [Rate(name="Tax", rate=rate, tax_class="standard", on_shipping=False)]
    priced = price([line], 0, [], rates, inclusive=False, rounding="unit")
    assert priced.tax_total % quantity == 0


@given(
    st.integers(-(10**9), 10**9),
    st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 10**6), min_size=1, max_size=9),
)
def test_shares_of_an_amount_add_up_to_it(amount: int, weights: dict[str, int]) -> None:
    parts = allocate(amount, weights)
    assert sum(parts.values()) == amount
    assert set(parts) == set(weights)
    total = sum(weights.values())
    if total:
        for key, weight in weights.items():
            assert abs(parts[key] * total - amount * weight) < total
