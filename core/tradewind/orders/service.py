"""Reading orders and changing them: every change goes through the tables and leaves an entry."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.catalog.rules import Page, refuse
from tradewind.contracts.errors import FieldError, InvalidInput, NotFound
from tradewind.contracts.events import (
    Event,
    OrderCanceled,
    OrderExpired,
    OrderPlaced,
)
from tradewind.database import Transaction
from tradewind.database.sql import Writes
from tradewind.orders import queries
from tradewind.orders.rules import (
    Bought,
    Entry,
    Order,
    OrderFilter,
    TimelineEntry,
    complete_if_done,
    dispute_entry,
    followed,
    move_payment,
    transition,
)
from tradewind.outbox import service as outbox
from tradewind.payments.rules import Quarrel, Totals, status_of
from tradewind.payments.service import payments_of

__all__ = [
    "add_metadata",
    "add_note",
    "apply",
    "as_guest",
    "await_payment",
    "cancel",
    "event_fields",
    "expire",
    "get_order",
    "list_orders",
    "lock_order",
    "may_see",
    "order_by_number",
    "order_of_cart",
    "orders_for",
    "order_of_session",
    "orders_of_customer",
    "payments_of",
    "pay",
    "place",
    "timeline",
    "waiting_of",
]

MOST_PER_PAGE = 200
LONGEST_NOTE = 4000


async def get_order(tx: Transaction, order_id: UUID) -> Order:
    """One order. Raises NotFound."""
    order = await queries.order(tx, order_id)
    if order is None:
        raise NotFound("There is no such order.")
    return order


async def lock_order(tx: Transaction, order_id: UUID) -> Order:
    """One order, nobody else changes it until the transaction ends. Raises NotFound."""
    await queries.lock(tx, order_id)
    return await get_order(tx, order_id)


async def order_of_cart(tx: Transaction, cart_id: UUID) -> Order | None:
    """The order that a cart became, or None."""
    return await queries.order_of_cart(tx, cart_id)


async def order_of_session(tx: Transaction, session_id: str) -> Order | None:
    """The newest order of a session, or None."""
    return await queries.order_of_session(tx, session_id)


async def waiting_of(tx: Transaction, email: str) -> int:
    """How many orders under a mail address wait for their money."""
    return await queries.waiting_of(tx, email)


async def wait_for_others(tx: Transaction, email: str) -> None:
    """Wait until nobody else places an order that is counted under a mail address.

    First in its transaction, before any row; until its end others wait for it.
    """
    await queries.wait_for_others(tx, email)


async def order_by_number(
    tx: Transaction, number: int, *, customer_id: UUID | None = None
) -> Order | None:
    """The order with this number, or None; with `customer_id` only that customer's."""
    return await queries.order_by_number(tx, number, customer_id)


async def orders_of_customer(tx: Transaction, customer_id: UUID, limit: int = 5) -> list[Order]:
    """A customer's newest orders."""
    return await queries.orders_of_customer(tx, customer_id, limit)


async def bought_by(tx: Transaction, customer_ids: Sequence[UUID]) -> Mapping[UUID, Bought]:
    """What each of these customers bought; who bought nothing is left out. One round trip."""
    return await queries.bought_by(tx, customer_ids)


async def orders_for(
    tx: Transaction, customer_id: UUID, *, before: UUID | None, limit: int
) -> list[Order]:
    """What a signed-in customer ordered, newest first; also as a guest, by an address since proved.

    A mail address that was only typed shows nothing.
    """
    return await queries.orders_for(tx, customer_id, before, limit)


async def as_guest(tx: Transaction, customer_id: UUID) -> Sequence[UUID]:
    """Orders that a customer made as a guest, under an address since proved."""
    return await queries.as_guest(tx, customer_id)


async def may_see(tx: Transaction, customer_id: UUID, order_id: UUID) -> bool:
    """Whether an order is one of `orders_for` this customer."""
    return await queries.may_see(tx, customer_id, order_id)


async def list_orders(tx: Transaction, wanted: OrderFilter) -> Page[Order]:
    """Orders that match, newest first. Raises InvalidInput."""
    if not 1 <= wanted.limit <= MOST_PER_PAGE:
        refuse([FieldError("limit", "out_of_range", f"From 1 to {MOST_PER_PAGE}.")])
    try:
        before = UUID(wanted.cursor) if wanted.cursor else None
    except ValueError:
        error = FieldError("cursor", "invalid", "Use next_cursor of the page before.")
        raise InvalidInput("This cursor does not belong here.", errors=[error]) from None
    size = wanted.limit
    found = await queries.orders(tx, wanted, before, size + 1)
    return Page(found[:size], str(found[size - 1].id) if len(found) > size else None)


async def timeline(tx: Transaction, order_id: UUID) -> list[TimelineEntry]:
    """An order's history, oldest first."""
    return await queries.timeline(tx, order_id)


async def due_to_expire(tx: Transaction, most: int) -> list[UUID]:
    """Pending orders whose time has passed and of which no money is here.

    Those that could not be ended before come after the others.
    """
    return await queries.due_to_expire(tx, most)


async def note_not_ended(tx: Transaction, order_id: UUID) -> None:
    """Have an order that could not be ended wait its turn, so that the others are not kept up."""
    await queries.note_not_ended(tx, order_id)


async def add_note(tx: Transaction, order_id: UUID, text: str, actor: str) -> Order:
    """Put a note on the timeline. Raises NotFound, InvalidInput."""
    note = text.strip()
    if not note or len(note) > LONGEST_NOTE:
        refuse([FieldError("note", "invalid", f"1 to {LONGEST_NOTE} characters.")])
    order = await lock_order(tx, order_id)
    return await apply(tx, order, [Entry(type="note", actor=actor, note=note)])


async def add_metadata(
    tx: Transaction, order_id: UUID, values: Mapping[str, Any], actor: str
) -> Order:
    """Merge values into an order's metadata. Raises NotFound."""
    order = await lock_order(tx, order_id)
    changed = msgspec.structs.replace(order, metadata={**order.metadata, **values})
    entry = Entry(type="metadata", actor=actor, detail={"keys": sorted(values)})
    return await apply(tx, changed, [entry])


async def place(tx: Transaction, order: Order, actor: str, also: Sequence[Event] = ()) -> Order:
    """A pending order stands from now on: `order.placed`."""
    status = transition(order.status, "place")
    placed = msgspec.structs.replace(order, status=status, placed_at=tx.now, expires_at=None)
    entry = Entry(type="order.placed", actor=actor, detail={"from": order.status})
    event = OrderPlaced(**event_fields(tx, placed, order.version + 1))
    return await apply(tx, placed, [entry], [*also, event])


async def cancel(tx: Transaction, order: Order, actor: str, reason: str) -> Order:
    """Call a locked order off: `order.canceled`. Its stock is the caller's to release."""
    status = transition(order.status, "cancel")
    canceled = msgspec.structs.replace(order, status=status, canceled_at=tx.now, expires_at=None)
    detail = {"from": order.status, "reason": reason}
    entry = Entry(type="order.canceled", actor=actor, detail=detail)
    event = OrderCanceled(**event_fields(tx, canceled, order.version + 1), reason=reason)
    return await apply(tx, canceled, [entry], [event])


async def expire(tx: Transaction, order: Order) -> Order:
    """A locked order waited for its money for too long: `order.expired`."""
    status = transition(order.status, "expire")
    expired = msgspec.structs.replace(order, status=status, expires_at=None)
    entry = Entry(type="order.expired", actor="tradewind", detail={"from": order.status})
    event = OrderExpired(**event_fields(tx, expired, order.version + 1))
    return await apply(tx, expired, [entry], [event])


async def await_payment(tx: Transaction, order: Order, until: datetime, entry: Entry) -> Order:
    """A locked pending order is to be paid by another attempt, which has until then."""
    status = "awaiting" if order.payment_status == "failed" else order.payment_status
    waiting = msgspec.structs.replace(
        order,
        payment_status=move_payment(order.payment_status, status),
        expires_at=max(until, order.expires_at or until),
    )
    return await apply(tx, waiting, [entry])


async def pay(
    tx: Transaction,
    order: Order,
    totals: Totals,
    actor: str,
    also: Sequence[Event] = (),
    quarrels: Sequence[Quarrel] = (),
) -> Order:
    """Bring a locked order in line with what its payments come to; completes it when done.

    `quarrels` are the disputes that are not as they were.
    """
    after = move_payment(order.payment_status, status_of(totals, order.total))
    paid = msgspec.structs.replace(
        order,
        payment_status=after,
        paid_total=totals.captured,
        refunded_total=min(totals.refunded, totals.captured),
        disputed=totals.disputed > 0,
        metadata=followed(order.metadata, after),
    )
    paid = complete_if_done(paid, tx.now)
    entries = [dispute_entry(one, actor) for one in quarrels]
    if paid == order and not entries:
        await outbox.record(tx, *also)
        return order
    if msgspec.structs.replace(paid, disputed=order.disputed) != order:
        detail = {"from": order.payment_status, "to": after, "paid_total": totals.captured}
        entries.insert(0, Entry(type="payment", actor=actor, detail=detail))
    if paid.status != order.status:
        entries.append(Entry(type="order.completed", actor="tradewind"))
    return await apply(tx, paid, entries, also)


async def apply(
    tx: Transaction, order: Order, entries: Sequence[Entry], events: Sequence[Event] = ()
) -> Order:
    """Store a changed, locked order with its new history entries and events, in one statement."""
    new = msgspec.structs.replace(order, version=order.version + len(entries))
    writes = Writes()
    queries.write_change(writes, tx, new)
    queries.write_history(writes, tx, order.id, order.version + 1, entries)
    outbox.add(tx, writes, *events)
    await writes.run(tx)
    return new


def event_fields(tx: Transaction, order: Order, sequence: int) -> dict[str, Any]:
    """What every event of an order says."""
    return {
        "id": tx.new_id(),
        "store_id": tx.store_id,
        "occurred_at": tx.now,
        "sequence": sequence,
        "order_id": order.id,
        "number": str(order.number),
        "source": order.source,
        "total": order.money(order.total),
        "customer_id": order.customer_id,
        "email": order.email,
        "metadata": order.metadata,
    }
