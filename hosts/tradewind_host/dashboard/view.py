"""Orders in words and figures, as the dashboard shows them. Pure: nothing is read here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tradewind.cases.service import Case
from tradewind.contracts.pricing import Address
from tradewind.customers.countries import country_name
from tradewind.orders.rules import Order
from tradewind_host.dashboard import words

_SUMS = frozenset(("asked", "captured"))


class Row(NamedTuple):
    """An order in the list."""

    order: Order
    who: str
    when: str
    total: str


class Figure(NamedTuple):
    """One of the sums below the lines."""

    label: str
    amount: str
    strong: bool


class Place(NamedTuple):
    """An address with its heading."""

    title: str
    rows: Sequence[str]


def row(order: Order, zone: ZoneInfo) -> Row:
    """An order as one row."""
    who = order.name or order.email or order.phone or "Unknown"
    return Row(order, who, words.when(order.created_at, zone), order.money(order.total).text())


def figures(order: Order) -> list[Figure]:
    """The sums, down to what is still due; those that are zero and say nothing are left out."""
    taxed = f"Tax{' (included)' if order.tax_inclusive else ''}"
    rows = [
        ("Subtotal", order.subtotal, order.subtotal != order.total),
        ("Discount", -order.discount_total, bool(order.discount_total)),
        ("Delivery", order.shipping_total, bool(order.shipping_total)),
        (taxed, order.tax_total, bool(order.tax_total)),
        ("Total", order.total, True),
        ("Paid", order.paid_total, bool(order.paid_total)),
        ("Refunded", order.refunded_total, bool(order.refunded_total)),
        ("Still due", order.due, bool(order.due and not order.closed)),
    ]
    strong = {"Total", "Still due"}
    return [
        Figure(label, order.money(amount).text(), label in strong)
        for label, amount, shown in rows
        if shown
    ]


def addresses(order: Order) -> list[Place]:
    """Where the order goes and who pays, each once."""
    places = [("Delivery address", order.shipping_address)]
    if order.billing_address != order.shipping_address:
        places.append(("Billing address", order.billing_address))
    return [Place(title, _rows(address)) for title, address in places if address is not None]


def _rows(address: Address) -> list[str]:
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    rows = (
        f"{address.first_name} {address.last_name}".strip(),
        address.company,
        address.address_1,
        address.address_2,
        ", ".join(part for part in (town, address.province) if part),
        country_name(address.country_code, "en"),
        address.phone,
    )
    return [one for one in rows if one]


def evidence(case: Case) -> list[tuple[str, str]]:
    """What a case goes by, as rows; money in the currency that it says itself, or the case's."""
    currency = case.evidence.get("currency")
    if not isinstance(currency, str) and case.kind != "currency_mismatch":
        currency = case.currency
    return flat({name: _shown(name, value, currency) for name, value in case.evidence.items()})


def _shown(name: str, value: Any, currency: Any) -> Any:
    if name in _SUMS and isinstance(value, int) and isinstance(currency, str):
        return words.money(value, currency)
    return value


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested values as rows of a dotted name and a text."""
    return list(_flat(values, prefix))


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            plain = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            yield f"{prefix}{name}", plain
