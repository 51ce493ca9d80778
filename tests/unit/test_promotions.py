"""Which promotions a cart gets, by example."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tradewind.contracts.pricing import Address, QuoteLine, QuoteRequest
from tradewind.pricing.rules import (
    SHIPPING,
    Promoted,
    Promotion,
    PromotionRules,
    prices_change_at,
    promote,
)

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
REGION, OTHER = UUID(int=1), UUID(int=2)
TEA, CUPS = str(UUID(int=101)), str(UUID(int=102))
KENYA = Address(
    first_name="Asha", last_name="M", address_1="1 Moi Ave", city="Nairobi", country_code="ke"
)


def line(sku: str, unit: int, quantity: int = 1, category: str = TEA) -> QuoteLine:
    return QuoteLine(
        line_id=sku.lower(),
        sku=sku,
        kind="physical",
        tax_class="standard",
        quantity=quantity,
        unit_price=unit,
        subtotal=unit * quantity,
        category_ids=[category],
    )


def cart(*lines: QuoteLine, **more: Any) -> QuoteRequest:
    given: dict[str, Any] = {"shipping": 0, "address": None, "codes": [], **more}
    return QuoteRequest(
        cart_id=UUID(int=9),
        version=1,
        currency="KES",
        region_id=REGION,
        tax_inclusive=False,
        lines=lines,
        email=None,
        **given,
    )


def promotion(number: int = 1, **given: Any) -> Promotion:
    given = {"kind": "percentage", "value": "10", "title": f"Number {number}", **given}
    rules = {name: given.pop(name) for name in PromotionRules.__struct_fields__ if name in given}
    value = Decimal(given.pop("value"))
    return Promotion(id=UUID(int=number), value=value, rules=PromotionRules(**rules), **given)


def taken(promoted: Promoted) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in promoted.adjustments:
        found[entry.line_id] = found.get(entry.line_id, 0) - entry.amount
    return found


def reasons(promoted: Promoted) -> list[tuple[int, str | None]]:
    return [(one.promotion.id.int, one.reason) for one in promoted.outcomes]


def test_a_percentage_is_taken_off_each_line_and_says_where_it_comes_from() -> None:
    promoted = promote([promotion()], cart(line("A", 999), line("B", 1005)), NOW)
    assert taken(promoted) == {"a": 100, "b": 101}
    entry = promoted.adjustments[0]
    assert (entry.title, entry.code, entry.reference) == ("Number 1", "", str(UUID(int=1)))
    assert promoted.outcomes[0].amount == 201


def test_a_fixed_amount_is_spread_by_largest_remainder_and_never_more_than_the_lines() -> None:
    three = cart(line("A", 100), line("B", 100), line("C", 100))
    fixed = promotion(kind="fixed", value="100", currency="KES")
    assert taken(promote([fixed], three, NOW)) == {"a": 34, "b": 33, "c": 33}
    more = promotion(kind="fixed", value="5000", currency="KES")
    assert taken(promote([more], three, NOW)) == {"a": 100, "b": 100, "c": 100}


def test_ties_go_to_the_sku_that_sorts_first_however_the_lines_lie() -> None:
    fixed = promotion(kind="fixed", value="1", currency="KES")
    there, back = [line("A", 100), line("B", 100)], [line("B", 100), line("A", 100)]
    assert taken(promote([fixed], cart(*there), NOW)) == {"a": 1}
    assert taken(promote([fixed], cart(*back), NOW)) == {"a": 1}


def test_free_shipping_takes_what_the_delivery_costs() -> None:
    free = promotion(kind="free_shipping", value="0")
    assert taken(promote([free], cart(line("A", 100), shipping=300), NOW)) == {SHIPPING: 300}
    capped = promotion(kind="free_shipping", value="0", maximum=200)
    assert taken(promote([capped], cart(line("A", 100), shipping=300), NOW)) == {SHIPPING: 200}
    nothing = promote([free], cart(line("A", 100)), NOW)
    assert reasons(nothing) == [(1, "nothing_eligible")]


@pytest.mark.parametrize(("quantity", "free"), [(2, 0), (3, 1), (5, 1), (6, 2), (7, 2)])
def test_who_buys_two_gets_the_third_one_free(quantity: int, free: int) -> None:
    given = promotion(kind="buy_x_get_y", value="100", buy=2, get=1)
    assert taken(promote([given], cart(line("A", 250, quantity)), NOW)).get("a", 0) == free * 250


def test_the_cheapest_units_are_the_ones_given() -> None:
    given = promotion(kind="buy_x_get_y", value="50", buy=1, get=1)
    dear, cheap, middle = line("A", 900), line("C", 100, 2), line("B", 500)
    assert taken(promote([given], cart(dear, cheap, middle), NOW)) == {"c": 100}
    assert taken(promote([given], cart(middle, cheap, dear), NOW)) == {"c": 100}


def test_only_lines_of_the_named_skus_or_categories_are_eligible() -> None:
    request = cart(line("A", 1000), line("B", 1000, category=CUPS), line("C", 1000))
    assert taken(promote([promotion(skus=["a"])], request, NOW)) == {"a": 100}
    cups = promotion(category_ids=[UUID(CUPS)])
    assert taken(promote([cups], request, NOW)) == {"b": 100}
    both = promotion(skus=["C"], category_ids=[UUID(CUPS)])
    assert taken(promote([both], request, NOW)) == {"b": 100, "c": 100}
    none = promote([promotion(skus=["Z"])], request, NOW)
    assert reasons(none) == [(1, "nothing_eligible")]


def test_a_maximum_caps_the_whole_discount_and_keeps_the_proportions() -> None:
    request = cart(line("A", 1000), line("B", 3000))
    capped = promotion(value="50", maximum=1000, currency="KES")
    assert taken(promote([capped], request, NOW)) == {"a": 250, "b": 750}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"starts_at": NOW + DAY}, "not_started"),
        ({"ends_at": NOW}, "expired"),
        ({"usage_limit": 5, "used": 5}, "exhausted"),
        ({"limit_per_customer": 1, "used_by_shopper": 1}, "used_up_by_shopper"),
        ({"currency": "USD"}, "other_currency"),
        ({"region_ids": [OTHER]}, "other_region"),
        ({"country_codes": ["ug"]}, "other_region"),
        ({"minimum": 1001, "currency": "KES"}, "minimum_not_reached"),
    ],
)
def test_a_promotion_that_is_not_applied_says_why(given: dict[str, Any], reason: str) -> None:
    request = cart(line("A", 1000), address=KENYA)
    promoted = promote([promotion(**given)], request, NOW)
    assert reasons(promoted) == [(1, reason)]
    assert not promoted.adjustments


@pytest.mark.parametrize(
    "given",
    [
        {"starts_at": NOW},
        {"ends_at": NOW + DAY},
        {"usage_limit": 5, "used": 4},
        {"limit_per_customer": 2, "used_by_shopper": 1},
        {"currency": "KES"},
        {"region_ids": [OTHER, REGION]},
        {"country_codes": ["ke"]},
        {"minimum": 1000, "currency": "KES"},
    ],
)
def test_one_whose_conditions_are_just_met_is_applied(given: dict[str, Any]) -> None:
    promoted = promote([promotion(**given)], cart(line("A", 1000), address=KENYA), NOW)
    assert reasons(promoted) == [(1, None)]


def test_a_promotion_for_some_countries_waits_for_the_address() -> None:
    promoted = promote([promotion(country_codes=["ke"])], cart(line("A", 1000)), NOW)
    assert reasons(promoted) == [(1, "other_region")]


def test_a_promotion_with_a_code_waits_for_the_code_in_any_case() -> None:
    coded = promotion(code="Tea10")
    assert not promote([coded], cart(line("A", 1000)), NOW).outcomes
    promoted = promote([coded], cart(line("A", 1000), codes=[" tEA10 "]), NOW)
    assert (taken(promoted), promoted.adjustments[0].code) == ({"a": 100}, "Tea10")


def test_stackable_promotions_each_take_their_part_of_what_is_left() -> None:
    first, second = promotion(1, value="50", stackable=True), promotion(2, stackable=True)
    promoted = promote([second, first], cart(line("A", 1000)), NOW)
    assert [entry.amount for entry in promoted.adjustments] == [-500, -50]


def test_one_that_is_not_stackable_stands_alone() -> None:
    alone, other = promotion(1, priority=1), promotion(2, stackable=True)
    assert reasons(promote([other, alone], cart(line("A", 1000)), NOW)) == [
        (1, None),
        (2, "excluded_by_other"),
    ]
    late = promotion(3, priority=-1)
    assert reasons(promote([late, other], cart(line("A", 1000)), NOW)) == [
        (2, None),
        (3, "excluded_by_other"),
    ]


def test_one_that_gives_nothing_excludes_none() -> None:
    free, other = promotion(1, kind="free_shipping", priority=1), promotion(2)
    assert reasons(promote([free, other], cart(line("A", 1000)), NOW)) == [
        (1, "nothing_eligible"),
        (2, None),
    ]


def test_the_higher_priority_comes_first_and_then_the_older_promotion() -> None:
    given = [promotion(3, priority=5), promotion(2), promotion(1)]
    promoted = promote(given, cart(line("A", 1000)), NOW)
    assert [number for number, _ in reasons(promoted)] == [3, 1, 2]


def test_prices_change_with_the_next_beginning_or_end() -> None:
    given = [
        promotion(1, starts_at=NOW - DAY, ends_at=NOW + 3 * DAY),
        promotion(2, starts_at=NOW + 2 * DAY),
        promotion(3, ends_at=NOW),
    ]
    assert prices_change_at(given, NOW) == NOW + 2 * DAY
    assert prices_change_at(given[2:], NOW) is None
