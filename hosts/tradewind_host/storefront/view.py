"""An order in words and figures, as the pages show it. Pure: nothing is read here."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from tradewind.carts.rules import Cart, CodeStanding
from tradewind.checkout.rules import has_physical
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.customers.countries import country_name
from tradewind.orders.rules import Order, TimelineEntry
from tradewind.payments.rules import PaymentSession
from tradewind.pricing.rules import LineAdjustment, credits_in
from tradewind_host.order_view import DownloadView
from tradewind_host.storefront.reading import Seen
from tradewind_host.storefront.texts import Words

EVENTS: Mapping[str, str] = {
    "order.created": "event.created",
    "order.placed": "event.placed",
    "order.completed": "event.completed",
    "order.canceled": "event.canceled",
    "order.expired": "event.expired",
    "fulfillment.shipped": "event.shipped",
    "fulfillment.delivered": "event.delivered",
}
"""Entries of an order's history that are the shopper's business; notes, for example, are not."""

REASONS: Mapping[str, str] = {
    "insufficient_funds": "failed.funds",
    "canceled": "failed.canceled",
    "customer_canceled": "failed.canceled",
    "declined_by_payer": "failed.canceled",
    "no_answer": "failed.no_answer",
    "timeout": "failed.no_answer",
    "expired": "failed.no_answer",
    "wrong_pin": "failed.pin",
    "invalid_phone": "failed.phone",
    "provider_fault": "failed.fault",
}
"""Why a payment came to nothing, by its code; a code that is not here was declined."""


WHY: Mapping[str, str] = {
    "not_started": "code.why.not_started",
    "expired": "code.why.expired",
    "exhausted": "code.why.exhausted",
    "used_up_by_shopper": "code.why.used_up_by_shopper",
    "other_currency": "code.why.other_currency",
    "other_region": "code.why.other_region",
    "minimum_not_reached": "code.why.minimum_not_reached",
    "nothing_eligible": "code.why.nothing_eligible",
    "excluded_by_other": "code.why.excluded_by_other",
}
"""Why a code takes nothing off."""


class Step(NamedTuple):
    """A step of the checkout; `path` below the shop leads back to one that is done."""

    label: str
    path: str
    here: bool


class File(NamedTuple):
    """A file to fetch; `url` is empty once that is over."""

    title: str
    url: str
    left: str


class Line(NamedTuple):
    """A line of the order; amounts are text."""

    title: str
    quantity: int
    each: str
    total: str
    discounts: Sequence["Figure"] = ()


class Code(NamedTuple):
    """A code on the cart: what it takes off, or why nothing."""

    code: str
    title: str
    told: str
    applied: bool


class Figure(NamedTuple):
    """One of the sums below the lines."""

    label: str
    amount: str
    strong: bool = False


class Happened(NamedTuple):
    """Something that became of the order."""

    at: datetime
    when: str
    what: str


class Parcel(NamedTuple):
    """Goods on their way; `url` is empty where they cannot be followed."""

    name: str
    url: str


class Headline(NamedTuple):
    """How the order is, in a sentence or two."""

    tone: Literal["good", "waits", "bad"]
    sentences: Sequence[str]


def lines(sold: Order | Cart, words: Words) -> list[Line]:
    """What was ordered, or is about to be."""
    return [
        Line(
            line.title,
            line.quantity,
            Money(line.unit_price, sold.currency).text(),
            Money(line.subtotal, sold.currency).text(),
            discounts(line.adjustments, sold.currency, words),
        )
        for line in sold.lines
    ]


def discounts(entries: Sequence[LineAdjustment], currency: str, words: Words) -> list[Figure]:
    """What was taken off a line, and why."""
    return [
        Figure(_title(entry, words), Money(entry.amount, currency).text())
        for entry in entries
        if entry.amount < 0
    ]


def _title(entry: LineAdjustment, words: Words) -> str:
    """Why something was taken off; credits are counted in the reader's language."""
    used = credits_in([entry])
    return credit_words(used, words) if used else entry.title


def credit_words(count: int, words: Words) -> str:
    """So many credits, at least one."""
    return words("credits.one" if count == 1 else "credits.other", n=count)


def codes(cart: Cart, words: Words) -> list[Code]:
    """The codes on a quoted cart, and what became of each."""
    return [_code(one, cart.currency, words) for one in cart.promotions]


def _code(one: CodeStanding, currency: str, words: Words) -> Code:
    if one.applied:
        told = Money(-one.amount, currency).text()
    elif one.missing:
        told = words("code.why.missing", amount=Money(one.missing, currency).text())
    else:
        told = words(WHY.get(one.reason or "", "code.why.other"))
    return Code(one.code, one.title, told, one.applied)


def figures(order: Order, words: Words) -> list[Figure]:
    """The sums, down to what is still due; those that are zero and say nothing are left out."""
    rows = [
        *_sums(order, included=order.tax_inclusive),
        ("order.paid_total", order.paid_total, bool(order.paid_total)),
        ("order.refunded_total", order.refunded_total, bool(order.refunded_total)),
        ("order.due", order.due, bool(order.paid_total and order.due and not order.closed)),
    ]
    return _figures(rows, order.currency, words)


def cart_figures(cart: Cart, words: Words) -> list[Figure]:
    """The sums of a quoted cart."""
    return _figures(_sums(cart, included=cart.region.tax_inclusive), cart.currency, words)


def _sums(sold: Order | Cart, *, included: bool) -> list[tuple[str, int, bool]]:
    """The sums by the keys of their texts, and whether each says anything."""
    taxed, sent = bool(sold.tax_total), sold.shipping_method is not None
    return [
        ("order.subtotal", sold.subtotal, sold.subtotal != sold.total or sent),
        ("order.discount", -sold.discount_total, bool(sold.discount_total)),
        ("order.shipping", sold.shipping_total, sent),
        ("order.tax", sold.tax_total, taxed and not included),
        ("order.total", sold.total, True),
        ("order.tax_included", sold.tax_total, taxed and included),
    ]


def _figures(rows: Sequence[tuple[str, int, bool]], currency: str, words: Words) -> list[Figure]:
    strong = {"order.total", "order.due"}
    return [
        Figure(words(key), _amount(key, Money(amount, currency), words), key in strong)
        for key, amount, shown in rows
        if shown
    ]


def _amount(key: str, amount: Money, words: Words) -> str:
    gift = key == "order.shipping" and not amount.amount
    return words("delivery.free") if gift else amount.text()


def undescribed(cart: Cart) -> bool:
    """Whether it is still to be told who buys, or where the goods go."""
    return not cart.email or (has_physical(cart) and cart.shipping_address is None)


def steps(here: Literal["details", "delivery", "pay"], cart: Cart, words: Words) -> list[Step]:
    """The steps of the checkout of a cart."""
    known = [("details", "/checkout"), ("delivery", "/checkout/delivery"), ("pay", "/pay")]
    shown = [one for one in known if one[0] != "delivery" or has_physical(cart)]
    done = [name for name, _ in shown].index(here)
    return [
        Step(words(f"step.{name}"), path if place < done else "", place == done)
        for place, (name, path) in enumerate(shown)
    ]


def history(seen: Seen, words: Words) -> list[Happened]:
    """What became of the order, oldest first, by the store's clock."""
    found = ((entry, _event(entry, words)) for entry in seen.timeline)
    return [
        Happened(entry.created_at, words.when(entry.created_at, seen.zone), what)
        for entry, what in found
        if what
    ]


def _event(entry: TimelineEntry, words: Words) -> str | None:
    if entry.type == "payment":
        return words.known(f"event.payment.{entry.detail.get('to')}")
    return words.known(EVENTS.get(entry.type, ""))


def parcels(seen: Seen) -> list[Parcel]:
    """What is on its way, and where it can be followed."""
    return [
        Parcel(
            " ".join(part for part in (one.carrier, one.tracking_number) if part),
            web_address(one.tracking_url),
        )
        for one in seen.shipments
        if one.status == "shipped"
    ]


def files(found: Sequence[DownloadView], seen: Seen, words: Words) -> list[File]:
    """What was bought to be fetched: where, how often still, until when."""
    return [
        File(
            one.title,
            one.url,
            words("order.file_left", count=one.left, date=words.when(one.expires_at, seen.zone)),
        )
        for one in found
    ]


def web_address(url: str) -> str:
    """The address if it leads to a page on the web, else nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname else ""


def address_lines(address: Address, words: Words) -> list[str]:
    """An address as it stands on a parcel."""
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    rows = (
        f"{address.first_name} {address.last_name}".strip(),
        address.company,
        address.address_1,
        address.address_2,
        ", ".join(part for part in (town, address.province) if part),
        country_name(address.country_code, words.language),
    )
    return [row for row in rows if row]


def headline(seen: Seen, words: Words) -> Headline:
    """How the order is."""
    if seen.order.closed or seen.lapsed:
        return Headline("bad", list(_closed(seen, words)))
    if seen.waits:
        return Headline("waits", list(_waiting(seen, words)))
    return Headline("good", list(_standing(seen.order, words)))


def _closed(seen: Seen, words: Words) -> Iterator[str]:
    order = seen.order
    yield words("order.canceled" if order.status == "canceled" else "order.expired")
    if order.refunded_total:
        yield words("order.refunded", amount=order.money(order.refunded_total).text())
    yield words("order.returned")


def _waiting(seen: Seen, words: Words) -> Iterator[str]:
    if seen.in_part:
        yield in_part(seen, words)
        return
    yield words("order.confirming" if seen.live else "order.waits")
    if not seen.may_pay:
        yield words("order.link")


def _standing(order: Order, words: Words) -> Iterator[str]:
    if order.payment_status != "refunded":
        yield words("order.thanks")
    if order.refunded_total:
        yield words("order.refunded", amount=order.money(order.refunded_total).text())
    elif order.due:
        yield words("order.later", due=order.money(order.due).text())
    elif order.paid_total:
        yield words("order.paid")


def in_part(seen: Seen, words: Words) -> str:
    """That only part of the money has come."""
    order = seen.order
    paid, total = order.money(order.paid_total).text(), order.money(order.total).text()
    return words("pay.in_part", paid=paid, total=total, store=seen.store.name)


def failure(session: PaymentSession | None, error_code: str, words: Words) -> str:
    """Why an attempt to pay came to nothing; nothing when it did not."""
    if session is None or session.status not in {"failed", "expired"}:
        return ""
    code = session.status if session.status == "expired" else error_code
    return words(REASONS.get(code, "failed.declined"))


def patience(waited: timedelta) -> int:
    """Seconds until a page that waits looks again: often at first, then less and less."""
    if waited < timedelta(minutes=2):
        return 4
    return 10 if waited < timedelta(minutes=10) else 30
