"""Calling payment providers: always outside a transaction, within a time budget, told apart."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from tradewind.carts.rules import Cart
from tradewind.cases.plugins import record_failure
from tradewind.checkout.rules import StartRequest
from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import Conflict, ProviderFault, Refusal
from tradewind.contracts.money import Money
from tradewind.contracts.payment import (
    Change,
    Method,
    MethodsQuery,
    PaymentProvider,
    PaymentResult,
    PaymentStatus,
)
from tradewind.database import Store
from tradewind.payments.rules import Capture, Payment, Refund
from tradewind.plugins import hush, is_programming_error, told, understood
from tradewind.settings.engine import Engine

SECONDS = 20.0
_LOG = logging.getLogger(__name__)


class Desk(msgspec.Struct, frozen=True):
    """A provider together with one store's account."""

    provider: PaymentProvider[Any]
    context: StoreContext[Any]


class Attempt(NamedTuple):
    """A way to pay that was chosen and found acceptable for a quoted cart."""

    cart: Cart
    desk: Desk
    method: Method
    request: StartRequest


async def desk(engine: Engine, store: Store, name: str) -> Desk:
    """A provider that is offered to new shoppers.

    Raises NotFound for a name nobody has, Conflict `provider_unavailable`.
    """
    provider = engine.plugins.provider(name)
    context = await engine.context(store, engine.plugins.plugin_of(name))
    if context is None:
        raise Conflict(f"{name} is not offered here.", code="provider_unavailable")
    return Desk(provider, context)


async def desk_anyway(engine: Engine, store: Store, name: str) -> Desk | None:
    """A provider with money in flight, also when it is switched off; None when it is gone."""
    if name not in engine.plugins.providers:
        return None
    context = await engine.context_anyway(store, engine.plugins.plugin_of(name))
    return None if context is None else Desk(engine.plugins.provider(name), context)


async def methods(engine: Engine, store: Store, at: Desk, cart: Cart) -> Sequence[Method]:
    """What a provider offers the shopper of a cart. Raises ProviderFault."""
    address, countries = cart.shipping_address, cart.region.countries
    only = countries[0] if len(countries) == 1 else None
    query = MethodsQuery(
        amount=Money(cart.total, cart.currency),
        country=address.country_code if address else only,
        channel=cart.source,
        customer_id=cart.customer_id,
        phone=cart.phone,
    )
    call = at.provider.methods(at.context, query)
    offered: Sequence[Method] = await _within(engine, store, at, call, Sequence[Method])
    return offered


async def ask(
    engine: Engine, store: Store, at: Desk, call: Awaitable[PaymentResult]
) -> PaymentResult:
    """A provider's answer; `unknown` when none came in time. Raises ProviderFault."""
    try:
        result: PaymentResult = await _within(engine, store, at, call, PaymentResult)
    except TimeoutError:
        return PaymentResult(status="unknown", code="timeout")
    return result


async def look_up(engine: Engine, store: Store, payment: Payment) -> PaymentResult:
    """What the provider knows of a payment now; `unknown` when there is nobody to ask."""
    at = await desk_anyway(engine, store, payment.provider)
    if at is None:
        return PaymentResult(status="unknown", code="provider_gone")
    call = at.provider.fetch(at.context, payment.operation_id, payment.provider_ref)
    return await ask(engine, store, at, call)


async def look_up_safely(engine: Engine, store: Store, payment: Payment) -> PaymentResult:
    """The same; `unknown` also when the provider cannot answer."""
    try:
        return await look_up(engine, store, payment)
    except ProviderFault as fault:
        _LOG.warning("%s could not be asked after a payment: %s", payment.provider, fault.detail)
        return PaymentResult(status="unknown", code=fault.code)


async def refund(engine: Engine, store: Store, payment: Payment, wanted: Refund) -> PaymentResult:
    """Ask a provider to give money back, also one that is switched off.

    What it will never do is a result with status `failed`; `unknown` when nobody can tell.
    """
    change = Change(
        operation_id=wanted.operation_id,
        payment_id=payment.id,
        provider_ref=payment.provider_ref or "",
        amount=wanted.money,
        reason=wanted.reason,
        object_id=wanted.object_id,
    )
    return await _moved(engine, store, payment, "refund", change)


async def capture(engine: Engine, store: Store, payment: Payment, wanted: Capture) -> PaymentResult:
    """Ask a provider for money that it holds; answers as `refund` does."""
    change = Change(
        operation_id=wanted.operation_id,
        payment_id=payment.id,
        provider_ref=payment.provider_ref or "",
        amount=wanted.money,
    )
    return await _moved(engine, store, payment, "capture", change)


async def _moved(
    engine: Engine,
    store: Store,
    payment: Payment,
    call: Literal["refund", "capture"],
    change: Change,
) -> PaymentResult:
    at = await desk_anyway(engine, store, payment.provider)
    moving = getattr(at.provider, call, None) if at else None
    if at is None or moving is None:
        return PaymentResult(status="unknown", code="provider_gone")
    try:
        return await ask(engine, store, at, moving(at.context, change))
    except Refusal as refusal:
        return PaymentResult(status="failed", code=refusal.reason)
    except ProviderFault as fault:
        status: PaymentStatus = "failed" if fault.permanent else "unknown"
        return PaymentResult(status=status, code=fault.provider_code or fault.code)


async def call_off(
    engine: Engine, store: Store, payment: Payment, reason: str
) -> PaymentResult | None:
    """Cancel a payment at its provider; None where that cannot be done. Raises ProviderFault."""
    at = await desk_anyway(engine, store, payment.provider)
    cancel = getattr(at.provider, "cancel", None) if at else None
    if at is None or cancel is None or not at.provider.capabilities.cancel:
        return None
    change = Change(
        operation_id=f"{payment.operation_id}:cancel",
        payment_id=payment.id,
        provider_ref=payment.provider_ref or "",
        amount=payment.money(payment.amount),
        reason=reason,
    )
    return await ask(engine, store, at, cancel(at.context, change))


async def _within(engine: Engine, store: Store, at: Desk, call: Awaitable[Any], kind: Any) -> Any:
    """What a provider answers, checked to be of `kind`."""
    where = getattr(call, "__name__", "")
    try:
        async with asyncio.timeout(SECONDS):
            return understood(await call, kind)
    except (ProviderFault, Refusal) as said:
        hush(said, at.context.settings)
        raise
    except TimeoutError:
        raise
    except Exception as error:
        name = at.provider.name
        _LOG.exception("payment provider %s failed", name)
        if is_programming_error(error):
            plugin = engine.plugins.plugin_of(name)
            words = told(error, at.context.settings)
            await record_failure(engine, store, plugin, where, words)
        raise ProviderFault(f"{name} could not answer.", permanent=False) from error
