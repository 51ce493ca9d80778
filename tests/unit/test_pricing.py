"""Price arithmetic by example."""

from decimal import Decimal

import pytest

from tradewind.contracts.pricing import Adjustment, QuoteLine, TaxLine, TaxQuote
from tradewind.pricing.rules import SHIPPING, Priced, Rate, Sourced, acceptable, adjust, price


def line(
    unit: int, quantity: int = 1, line_id: str = "a", tax_class: str = "standard"
) -> QuoteLine:
    return QuoteLine(
        line_id=line_id,
        sku=line_id.upper(),
        kind="physical",
        tax_class=tax_class,
        quantity=quantity,
        unit_price=unit,
        subtotal=unit * quantity,
    )


def rate(percent: str, *, on_shipping: bool = False, tax_class: str = "standard") -> Rate:
    fraction = Decimal(percent) / 100
    return Rate(name="Tax", rate=fraction, tax_class=tax_class, on_shipping=on_shipping)


def change(amount: int, line_id: str = "a") -> Sourced:
    return Sourced("club", "price", Adjustment(line_id=line_id, code="c", title="t", amount=amount))


def test_the_total_that_never_got_paid_elsewhere_is_exact() -> None:
    priced = price([line(2499)], 644, [], [rate("10.75")], inclusive=False)
    assert (priced.tax_total, priced.total) == (269, 3412)


def test_exclusive_tax_is_added_and_inclusive_tax_is_contained() -> None:
    added = price([line(10_000)], 0, [], [rate("16")], inclusive=False)
    contained = price([line(11_600)], 0, [], [rate("16")], inclusive=True)
    assert (added.tax_total, added.total) == (1600, 11_600)
    assert (contained.tax_total, contained.total) == (1600, 11_600)


def test_two_taxes_in_one_gross_price_share_it() -> None:
    priced = price([line(12_000)], 0, [], [rate("15"), rate("5")], inclusive=True)
    assert [entry.amount for entry in priced.adjustments] == [1500, 500]


@pytest.mark.parametrize(("rounding", "tax"), [("line", 100), ("unit", 99)])
def test_the_region_says_whether_units_or_lines_are_rounded(rounding: str, tax: int) -> None:
    by: Priced
    if rounding == "unit":
        by = price([line(334, 3)], 0, [], [rate("10")], inclusive=False, rounding="unit")
    else:
        by = price([line(334, 3)], 0, [], [rate("10")], inclusive=False, rounding="line")
    assert by.tax_total == tax


def test_tax_is_due_on_delivery_where_the_rate_says_so() -> None:
    with_it = price([line(1000)], 500, [], [rate("10", on_shipping=True)], inclusive=False)
    without = price([line(1000)], 500, [], [rate("10")], inclusive=False)
    assert (with_it.shipping_tax, with_it.total) == (50, 1650)
    assert (without.shipping_tax, without.total) == (0, 1600)


def test_a_discount_lowers_the_tax_and_never_goes_below_nothing() -> None:
    some = price([line(1000)], 0, [change(-500)], [rate("10")], inclusive=False)
    all_of_it = price([line(1000)], 0, [change(-5000)], [rate("10")], inclusive=False)
    assert (some.discount_total, some.tax_total, some.total) == (500, 50, 550)
    assert (all_of_it.discount_total, all_of_it.total) == (1000, 0)
    assert all_of_it.adjustments[0].amount == -1000


def test_a_surcharge_raises_the_lines_subtotal_and_says_who_asked_for_it() -> None:
    priced = price([line(1000)], 0, [change(200)], [], inclusive=False)
    assert (priced.subtotal, priced.discount_total, priced.total) == (1200, 0, 1200)
    assert (priced.adjustments[0].source, priced.adjustments[0].line_id) == ("club", "a")


def test_free_delivery_is_written_on_the_delivery() -> None:
    priced = price([line(1000)], 500, [change(-900, SHIPPING)], [], inclusive=False)
    assert (priced.shipping_total, priced.discount_total, priced.total) == (0, 0, 1000)
    [entry] = priced.adjustments
    assert (entry.kind, entry.line_id, entry.amount) == ("shipping", None, -500)


def test_an_adjustment_of_a_line_that_is_not_there_is_left_out_and_flagged() -> None:
    adjusted = adjust([line(1000)], 0, [change(-1, "nowhere")])
    assert adjusted.flags == ["adjustment_unknown_line:club"]
    assert adjusted.adjustments == []


def test_a_rate_of_another_class_does_not_apply() -> None:
    lines = [line(1000), line(1000, line_id="b", tax_class="reduced")]
    priced = price(lines, 0, [], [rate("10")], inclusive=False)
    assert [one.tax for one in priced.lines] == [100, 0]


@pytest.mark.parametrize(
    "tax",
    [
        TaxLine(line_id="nowhere", name="Tax", rate=Decimal("0.1"), amount=1),
        TaxLine(line_id="a", name="Tax", rate=Decimal("0.1"), amount=-1),
        TaxLine(line_id="a", name="Tax", rate=Decimal(16), amount=1),
    ],
)
def test_nonsense_of_a_tax_plugin_is_not_believed(tax: TaxLine) -> None:
    good = TaxLine(line_id="a", name="Tax", rate=Decimal("0.1"), amount=100)
    assert acceptable(TaxQuote(lines=[good]), [line(1000)])
    assert not acceptable(TaxQuote(lines=[good, tax]), [line(1000)])


@pytest.mark.parametrize(("gross", "tax"), [(14, 2), (42, 5), (70, 8)])
def test_half_a_cent_of_contained_tax_is_exactly_half(gross: int, tax: int) -> None:
    priced = price([line(gross)], 0, [], [rate("12")], inclusive=True)
    assert priced.tax_total == tax
