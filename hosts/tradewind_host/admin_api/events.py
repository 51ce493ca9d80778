"""What happened and who was told: events, their deliveries, and what came in by webhook."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from tradewind.outbox import inbox, service
from tradewind.outbox.inbox import InboxRecord
from tradewind.outbox.service import DeliveryRecord, EventRecord
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Cursor, Limit, id_cursor, page

DeliveryState = Literal["pending", "held", "done", "dead"]
InboxState = Literal["pending", "done", "dropped", "dead"]
EventType = Annotated[
    str | None, QueryParameter(name="type", description="Such as `order.placed`.", max_length=100)
]
GivenDeliveryState = Annotated[DeliveryState | None, QueryParameter(name="state")]
GivenInboxState = Annotated[InboxState | None, QueryParameter(name="state")]


class EventList(msgspec.Struct, frozen=True):
    """Events in the order they happened."""

    events: Sequence[EventRecord]
    next_cursor: str | None


class DeliveryList(msgspec.Struct, frozen=True):
    """Deliveries, oldest first."""

    event_deliveries: Sequence[DeliveryRecord]
    next_cursor: str | None


class InboxList(msgspec.Struct, frozen=True):
    """Items that came in, newest first."""

    webhook_inbox: Sequence[InboxRecord]
    next_cursor: str | None


class Replayed(msgspec.Struct, frozen=True):
    """It will be worked on again."""

    id: UUID
    state: Literal["pending"] = "pending"


_LISTS = reads(422)
_REPLAYS = writes()


@get("/events", responses=_LISTS)
async def list_events(
    access: GivenAccess,
    event_type: EventType = None,
    after: FromQuery[UUID | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> EventList:
    """Events in the order they happened, from after an event's id.

    Of a guest's cart the id is null for somebody who may only read: it would let them act for it.
    """
    start = after or id_cursor(cursor)
    async with access.transaction() as tx:
        rows = await service.list_events(tx, kind=event_type, after=start, limit=limit + 1)
    kept, following = page(rows, limit, lambda row: row.id)
    shown = [_without_secret(row) for row in kept] if access.key.role == "read_only" else kept
    return EventList(shown, following)


def _without_secret(row: EventRecord) -> EventRecord:
    """An event for somebody who may only read: the id of a guest's cart is all that opens it."""
    told = row.payload
    if "cart_id" not in told or told.get("customer_id") or told.get("session_id"):
        return row
    return msgspec.structs.replace(row, aggregate="cart", payload={**told, "cart_id": None})


@get("/event-deliveries", responses=_LISTS)
async def list_deliveries(
    access: GivenAccess,
    delivery_state: GivenDeliveryState = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveryList:
    """Who was told of which event, and how it went."""
    async with access.transaction() as tx:
        rows = await service.list_deliveries(
            tx, state=delivery_state, after=id_cursor(cursor), limit=limit + 1
        )
    return DeliveryList(*page(rows, limit, lambda row: row.id))


@post("/event-deliveries/{delivery_id:uuid}/replay", status_code=202, responses=_REPLAYS)
async def replay_delivery(access: GivenAccess, delivery_id: FromPath[UUID]) -> Response[Replayed]:
    """Tell the subscriber again, whatever became of it before."""
    async with access.transaction() as tx:
        await service.replay_delivery(tx, delivery_id)
        await audit(tx, access.actor, "delivery.replayed", "delivery", str(delivery_id))
        return await access.answer(tx, Replayed(delivery_id), 202)


@get("/webhook-inbox", responses=_LISTS)
async def list_inbox(
    access: GivenAccess,
    inbox_state: GivenInboxState = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> InboxList:
    """What came in by webhook, newest first."""
    async with access.transaction() as tx:
        rows = await inbox.list_items(
            tx, state=inbox_state, before=id_cursor(cursor), limit=limit + 1
        )
    return InboxList(*page(rows, limit, lambda row: row.id))


@post("/webhook-inbox/{item_id:uuid}/replay", status_code=202, responses=_REPLAYS)
async def replay_item(access: GivenAccess, item_id: FromPath[UUID]) -> Response[Replayed]:
    """Work an item off again, as if it had just come."""
    async with access.transaction() as tx:
        await inbox.replay_item(tx, item_id)
        await audit(tx, access.actor, "inbox.replayed", "item", str(item_id))
        return await access.answer(tx, Replayed(item_id), 202)


ROUTES = (list_events, list_deliveries, replay_delivery, list_inbox, replay_item)
