"""What becomes of orders, told to Segment or whatever else takes its `track` calls."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from tradewind import (
    FulfillmentCreated,
    FulfillmentDelivered,
    FulfillmentReturned,
    FulfillmentShipped,
    OperatorOnly,
    OrderCanceled,
    OrderDisputed,
    OrderExpired,
    OrderInfo,
    OrderPlaced,
    OrderRefunded,
    PaymentPaid,
    Plugin,
    Secret,
    StoreContext,
    hookimpl,
    type_of,
)

__all__ = ["SegmentPlugin", "SegmentSettings", "plugin"]

ORDERS = (OrderPlaced, OrderCanceled, OrderExpired, OrderRefunded, OrderDisputed, PaymentPaid)
PARCELS = (FulfillmentCreated, FulfillmentShipped, FulfillmentDelivered, FulfillmentReturned)
SHARED = frozenset(("id", "store_id", "occurred_at", "sequence", "order_id", "metadata"))


class SegmentSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One source of events."""

    write_key: Annotated[
        Secret, msgspec.Meta(title="Write key", description="Of the source in Segment.")
    ]
    endpoint: Annotated[
        OperatorOnly, msgspec.Meta(title="Address of `track`", pattern="^https?://")
    ] = "https://api.segment.io/v1/track"


class SegmentPlugin(Plugin):
    """Makes one `track` call of each event; the event's id tells repetitions apart there."""

    name = "segment"
    requires = ">=0.1,<0.2"
    settings_type = SegmentSettings

    @hookimpl(events=[*ORDERS, *PARCELS])
    async def on_event(self, event: Any, context: StoreContext[SegmentSettings]) -> None:
        """Tell of it; what is no success is raised, and the event comes again later."""
        order = await context.shop.order(event.order_id) if event.order_id else None
        if order is not None:
            settings, call = context.settings, track(event, order)
            key = (settings.write_key, "")
            answer = await context.http.post(settings.endpoint, json=call, auth=key)
            answer.raise_for_status()


def track(event: Any, order: OrderInfo) -> Mapping[str, Any]:
    """The body of a call. Amounts are `{"amount", "currency"}`, in minor units."""
    told = {name: getattr(event, name) for name in event.__struct_fields__ if name not in SHARED}
    known = {"order_id": order.id, "number": order.number, "total": order.total}
    person = {"userId": order.customer_id} if order.customer_id else {"anonymousId": order.id}
    properties = {**getattr(event, "metadata", order.metadata), **known, **told}
    call = {**person, "event": type_of(type(event)), "properties": properties}
    plain: Mapping[str, Any] = msgspec.to_builtins(
        {**call, "messageId": event.id, "timestamp": event.occurred_at}
    )
    return plain


plugin = SegmentPlugin()
