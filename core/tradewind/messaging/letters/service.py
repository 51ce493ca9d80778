"""Write the letters that events make due, and put them on their way by the store's e-mail."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from tradewind.checkout.links import checkout_url, download_url, order_url
from tradewind.contracts.channel import Channel
from tradewind.contracts.errors import NotFound
from tradewind.contracts.events import (
    Event,
    FulfillmentDelivered,
    FulfillmentEvent,
    OrderRefunded,
    PaymentEvent,
)
from tradewind.contracts.money import Money
from tradewind.contracts.payment import Instructions
from tradewind.database.engine import Store, Transaction
from tradewind.downloads.service import downloads_of
from tradewind.messaging import service as messaging
from tradewind.messaging.letters.composing import Facts, Fetch, Parcel, compose
from tradewind.messaging.letters.rules import WRITTEN, Kind, due
from tradewind.messaging.service import Origin
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment
from tradewind.plugins import Plugins
from tradewind.settings.engine import Engine
from tradewind.stores.service import settings_of

LETTERS = "letters"
"""The subscriber that writes to shoppers by e-mail; core's own, beside the plugins."""


def written(plugins: Plugins) -> frozenset[str]:
    """The types of events that letters are written about; none where nothing carries letters."""
    return WRITTEN if any(map(_carries_letters, plugins.channels.values())) else frozenset()


async def written_by(engine: Engine, store: Store) -> frozenset[str]:
    """The types of events that a store writes letters about; none while it has no e-mail."""
    return WRITTEN if await post_of(engine, store) is not None else frozenset()


async def post_of(engine: Engine, store: Store) -> Channel[Any] | None:
    """The channel that carries a store's letters: the first by name that it has switched on.

    One that cannot run just now is meant as well; its letters wait.
    """
    rows = (await engine.state(store)).rows
    plugins = engine.plugins
    for name, channel in sorted(plugins.channels.items()):
        row = rows.get(plugins.plugin_of(name))
        if row is not None and row.enabled and _carries_letters(channel):
            return channel
    return None


def _carries_letters(channel: Channel[Any]) -> bool:
    return channel.capabilities.email and not channel.capabilities.inbound


async def write(engine: Engine, store: Store, event: Event) -> None:
    """Queue the letters that an event makes due, each once, however often the event is delivered.

    Nothing is written for an order without a mail address, or by a store without e-mail.
    """
    post = await post_of(engine, store)
    if post is None:
        return
    plugin = engine.plugins.plugin_of(post.name)
    async with engine.database.transaction(store.id) as tx:
        order = await _order(tx, event)
        if order is None or not order.email:
            return
        known = await payments.payments_of(tx, order.id)
        letters = due(event, order, known[-1].id if known else None)
        if not letters:
            return
        facts = await _with_payment(tx, await _facts(engine, store, tx, event, order), known)
        line = await messaging.line_to(tx, post.name, order.email.lower(), post.capabilities)
        origin = Origin(cause=str(event.id), category="utility", order_id=order.id)
        for one in letters:
            kind: Kind = "downloads" if one.kind == "delivered" and facts.files else one.kind
            letter, key = compose(kind, facts), f"letter:{one.key}"
            await messaging.queue(tx, line, plugin, [letter], origin, dedupe_key=key)


async def _order(tx: Transaction, event: Event) -> Order | None:
    """The order an event is about; a payment may have got its order since."""
    order_id: UUID | None = getattr(event, "order_id", None)
    try:
        if order_id is None and isinstance(event, PaymentEvent):
            order_id = (await payments.get_payment(tx, event.payment_id)).order_id
        return None if order_id is None else await orders.get_order(tx, order_id)
    except NotFound:
        return None


async def _facts(
    engine: Engine, store: Store, tx: Transaction, event: Event, order: Order
) -> Facts:
    settings = await settings_of(tx)
    return Facts(
        store=store.name,
        locale=settings.locale,
        time_zone=settings.time_zone,
        order=order,
        order_url=order_url(engine, store, order.id),
        pay_url=checkout_url(engine, store, order),
        at=event.occurred_at,
        amount=_amount(event, order),
        parcel=_parcel(event),
        files=await _files(engine, store, tx, event, order),
    )


async def _files(
    engine: Engine, store: Store, tx: Transaction, event: Event, order: Order
) -> Sequence[Fetch]:
    """What was delivered to be fetched; nothing of it travels, so no other delivery has any."""
    if not isinstance(event, FulfillmentDelivered):
        return []
    return [
        Fetch(title=one.title, url=download_url(engine, store, one), until=one.expires_at)
        for one in await downloads_of(tx, order)
    ]


def _amount(event: Event, order: Order) -> Money:
    if isinstance(event, PaymentEvent | OrderRefunded):
        return event.amount
    return order.money(order.total)


def _parcel(event: Event) -> Parcel:
    if not isinstance(event, FulfillmentEvent):
        return Parcel()
    return Parcel(carrier=event.carrier, number=event.tracking_number, url=event.tracking_url)


async def _with_payment(tx: Transaction, facts: Facts, known: Sequence[Payment]) -> Facts:
    """How the order is paid: what has brought money, or else what was begun last."""
    if not known:
        return facts
    payment = next((one for one in reversed(known) if one.captured), known[-1])
    session = await payments.session_of_order(tx, facts.order.id)
    action = session.action if session and session.payment_id == payment.id else None
    told = action.text if isinstance(action, Instructions) else ""
    return msgspec.structs.replace(facts, method=payment.method, instructions=told)
