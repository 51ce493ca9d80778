"""The worked examples of docs/pricing.md are what the pipeline comes to."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID, uuid5

import msgspec
import pytest

from tests.docs.pages import ROOT
from tradewind.catalog.rules import Rounding
from tradewind.contracts.pricing import Address, QuoteLine, QuoteRequest
from tradewind.pricing.builtin import book_context, price_alone
from tradewind.pricing.rules import (
    BuiltInShipping,
    NotApplied,
    PriceBook,
    Priced,
    Promotion,
    PromotionKind,
    PromotionRules,
    ShippingRules,
    TaxRate,
    WeightBand,
    band_errors,
    options_of,
)

PAGE = (ROOT / "docs" / "pricing.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
REGION = UUID(int=1)
ROUNDINGS: Mapping[str, Rounding] = {"by line": "line", "by unit": "unit"}
KINDS: Mapping[str, tuple[str, PromotionKind]] = {
    r"([\d.]+)%": ("value", "percentage"),
    r"(\d+) off": ("value", "fixed"),
    r"free delivery": ("", "free_shipping"),
    r"buy (?P<buy>\d+) get (?P<get>\d+) at ([\d.]+)%": ("value", "buy_x_get_y"),
}


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table: what is asked, and the figures that it states."""

    number: int
    book: PriceBook
    request: QuoteRequest
    lines: Mapping[str, tuple[int, int, int, int]]
    figures: tuple[int, ...]


def category(name: str) -> UUID:
    return uuid5(REGION, name)


def line(text: str) -> QuoteLine:
    sku, amount, *more = text.split()
    unit, _, quantity = amount.partition("×")
    categories = [str(category(word)) for word in more if word.startswith("#")]
    weights = [int(word.removesuffix("g")) for word in more if re.fullmatch(r"\d+g", word)]
    known = {"service"} | {f"{grams}g" for grams in weights}
    classes = [word for word in more if not word.startswith("#") and word not in known]
    return QuoteLine(
        line_id=sku.lower(),
        sku=sku,
        kind="service" if "service" in more else "physical",
        tax_class=classes[0] if classes else "standard",
        quantity=int(quantity or 1),
        unit_price=int(unit),
        subtotal=int(unit) * int(quantity or 1),
        category_ids=categories,
        weight_grams=weights[0] if weights else None,
    )


def ways(text: str) -> list[BuiltInShipping]:
    """`700, to 1000g 500, above 900`: the option's own price and those of its bands."""
    own, *bands = text.split(", ")
    over, found = 0, []
    for band in bands:
        bound, price = re.fullmatch(r"(?:to (\d+)g|above) (\d+)", band).groups()  # type: ignore[union-attr]
        up_to = int(bound) if bound else None
        found.append(WeightBand(over_grams=over, up_to_grams=up_to, price=int(price)))
        over = up_to or 0
    assert not band_errors("bands", found)
    way = BuiltInShipping(
        id=REGION,
        region_id=REGION,
        name="Parcel",
        price=int(own),
        estimate="",
        rules=ShippingRules(weight_bands=found),
        position=0,
    )
    return [way]


def promotion(number: int, text: str, currency: str) -> Promotion:
    what, *more = text.split(", ")
    kind, value, rules = kind_of(what)
    fields: dict[str, Any] = {"currency": currency}
    for word in more:
        condition(word, fields, rules)
    return Promotion(
        id=UUID(int=number),
        title=text,
        kind=kind,
        value=value,
        rules=PromotionRules(**rules),
        **fields,
    )


def kind_of(what: str) -> tuple[PromotionKind, Decimal, dict[str, Any]]:
    for pattern, (has_value, kind) in KINDS.items():
        if found := re.fullmatch(pattern, what):
            named = {name: int(units) for name, units in found.groupdict().items()}
            return kind, Decimal(found[found.re.groups] if has_value else 0), named
    raise AssertionError(what)


def condition(word: str, fields: dict[str, Any], rules: dict[str, Any]) -> None:
    plain: dict[str, dict[str, Any]] = {
        "stacks": {"stackable": True},
        "ended": {"ends_at": NOW},
        "used up": {"usage_limit": 3, "used": 3},
    }
    if word in plain:
        fields.update(plain[word])
        return
    key, _, value = word.rpartition(" ")
    match key:
        case "from":
            fields["minimum"] = int(value)
        case "priority":
            fields["priority"] = int(value)
        case "only":
            fields["currency"] = value
        case "at most":
            rules["maximum"] = int(value)
        case "to":
            rules["country_codes"] = [value]
        case "on" if value.startswith("#"):
            rules["category_ids"] = [category(value)]
        case "on":
            rules["skus"] = [value]
        case _:
            raise AssertionError(word)


def tax(number: int, text: str) -> TaxRate:
    rate, *more = text.split(", ")
    zone = dict(word.split(" ") for word in more if word not in {"with delivery", "reduced"})
    return TaxRate(
        id=UUID(int=number),
        region_id=REGION,
        name=text,
        rate=Decimal(rate.removesuffix("%")),
        tax_class="reduced" if "reduced" in more else "standard",
        tax_shipping="with delivery" in more,
        country_code=zone.pop("country", None),
        province=zone.pop("province", None),
        postal_prefix=zone.pop("postal", None),
    )


def address(text: str) -> Address | None:
    if not text:
        return None
    country, province, postal_code = [*text.split(), None, None][:3]
    return Address(
        first_name="A",
        last_name="B",
        address_1="1 Road",
        city="Town",
        country_code=country or "",
        province=province,
        postal_code=postal_code,
    )


def parts(cell: str) -> list[str]:
    return [part for part in cell.split("; ") if part]


def figures_of(cell: str) -> dict[str, tuple[int, int, int, int]]:
    found = re.findall(r"(\w+): (\d+) - (\d+), (\d+), (\d+)", cell)
    assert len(found) == len(parts(cell))
    return {sku.lower(): (int(a), int(b), int(c), int(d)) for sku, a, b, c, d in found}


def example(row: str) -> Example:
    cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
    number, region, lines, promotions, delivery, taxes, to, each, *figures = cells
    currency, countries, mode, rounding = region.split(" · ")
    credit = [text for text in parts(promotions) if re.fullmatch(r"\d+ credits?", text)]
    others = [text for text in parts(promotions) if text not in credit]
    book = PriceBook(
        countries=countries.split(),
        inclusive={"on top": False, "contained": True}[mode],
        rounding=ROUNDINGS[rounding],
        rates=[tax(index, text) for index, text in enumerate(parts(taxes), 1)],
        promotions=[promotion(n, text, currency) for n, text in enumerate(others, 1)],
        credits=sum(int(text.split()[0]) for text in credit),
    )
    request = QuoteRequest(
        cart_id=UUID(int=2),
        version=1,
        currency=currency,
        region_id=REGION,
        tax_inclusive=book.inclusive,
        lines=[line(text) for text in parts(lines)],
        shipping=0,
        address=address(to),
        email=None,
    )
    if delivery:
        offered = options_of(msgspec.structs.replace(book, options=ways(delivery)), request)
        shipping = offered[0].price if offered else 0
        request = msgspec.structs.replace(request, shipping=shipping)
    return Example(
        number=int(number),
        book=book,
        request=request,
        lines=figures_of(each),
        figures=tuple(int(figure) for figure in figures),
    )


EXAMPLES = [example(row) for row in PAGE.splitlines() if re.match(r"\| \d+ \|", row)]


async def comes_to(one: Example, lines: Sequence[QuoteLine]) -> Priced:
    request = msgspec.structs.replace(one.request, lines=lines)
    return await price_alone(request, book_context(UUID(int=3), one.book, NOW))


def stated(priced: Priced) -> dict[str, tuple[int, int, int, int]]:
    return {
        line.line_id: (line.subtotal, line.discount, line.tax, line.total) for line in priced.lines
    }


def test_there_are_enough_examples_and_they_are_numbered() -> None:
    assert len(EXAMPLES) >= 40
    assert [one.number for one in EXAMPLES] == list(range(1, len(EXAMPLES) + 1))


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: f"row-{one.number}")
async def test_a_row_is_what_the_pipeline_comes_to(one: Example) -> None:
    for lines in (one.request.lines, one.request.lines[::-1]):
        priced = await comes_to(one, lines)
        assert stated(priced) == one.lines
        assert one.figures == (
            priced.subtotal,
            priced.discount_total,
            priced.shipping_total,
            priced.tax_total,
            priced.total,
        )


def test_a_row_with_a_wrong_figure_would_be_seen() -> None:
    wrong = example(PAGE[PAGE.index("| 1 |") :].splitlines()[0].replace("3412", "3411"))
    assert wrong.figures != EXAMPLES[0].figures


def test_the_total_that_was_never_paid_elsewhere_is_among_them() -> None:
    first = EXAMPLES[0]
    assert (first.request.lines[0].subtotal, first.request.shipping) == (2499, 644)
    assert first.book.rates[0].rate == Decimal("10.75")
    assert first.figures[-1] == 3412


def test_currencies_roundings_and_kinds_are_all_among_them() -> None:
    assert {"USD", "JPY", "KWD"} <= {one.request.currency for one in EXAMPLES}
    ways = {(one.book.inclusive, one.book.rounding) for one in EXAMPLES}
    assert ways == {(False, "line"), (False, "unit"), (True, "line"), (True, "unit")}
    kinds = {promotion.kind for one in EXAMPLES for promotion in one.book.promotions}
    assert kinds == set(get_args(PromotionKind))


def test_every_reason_why_a_promotion_is_not_applied_is_told_in_their_order() -> None:
    section = PAGE[PAGE.index("| reason |") : PAGE.index("When several hold")]
    assert re.findall(r"`(\w+)`", section) == list(get_args(NotApplied))
