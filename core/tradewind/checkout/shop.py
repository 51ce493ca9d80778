"""The shop as plugins see it: typed reads, and the few writes they may make."""

from collections.abc import Mapping
from uuid import UUID

from tradewind.catalog.service import get_product
from tradewind.contracts.context import CustomerInfo, LineInfo, OrderInfo, ProductInfo
from tradewind.contracts.errors import NotFound
from tradewind.customers import service as customers
from tradewind.database import Database, Store
from tradewind.fulfillment.service import add_shipment
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind.stores.service import settings_of

ACTOR = "plugin"


class ShopReads:
    """One store's shop. Every call is a transaction of its own."""

    def __init__(self, database: Database, store: Store, actor: str = ACTOR) -> None:
        """`actor` signs what is written."""
        self._database = database
        self._store = store
        self._actor = actor

    async def order(self, order_id: UUID) -> OrderInfo | None:
        """One order of this store."""
        try:
            async with self._database.transaction(self._store.id) as tx:
                return order_info(await orders.get_order(tx, order_id))
        except NotFound:
            return None

    async def product(self, product_id: UUID) -> ProductInfo | None:
        """One product of this store, published or not."""
        try:
            async with self._database.transaction(self._store.id) as tx:
                currency = (await settings_of(tx)).currency
                found = await get_product(
                    tx, str(product_id), currency=currency, published_only=False
                )
        except NotFound:
            return None
        return ProductInfo(
            id=found.id,
            title=found.title,
            handle=found.handle,
            kind=found.kind,
            skus=tuple(variant.sku for variant in found.variants),
        )

    async def customer(self, customer_id: UUID) -> CustomerInfo | None:
        """One customer of this store."""
        try:
            async with self._database.transaction(self._store.id) as tx:
                found = await customers.get_customer(tx, customer_id)
                known = await customers.identities(tx, customer_id)
        except NotFound:
            return None
        return CustomerInfo(
            id=found.id,
            name=found.name,
            email=found.email,
            phone=found.phone,
            identities=tuple((one.channel, one.identity) for one in known),
        )

    async def add_note(self, order_id: UUID, text: str) -> None:
        """Put a note on an order's timeline. Raises NotFound."""
        async with self._database.transaction(self._store.id) as tx:
            await orders.add_note(tx, order_id, text, self._actor)

    async def add_metadata(self, order_id: UUID, values: Mapping[str, str]) -> None:
        """Merge values into an order's metadata. Raises NotFound."""
        async with self._database.transaction(self._store.id) as tx:
            await orders.add_metadata(tx, order_id, values, self._actor)

    async def add_shipment(
        self, order_id: UUID, *, carrier: str, tracking_number: str, tracking_url: str = ""
    ) -> UUID:
        """Record a shipment of everything not yet shipped. Raises NotFound, Conflict."""
        async with self._database.transaction(self._store.id) as tx:
            shipment = await add_shipment(
                tx,
                order_id,
                self._actor,
                carrier=carrier,
                tracking_number=tracking_number,
                tracking_url=tracking_url,
            )
        return shipment.id


def order_info(order: Order) -> OrderInfo:
    """An order as plugins see it."""
    return OrderInfo(
        id=order.id,
        number=str(order.number),
        status=order.status,
        payment_status=order.payment_status,
        fulfillment_status=order.fulfillment_status,
        source=order.source,
        currency=order.currency,
        total=order.money(order.total),
        email=order.email,
        customer_id=order.customer_id,
        lines=tuple(
            LineInfo(
                id=line.id,
                variant_id=line.variant_id,
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
                unit_price=line.unit_price,
                total=line.total,
            )
            for line in order.lines
        ),
        metadata=order.metadata,
        created_at=order.created_at,
    )
