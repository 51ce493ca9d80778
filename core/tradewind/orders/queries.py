"""Orders in SQL, one statement for each question."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.carts.rules import ShippingMethod
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.database import Transaction
from tradewind.database.patterns import like
from tradewind.database.sql import Writes
from tradewind.orders.rules import Bought, Entry, Order, OrderFilter, OrderLine, TimelineEntry
from tradewind.pricing.rules import LineAdjustment

_ORDER = """
SELECT o.id, o.number, o.cart_id, o.customer_id, o.region_id, o.source, o.session_id, o.status,
       o.payment_status, o.fulfillment_status, o.disputed, o.currency, o.locale, o.name, o.email,
       o.phone, o.shipping_address, o.billing_address, o.shipping_method, o.codes,
       o.tax_inclusive, o.quote_flags, o.subtotal, o.discount_total, o.shipping_total,
       o.tax_total, o.total, o.paid_total, o.refunded_total, o.metadata, o.version, o.placed_at,
       o.canceled_at, o.completed_at, o.expires_at, o.created_at,
       (SELECT jsonb_agg(jsonb_build_object(
            'id', l.id, 'variant_id', l.variant_id, 'product_id', l.product_id, 'sku', l.sku,
            'title', l.title, 'kind', l.kind, 'quantity', l.quantity,
            'unit_price', l.unit_price, 'subtotal', l.subtotal, 'discount', l.discount,
            'tax', l.tax, 'total', l.total, 'tax_class', l.tax_class, 'tracked', l.tracked,
            'options', l.options, 'fulfilled', l.fulfilled, 'returned', l.returned,
            'location_id', l.metadata -> 'location_id') ORDER BY l.position)
        FROM shop.order_lines l WHERE l.store_id = o.store_id AND l.order_id = o.id) AS lines,
       (SELECT jsonb_agg(jsonb_build_object(
            'kind', a.kind, 'source', a.source, 'code', a.code, 'title', a.title,
            'amount', a.amount, 'line_id', a.line_id, 'rate', a.rate::text,
            'reference', a.reference) ORDER BY a.id)
        FROM shop.line_adjustments a
        WHERE a.store_id = o.store_id AND a.order_id = o.id) AS adjustments
FROM shop.orders o WHERE o.store_id = $1 AND """

_STRUCTS: Mapping[str, type[msgspec.Struct]] = {
    "shipping_address": Address,
    "billing_address": Address,
    "shipping_method": ShippingMethod,
}


async def order(tx: Transaction, order_id: UUID) -> Order | None:
    """One order."""
    row = await tx.fetchrow(_ORDER + "o.id = $2", tx.store_id, order_id)
    return None if row is None else _order(row)


async def lock(tx: Transaction, order_id: UUID) -> bool:
    """Let nobody else change an order until the transaction ends; false when there is none."""
    found = await tx.fetchval(
        "SELECT id FROM shop.orders WHERE store_id = $1 AND id = $2 FOR UPDATE",
        tx.store_id,
        order_id,
    )
    return found is not None


async def order_of_cart(tx: Transaction, cart_id: UUID) -> Order | None:
    """The order that a cart became."""
    row = await tx.fetchrow(_ORDER + "o.cart_id = $2", tx.store_id, cart_id)
    return None if row is None else _order(row)


async def order_by_number(tx: Transaction, number: int, customer_id: UUID | None) -> Order | None:
    """The order with a number, of one customer if told."""
    row = await tx.fetchrow(
        _ORDER + "o.number = $2 AND ($3::uuid IS NULL OR o.customer_id = $3)",
        tx.store_id,
        number,
        customer_id,
    )
    return None if row is None else _order(row)


async def order_of_session(tx: Transaction, session_id: str) -> Order | None:
    """The newest order of a session."""
    row = await tx.fetchrow(
        _ORDER + "o.session_id = $2 ORDER BY o.id DESC LIMIT 1", tx.store_id, session_id
    )
    return None if row is None else _order(row)


async def waiting_of(tx: Transaction, email: str) -> int:
    """How many orders under a mail address wait for their money."""
    found: int = await tx.fetchval(
        """SELECT count(*) FROM shop.orders
           WHERE store_id = $1 AND email_key = lower($2) AND status = 'pending'""",
        tx.store_id,
        email,
    )
    return found


async def wait_for_others(tx: Transaction, email: str) -> None:
    """Take the turn of a mail address for as long as the transaction lasts."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || lower($2), 0))",
        str(tx.store_id),
        email,
    )


async def orders_of_customer(tx: Transaction, customer_id: UUID, limit: int) -> list[Order]:
    """A customer's newest orders."""
    rows = await tx.fetch(
        _ORDER + "o.customer_id = $2 ORDER BY o.id DESC LIMIT $3",
        tx.store_id,
        customer_id,
        limit,
    )
    return [_order(row) for row in rows]


async def bought_by(tx: Transaction, customer_ids: Sequence[UUID]) -> dict[UUID, Bought]:
    """What each of these customers bought, by currency; drafts and what came to nothing apart."""
    rows = await tx.fetch(
        """SELECT customer_id, currency, count(*) AS orders,
                  sum(paid_total - refunded_total)::bigint AS spent
           FROM shop.orders
           WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])
             AND status IN ('processing', 'completed')
           GROUP BY customer_id, currency ORDER BY customer_id, currency""",
        tx.store_id,
        list(customer_ids),
    )
    found: dict[UUID, Bought] = {}
    for row in rows:
        before = found.get(row["customer_id"], Bought())
        spent = [*before.spent, Money(row["spent"], row["currency"])]
        found[row["customer_id"]] = Bought(orders=before.orders + row["orders"], spent=spent)
    return found


# An order without a person who could sign in is a guest's: it belongs to whoever has shown that its
# mail address is theirs.
OF_GUEST = """
    FROM shop.customer_identities mine
    JOIN shop.orders g ON g.store_id = $1 AND g.email_key = mine.identity
    WHERE mine.store_id = $1 AND mine.customer_id = $2 AND mine.channel = 'email'
      AND mine.verified_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM shop.customer_identities other
                      WHERE other.store_id = $1 AND other.customer_id = g.customer_id)
"""


async def as_guest(tx: Transaction, customer_id: UUID) -> list[UUID]:
    """Orders that a customer made as a guest, under an address since proved."""
    rows = await tx.fetch(f"SELECT g.id {OF_GUEST}", tx.store_id, customer_id)
    return [row["id"] for row in rows]


async def orders_for(
    tx: Transaction, customer_id: UUID, before: UUID | None, limit: int
) -> list[Order]:
    """The orders that a signed-in customer may see, newest first."""
    rows = await tx.fetch(
        _ORDER
        + f"""o.id IN (
                (SELECT id FROM shop.orders
                 WHERE store_id = $1 AND customer_id = $2 AND ($3::uuid IS NULL OR id < $3)
                 ORDER BY id DESC LIMIT $4)
                UNION
                (SELECT g.id {OF_GUEST} AND ($3::uuid IS NULL OR g.id < $3)
                 ORDER BY g.id DESC LIMIT $4))
             ORDER BY o.id DESC LIMIT $4""",
        tx.store_id,
        customer_id,
        before,
        limit,
    )
    return [_order(row) for row in rows]


async def may_see(tx: Transaction, customer_id: UUID, order_id: UUID) -> bool:
    """Whether an order is among those that a signed-in customer may see."""
    found = await tx.fetchval(
        f"""SELECT EXISTS (SELECT FROM shop.orders
                           WHERE store_id = $1 AND customer_id = $2 AND id = $3)
                OR EXISTS (SELECT {OF_GUEST} AND g.id = $3)""",
        tx.store_id,
        customer_id,
        order_id,
    )
    return bool(found)


async def orders(
    tx: Transaction, wanted: OrderFilter, before: UUID | None, limit: int
) -> list[Order]:
    """Orders that match a filter, newest first."""
    words = wanted.q.strip() if wanted.q else None
    number = words.lstrip("#") if words else ""
    rows = await tx.fetch(
        _ORDER
        + """($2::uuid IS NULL OR o.id < $2)
             AND ($4::text IS NULL OR o.status = $4)
             AND ($5::text IS NULL OR o.payment_status = $5)
             AND ($6::text IS NULL OR o.fulfillment_status = $6)
             AND ($7::text IS NULL OR o.source = $7)
             AND ($8::timestamptz IS NULL OR o.created_at >= $8)
             AND ($9::timestamptz IS NULL OR o.created_at < $9)
             AND ($10::text IS NULL OR o.number = $11::bigint OR o.email ILIKE $10
                  OR o.phone ILIKE $10 OR o.name ILIKE $10)
             ORDER BY o.id DESC LIMIT $3""",
        tx.store_id,
        before,
        limit,
        wanted.status,
        wanted.payment_status,
        wanted.fulfillment_status,
        wanted.source,
        wanted.since,
        wanted.until,
        like(words) if words else None,
        int(number) if number.isdecimal() and len(number) < 19 else None,
    )
    return [_order(row) for row in rows]


async def timeline(tx: Transaction, order_id: UUID) -> list[TimelineEntry]:
    """An order's history, oldest first."""
    rows = await tx.fetch(
        """SELECT sequence, type, actor, detail, note, created_at FROM shop.order_events
           WHERE store_id = $1 AND order_id = $2 ORDER BY sequence""",
        tx.store_id,
        order_id,
    )
    return [
        TimelineEntry(**{**dict(row), "detail": msgspec.json.decode(row["detail"])}) for row in rows
    ]


async def due_to_expire(tx: Transaction, most: int) -> list[UUID]:
    """Pending orders whose time has passed and of which no money is here; failed ones later."""
    rows = await tx.fetch(
        """SELECT id FROM shop.orders
           WHERE store_id = $1 AND status = 'pending' AND expires_at <= $2
             AND paid_total = refunded_total
           ORDER BY coalesce(end_failed_at, expires_at) LIMIT $3""",
        tx.store_id,
        tx.now,
        most,
    )
    return [row["id"] for row in rows]


async def note_not_ended(tx: Transaction, order_id: UUID) -> None:
    """Have an order that could not be ended wait behind those that were not tried since."""
    await tx.execute(
        "UPDATE shop.orders SET end_failed_at = $3 WHERE store_id = $1 AND id = $2",
        tx.store_id,
        order_id,
        tx.now,
    )


def write_order(writes: Writes, tx: Transaction, new: Order) -> None:
    """Add a new order with its lines and adjustments to what is about to be written."""
    writes.insert("shop.orders", _ORDER_COLUMNS, [_order_row(tx, new)])
    lines = [_line_row(tx, new, position) for position in range(len(new.lines))]
    writes.insert("shop.order_lines", _LINE_COLUMNS, lines)
    entries = [*new.adjustments, *(entry for line in new.lines for entry in line.adjustments)]
    rows = [_entry_row(tx, new, entry) for entry in entries]
    writes.insert("shop.line_adjustments", _ENTRY_COLUMNS, rows)


def write_history(
    writes: Writes, tx: Transaction, order_id: UUID, first: int, entries: Sequence[Entry]
) -> None:
    """Add history entries, numbered from `first`, to what is about to be written."""
    rows = [
        (
            tx.store_id,
            tx.new_id(),
            order_id,
            first + index,
            entry.type,
            _text(entry.detail),
            entry.actor,
            entry.note,
            tx.now,
        )
        for index, entry in enumerate(entries)
    ]
    writes.insert("shop.order_events", _EVENT_COLUMNS, rows)


def write_change(writes: Writes, tx: Transaction, new: Order) -> None:
    """Add what may change in a locked order to what is about to be written."""
    writes.add(
        """UPDATE shop.orders
           SET status = {2}, payment_status = {3}, fulfillment_status = {4}, disputed = {5},
               paid_total = {6}, refunded_total = {7}, metadata = {8}, version = {9},
               placed_at = {10}, canceled_at = {11}, completed_at = {12}, expires_at = {13},
               updated_at = {14}
           WHERE store_id = {0} AND id = {1}""",
        tx.store_id,
        new.id,
        new.status,
        new.payment_status,
        new.fulfillment_status,
        new.disputed,
        new.paid_total,
        new.refunded_total,
        _text(new.metadata),
        new.version,
        new.placed_at,
        new.canceled_at,
        new.completed_at,
        new.expires_at,
        tx.now,
    )


def write_fulfilled(writes: Writes, tx: Transaction, line_id: UUID, units: int) -> None:
    """Add that units of a line left the house to what is about to be written."""
    writes.add(
        """UPDATE shop.order_lines SET fulfilled = fulfilled + {2}
           WHERE store_id = {0} AND id = {1}""",
        tx.store_id,
        line_id,
        units,
    )


_ORDER_COLUMNS = """store_id, id, number, cart_id, customer_id, region_id, source, session_id,
    status, payment_status, fulfillment_status, currency, locale, name, email, phone,
    shipping_address, billing_address, shipping_method, codes, tax_inclusive, quote_flags,
    subtotal, discount_total, shipping_total, tax_total, total, paid_total, refunded_total,
    metadata, version, placed_at, expires_at, created_at, updated_at, disputed"""


def _order_row(tx: Transaction, new: Order) -> list[Any]:
    return [
        tx.store_id,
        new.id,
        new.number,
        new.cart_id,
        new.customer_id,
        new.region_id,
        new.source,
        new.session_id,
        new.status,
        new.payment_status,
        new.fulfillment_status,
        new.currency,
        new.locale,
        new.name,
        new.email,
        new.phone,
        _text(new.shipping_address),
        _text(new.billing_address),
        _text(new.shipping_method),
        list(new.codes),
        new.tax_inclusive,
        list(new.quote_flags),
        new.subtotal,
        new.discount_total,
        new.shipping_total,
        new.tax_total,
        new.total,
        new.paid_total,
        new.refunded_total,
        _text(new.metadata),
        new.version,
        new.placed_at,
        new.expires_at,
        new.created_at,
        new.created_at,
        new.disputed,
    ]


_LINE_COLUMNS = """store_id, id, order_id, position, variant_id, product_id, sku, title, kind,
    options, tax_class, tracked, quantity, unit_price, subtotal, discount, tax, total, metadata"""


def _line_row(tx: Transaction, new: Order, position: int) -> list[Any]:
    line = new.lines[position]
    return [
        tx.store_id,
        line.id,
        new.id,
        position,
        line.variant_id,
        line.product_id,
        line.sku,
        line.title,
        line.kind,
        _text(line.options),
        line.tax_class,
        line.tracked,
        line.quantity,
        line.unit_price,
        line.subtotal,
        line.discount,
        line.tax,
        line.total,
        _text({"location_id": line.location_id} if line.location_id else {}),
    ]


_ENTRY_COLUMNS = """store_id, id, order_id, line_id, kind, source, code, title, rate, amount,
    reference"""


def _entry_row(tx: Transaction, new: Order, entry: LineAdjustment) -> list[Any]:
    return [
        tx.store_id,
        tx.new_id(),
        new.id,
        None if entry.line_id is None else UUID(entry.line_id),
        entry.kind,
        entry.source,
        entry.code,
        entry.title,
        entry.rate,
        entry.amount,
        entry.reference,
    ]


_EVENT_COLUMNS = "store_id, id, order_id, sequence, type, detail, actor, note, created_at"


def _order(row: asyncpg.Record) -> Order:
    found = dict(row)
    entries = msgspec.json.decode(found["adjustments"] or "[]", type=list[LineAdjustment])
    lines = msgspec.json.decode(found["lines"] or "[]", type=list[OrderLine])
    found["lines"] = [_with_entries(line, entries) for line in lines]
    found["adjustments"] = [entry for entry in entries if entry.line_id is None]
    found["metadata"] = msgspec.json.decode(found["metadata"])
    for name, kind in _STRUCTS.items():
        if found[name] is not None:
            found[name] = msgspec.json.decode(found[name], type=kind)
    return Order(**found)


def _with_entries(line: OrderLine, entries: Sequence[LineAdjustment]) -> OrderLine:
    own = [entry for entry in entries if entry.line_id == str(line.id)]
    return msgspec.structs.replace(line, adjustments=own)


def _text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
