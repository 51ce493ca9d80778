"""The entries of a journey: complete a cart, or place it in one go."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart
from tradewind.checkout import queries
from tradewind.checkout.links import coming_back
from tradewind.checkout.numbers import order_numbers
from tradewind.checkout.rules import (
    Paying,
    Snapshot,
    StartRequest,
    changed,
    check_expected,
    check_ready,
)
from tradewind.checkout.service import providers
from tradewind.checkout.service.asking import look_up_order
from tradewind.checkout.service.beginning import begin, call_start, check_terms
from tradewind.checkout.service.placing import check_delivery, place_cart
from tradewind.checkout.service.providers import Attempt
from tradewind.checkout.service.quoting import (
    quote,
    quote_at_once,
    quote_in,
    read_cart,
    standing_quote,
)
from tradewind.checkout.service.reporting import learned, payment_reported, settle
from tradewind.checkout.service.starting import (
    assess,
    choose,
    frozen,
    hold_in,
    plan_poll,
)
from tradewind.contracts.errors import Conflict, NotFound, ProviderFault
from tradewind.database import Store
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind.payments import attempt_queries as attempt_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment, PaymentSession
from tradewind.settings.engine import Engine
from tradewind.stores.service import settings_of

LIVE = frozenset(("starting", "open", "completed"))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A cart and how far its payment is; or the order that it has become."""

    cart: Cart
    order: Order | None = None
    session: PaymentSession | None = None
    payment: Payment | None = None

    @property
    def counts(self) -> bool:
        """Whether it is paid or under way."""
        if self.session is None or self.payment is None:
            return False
        return self.payment.certain or self.session.status in LIVE


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempt to pay is meant; without a name any."""

    session_id: UUID | None = None
    provider_ref: str | None = None

    def means(self, found: Found) -> bool:
        """Whether it is this one: the provider may have several names for it."""
        session, payment, ref = found.session, found.payment, self.provider_ref
        if session is None or payment is None or self.session_id not in {None, session.id}:
            return False
        return ref is None or ref == payment.provider_ref or ref in session.data.values()


def _anybody(cart: Cart) -> Cart:
    return cart


async def complete(
    engine: Engine,
    store: Store,
    cart_id: UUID,
    *,
    expected_total: int | None = None,
    session_id: UUID | None = None,
    provider_ref: str | None = None,
    network_address: str = "",
    admit: Callable[[Cart], Cart] = _anybody,
) -> Order:
    """Turn a cart into its order; a cart that is one already gives that order again.

    `expected_total` (minor units) is what the shopper saw. `provider_ref`, as the provider calls
    it, and `session_id` say which attempt to pay is meant; whether it was paid is looked up.
    `admit` raises when the cart is not for whoever asks. Raises NotFound (`unknown_payment` for an
    attempt this cart has not), OutOfStock, Conflict (`payment_not_completed`, `cart_changed`,
    `cart_empty`, `line_unavailable`, `missing_email`, `missing_shipping_method`,
    `too_many_unpaid`); the cart is kept then.
    """
    named = Named(session_id=session_id, provider_ref=provider_ref)
    read = await queries.tried_at_once(engine.database, store.id, cart_id)
    if read is None:
        raise NotFound("There is no such cart.")
    quoted = standing_quote(engine, store, admit(read.cart))
    if quoted is not None:
        found = _found(quoted, read.attempts, named)
    else:
        found = await _looked_up(engine, store, cart_id, named, admit)
    if found.order is not None:
        return await _standing(engine, store, found.order)
    cart = found.cart
    if found.payment is not None and found.payment.certain:
        return await _settled(engine, store, found)
    check_expected(cart, expected_total)
    check_ready(cart)
    await _check_delivery(engine, store, cart)
    if cart.total == 0:
        return await place_cart(engine, store, cart, Paying())
    return await _unpaid(engine, store, found, network_address)


async def place(
    engine: Engine,
    store: Store,
    cart_id: UUID,
    provider: str,
    method: str | None = None,
    request: StartRequest | None = None,
    *,
    expected_total: int | None = None,
    most_waiting: int | None = None,
) -> Order:
    """Order a cart in one go, as chats do.

    `expected_total` (minor units) is what the shopper agreed to, unless told what the cart was last
    quoted at. With a method that pays later
    (or a total of zero) the order stands at once. With any other it is pending for the store's
    `order_minutes`, its stock is reserved, and it stands when the money is certain; what the
    shopper must do is in the order's payment session, and when that comes to nothing, `pay_order`
    begins another; with `most_waiting`, so many may be pending under one mail address. Raises as
    `start_payment`, and Conflict `cart_changed`, `too_many_holds`.
    """
    cart = await read_cart(engine, store, cart_id)
    if cart.status != "open":
        async with engine.database.transaction(store.id) as tx:
            order = await orders.order_of_cart(tx, cart_id)
        if order is not None:
            return order
    if cart.quoted and expected_total is None:
        expected_total = cart.total
    # A stored quote is looked at again: a limit may have been reached since.
    cart = await quote_at_once(engine, store, cart)
    check_expected(cart, expected_total)
    if cart.total == 0:
        check_ready(cart)
        return await place_cart(engine, store, cart, Paying())
    wanted = request or StartRequest(provider=provider, method=method)
    attempt = await choose(engine, store, cart, wanted)
    await _check_delivery(engine, store, cart)
    await assess(engine, store, attempt)
    if attempt.method.pays_later:
        return await _place_now(engine, store, attempt)
    return await _place_pending(engine, store, attempt, most_waiting)


async def hold_stock(
    engine: Engine, store: Store, cart_id: UUID, *, network_address: str = ""
) -> None:
    """Hold a cart's stock for the store's time, as CHECKOUT in a chat does.

    Raises NotFound, OutOfStock, Conflict `too_many_holds`.
    """
    async with engine.database.transaction(store.id) as tx:
        standing = await queries.standing(tx, cart_id)
        if standing is None:
            raise NotFound("There is no such cart.")
        cart = await carts.get_cart(tx, cart_id)
        await hold_in(tx, cart, standing, network_address)


async def _looked_up(
    engine: Engine, store: Store, cart_id: UUID, named: Named, admit: Callable[[Cart], Cart]
) -> Found:
    """What there is of a cart that is an order already, or must be quoted first.

    Attempts are looked at last: a quote that differs has called them off.
    """
    async with engine.database.transaction(store.id) as tx:
        cart = admit(await carts.get_cart(tx, cart_id))
        order = await orders.order_of_cart(tx, cart_id) if cart.status != "open" else None
        if order is not None:
            return Found(cart=cart, order=order)
        quoted = await quote_in(tx, engine, cart)
        attempts = await attempt_rows.attempts_of_cart(tx, cart_id)
    found = _found(quoted or cart, attempts, named)
    if quoted is None:
        found = msgspec.structs.replace(found, cart=await quote(engine, store, cart_id))
    return found


def _found(cart: Cart, attempts: Sequence[tuple[PaymentSession, Payment]], named: Named) -> Found:
    """The attempt that counts: one that is paid or under way, else the newest."""
    begun = [Found(cart=cart, session=session, payment=payment) for session, payment in attempts]
    meant = [one for one in begun if named.means(one)]
    if named != Named() and not meant:
        raise NotFound("There is no such payment.", code="unknown_payment")
    return next((one for one in meant if one.counts), (meant or [Found(cart=cart)])[0])


async def _standing(engine: Engine, store: Store, order: Order) -> Order:
    """The order that a cart has become; one that waits for its money does not stand yet."""
    if order.status != "pending":
        return order
    await look_up_order(engine, store, order.id)
    async with engine.database.transaction(store.id) as tx:
        order = await orders.get_order(tx, order.id)
    if order.status == "pending":
        raise _not_completed()
    return order


def _not_completed() -> Conflict:
    return Conflict("The payment is not completed.", code="payment_not_completed")


async def _settled(engine: Engine, store: Store, found: Found) -> Order:
    order = await settle(engine, store, found.payment) if found.payment else None
    if order is None:
        message = "The payment came, but the order could not be placed; the shop was told."
        raise Conflict(message, code="paid_not_placed")
    return order


async def _unpaid(engine: Engine, store: Store, found: Found, network_address: str) -> Order:
    session, payment = found.session, found.payment
    if session is None or payment is None:
        raise Conflict("Nothing was paid yet.", code="payment_not_completed")
    if session.status == "voided":
        return await _after_edit(engine, store, found, payment)
    snapshot = msgspec.json.decode(session.snapshot, type=Snapshot)
    if snapshot.pays_later and session.status == "open":
        if session.cart_version != found.cart.version or snapshot.cart.total != found.cart.total:
            raise changed()
        paying = Paying(payment=payment, session=session, network_address=network_address)
        return await place_cart(engine, store, snapshot.cart, paying)
    return await _after_look_up(engine, store, found, payment)


async def _after_edit(engine: Engine, store: Store, found: Found, payment: Payment) -> Order:
    """The cart was edited after this attempt had begun; its money may have come all the same."""
    result = await providers.look_up_safely(engine, store, payment)
    if not (await learned(engine, store, payment, result)).certain:
        raise changed()
    return await _settled(engine, store, msgspec.structs.replace(found, payment=payment))


async def _after_look_up(engine: Engine, store: Store, found: Found, payment: Payment) -> Order:
    result = await providers.look_up(engine, store, payment)
    await payment_reported(engine, store, payment.id, result, "poll")
    async with engine.database.transaction(store.id) as tx:
        order = await orders.order_of_cart(tx, found.cart.id)
        again = await payments.get_payment(tx, payment.id)
    if order is not None:
        return order
    if again.certain:
        raise Conflict("The payment came, but no order could be placed.", code="paid_not_placed")
    raise _not_completed()


async def _check_delivery(engine: Engine, store: Store, cart: Cart) -> None:
    if cart.shipping_address is None or cart.shipping_method is not None:
        return
    async with engine.database.transaction(store.id) as tx:
        await check_delivery(tx, cart)


async def _place_now(engine: Engine, store: Store, attempt: Attempt) -> Order:
    """No money moves at the start of a payment that comes later: the provider is asked first."""
    payment, session = frozen(engine, attempt, "open")
    number = await order_numbers(engine.database).take(store.id)
    result = await call_start(engine, store, attempt, payment, number)
    check_terms(result)
    payment = msgspec.structs.replace(payment, provider_ref=result.provider_ref)
    session = msgspec.structs.replace(session, action=result.action, data=result.data)
    paying = Paying(
        payment=payment,
        session=session,
        new=True,
        network_address=attempt.request.network_address,
    )
    order = await place_cart(engine, store, attempt.cart, paying, number)
    if result.facts or not result.trusted:
        await payment_reported(engine, store, payment.id, result, "provider")
        async with engine.database.transaction(store.id) as tx:
            return await orders.get_order(tx, order.id)
    return order


async def _place_pending(
    engine: Engine, store: Store, attempt: Attempt, most_waiting: int | None
) -> Order:
    payment, session = frozen(engine, attempt, "starting")
    async with engine.database.transaction(store.id) as tx:
        minutes = (await settings_of(tx)).order_minutes
    own_time = session.created_at + timedelta(minutes=minutes)
    paying = Paying(
        payment=payment,
        session=session,
        new=True,
        stands=False,
        expires_at=max(own_time, session.expires_at),
        most_waiting=most_waiting,
    )
    order = await place_cart(engine, store, attempt.cart, paying)
    async with engine.database.transaction(store.id) as tx:
        await plan_poll(tx, session, attempt.desk.provider.capabilities.poll_plan)
    attempt = attempt._replace(request=coming_back(engine, store, order, attempt.request))
    with contextlib.suppress(ProviderFault):
        await begin(engine, store, attempt, payment, session)
    async with engine.database.transaction(store.id) as tx:
        return await orders.get_order(tx, order.id)
