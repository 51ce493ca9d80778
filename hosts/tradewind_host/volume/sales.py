"""Orders by number: what a store sold in a year, with lines, money, goods and history."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import NamedTuple
from uuid import UUID

import msgspec

from tradewind_host.volume.goods import Dated
from tradewind_host.volume.rows import (
    AdjustmentRow,
    CustomerRow,
    EventRow,
    FactRow,
    LineRow,
    MovementRow,
    OrderRow,
    PaymentRow,
    RefundRow,
    Row,
    ShipmentRow,
    TransferRow,
)

YEAR = timedelta(days=365)
PROVIDER = "manual"
CLEARING = f"provider:{PROVIDER}"
ACCOUNTS = ("sales", "refunds", CLEARING)
ORDERS_PER_CUSTOMER = 3
_Detail = Mapping[str, str | int]
_METHODS = ("cash_on_delivery", "bank_transfer")
_FIRST = (
    "Amina Baraka Chebet Daudi Esther Faraji Grace Hassan Imani Juma Kamau Lulu Mwende Njeri "
    "Otieno Pendo Rehema Salim Tatu Wanjiru Zuri Aisha Brian Claire Denis"
).split()
_LAST = "Otieno Mwangi Achieng Kiptoo Wambui Hassan Mutua Njoroge Odhiambo Kimani Said Abdi".split()
_STREETS = "Moi Avenue|Kenyatta Road|Biashara Street|Ngong Lane|Market Street".split("|")
_CITIES = "Nairobi Mombasa Kisumu Nakuru Eldoret Thika Malindi".split()
_CARRIERS = ("G4S", "Wells Fargo Courier", "Sendy")


class Article(NamedTuple):
    """A variant that may be sold. `price` is in minor units of the market's currency."""

    variant_id: UUID
    product_id: UUID
    sku: str
    title: str
    kind: str
    options: Mapping[str, str]
    tracked: bool
    tax_class: str
    price: int


class Market(NamedTuple):
    """Where is sold: a region with its tax and its delivery, and the books."""

    seed: int
    region_id: UUID
    currency: str
    country: str
    locale: str
    tax_inclusive: bool
    tax_name: str
    tax_rate: Decimal
    delivery: tuple[UUID, str, int] | None
    location: UUID
    accounts: Mapping[str, UUID]
    articles: Sequence[Article]
    now: datetime


class Fate(NamedTuple):
    """What became of an order."""

    status: str
    payment: str
    fulfillment: str
    refunded: int = 0


def operation_of(seed: int, number: int) -> str:
    """What the payment of an order goes by; two orders of a store never have the same."""
    return f"seed-{seed}-{number}"


def customer(market: Market, number: int) -> CustomerRow:
    """A customer; the same number is the same person."""
    lot = Random(f"{market.seed}:customer:{number}")
    first, last = lot.choice(_FIRST), lot.choice(_LAST)
    at = market.now - YEAR - timedelta(minutes=number % 10_000)
    return CustomerRow(
        id=Dated(lot)(at),
        name=f"{first} {last}",
        email=f"{first}.{last}.{market.seed}.{number}@example.com".lower(),
        phone=f"+2547{market.seed % 10}{number % 10_000_000:07d}",
        created_at=at,
        updated_at=at,
    )


def order(market: Market, number: int, shown: int, buyer: CustomerRow) -> Iterator[Row]:
    """An order with all that belongs to it; `shown` is the number that people type."""
    return _Sale(market, number, shown, buyer).rows()


class _Sale:
    """One order in the making."""

    def __init__(self, market: Market, number: int, shown: int, buyer: CustomerRow) -> None:
        self._market = market
        self._lot = Random(f"{market.seed}:order:{number}")
        self._operation = operation_of(market.seed, number)
        self._shown = shown
        self._buyer = buyer
        self._new_id = Dated(self._lot)
        # Newer days sell more; nothing is younger than an hour, which could still be on its way.
        age = YEAR * (1 - self._lot.random() ** 0.7) + timedelta(hours=1)
        self._at = market.now - age
        self._order_id = self._new_id(self._at)
        self._payment_id = self._new_id(self._at)
        self._lines = list(self._sold())
        self._total = sum(line.total for line in self._lines) + self._delivery
        self._fate = self._drawn(age)
        if self._gone:
            left = msgspec.structs.replace
            self._lines = [left(line, fulfilled=line.quantity) for line in self._lines]

    def rows(self) -> Iterator[Row]:
        """Everything, the order first."""
        yield self._order()
        yield from self._lines
        yield from self._taxes()
        yield from self._history()
        yield from self._money()
        yield from self._goods()

    @property
    def _delivery(self) -> int:
        touched = any(line.kind == "physical" for line in self._lines)
        return self._market.delivery[2] if touched and self._market.delivery else 0

    @property
    def _paid(self) -> bool:
        return self._fate.payment in {"paid", "partially_refunded", "refunded"}

    @property
    def _gone(self) -> bool:
        return self._fate.fulfillment in {"shipped", "delivered"}

    def _drawn(self, age: timedelta) -> Fate:
        drawn = self._lot.random()
        if drawn < 0.10:
            off = "canceled" if drawn < 0.06 else "expired"
            return Fate(off, "awaiting", "unfulfilled")
        if age < timedelta(days=4):
            return Fate("processing", self._lot.choice(("paid", "awaiting")), "unfulfilled")
        if drawn < 0.12:
            return Fate("processing", "awaiting", "shipped")
        arrived = "delivered" if age > timedelta(days=10) else "shipped"
        back = self._given_back(drawn)
        if not back:
            return Fate("completed", "paid", arrived)
        whole = back == self._total
        return Fate("completed", "refunded" if whole else "partially_refunded", arrived, back)

    def _given_back(self, drawn: float) -> int:
        """All of it, or the first line, or nothing."""
        if drawn < 0.15:
            return self._total
        return self._lines[0].total if drawn < 0.18 else 0

    def _sold(self) -> Iterator[LineRow]:
        number = self._lot.choices((1, 2, 3, 4, 6), (50, 25, 13, 8, 4))[0]
        chosen: dict[UUID, Article] = {}
        for _ in range(number):
            # A few articles sell most.
            place = int(len(self._market.articles) * self._lot.random() ** 3)
            one = self._market.articles[place]
            chosen[one.variant_id] = one
        for position, one in enumerate(chosen.values()):
            yield self._line(position, one, self._lot.choices((1, 2, 3, 5), (70, 20, 7, 3))[0])

    def _line(self, position: int, one: Article, quantity: int) -> LineRow:
        subtotal = one.price * quantity
        tax = self._tax(subtotal)
        return LineRow(
            id=self._new_id(self._at),
            order_id=self._order_id,
            position=position,
            variant_id=one.variant_id,
            product_id=one.product_id,
            sku=one.sku,
            title=one.title,
            kind=one.kind,
            options=one.options,
            tax_class=one.tax_class,
            tracked=one.tracked,
            quantity=quantity,
            unit_price=one.price,
            subtotal=subtotal,
            tax=tax,
            total=subtotal + (0 if self._market.tax_inclusive else tax),
            fulfilled=0,
            metadata={"location_id": str(self._market.location)} if one.tracked else {},
        )

    def _tax(self, subtotal: int) -> int:
        rate = self._market.tax_rate / 100
        share = rate / (1 + rate) if self._market.tax_inclusive else rate
        return int((subtotal * share).quantize(Decimal(1), ROUND_HALF_UP))

    def _order(self) -> OrderRow:
        fate, market, buyer = self._fate, self._market, self._buyer
        subtotal = sum(line.subtotal for line in self._lines)
        stands = fate.status not in {"canceled", "expired"}
        address = self._address()
        done = self._moment(2)
        return OrderRow(
            id=self._order_id,
            number=self._shown,
            customer_id=buyer.id,
            region_id=market.region_id,
            source=self._lot.choices(("web", "whatsapp"), (55, 45))[0],
            status=fate.status,
            payment_status=fate.payment,
            fulfillment_status=fate.fulfillment,
            currency=market.currency,
            locale=market.locale,
            name=buyer.name,
            email=buyer.email,
            phone=buyer.phone,
            shipping_address=address,
            billing_address=address,
            shipping_method=self._shipping_method(),
            tax_inclusive=market.tax_inclusive,
            subtotal=subtotal,
            shipping_total=self._delivery,
            tax_total=sum(line.tax for line in self._lines),
            total=self._total,
            paid_total=self._total if self._paid else 0,
            refunded_total=fate.refunded,
            version=len(self._entries()),
            placed_at=None if fate.status == "expired" else self._at,
            canceled_at=None if stands or fate.status == "expired" else self._moment(1),
            completed_at=done if fate.status == "completed" else None,
            created_at=self._at,
            updated_at=done if stands else self._moment(1),
        )

    def _moment(self, step: int) -> datetime:
        """When the order was taken, paid for (1), sent (2), arrived (3) or given back (4)."""
        hours = (0, 0.5, 26, 74, 120)[step]
        later: datetime = self._at + timedelta(hours=hours)
        return min(later, self._market.now)

    def _address(self) -> Mapping[str, str]:
        first, _, last = self._buyer.name.partition(" ")
        home = Random(self._buyer.email)
        return {
            "first_name": first,
            "last_name": last,
            "address_1": f"{home.randint(1, 200)} {home.choice(_STREETS)}",
            "city": home.choice(_CITIES),
            "country_code": self._market.country,
            "phone": self._buyer.phone,
        }

    def _shipping_method(self) -> Mapping[str, str | int] | None:
        delivery = self._market.delivery
        if not self._delivery or delivery is None:
            return None
        return {"option_id": str(delivery[0]), "name": delivery[1], "amount": delivery[2]}

    def _taxes(self) -> Iterator[AdjustmentRow]:
        for line in self._lines:
            if line.tax:
                yield AdjustmentRow(
                    id=self._new_id(self._at),
                    order_id=self._order_id,
                    line_id=line.id,
                    kind="tax",
                    source="tradewind",
                    title=self._market.tax_name,
                    rate=str(self._market.tax_rate),
                    amount=line.tax,
                )

    def _entries(self) -> Sequence[tuple[int, str, str, _Detail]]:
        """The history: step, type, actor, detail."""
        fate, total = self._fate, self._total
        begun = "order.created" if fate.status == "expired" else "order.placed"
        entries: list[tuple[int, str, str, _Detail]] = [(0, begun, "shopper", {"total": total})]
        if fate.status in {"canceled", "expired"}:
            entries.append((1, f"order.{fate.status}", "seed", {}))
        if self._paid:
            paid: _Detail = {"from": "awaiting", "to": "paid", "paid_total": total}
            entries.append((1, "payment", "merchant", paid))
        if self._gone:
            entries.append((2, "fulfillment.shipped", "seed", {}))
        if fate.status == "completed":
            entries.append((2, "order.completed", "tradewind", {}))
        if fate.refunded:
            back: _Detail = {"from": "paid", "to": fate.payment, "paid_total": total}
            entries.append((4, "payment", "merchant", back))
        return entries

    def _history(self) -> Iterator[EventRow]:
        for sequence, (step, kind, actor, detail) in enumerate(self._entries(), 1):
            at = self._moment(step)
            yield EventRow(
                id=self._new_id(at),
                order_id=self._order_id,
                sequence=sequence,
                type=kind,
                detail=detail,
                actor=actor,
                created_at=at,
            )

    def _money(self) -> Iterator[Row]:
        fate, at = self._fate, self._moment(1)
        captured = self._total if self._paid else 0
        yield PaymentRow(
            id=self._payment_id,
            order_id=self._order_id,
            provider=PROVIDER,
            method=self._lot.choice(_METHODS),
            status=fate.payment,
            currency=self._market.currency,
            amount=self._total,
            captured=captured,
            refunded=fate.refunded,
            operation_id=self._operation,
            version=1 + bool(captured) + bool(fate.refunded),
            created_at=self._at,
            updated_at=at,
        )
        if captured:
            yield self._fact("capture", captured, at)
            yield self._transfer("capture", CLEARING, "sales", captured, 2, at)
        if fate.refunded:
            at = self._moment(4)
            yield self._refund(fate.refunded, at)
            yield self._fact("refund", fate.refunded, at)
            yield self._transfer("refund", "refunds", CLEARING, fate.refunded, 3, at)

    def _fact(self, kind: str, amount: int, at: datetime) -> FactRow:
        return FactRow(
            id=self._new_id(at),
            payment_id=self._payment_id,
            kind=kind,
            object_id=f"{self._operation}-{kind}",
            currency=self._market.currency,
            amount=amount,
            occurred_at=at,
            received_at=at,
        )

    def _transfer(
        self, kind: str, debit: str, credit: str, amount: int, version: int, at: datetime
    ) -> TransferRow:
        return TransferRow(
            id=self._new_id(at),
            debit_account_id=self._market.accounts[debit],
            credit_account_id=self._market.accounts[credit],
            currency=self._market.currency,
            amount=amount,
            kind=kind,
            dedupe_key=f"{kind}:{self._payment_id}:{version}",
            payment_id=self._payment_id,
            order_id=self._order_id,
            occurred_at=at,
            created_at=at,
        )

    def _refund(self, amount: int, at: datetime) -> RefundRow:
        name = f"{self._operation}-refund"
        return RefundRow(
            id=self._new_id(at),
            payment_id=self._payment_id,
            order_id=self._order_id,
            operation_id=name,
            provider_ref=name,
            currency=self._market.currency,
            amount=amount,
            reason="Did not fit",
            actor="seed",
            request_id=name,
            object_id=f"{self._operation}-capture",
            created_at=at,
            updated_at=at,
        )

    def _goods(self) -> Iterator[Row]:
        off = self._fate.status in {"canceled", "expired"}
        for line in self._lines:
            if line.tracked:
                yield self._moved(line, "reserved", 0, line.quantity, 0)
                if off:
                    yield self._moved(line, "released", 0, -line.quantity, 1)
                if self._gone:
                    yield self._moved(line, "consumed", -line.quantity, -line.quantity, 2)
        if self._gone:
            yield self._shipment()

    def _moved(
        self, line: LineRow, kind: str, on_hand: int, reserved: int, step: int
    ) -> MovementRow:
        at = self._moment(step)
        return MovementRow(
            id=self._new_id(at),
            variant_id=line.variant_id,
            location_id=self._market.location,
            kind=kind,
            on_hand=on_hand,
            reserved=reserved,
            order_id=self._order_id,
            created_at=at,
        )

    def _shipment(self) -> ShipmentRow:
        arrived = self._fate.fulfillment == "delivered"
        sent = self._moment(2)
        return ShipmentRow(
            id=self._new_id(sent),
            order_id=self._order_id,
            status=self._fate.fulfillment,
            carrier=self._lot.choice(_CARRIERS),
            tracking_number=f"T{self._lot.randrange(10**9):09d}",
            lines=[{"line_id": str(one.id), "quantity": one.quantity} for one in self._lines],
            shipped_at=sent,
            delivered_at=self._moment(3) if arrived else None,
            created_at=sent,
        )
