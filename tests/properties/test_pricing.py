"""Price arithmetic: whatever is in the cart, every figure adds up."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import get_args
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tradewind.catalog.rules import Rounding
from tradewind.contracts.money import allocate
from tradewind.contracts.pricing import Adjustment, QuoteLine, QuoteRequest
from tradewind.pricing.builtin import book_context, price_alone
from tradewind.pricing.rules import (
    PAID_WITH_CREDITS,
    SHIPPING,
    PriceBook,
    Priced,
    Promoted,
    Promotion,
    PromotionKind,
    PromotionRules,
    Rate,
    Sourced,
    TaxRate,
    credits_in,
    price,
    promote,
)

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


NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
REGION, TEA = UUID(int=1), UUID(int=2)
promotions = st.lists(
    st.builds(
        Promotion,
        id=st.integers(1, 99).map(lambda number: UUID(int=number)),
        title=st.just("t"),
        kind=st.sampled_from(get_args(PromotionKind)),
        value=st.decimals("0", "100", places=2),
        minimum=st.none() | st.integers(0, 10**8),
        stackable=st.booleans(),
        priority=st.integers(-2, 2),
        rules=st.builds(
            PromotionRules,
            skus=st.lists(st.sampled_from(["S0", "S1", "s2"]), max_size=2),
            category_ids=st.lists(st.just(TEA), max_size=1),
            buy=st.integers(1, 3),
            get=st.integers(1, 3),
            maximum=st.none() | st.integers(0, 10**6),
        ),
    ),
    max_size=5,
    unique_by=lambda promotion: promotion.id,
)
tax_rates = st.lists(
    st.builds(
        TaxRate,
        id=st.just(REGION),
        region_id=st.just(REGION),
        name=st.just("Tax"),
        rate=st.decimals("0", "33", places=6),
        tax_class=st.sampled_from(CLASSES),
        tax_shipping=st.booleans(),
    ),
    max_size=3,
)
books = st.builds(
    PriceBook,
    inclusive=st.booleans(),
    rounding=rounding,
    rates=tax_rates,
    promotions=promotions,
    credits=st.just(0) | st.integers(1, 40),
)
in_categories = st.tuples(lines, st.lists(st.booleans(), min_size=8, max_size=8)).map(
    lambda drawn: [
        msgspec.structs.replace(
            line,
            category_ids=[str(TEA)] if tea else [],
            kind=PAID_WITH_CREDITS if tea else line.kind,
        )
        for line, tea in zip(*drawn, strict=False)
    ]
)
carts = st.builds(
    QuoteRequest,
    cart_id=st.just(REGION),
    version=st.just(1),
    currency=st.just("KES"),
    region_id=st.just(REGION),
    tax_inclusive=st.just(False),
    lines=in_categories,
    shipping=money,
    address=st.none(),
    email=st.none(),
)


def quoted(request: QuoteRequest, book: PriceBook) -> Priced:
    return asyncio.run(price_alone(request, book_context(REGION, book, NOW)))


def given_off(promoted: Promoted) -> int:
    return -sum(entry.amount for entry in promoted.adjustments)


@given(carts, books)
def test_with_promotions_every_figure_adds_up_and_none_is_negative(
    request: QuoteRequest, book: PriceBook
) -> None:
    priced = quoted(request, book)
    check_sums(priced, inclusive=book.inclusive)
    figures = [figure for line in priced.lines for figure in msgspec.structs.astuple(line)[1:]]
    figures += [priced.total, priced.shipping_total, priced.shipping_tax]
    assert all(type(figure) is int and figure >= 0 for figure in figures)
    assert all(line.discount <= line.subtotal for line in priced.lines)


@given(carts, books)
def test_what_is_taken_off_a_line_is_what_its_promotions_say(
    request: QuoteRequest, book: PriceBook
) -> None:
    priced = quoted(request, book)
    promoted = promote(book.promotions, request, NOW)
    entries = [entry for entry in priced.adjustments if entry.kind == "promotion"]
    assert {entry.source for entry in entries} <= {"tradewind"}
    on_delivery = -sum(entry.amount for entry in entries if entry.line_id is None)
    assert on_delivery == request.shipping - priced.shipping_total
    paid = -sum(entry.amount for entry in priced.adjustments if entry.kind == "credit")
    assert priced.discount_total == given_off(promoted) - on_delivery + paid
    for outcome in promoted.outcomes:
        own = [e.amount for e in entries if e.reference == str(outcome.promotion.id)]
        assert outcome.amount == -sum(own)
        assert outcome.applied == bool(own)
        assert all(amount < 0 for amount in own)


@given(carts, books, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_of_promotions_changes_no_figure(
    request: QuoteRequest, book: PriceBook, chance: Random
) -> None:
    shuffled = list(request.lines)
    chance.shuffle(shuffled)
    other = quoted(
        msgspec.structs.replace(request, lines=shuffled),
        msgspec.structs.replace(book, promotions=book.promotions[::-1]),
    )
    priced = quoted(request, book)
    assert {line.line_id: line for line in priced.lines} == {
        line.line_id: line for line in other.lines
    }
    assert (priced.total, priced.tax_total) == (other.total, other.tax_total)


@given(carts, books)
def test_gross_prices_contain_their_tax(request: QuoteRequest, book: PriceBook) -> None:
    gross = msgspec.structs.replace(book, inclusive=True, rounding="line")
    priced = quoted(request, gross)
    assert all(line.tax <= line.total for line in priced.lines)
    assert priced.shipping_tax <= priced.shipping_total
    assert priced.total == priced.subtotal - priced.discount_total + priced.shipping_total


@given(carts, promotions)
def test_a_promotion_that_is_not_stackable_stands_alone(
    request: QuoteRequest, given_: list[Promotion]
) -> None:
    promoted = promote(given_, request, NOW)
    applied = [outcome.promotion for outcome in promoted.outcomes if outcome.applied]
    assert len(applied) <= 1 or all(promotion.stackable for promotion in applied)
    for outcome in promoted.outcomes:
        if outcome.reason == "excluded_by_other":
            assert applied
            assert not (outcome.promotion.stackable and all(one.stackable for one in applied))
        if outcome.promotion.rules.maximum is not None:
            assert outcome.amount <= outcome.promotion.rules.maximum


@given(carts, promotions, promotions)
def test_one_more_promotion_that_goes_with_the_others_never_raises_the_price(
    request: QuoteRequest, before: list[Promotion], more: list[Promotion]
) -> None:
    """Promotions for the whole cart, which all stack: one for some lines may shift others."""
    plain = PromotionRules()
    together = [
        msgspec.structs.replace(one, stackable=True, rules=plain)
        for one in before
        if one.kind != "buy_x_get_y"
    ]
    known = {one.id for one in together}
    added = [
        msgspec.structs.replace(one, stackable=True, rules=plain)
        for one in more[:1]
        if one.id not in known and one.kind != "buy_x_get_y"
    ]
    with_it = given_off(promote([*together, *added], request, NOW))
    assert with_it >= given_off(promote(together, request, NOW))


@given(carts, books)
def test_credits_pay_units_of_services_alone_and_no_more_than_there_are(
    request: QuoteRequest, book: PriceBook
) -> None:
    priced = quoted(request, book)
    without = quoted(request, msgspec.structs.replace(book, credits=0))
    entries = [entry for entry in priced.adjustments if entry.kind == "credit"]
    assert credits_in(entries) <= book.credits
    lines = {line.line_id: line for line in request.lines}
    before = {line.line_id: line for line in without.lines}
    for entry in entries:
        line, plain = lines[str(entry.line_id)], before[str(entry.line_id)]
        assert line.kind == PAID_WITH_CREDITS
        assert 1 <= int(entry.reference) <= line.quantity
        assert 0 < -entry.amount <= plain.subtotal - plain.discount
    assert priced.total <= without.total
    services = sum(line.quantity for line in request.lines if line.kind == PAID_WITH_CREDITS)
    if not book.promotions and all(line.unit_price for line in request.lines):
        assert credits_in(entries) == min(book.credits, services)


@given(carts, books)
def test_one_credit_more_never_costs_more(request: QuoteRequest, book: PriceBook) -> None:
    more = msgspec.structs.replace(book, credits=book.credits + 1)
    assert quoted(request, more).discount_total >= quoted(request, book).discount_total
