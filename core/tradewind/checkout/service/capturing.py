"""Taking money that is held: claimed under the payments' locks, asked for outside them.

A claim is one row for each payment it is taken from, with an operation id under which its provider
is asked until it is decided: by an answer, by a look-up, or by what a webhook tells of the payment.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from tradewind.checkout.rules import check_capture
from tradewind.checkout.service import providers
from tradewind.checkout.service.money_cases import doubt_capture, fail_capture, takes
from tradewind.checkout.service.naming import name_of, refuse_repeated
from tradewind.checkout.service.reporting import believed, take_facts
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Store, Transaction
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, Order
from tradewind.outbox.jobs import Job, enqueue_in
from tradewind.payments import capture_queries as capture_rows
from tradewind.payments import queries as payment_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Capture, Payment
from tradewind.settings.engine import Engine
from tradewind.settings.service import audit

CAPTURE = "capture"
LEASE = timedelta(seconds=60)
WAITS = (
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
"""Waits between attempts: for less than a day, because after that the provider may have forgotten
the operation id."""


async def capture_payment(
    engine: Engine,
    store: Store,
    order_id: UUID,
    actor: str,
    amount: int | None = None,
    *,
    operation_id: str | None = None,
) -> list[Capture]:
    """Take money that is held for an order: `amount` (minor units), or all that is due.

    Repeated with the same `operation_id` it is one capture. Returns what it became, payment by
    payment, after the provider was asked once: what is `pending` is followed by jobs. Raises
    NotFound, InvalidInput, Conflict (`order_closed`, `already_paid`, `nothing_to_capture`,
    `capture_too_large`, `capture_not_offered`, `capture_under_way`, `idempotency_key_required`);
    then nothing was asked of anybody.
    """
    async with engine.database.transaction(store.id) as tx:
        known = await payment_rows.payments_of_order(tx, order_id, lock=True)
        order = await orders.lock_order(tx, order_id)
        made = await capture_rows.captures_of_request(tx, operation_id) if operation_id else []
        if not made:
            await check_none_under_way(tx, known)
            before = await payments.captures_of(tx, known)
            parts = _parts(engine, order, known, amount)
            asked = (actor, order_id, amount)
            refuse_repeated(tx, operation_id, before, *asked)
            request_id = name_of(tx, operation_id, *asked)
            made = [_claimed(tx, order, payment, request_id, actor, n) for payment, n in parts]
            await _write_down(tx, order, made, actor)
    return await _asked(engine, store, made)


async def retry_capture(engine: Engine, store: Store, capture_id: UUID) -> list[Capture]:
    """Ask again about a capture that was never decided. Raises NotFound."""
    async with engine.database.transaction(store.id) as tx:
        capture = await capture_rows.capture(tx, capture_id)
        if capture is None:
            raise NotFound("There is no such capture.")
        if capture.status == "pending" and await capture_rows.start_over(tx, capture_id):
            capture = msgspec.structs.replace(capture, attempts=0)
            await _plan(tx, capture)
    await _decided_unasked(engine, store, capture)
    return await _asked(engine, store, [capture])


async def follow_capture(engine: Engine, store: Store, capture_id: UUID, attempt: int) -> None:
    """Ask for held money, or after it; does nothing when somebody else has done so.

    An attempt after the first looks the payment up before it asks: the one before may have taken
    effect although its answer was lost.
    """
    async with engine.database.transaction(store.id) as tx:
        capture = await capture_rows.take_up(tx, capture_id, attempt, LEASE)
        if capture is None:
            return
        payment = await payments.get_payment(tx, capture.payment_id)
        if attempt < len(WAITS):
            await _plan(tx, capture)
    if attempt and await _decided_unasked(engine, store, capture):
        return
    result = await providers.capture(engine, store, payment, capture)
    over = _refusal(result)
    if over and attempt:
        result = await providers.look_up_safely(engine, store, payment)
        over = over if result.status != "unknown" else ""
    await _taken(engine, store, payment, capture, result, over)


# --- the claim ---------------------------------------------------------------------------------


async def check_none_under_way(tx: Transaction, known: Sequence[Payment]) -> None:
    """Raises Conflict `capture_under_way` while it is not known whether money was taken."""
    if any(one.status == "pending" for one in await payments.captures_of(tx, known)):
        raise Conflict("Money of this order is being taken just now.", code="capture_under_way")


def _parts(
    engine: Engine, order: Order, known: Sequence[Payment], amount: int | None
) -> list[tuple[Payment, int]]:
    """What is taken from which payment, the oldest first."""
    able = [one for one in known if takes(engine, one.provider)]
    held, offered = (sum(one.held for one in some) for some in (known, able))
    rest = check_capture(order, amount, held, offered)
    parts = []
    for payment in able:
        part = min(rest, payment.held)
        rest -= part
        if part:
            parts.append((payment, part))
    return parts


def _claimed(
    tx: Transaction, order: Order, payment: Payment, request_id: str, actor: str, amount: int
) -> Capture:
    capture_id = tx.new_id()
    return Capture(
        id=capture_id,
        payment_id=payment.id,
        order_id=order.id,
        request_id=request_id,
        operation_id=str(capture_id),
        status="pending",
        currency=payment.currency,
        amount=amount,
        held=payment.authorized,
        captured=payment.captured,
        actor=actor,
        created_at=tx.now,
    )


async def _write_down(tx: Transaction, order: Order, made: Sequence[Capture], actor: str) -> None:
    """From now on nobody else can take this money."""
    await capture_rows.insert_captures(tx, made)
    for one in made:
        await _plan(tx, one)
    detail = {"amount": sum(one.amount for one in made), "currency": order.currency}
    entry = Entry(type="capture_requested", actor=actor, detail=detail)
    await orders.apply(tx, order, [entry])
    await audit(tx, actor, "order.captured", "order", str(order.id), detail)


async def _plan(tx: Transaction, capture: Capture) -> None:
    """Have the capture taken up by a job, unless somebody has done so before."""
    job = Job(
        kind=CAPTURE,
        payload={"capture_id": str(capture.id), "attempt": capture.attempts},
        store_id=tx.store_id,
        run_at=tx.now + WAITS[min(capture.attempts, len(WAITS) - 1)],
    )
    await enqueue_in(tx, job)


# --- the provider ------------------------------------------------------------------------------


async def _asked(engine: Engine, store: Store, made: Sequence[Capture]) -> list[Capture]:
    """Ask once for what is new; what is to be said of them then."""
    for one in made:
        if one.status == "pending" and one.attempts == 0:
            await follow_capture(engine, store, one.id, 0)
    async with engine.database.transaction(store.id) as tx:
        found = [await capture_rows.capture(tx, one.id) for one in made]
    return [one for one in found if one is not None]


async def _decided_unasked(engine: Engine, store: Store, capture: Capture) -> bool:
    """Whether a look-up decides a capture: it was made, or the money is not held any more."""
    async with engine.database.transaction(store.id) as tx:
        payment = await payments.get_payment(tx, capture.payment_id)
    seen = await providers.look_up_safely(engine, store, payment)
    await _taken(engine, store, payment, capture, seen, "", asking=True)
    async with engine.database.transaction(store.id) as tx:
        now = await capture_rows.capture(tx, capture.id)
    return now is None or now.status != "pending"


def _refusal(result: PaymentResult) -> str:
    """Why the provider does not do it; nothing where it has not said so."""
    refused = result.trusted and result.status in {"failed", "canceled"}
    return (result.code or "refused") if refused else ""


async def _taken(
    engine: Engine,
    store: Store,
    payment: Payment,
    capture: Capture,
    result: PaymentResult,
    over: str,
    *,
    asking: bool = False,
) -> None:
    """Take in what the provider says: what has come decides, or else why it is `over`.

    `asking`: another question follows at once.
    """
    result = await believed(engine, store, payment, result)
    async with engine.database.transaction(store.id) as tx:
        locked = await payments.lock_payment(tx, payment.id)
        after = (await take_facts(tx, engine, locked, result.facts, "provider")).after
        now = await capture_rows.capture(tx, capture.id)
        if now is None or now.status != "pending":
            return
        if over:
            await fail_capture(tx, after, now, over)
        elif result.facts and not after.held:
            await fail_capture(tx, after, now, "authorization_over")
        elif not asking:
            await capture_rows.let_go(tx, capture.id)
            if now.attempts > len(WAITS):
                await doubt_capture(tx, after, now)
