"""Giving money back: claimed under the payment's lock, asked for outside it, followed to its end.

A claim is spread over an order's payments, the newest first, and over what each has captured, what
has most left first. Every part is a row with an operation id of its own, under which the provider
is asked again and again until it is decided: at once, by a job, or by what it tells of itself.
"""

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from tradewind.cases.service import Case
from tradewind.checkout.rules import check_refund, part_of_lines
from tradewind.checkout.service import providers
from tradewind.checkout.service.money_cases import (
    RETRY,
    doubt_refund,
    fail_refund,
    gives_back,
    owed_back,
    root_of,
    sources_of,
)
from tradewind.checkout.service.naming import name_of, refuse_repeated
from tradewind.checkout.service.reporting import believed, take_facts
from tradewind.contracts.errors import Conflict, NotFound, ProviderFault
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Store, Transaction
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, Order
from tradewind.outbox.jobs import Job, enqueue_in
from tradewind.payments import queries as payment_rows
from tradewind.payments import refund_queries as refund_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment, Refund, RefundLine, Source, spread
from tradewind.settings.engine import Engine
from tradewind.settings.service import audit

REFUND = "refund"
LEASE = timedelta(seconds=60)
FIRST = timedelta(seconds=30)
REPEATS = 8
"""How often a provider is asked that gives no answer: for less than a day, because after that it
may have forgotten the operation id."""
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    *[timedelta(days=1)] * 14,
)
"""Waits between attempts; once the provider has answered, an attempt is a look-up."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants money to go back, and why; `request_id` is the same when it is said again."""

    actor: str
    request_id: str
    reason: str = ""
    lines: Sequence[RefundLine] = ()


class Owing(msgspec.Struct, frozen=True, kw_only=True):
    """Locked payments, newest first, and the order they are for."""

    payments: Sequence[Payment]
    currency: str
    order: Order | None = None


async def refund_order(
    engine: Engine,
    store: Store,
    order_id: UUID,
    actor: str,
    amount: int | None = None,
    reason: str = "",
    lines: Sequence[RefundLine] = (),
    operation_id: str | None = None,
) -> list[Refund]:
    """Give money of an order back: `amount` (minor units), or what `lines` cost, or everything.

    Repeated with the same `operation_id` it is one refund; without one, the same within ten
    minutes is refused. Returns what it became, part by part, after the provider was asked once:
    what is `pending` is followed by jobs. Raises NotFound, InvalidInput, Conflict
    (`nothing_to_refund`, `refund_too_large`, `refund_not_offered`, `idempotency_key_required`);
    then nothing was asked of anybody.
    """
    async with engine.database.transaction(store.id) as tx:
        known = await payment_rows.payments_of_order(tx, order_id, lock=True)
        order = await orders.lock_order(tx, order_id)
        made = await _made(tx, operation_id)
        if not made:
            before = await payments.refunds_of(tx, known)
            asked = (actor, order_id, amount, reason, lines)
            request_id = name_of(tx, operation_id, *asked)
            wish = Wish(actor=actor, request_id=request_id, reason=reason, lines=lines)
            cost = await _for_lines(tx, order, known, lines)
            wanted = cost if amount is None else amount
            owing = Owing(payments=known[::-1], currency=order.currency, order=order)
            made = await _claim(tx, engine, owing, wanted, wish)
            refuse_repeated(tx, operation_id, before, *asked)
    return await _asked(engine, store, made)


async def refund_payment(
    engine: Engine,
    store: Store,
    payment_id: UUID,
    actor: str,
    amount: int | None = None,
    reason: str = "",
    *,
    currency: str | None = None,
    operation_id: str | None = None,
) -> list[Refund]:
    """The same for one payment, with an order or without; `currency` is that in which it came."""
    async with engine.database.transaction(store.id) as tx:
        owing = await _owing(tx, payment_id, currency)
        made = await _made(tx, operation_id)
        if not made:
            before = await payments.refunds_of(tx, owing.payments)
            asked = (actor, payment_id, amount, reason)
            request_id = name_of(tx, operation_id, *asked)
            wish = Wish(actor=actor, request_id=request_id, reason=reason)
            made = await _claim(tx, engine, owing, amount, wish)
            refuse_repeated(tx, operation_id, before, *asked)
    return await _asked(engine, store, made)


async def refund_case(engine: Engine, store: Store, case: Case, actor: str) -> list[Refund]:
    """Give back the money that a case is about, as far as it is still here.

    Of too much that came, the excess. Said again it gives nothing more. Raises NotFound, Conflict
    (`nothing_to_refund`, `refund_not_offered`).
    """
    async with engine.database.transaction(store.id) as tx:
        owing = await _owing(tx, UUID(case.subject_id), case.currency)
        [payment] = owing.payments
        owed = await owed_back(tx, case.kind, payment, owing.currency)
        if owed.amount:
            wish = Wish(actor=actor, request_id=str(tx.new_id()), reason=case.title)
            made = await _claim(tx, engine, owing, owed.amount, wish)
        else:
            made = await _going(tx, owing)
    return await _asked(engine, store, made)


async def retry_refund(engine: Engine, store: Store, refund_id: UUID, actor: str) -> list[Refund]:
    """Try a refund again that failed, or ask again about one that was never decided.

    By then the provider may have forgotten the operation id, so it is looked for first. Said again
    it is one refund. Raises NotFound, ProviderFault, Conflict as `refund_payment`.
    """
    async with engine.database.transaction(store.id) as tx:
        refund = await refund_rows.refund(tx, refund_id)
        if refund is None:
            raise NotFound("There is no such refund.")
        payment = await payments.get_payment(tx, refund.payment_id)
    unseen = refund.status == "pending" and refund.provider_ref is None
    if unseen and _is_hopeless(refund):
        await _looked_for(engine, store, payment, refund)
    async with engine.database.transaction(store.id) as tx:
        if refund.status == "pending" and await refund_rows.start_over(tx, refund.id):
            refund = msgspec.structs.replace(refund, attempts=0)
            await _plan(tx, refund, FIRST)
    if refund.status != "failed":
        return await _asked(engine, store, [refund])
    return await _asked(engine, store, await _tried_again(engine, store, refund, actor))


async def _tried_again(engine: Engine, store: Store, failed: Refund, actor: str) -> list[Refund]:
    """Claim the same once more, for the same lines."""
    request_id = f"{RETRY}{root_of(failed)}"
    wish = Wish(actor=actor, request_id=request_id, reason=failed.reason, lines=failed.lines)
    async with engine.database.transaction(store.id) as tx:
        owing = await _owing(tx, failed.payment_id, failed.currency)
        made = await _made(tx, request_id)
        return made or await _claim(tx, engine, owing, failed.amount, wish)


async def follow_refund(engine: Engine, store: Store, refund_id: UUID, attempt: int) -> None:
    """Ask for a pending refund, or after it; does nothing when somebody else has done so.

    A refusal decides alone only when it is the first answer: an earlier attempt whose answer was
    lost may have taken effect.
    """
    async with engine.database.transaction(store.id) as tx:
        refund = await refund_rows.take_up(tx, refund_id, attempt, LEASE)
        if refund is None:
            return
        payment = await payments.get_payment(tx, refund.payment_id)
        if attempt < (REPEATS if refund.provider_ref is None else len(WAITS)):
            await _plan(tx, refund, WAITS[attempt])
    if refund.provider_ref is not None:
        result = await providers.look_up_safely(engine, store, payment)
    elif attempt < REPEATS:
        result = await providers.refund(engine, store, payment, refund)
    else:
        result = PaymentResult(status="unknown")
    if _is_refusal(result) and refund.attempts > 1 and refund.provider_ref is None:
        with contextlib.suppress(ProviderFault):
            await _looked_for(engine, store, payment, refund)
            await _taken(engine, store, payment, refund, result)
        return
    await _taken(engine, store, payment, refund, result)


# --- the claim ---------------------------------------------------------------------------------


async def _made(tx: Transaction, operation_id: str | None) -> list[Refund]:
    """What this request has led to before, when it is said again by its name."""
    return await refund_rows.refunds_of_request(tx, operation_id) if operation_id else []


async def _owing(tx: Transaction, payment_id: UUID, currency: str | None) -> Owing:
    """One payment and its order, locked with all other payments of that order."""
    payment = await payments.get_payment(tx, payment_id)
    if payment.order_id is not None:
        await payment_rows.payments_of_order(tx, payment.order_id, lock=True)
    payment = await payments.lock_payment(tx, payment_id)
    order = await orders.lock_order(tx, payment.order_id) if payment.order_id else None
    return Owing(payments=[payment], currency=currency or payment.currency, order=order)


async def _going(tx: Transaction, owing: Owing) -> list[Refund]:
    """What is on its way back already, or went; there is nothing more."""
    known = await refund_rows.refunds_of(tx, [one.id for one in owing.payments])
    made = [one for one in known if one.status != "failed" and one.currency == owing.currency]
    if not made:
        raise Conflict("Nothing of this money is here any more.", code="nothing_to_refund")
    return made


async def _for_lines(
    tx: Transaction, order: Order, known: Sequence[Payment], lines: Sequence[RefundLine]
) -> int | None:
    if not lines:
        return None
    before = await refund_rows.refunds_of(tx, [one.id for one in known])
    return part_of_lines(order, before, lines)


async def _claim(
    tx: Transaction, engine: Engine, owing: Owing, amount: int | None, wish: Wish
) -> list[Refund]:
    """Write down what goes back from where; from now on nobody else can give it back."""
    known = {
        payment.id: await sources_of(tx, payment, owing.currency) for payment in owing.payments
    }
    able = [one for one in owing.payments if gives_back(engine, one.provider)]
    left = sum(source.left for sources in known.values() for source in sources)
    offered = sum(source.left for payment in able for source in known[payment.id])
    amount = check_refund(amount, left, offered, owing.currency)
    parts: list[tuple[Payment, Source, int]] = []
    for payment in able:
        rest = amount - sum(part for _, _, part in parts)
        parts += [(payment, source, part) for source, part in spread(rest, known[payment.id])]
    made = [_refund(tx, owing, wish, *part) for part in parts]
    if wish.lines:
        made[0] = msgspec.structs.replace(made[0], lines=wish.lines)
    await refund_rows.insert_refunds(tx, made)
    for one in made:
        await _plan(tx, one, FIRST)
    await _written_down(tx, owing, amount, wish)
    return made


def _refund(
    tx: Transaction, owing: Owing, wish: Wish, payment: Payment, source: Source, amount: int
) -> Refund:
    refund_id = tx.new_id()
    return Refund(
        id=refund_id,
        payment_id=payment.id,
        order_id=payment.order_id,
        request_id=wish.request_id,
        operation_id=str(refund_id),
        object_id=source.object_id,
        status="pending",
        currency=owing.currency,
        amount=amount,
        actor=wish.actor,
        reason=wish.reason,
        created_at=tx.now,
    )


async def _written_down(tx: Transaction, owing: Owing, amount: int, wish: Wish) -> None:
    detail = {"amount": amount, "currency": owing.currency, "reason": wish.reason}
    if owing.order is None:
        subject = str(owing.payments[0].id)
        await audit(tx, wish.actor, "payment.refunded", "payment", subject, detail)
        return
    entry = Entry(type="refund_requested", actor=wish.actor, detail=detail, note=wish.reason)
    await orders.apply(tx, owing.order, [entry])
    await audit(tx, wish.actor, "order.refunded", "order", str(owing.order.id), detail)


async def _plan(tx: Transaction, refund: Refund, wait: timedelta) -> None:
    """Have the refund taken up by a job, unless somebody has done so before."""
    job = Job(
        kind=REFUND,
        payload={"refund_id": str(refund.id), "attempt": refund.attempts},
        store_id=tx.store_id,
        run_at=tx.now + wait,
    )
    await enqueue_in(tx, job)


# --- the provider ------------------------------------------------------------------------------


async def _asked(engine: Engine, store: Store, made: Sequence[Refund]) -> list[Refund]:
    """Ask once for what is new; what is to be said of them then."""
    for one in made:
        if one.status == "pending" and one.attempts == 0:
            await follow_refund(engine, store, one.id, 0)
    async with engine.database.transaction(store.id) as tx:
        found = [await refund_rows.refund(tx, one.id) for one in made]
    return [one for one in found if one is not None]


async def _looked_for(engine: Engine, store: Store, payment: Payment, refund: Refund) -> None:
    """Find a refund that may have been made unseen: one of its amount that is no other's.

    Raises ProviderFault when nobody can tell.
    """
    seen = await providers.look_up(engine, store, payment)
    if seen.status == "unknown":
        raise ProviderFault("Whether the money went cannot be told now.", permanent=False)
    await _taken(engine, store, payment, refund, seen, looked_up=True)


async def _taken(
    engine: Engine,
    store: Store,
    payment: Payment,
    refund: Refund,
    result: PaymentResult,
    *,
    looked_up: bool = False,
) -> None:
    """Take in what the provider answered: its facts decide, or else its refusal."""
    refused = not looked_up and _is_refusal(result)
    result = await believed(engine, store, payment, result)
    async with engine.database.transaction(store.id) as tx:
        locked = await payments.lock_payment(tx, payment.id)
        for name in _names(refund, result, exactly=looked_up):
            await refund_rows.name(tx, refund.id, name)
        await take_facts(tx, engine, locked, result.facts, "provider")
        await refund_rows.let_go(tx, refund.id)
        now = await refund_rows.refund(tx, refund.id)
        if now is None or now.status != "pending":
            return
        if refused and now.provider_ref is None:
            await fail_refund(tx, locked, now, result.code or "refused")
        elif _is_hopeless(now):
            await doubt_refund(tx, locked, now)


def _is_refusal(result: PaymentResult) -> bool:
    return result.trusted and result.status in {"failed", "canceled"}


def _names(refund: Refund, result: PaymentResult, *, exactly: bool) -> list[str]:
    """What the provider may call the refund; the first name that is free is its.

    `exactly`: one of another amount, or that came to nothing, is another.
    """
    told = [fact for fact in result.facts if fact.kind == "refund"]
    exact = [fact for fact in told if fact.amount == refund.money]
    if exactly:
        found = [fact for fact in exact if fact.status in {"pending", "succeeded"}]
    else:
        found = exact or told
    return [fact.object_id for fact in found]


def _is_hopeless(refund: Refund) -> bool:
    """Whether there will be no further attempt that could decide it."""
    return refund.attempts >= (REPEATS if refund.provider_ref is None else len(WAITS) + 1)
