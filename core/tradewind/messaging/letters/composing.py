"""What a letter says: from the facts of an order to a subject, a text and a page. No I/O."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from unicodedata import category

import msgspec

from tradewind.contracts.channel import Email
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.customers.countries import country_name
from tradewind.messaging.letters.drawing import Button, Figure, Item, Letter, Section, draw
from tradewind.messaging.letters.rules import Kind
from tradewind.messaging.letters.texts import Phrases
from tradewind.orders.rules import Order


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a shipment."""

    carrier: str = ""
    number: str = ""
    url: str = ""


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be fetched until `until`."""

    title: str
    url: str
    until: datetime


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What letters about an order are made of.

    `at` is when the event happened; `amount` the money it alone is about. `method` is how the
    order is paid, `instructions` what the payer was told to do.
    """

    store: str
    locale: str
    time_zone: str
    order: Order
    order_url: str
    pay_url: str
    at: datetime
    amount: Money
    method: str = ""
    instructions: str = ""
    parcel: Parcel = Parcel()
    files: Sequence[Fetch] = ()


def compose(kind: Kind, facts: Facts) -> Email:
    """A letter, in the order's language or else the store's."""
    order, words = facts.order, Phrases(facts.order.locale, facts.locale)
    store, number = one_line(facts.store), str(order.number)
    date = words.date(facts.at, facts.time_zone)
    amount = order.money(order.paid_total) if kind == "receipt" else facts.amount
    values = {"store": store, "number": number, "amount": amount.text(), "date": date}
    bodies = _BODIES[kind](words, facts)
    return draw(
        Letter(
            language=words.code,
            store=store,
            subject=words(f"{kind}.subject", **values),
            heading=words(f"{kind}.heading"),
            paragraphs=[*_hello(words, order), words(f"{kind}.text", **values), *bodies.more],
            title=words("order", number=number, date=_ordered(words, facts)),
            items=bodies.items,
            figures=bodies.figures,
            sections=bodies.sections,
            button=bodies.button or Button(words("button.order"), facts.order_url),
            footer=words("footer", **values),
        )
    )


def compose_code(words: Phrases, store: str, code: str, minutes: int) -> Email:
    """The letter with a sign-in code; the code is not in its subject, which others may see."""
    values = {"store": one_line(store), "minutes": minutes}
    return draw(
        Letter(
            language=words.code,
            store=one_line(store),
            subject=words("code.subject", **values),
            heading=words("code.heading"),
            paragraphs=[words("code.text", **values), words("code.note", **values)],
            code=code,
            footer=words("code.footer", **values),
        )
    )


def one_line(text: str) -> str:
    """Words of a merchant or shopper on one line, without what would end it or turn it around."""
    shown = (" " if category(one) in {"Cc", "Zl", "Zp"} else one for one in text)
    return " ".join("".join(one for one in shown if one not in _TURNING).split())


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of those behind them (Unicode, annex 9)."""


def _hello(words: Phrases, order: Order) -> list[str]:
    name = one_line(order.name or "")
    return [words("hello", name=name)] if name else []


def _ordered(words: Phrases, facts: Facts) -> str:
    return words.date(facts.order.placed_at or facts.order.created_at, facts.time_zone)


# --- each kind -----------------------------------------------------------------------------------


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of letter has besides its heading and first words."""

    more: Sequence[str] = ()
    items: Sequence[Item] = ()
    figures: Sequence[Figure] = ()
    sections: Sequence[Section] = ()
    button: Button | None = None


def _confirmation(words: Phrases, facts: Facts) -> _Body:
    return _Body(
        items=_items(words, facts.order),
        figures=_totals(words, facts.order),
        sections=[
            *_agreed(words, facts),
            *_payment(words, facts),
            *_delivery(words, facts),
            *_address(words, facts),
        ],
    )


def _receipt(words: Phrases, facts: Facts) -> _Body:
    order = facts.order
    return _Body(
        items=_items(words, order),
        figures=[*_totals(words, order), _figure(words, "paid", order.money(order.paid_total))],
        sections=_payment(words, facts),
    )


def _refund(words: Phrases, facts: Facts) -> _Body:
    order = facts.order
    shown = {"total": order.total, "paid": order.paid_total, "refunded": order.refunded_total}
    return _Body(figures=[_figure(words, key, order.money(n)) for key, n in shown.items()])


def _payment_failed(words: Phrases, facts: Facts) -> _Body:
    order = facts.order
    until = order.expires_at and words.date(order.expires_at, facts.time_zone)
    return _Body(
        more=[words("payment_failed.until", date=until)] if until else [],
        items=_items(words, order),
        figures=_totals(words, order),
        button=Button(words("button.pay"), facts.pay_url),
    )


def _no_longer(words: Phrases, facts: Facts) -> _Body:
    return _Body(items=_items(words, facts.order), figures=_totals(words, facts.order))


def _shipped(words: Phrases, facts: Facts) -> _Body:
    parcel = facts.parcel
    told = [one for one in map(one_line, (parcel.carrier, parcel.number)) if one]
    link = Button(words("button.track"), parcel.url) if is_web(parcel.url) else None
    section = Section(words("section.parcel"), told, link)
    return _Body(sections=[*([section] if told or link else []), *_address(words, facts)])


def _delivered(words: Phrases, facts: Facts) -> _Body:
    return _Body()


def _downloads(words: Phrases, facts: Facts) -> _Body:
    return _Body(
        sections=[
            Section(
                one_line(one.title),
                [words("downloads.until", date=words.date(one.until, facts.time_zone))],
                Button(words("button.download"), one.url),
            )
            for one in facts.files
        ]
    )


_BODIES: Mapping[Kind, Callable[[Phrases, Facts], _Body]] = {
    "confirmation": _confirmation,
    "receipt": _receipt,
    "refund": _refund,
    "payment_failed": _payment_failed,
    "canceled": _no_longer,
    "expired": _no_longer,
    "shipped": _shipped,
    "delivered": _delivered,
    "downloads": _downloads,
}


# --- parts ---------------------------------------------------------------------------------------


def is_web(url: str) -> bool:
    """Whether a link leads to a page and nowhere else; others could run a script."""
    return _WEB.fullmatch(url) is not None


_WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+", re.IGNORECASE)


def _items(words: Phrases, order: Order) -> list[Item]:
    return [
        Item(
            one_line(line.title),
            words("line", quantity=line.quantity, price=order.money(line.unit_price).text()),
            order.money(line.subtotal).text(),
        )
        for line in order.lines
    ]


def _figure(words: Phrases, key: str, money: Money) -> Figure:
    return Figure(words(f"total.{key}"), money.text(), strong=key == "total")


def _totals(words: Phrases, order: Order) -> list[Figure]:
    """From subtotal to total, as they add up; a tax that is included is told below."""
    money = order.money
    rows = [_figure(words, "subtotal", money(order.subtotal))]
    if order.discount_total:
        discount = money(order.discount_total).text()
        rows.append(Figure(words("total.discount"), f"-{discount}"))
    if order.shipping_method is not None:
        cost = money(order.shipping_total).text() if order.shipping_total else words("total.free")
        rows.append(Figure(words("total.delivery"), cost))
    tax = _figure(words, "tax_included" if order.tax_inclusive else "tax", money(order.tax_total))
    total = _figure(words, "total", money(order.total))
    if not order.tax_total:
        return [*rows, total]
    return [*rows, total, tax] if order.tax_inclusive else [*rows, tax, total]


def _payment(words: Phrases, facts: Facts) -> list[Section]:
    """How the order is paid, and what is still to be done for it."""
    order, told = facts.order, list[str]()
    if facts.method:
        told.append(_method(words, facts.method))
    if order.due == 0:
        if order.total:
            told.append(words("payment.paid", amount=order.money(order.total).text()))
    elif order.payment_status == "authorized":
        told.append(words("payment.authorized", amount=order.money(order.total).text()))
    elif facts.instructions:
        told += [one_line(line) for line in facts.instructions.splitlines() if line.strip()]
    else:
        told.append(words("payment.due", amount=order.money(order.due).text()))
    return [Section(words("section.payment"), told)] if told else []


def _method(words: Phrases, method: str) -> str:
    """What a way to pay is called; one of a country, as `mobile_money_gh`, by what it is one of."""
    parts = method.split("_")
    for count in range(len(parts), 0, -1):
        title = words.known(f"method.{'_'.join(parts[:count])}", "")
        if title:
            return title
    return one_line(" ".join(parts).capitalize())


def _agreed(words: Phrases, facts: Facts) -> list[Section]:
    told = [one_line(line) for line in facts.order.agreed]
    return [Section(words("section.agreed"), told)] if told else []


def _delivery(words: Phrases, facts: Facts) -> list[Section]:
    method = facts.order.shipping_method
    if method is None:
        return []
    told = [one_line(part) for part in (method.name, method.estimate) if part.strip()]
    return [Section(words("section.delivery"), told)]


def _address(words: Phrases, facts: Facts) -> list[Section]:
    address = facts.order.shipping_address
    return (
        [] if address is None else [Section(words("section.address"), _postal(address, words.code))]
    )


def _postal(address: Address, locale: str) -> list[str]:
    name = f"{address.first_name} {address.last_name}"
    place = " ".join(filter(None, (address.city, address.province, address.postal_code)))
    lines = [name, address.company, address.address_1, address.address_2, place]
    told = [one_line(line) for line in lines if line and line.strip()]
    return [*told, country_name(address.country_code, locale)]
