"""Beginning to pay: what is offered, the risk question, the snapshot, the provider's call."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from tradewind.carts.rules import Cart
from tradewind.carts.shoppers import shopper_key
from tradewind.cases.service import NewCase, open_case
from tradewind.checkout import queries
from tradewind.checkout.rules import (
    OfferedMethod,
    Snapshot,
    StartRequest,
    accepts,
    changed,
    check_inputs,
    check_ready,
    check_terms_of,
    choose_method,
    wanted_stock,
)
from tradewind.checkout.service import providers
from tradewind.checkout.service.beginning import begin, begin_again
from tradewind.checkout.service.ending import call_off_later, void_sessions_of_cart
from tradewind.checkout.service.placing import check_delivery
from tradewind.checkout.service.providers import Attempt
from tradewind.checkout.service.quoting import quote
from tradewind.checkout.service.watching import call_off_payment
from tradewind.contracts.errors import Conflict, ProviderFault, Refusal
from tradewind.contracts.money import Money
from tradewind.contracts.payment import Method
from tradewind.contracts.pricing import RiskQuestion
from tradewind.database import Store, Transaction
from tradewind.database.sql import Writes
from tradewind.inventory import service as inventory
from tradewind.inventory.rules import Caps, NewHold
from tradewind.outbox.jobs import Job, enqueue_in
from tradewind.payments import queries as payment_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment, PaymentSession, SessionStatus, next_poll
from tradewind.settings.engine import Engine
from tradewind.stores.service import settings_of

POLL = "poll_payment"
IN_FLIGHT = timedelta(seconds=90)
"""How long the answer to a start may be on its way, all repetitions counted."""
_LOG = logging.getLogger(__name__)


class Begun(NamedTuple):
    """An attempt that is stored, and the payments whose attempts it voids.

    `again`: its start was asked for before, and nobody knows what became of it.
    """

    payment: Payment
    session: PaymentSession
    voided: Sequence[UUID] = ()
    again: bool = False


async def payment_methods(engine: Engine, store: Store, cart_id: UUID) -> list[OfferedMethod]:
    """What the shopper of a cart may choose, provider by provider in the order of their names.

    A provider that fails is left out. Raises NotFound.
    """
    return await offered_for(engine, store, await quote(engine, store, cart_id))


async def offered_for(engine: Engine, store: Store, cart: Cart) -> list[OfferedMethod]:
    """What may pay for a quoted cart, or for an order by its frozen one."""
    enabled = await engine.enabled(store)
    found: list[OfferedMethod] = []
    for name in sorted(engine.plugins.providers):
        if engine.plugins.plugin_of(name) in enabled:
            offered = await _offered(engine, store, name, cart)
            found += [OfferedMethod(provider=name, method=one) for one in offered]
    return found


async def _offered(engine: Engine, store: Store, name: str, cart: Cart) -> Sequence[Method]:
    try:
        at = await providers.desk(engine, store, name)
        offered = await providers.methods(engine, store, at, cart)
    except (ProviderFault, Refusal, TimeoutError) as error:
        _LOG.warning("payment provider %s left out: %s", name, type(error).__name__)
        return []
    return [one for one in offered if accepts(one, cart.total)]


async def start_payment(
    engine: Engine,
    store: Store,
    cart_id: UUID,
    request: StartRequest,
    *,
    replaces: UUID | msgspec.UnsetType | None = msgspec.UNSET,
    quoted: Cart | None = None,
) -> PaymentSession:
    """Freeze the cart and begin to pay for it; stock is held meanwhile.

    An expected decline is a session with status `failed`. `quoted` is the cart, where it was quoted
    a moment ago. `replaces` is the newest session that
    the shopper had seen, None when there was none; when that has changed, nothing is begun.
    Raises NotFound, InvalidInput, OutOfStock, Conflict (`cart_empty`, `line_unavailable`,
    `missing_email`, `missing_shipping_method`, `nothing_to_pay`, `provider_unavailable`,
    `amount_not_accepted`, `payment_refused`, `cart_changed`, `too_many_holds`, `already_paid`,
    `payment_replaced`, `in_progress`), ProviderFault.
    """
    known = await _begun_before(engine, store, request)
    if known is not None and known.status != "starting":
        return known
    cart = quoted or await quote(engine, store, cart_id)
    attempt = await choose(engine, store, cart, request)
    await assess(engine, store, attempt)
    payment, session = frozen(engine, attempt, "starting", None if known else request.session_id)
    begun = await _store(engine, store, attempt, Begun(payment, session), replaces)
    return await carry_on(engine, store, attempt, begun)


async def _begun_before(
    engine: Engine, store: Store, request: StartRequest
) -> PaymentSession | None:
    if request.session_id is None:
        return None
    async with engine.database.transaction(store.id) as tx:
        return await payment_rows.session(tx, request.session_id)


async def carry_on(engine: Engine, store: Store, attempt: Attempt, begun: Begun) -> PaymentSession:
    """Ask the provider, once older attempts are called off. Raises ProviderFault."""
    for old in begun.voided:
        await call_off_older(engine, store, old)
    ask = begin_again if begun.again else begin
    return await ask(engine, store, attempt, begun.payment, begun.session)


async def choose(engine: Engine, store: Store, cart: Cart, request: StartRequest) -> Attempt:
    """A quoted cart that is ready, and the way to pay that was asked for. Raises as above."""
    if cart.status != "open":
        raise Conflict("This cart is closed.", code="cart_completed")
    check_ready(cart)
    if cart.total == 0:
        raise Conflict("There is nothing to pay.", code="nothing_to_pay")
    return await chosen(engine, store, cart, request)


async def chosen(engine: Engine, store: Store, cart: Cart, request: StartRequest) -> Attempt:
    """The way to pay that was asked for, found acceptable. Raises as above."""
    at = await providers.desk(engine, store, request.provider)
    offered = await providers.methods(engine, store, at, cart)
    method = choose_method(offered, request.method, cart.total)
    check_inputs(method, request.inputs)
    check_terms_of(at.provider.capabilities, request)
    return Attempt(cart, at, method, request)


async def assess(engine: Engine, store: Store, attempt: Attempt) -> None:
    """Ask the risk plugins. Raises Conflict `payment_refused`; a doubt opens a case."""
    request = attempt.request
    wanted = msgspec.structs.replace(request, method=attempt.method.id)
    await assess_cart(engine, store, attempt.cart, wanted)


async def assess_cart(engine: Engine, store: Store, cart: Cart, request: StartRequest) -> None:
    """The same of a quoted cart that is to be paid by a method that is named."""
    if not any("assess_risk" in plugin.hooks for plugin in engine.plugins.loaded.values()):
        return
    question = RiskQuestion(
        cart_id=cart.id,
        amount=cart.total,
        currency=cart.currency,
        provider=request.provider,
        method=request.method or "",
        email=cart.email,
        phone=cart.phone,
        channel=cart.source,
        network_address=request.network_address or None,
    )
    asked = await engine.plugins.assess_risk(question, engine.contexts(store))
    async with engine.database.transaction(store.id) as tx:
        settings = await settings_of(tx)
        for answer in asked.answers:
            if answer.value.verdict == "review":
                await _doubt(tx, cart, answer.plugin, answer.value.reason)
    vetoed = any(answer.value.verdict == "veto" for answer in asked.answers)
    if vetoed or (asked.failures and settings.risk_on_failure == "veto"):
        raise Conflict("This payment cannot be accepted.", code="payment_refused")


async def _doubt(tx: Transaction, cart: Cart, plugin: str, reason: str) -> None:
    case = NewCase(
        kind="risk_review",
        dedupe_key=f"risk:{cart.id}",
        title=f"{plugin} has a doubt about a payment",
        subject_type="cart",
        subject_id=str(cart.id),
        amount=Money(cart.total, cart.currency),
        evidence={"plugin": plugin, "reason": reason},
        actions=["cancel", "close"],
    )
    await open_case(tx, case)


def frozen(
    engine: Engine, attempt: Attempt, status: SessionStatus, session_id: UUID | None = None
) -> tuple[Payment, PaymentSession]:
    """A new payment and session for a cart as it is now."""
    cart, new_id, now = attempt.cart, engine.database.new_id, engine.clock.now()
    payment_id, session_id = new_id(), session_id or new_id()
    name = attempt.desk.provider.name
    payment = Payment(
        id=payment_id,
        provider=name,
        method=attempt.method.id,
        intent=attempt.request.intent,
        status="awaiting",
        currency=cart.currency,
        amount=cart.total,
        operation_id=str(payment_id),
        created_at=now,
        cart_id=cart.id,
        session_id=session_id,
    )
    snapshot = Snapshot(cart=cart, pays_later=attempt.method.pays_later)
    session = PaymentSession(
        id=session_id,
        cart_id=cart.id,
        cart_version=cart.version,
        payment_id=payment_id,
        provider=name,
        method=attempt.method.id,
        flow=attempt.method.flow,
        intent=attempt.request.intent,
        status=status,
        currency=cart.currency,
        amount=cart.total,
        snapshot=msgspec.json.encode(snapshot),
        expires_at=now + attempt.desk.provider.capabilities.session_ttl,
        created_at=now,
        inputs=dict(attempt.request.inputs),
        lost_at=now + IN_FLIGHT,
    )
    return payment, session


async def _store(
    engine: Engine,
    store: Store,
    attempt: Attempt,
    new: Begun,
    replaces: UUID | msgspec.UnsetType | None,
) -> Begun:
    """Store what is frozen, hold its stock, plan look-ups; or take the same up again."""
    async with engine.database.transaction(store.id) as tx:
        standing = await queries.standing(tx, attempt.cart.id)
        quoted = ("open", attempt.cart.version)
        if standing is None or (standing.status, standing.version) != quoted:
            raise changed()
        await check_delivery(tx, attempt.cart)
        begun = await taken_up(tx, new.session) if standing.tried else None
        if begun is None:
            await _check_replaced(tx, attempt.cart.id, replaces)
            begun = await _stored(tx, new.payment, new.session, tried=standing.tried)
        else:
            await queries.touch(tx, attempt.cart.id)
        await hold_in(tx, attempt.cart, standing, attempt.request.network_address)
        if not attempt.method.pays_later:
            await plan_poll(tx, begun.session, attempt.desk.provider.capabilities.poll_plan)
    return begun


async def _check_replaced(
    tx: Transaction, cart_id: UUID, replaces: UUID | msgspec.UnsetType | None
) -> None:
    if isinstance(replaces, msgspec.UnsetType):
        return
    sessions = await payment_rows.sessions_of_cart(tx, cart_id)
    if (sessions[0].id if sessions else None) != replaces:
        raise Conflict("Another attempt has begun meanwhile.", code="payment_replaced")


async def _stored(
    tx: Transaction, payment: Payment, session: PaymentSession, *, tried: bool
) -> Begun:
    """A new attempt for a locked cart, in place of those before.

    Whether it is paid is asked last: an attempt that is answered meanwhile is then either found
    unanswered, or its money is seen here.
    """
    if session.cart_id is None:
        raise TypeError("an attempt for no cart")
    if not tried:
        await _insert(tx, payment, session)
        return Begun(payment, session)
    if await payment_rows.is_paid(tx, session.cart_id, session.cart_version):
        raise Conflict("This cart is paid.", code="already_paid")
    voided = await void_sessions_of_cart(tx, session.cart_id)
    await _insert(tx, payment, session)
    return Begun(payment, session, voided)


async def _insert(tx: Transaction, payment: Payment, session: PaymentSession) -> None:
    """Store an attempt; who waits for the cart notices it."""
    writes = Writes()
    payment_rows.write(writes, tx, payment, session)
    if session.cart_id is not None:
        queries.write_touch(writes, tx, session.cart_id)
    await writes.run(tx)


async def taken_up(tx: Transaction, session: PaymentSession) -> Begun | None:
    """The same attempt, if it was begun before and its start was never answered.

    It goes on under its own operation id, so that nobody is charged twice. The cart or its order
    must be locked. Raises Conflict `in_progress` while somebody still waits for the answer.
    """
    found = await payment_rows.unanswered(tx, session)
    if found is None:
        return None
    if found.lost_at is not None and found.lost_at > tx.now:
        raise Conflict("This payment is being started already.", code="in_progress")
    payment = await payments.get_payment(tx, found.payment_id)
    again = msgspec.structs.replace(found, expires_at=session.expires_at, lost_at=session.lost_at)
    await payment_rows.take_up(tx, again)
    return Begun(payment, again, again=True)


async def plan_poll(tx: Transaction, session: PaymentSession, plan: Sequence[timedelta]) -> None:
    """Look the payment up after the next wait of the plan, at the latest when its time is over."""
    wait = next_poll(plan, session.polls)
    due = session.expires_at if wait is None else min(tx.now + wait, session.expires_at)
    job = Job(
        kind=POLL,
        payload={"session_id": str(session.id)},
        store_id=tx.store_id,
        dedupe_key=f"{session.id}:{session.polls}",
        run_at=due,
    )
    await enqueue_in(tx, job)


async def hold_in(
    tx: Transaction, cart: Cart, standing: queries.Standing, network_address: str
) -> datetime:
    """Hold a cart's stock; its row must be locked. Returns until when."""
    until = tx.now + timedelta(minutes=standing.hold_minutes)
    hold = NewHold(
        cart_id=cart.id,
        shopper_key=_holder(cart, network_address),
        network_address=network_address,
        expires_at=until,
    )
    caps = Caps(per_shopper=standing.holds_per_shopper, per_address=standing.holds_per_address)
    await inventory.hold(tx, hold, wanted_stock(cart, {}), caps)
    return until


def _holder(cart: Cart, network_address: str) -> str:
    """Whom the limit of holds counts: of a guest's session the session, else the shopper."""
    if cart.customer_id is None and cart.session_id is not None:
        return cart.session_id
    return shopper_key(cart, network_address)


async def call_off_older(engine: Engine, store: Store, payment_id: UUID) -> None:
    """Cancel a voided attempt at its provider before another begins; or else a little later."""
    try:
        await call_off_payment(engine, store, payment_id)
    except ProviderFault as fault:
        _LOG.warning("an older payment could not be called off yet: %s", fault.detail)
        async with engine.database.transaction(store.id) as tx:
            await call_off_later(tx, [payment_id])
