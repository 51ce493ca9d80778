"""Placing an order: one short transaction, stock rows last.

At most six round trips, two to four more where promotions gave something, and three where credits
pay. Rows are locked in this order: cart, payment, order, promotions, credits, stock.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.carts.rules import Cart
from tradewind.carts.shoppers import shopper_key, shopper_of
from tradewind.checkout import queries
from tradewind.checkout.numbers import order_numbers
from tradewind.checkout.rules import (
    Paying,
    changed,
    check_claimed,
    needs_delivery,
    wanted_stock,
)
from tradewind.checkout.service.ending import call_off_later, end_sessions
from tradewind.checkout.service.handing import claim_credits, hand_over
from tradewind.contracts.errors import Conflict, NotFound, OutOfStock
from tradewind.contracts.events import Event, OrderDisputed, OrderPlaced, StockLow
from tradewind.database import Store, Transaction
from tradewind.database.sql import Writes
from tradewind.inventory import service as inventory
from tradewind.inventory.rules import Taken
from tradewind.orders import queries as order_rows
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, NewOrder, Order, dispute_entry, order_of
from tradewind.orders.unpaid import queries as unpaid_rows
from tradewind.orders.unpaid.rules import of_order, too_many, turns_of
from tradewind.outbox import service as outbox
from tradewind.payments import queries as payment_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment, Quarrel, Totals, status_of
from tradewind.pricing.promotions.service import claim_uses, promotions_in
from tradewind.pricing.service import list_shipping_options
from tradewind.settings.engine import Engine


async def place_cart(
    engine: Engine, store: Store, cart: Cart, paying: Paying, number: int | None = None
) -> Order:
    """Turn a quoted cart into its order, or return the order that it became before.

    When units are short, lapsed holds on them are released and it is tried once more. Raises
    OutOfStock, Conflict (`cart_changed`, `line_unavailable`, `promotion_exhausted`,
    `credits_short`, `too_many_unpaid`, `too_many_holds`), NotFound; then nothing has changed.
    """
    if number is None:
        number = await order_numbers(engine.database).take(store.id)
    try:
        return await _placed(engine, store, cart, paying, number)
    except OutOfStock:
        async with engine.database.transaction(store.id) as tx:
            tracked = [line.variant_id for line in cart.lines if line.tracked]
            freed = await inventory.release_lapsed(tx, tracked)
        if not freed:
            raise
    return await _placed(engine, store, cart, paying, number)


async def _placed(engine: Engine, store: Store, cart: Cart, paying: Paying, number: int) -> Order:
    async with engine.database.transaction(store.id) as tx:
        return await place_in(tx, cart, paying, number)


async def place_in(tx: Transaction, cart: Cart, paying: Paying, number: int) -> Order:
    """The placing itself, in the open transaction."""
    turns = None
    if paying.on_trust:
        address = paying.network_address
        turns = turns_of(tx.store_id, shopper_key(cart, address), address)
    if paying.most_waiting is not None:
        await orders.wait_for_others(tx, cart.email or "")
    claimed = await queries.claim(tx, cart, turns)
    if claimed is None:
        raise NotFound("There is no such cart.")
    if claimed.status == "completed":
        return await _existing(tx, cart.id)
    if not paying.settled:
        if claimed.status != "open" or claimed.version != cart.version:
            raise changed()
        check_claimed(cart, claimed.lines)
    if paying.most_waiting is not None:
        await check_waiting(tx, cart.email or "", paying.most_waiting)
    locations = {one.variant_id: one.location_id for one in claimed.lines if one.location_id}
    totals = await _totals(tx, paying)
    order = _order(tx, cart, paying, totals, number, locations)
    order = await _write(tx, order, cart, paying, totals, await _quarrels(tx, paying, totals))
    await _void_others(tx, claimed, paying)
    await claim_uses(tx, promotions_in(cart.adjustments), order.id, shopper_of(cart))
    await claim_credits(tx, cart, order.id)
    low = await _reserve(tx, cart, order, locations)
    await outbox.record(tx, *(_stock_low(tx, one) for one in low))
    return await hand_over(tx, order)


async def check_waiting(tx: Transaction, email: str, most: int) -> None:
    """Orders that wait keep stock from others, so one shopper may have so many.

    Raises Conflict `too_many_holds`.
    """
    if await orders.waiting_of(tx, email) >= most:
        message = "Too many orders under this address wait to be paid."
        raise Conflict(message, code="too_many_holds")


async def check_delivery(tx: Transaction, cart: Cart) -> None:
    """Raises Conflict `missing_shipping_method` when goods go somewhere and nothing says how."""
    if needs_delivery(cart) and await list_shipping_options(tx, cart.region.id):
        raise Conflict("Choose how to deliver first.", code="missing_shipping_method")


async def _existing(tx: Transaction, cart_id: UUID) -> Order:
    order = await orders.order_of_cart(tx, cart_id)
    if order is None:
        raise Conflict("This cart is closed.", code="cart_completed")
    return order


async def _totals(tx: Transaction, paying: Paying) -> Totals:
    """What has come so far; the payment is locked so that nothing comes unseen meanwhile."""
    if paying.payment is None or paying.new:
        return Totals()
    payment = await payments.lock_payment(tx, paying.payment.id)
    if paying.settled and await payments.given_back(tx, [payment]):
        raise Conflict("This money is on its way back.", code="refund_under_way")
    if paying.settled and not payment.certain:
        raise Conflict("This money is not held any more.", code="payment_not_completed")
    return payment.totals


async def _quarrels(tx: Transaction, paying: Paying, totals: Totals) -> Sequence[Quarrel]:
    """The disputes that came before the order; hardly ever any, so they are seldom read."""
    if paying.payment is None or not totals.disputed:
        return []
    return await payments.quarrels_of(tx, paying.payment)


def _order(
    tx: Transaction,
    cart: Cart,
    paying: Paying,
    totals: Totals,
    number: int,
    locations: dict[UUID, UUID],
) -> Order:
    free = paying.payment is None
    new = NewOrder(
        id=tx.new_id(),
        number=number,
        cart=cart,
        status=paying.status,
        payment_status="paid" if free else status_of(totals, cart.total),
        paid_total=totals.captured,
        refunded_total=min(totals.refunded, totals.captured),
        disputed=totals.disputed > 0,
        at=tx.now,
        expires_at=None if paying.stands else paying.expires_at,
    )
    return order_of(new, [tx.new_id() for _ in cart.lines], locations)


async def _write(
    tx: Transaction,
    order: Order,
    cart: Cart,
    paying: Paying,
    totals: Totals,
    quarrels: Sequence[Quarrel],
) -> Order:
    """Order, lines, history, payment link, cart and events: one statement."""
    writes = Writes()
    entries = _entries(order, paying, quarrels)
    order = msgspec.structs.replace(order, version=len(entries))
    order_rows.write_order(writes, tx, order)
    order_rows.write_history(writes, tx, order.id, 1, entries)
    _write_payment(writes, tx, order, paying)
    writes.add(
        """UPDATE shop.carts SET status = 'completed', updated_at = {2}
           WHERE store_id = {0} AND id = {1}""",
        tx.store_id,
        order.cart_id,
        tx.now,
    )
    outbox.add(tx, writes, *_events(tx, order, paying, totals))
    if not paying.on_trust:
        await writes.run(tx)
        return order
    address, until = paying.network_address, paying.agreed_until
    one = of_order(tx.store_id, order.id, shopper_key(cart, address), address, until)
    row = await writes.run(tx, f"SELECT room FROM {unpaid_rows.write(writes, tx, one)}")
    if row is not None and not row["room"]:
        raise too_many()
    return order


def _entries(order: Order, paying: Paying, quarrels: Sequence[Quarrel]) -> list[Entry]:
    placed = Entry(
        type="order.placed" if paying.stands else "order.created",
        actor="shopper",
        detail={"source": order.source, "total": order.total},
    )
    actor = paying.payment.provider if paying.payment else ""
    return [placed, *(dispute_entry(one, actor) for one in quarrels)]


async def _void_others(tx: Transaction, claimed: queries.Claim, paying: Paying) -> None:
    """Nobody pays twice: attempts that this order does not wait for are called off."""
    kept = paying.session.id if paying.session else None
    others = [one for one in claimed.sessions if one != kept]
    if others:
        await call_off_later(tx, await end_sessions(tx, others, "voided"))


def _write_payment(writes: Writes, tx: Transaction, order: Order, paying: Paying) -> None:
    if paying.payment is None:
        return
    payment: Payment = msgspec.structs.replace(paying.payment, order_id=order.id)
    if not paying.new:
        payment_rows.write_link(writes, tx, payment, order.id, settled=paying.settled)
        return
    writes.insert(
        "shop.payments", payment_rows.PAYMENT_COLUMNS, [payment_rows.payment_row(tx, payment)]
    )
    if paying.session is not None:
        session = msgspec.structs.replace(paying.session, order_id=order.id)
        row = payment_rows.session_row(tx, session)
        writes.insert("shop.payment_sessions", payment_rows.SESSION_COLUMNS, [row])


def _events(tx: Transaction, order: Order, paying: Paying, totals: Totals) -> list[Event]:
    """The placing, and what the payer's bank had been asked for by then."""
    told: list[Event] = []
    if paying.stands:
        told.append(OrderPlaced(**orders.event_fields(tx, order, 1)))
    if totals.disputed:
        fields = orders.event_fields(tx, order, order.version)
        told.append(OrderDisputed(**fields, amount=order.money(totals.disputed)))
    return told


async def _reserve(
    tx: Transaction, cart: Cart, order: Order, locations: dict[UUID, UUID]
) -> Sequence[Taken]:
    wanted = wanted_stock(cart, locations)
    if not wanted:
        return []
    return await inventory.reserve(tx, cart.id, order.id, wanted)


def _stock_low(tx: Transaction, one: Taken) -> StockLow:
    return StockLow(
        id=tx.new_id(),
        store_id=tx.store_id,
        occurred_at=tx.now,
        sequence=int(tx.now.timestamp() * 1000),
        variant_id=one.variant_id,
        sku=one.sku,
        available=one.left,
    )
