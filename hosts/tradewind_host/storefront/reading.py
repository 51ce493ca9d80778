"""What the pages know of an order: read once a token has shown that it may be seen."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tradewind.checkout.links import opens
from tradewind.checkout.service import look_up_order
from tradewind.contracts.errors import NotFound
from tradewind.database import Store
from tradewind.database.directory import store_by_slug
from tradewind.downloads.rules import Download
from tradewind.downloads.service import downloads_of
from tradewind.fulfillment.rules import Shipment
from tradewind.fulfillment.service import shipments_of
from tradewind.orders import service as orders
from tradewind.orders.rules import Order, TimelineEntry
from tradewind.payments import service as payments
from tradewind.payments.rules import PaymentSession
from tradewind.settings.engine import Engine
from tradewind.settings.links import Purpose
from tradewind.stores.service import settings_of

LIVE = frozenset(("starting", "open"))


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What a link says: a store, an order, and the token that opens it. Nothing is believed yet."""

    slug: str
    order: str
    token: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its pages show it. `session` is the newest attempt to pay it.

    `error_code` says why that attempt came to nothing. `lapsed`: the time to pay is over.
    `may_pay`: the token lets it be paid.
    """

    store: Store
    zone: ZoneInfo
    order: Order
    session: PaymentSession | None
    error_code: str
    timeline: Sequence[TimelineEntry]
    shipments: Sequence[Shipment]
    downloads: Sequence[Download]
    lapsed: bool
    may_pay: bool
    token: str

    @property
    def waits(self) -> bool:
        """Whether it waits for its money."""
        return self.order.status == "pending" and not self.lapsed

    @property
    def in_part(self) -> bool:
        """Whether part of its money has come; the shop must see to the rest."""
        return self.waits and self.order.paid_total > self.order.refunded_total

    @property
    def live(self) -> PaymentSession | None:
        """The attempt to pay that is under way, if the order still waits."""
        under_way = self.session is not None and self.session.status in LIVE
        return self.session if self.waits and under_way else None


async def see(engine: Engine, link: Link, purpose: Purpose) -> Seen:
    """The order behind a link. Raises NotFound, whatever is wrong with the link."""
    store, order_id = await store_of(engine, link.slug), _id(link.order)
    if not opens(engine, store, order_id, purpose, link.token):
        raise NotFound("This link opens nothing.")
    async with engine.database.transaction(store.id) as tx:
        order = await orders.get_order(tx, order_id)
        session = await payments.session_of_order(tx, order_id)
        payment = await payments.get_payment(tx, session.payment_id) if session else None
        return Seen(
            store=store,
            zone=ZoneInfo((await settings_of(tx)).time_zone),
            order=order,
            session=session,
            error_code=payment.error_code if payment else "",
            timeline=await orders.timeline(tx, order_id),
            shipments=await shipments_of(tx, order_id),
            downloads=await downloads_of(tx, order),
            lapsed=order.lapsed(tx.now),
            may_pay=opens(engine, store, order_id, "pay", link.token),
            token=link.token,
        )


async def see_settled(engine: Engine, link: Link, purpose: Purpose) -> Seen:
    """As `see`; for a payment under way its provider is asked first, though not too often."""
    seen = await see(engine, link, purpose)
    if seen.live is None:
        return seen
    await look_up_order(engine, seen.store, seen.order.id)
    return await see(engine, link, purpose)


async def store_of(engine: Engine, slug: str) -> Store:
    """The store with this slug. Raises NotFound."""
    if not (slug.isascii() and slug.isprintable()):
        raise NotFound("There is no such store.")
    return await store_by_slug(engine.database, slug)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such order.") from None
