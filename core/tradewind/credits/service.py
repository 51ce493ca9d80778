"""Credits: granted when a pack is paid, seen, given and taken, used by orders, gone at refunds."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from tradewind.cases.service import NewCase, close_by_key, decided, open_case
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.credits import queries
from tradewind.credits.rules import (
    MOST_GRANTED,
    Grant,
    PackTerms,
    Taking,
    balance,
    ends_at,
    forfeited,
    granted_by,
    packs,
    taken_from,
)
from tradewind.database import Transaction
from tradewind.downloads.rules import is_paid
from tradewind.fulfillment import service as fulfillment
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind.payments import service as payments

ACTOR = "tradewind"


async def set_terms(tx: Transaction, terms: PackTerms) -> None:
    """Have each unit of a pack grant so many credits. Raises NotFound, Conflict `not_a_pack`."""
    kind = await queries.pack_kind(tx, terms.variant_id)
    if kind is None:
        raise NotFound("There is no such variant.")
    if kind != "pack":
        raise Conflict("Only a product of kind pack grants credits.", code="not_a_pack")
    await queries.save_terms(tx, terms)


async def hand_over(tx: Transaction, order: Order) -> Order:
    """Grant the credits of a locked order that was paid, once, and fulfill its packs.

    Costs nothing where no line is a pack.
    """
    lines = packs(order)
    if not lines or not is_paid(order):
        return order
    terms = await queries.terms_of(tx, [line.variant_id for line in lines])
    known = {one.variant_id: one for one in terms}
    for line in lines:
        if line.variant_id in known:
            granted = min(known[line.variant_id].credits * line.quantity, MOST_GRANTED)
            grant = Grant(
                id=tx.new_id(),
                credits=granted,
                remaining=granted,
                created_at=tx.now,
                expires_at=ends_at(known[line.variant_id], tx.now),
                customer_id=order.customer_id,
                order_id=order.id,
                line_id=line.id,
            )
            await queries.insert_grant(tx, grant, "pack", ACTOR)
    gone = granted_by(order, terms)
    return await fulfillment.deliver(tx, order, gone, ACTOR) if gone else order


async def take_back(tx: Transaction, order: Order) -> None:
    """Credits go with the money of their pack: of each line the part that went back.

    What was used by then stays used, and is a case.
    """
    if not packs(order) or not order.refunded_total:
        return
    refunds = await payments.refunds_of(tx, await payments.payments_of(tx, order.id))
    grants = await queries.grants_of_order(tx, order.id)
    await queries.forfeit(tx, forfeited(order, refunds, grants))
    await queries.withdraw(tx, [one.id for one in grants], ACTOR)
    await _tell_used(tx, order, await queries.grants_of_order(tx, order.id))


async def _tell_used(tx: Transaction, order: Order, grants: Sequence[Grant]) -> None:
    """Money that went back for credits that were used is a case, until somebody has decided.

    What goes back later for more of them is a case again; a part of the money and all of it are
    decided one after the other.
    """
    used = sum(one.spent for one in grants)
    whole = order.payment_status == "refunded"
    part_key = f"pack_used:{order.id}:part"
    key = f"pack_used:{order.id}" if whole else part_key
    if whole:
        await close_by_key(tx, part_key, ACTOR, "All of the money went back.")
    before = await decided(tx, key) if used else None
    if used <= (before.evidence.get("used", 0) if before else 0):
        return
    case = NewCase(
        kind="pack_used",
        dedupe_key=key,
        title=f"Order {order.number} was refunded after its credits were used",
        subject_type="order",
        subject_id=str(order.id),
        amount=order.money(order.refunded_total),
        evidence={
            "order_id": order.id,
            "customer_id": order.customer_id,
            "granted": sum(one.credits for one in grants),
            "used": used,
            "refunded": order.refunded_total,
        },
        actions=["close"],
    )
    await open_case(tx, case)


async def credits_of(tx: Transaction, customer_id: UUID, *, lock: bool = False) -> Sequence[Grant]:
    """All that a customer was ever granted, oldest first; also as a guest, by a proved address."""
    own = await orders.as_guest(tx, customer_id)
    return await queries.grants_of(tx, customer_id, own, lock=lock)


async def available(tx: Transaction, customer_id: UUID) -> int:
    """How many credits a customer can use now, also those that came as a guest. One round trip."""
    return await queries.left_of(tx, customer_id)


async def use(tx: Transaction, customer_id: UUID, amount: int, order_id: UUID) -> None:
    """Pay units of an order that is being placed with credits, those that end first.

    Called late in the transaction, after promotions and before stock: orders of one customer wait
    for one another from here on. Raises Conflict `credits_short`; then nothing may be kept.
    """
    grants = await credits_of(tx, customer_id, lock=True)
    if balance(grants, tx.now) < amount:
        raise Conflict("The credits were used meanwhile.", code="credits_short")
    takings = taken_from(grants, amount, tx.now)
    await queries.take(tx, takings, "used", ACTOR, order_id=order_id)


async def give_back(tx: Transaction, order_id: UUID) -> None:
    """An order does not stand any more: what it used may be used again. Counts once.

    Credits go back to where they came from and end with those; where the money of their pack went
    back, they stay used, or go on to the shop as far as a part of it did.
    """
    if not await queries.lock_used(tx, order_id):
        return
    returned = [Taking(one.grant_id, -one.amount) for one in await queries.still_used(tx, order_id)]
    if returned:
        await queries.take(tx, returned, "returned", ACTOR, order_id=order_id)
        await queries.withdraw(tx, [one.grant_id for one in returned], ACTOR)


async def give(
    tx: Transaction, customer_id: UUID, amount: int, days: int | None, actor: str, note: str
) -> None:
    """Give a customer credits."""
    ends = None if days is None else tx.now + timedelta(days=days)
    grant = Grant(
        id=tx.new_id(),
        credits=amount,
        remaining=amount,
        created_at=tx.now,
        expires_at=ends,
        customer_id=customer_id,
    )
    await queries.insert_grant(tx, grant, "gift", actor, note)


async def take(tx: Transaction, customer_id: UUID, amount: int, actor: str, note: str) -> None:
    """Take credits from a customer, those that end first. Raises Conflict `not_enough_credits`."""
    grants = await credits_of(tx, customer_id, lock=True)
    await queries.take(tx, taken_from(grants, amount, tx.now), "taken", actor, note)
