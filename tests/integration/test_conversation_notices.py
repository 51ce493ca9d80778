"""What a shopper hears about an order later: in the chat where it was placed, and only there."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.support.chats import Chat, open_engine
from tests.support.shops import Shop, add_variant, make_shop
from tradewind.contracts.channel import Choice
from tradewind.contracts.events import (
    Event,
    FulfillmentCreated,
    FulfillmentDelivered,
    FulfillmentShipped,
    OrderCanceled,
    OrderExpired,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    PaymentPaid,
)
from tradewind.contracts.money import Money
from tradewind.conversations.notices import Notice, notice_for
from tradewind.database import Database
from tradewind_manual import plugin as manual


@pytest.fixture
async def shop(database: Database) -> Shop:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "EBOOK", 500_00, kind="digital", on_hand=None)
    return shop


@pytest.fixture
async def order(database: Database, shop: Shop) -> AsyncIterator[dict[str, Any]]:
    """An order that was placed in a conversation which the database knows."""
    async with open_engine(database, manual, shops=[shop]) as engine:
        chat = Chat(engine, shop)
        for text in ("add ebook", "checkout", "Jane Doe", "jane@example.com", "yes"):
            await chat.say(text)
        async with database.transaction(shop.store.id) as tx:
            row = await tx.fetchrow("SELECT * FROM shop.orders WHERE store_id = $1", tx.store_id)
            assert row is not None
            await tx.execute(
                """INSERT INTO shop.conversations
                       (store_id, id, channel, identity, customer_id, locale, last_message_at,
                        created_at)
                   VALUES ($1, $2, 'chatter', $3, $4, 'en', $5, $5)""",
                tx.store_id,
                chat.conversation_id,
                chat.sender.identity,
                row["customer_id"],
                tx.now,
            )
        yield {**row, "conversation_id": chat.conversation_id}


def event_of(kind: type, order: dict[str, Any], event_id: UUID, **more: Any) -> Any:
    return kind(
        id=event_id,
        store_id=order["store_id"],
        occurred_at=order["created_at"],
        sequence=1,
        order_id=order["id"],
        **more,
    )


def order_event(kind: type, order: dict[str, Any], event_id: UUID) -> Any:
    total = Money(order["total"], "KES")
    more = {"number": str(order["number"]), "source": "chatter", "total": total}
    return event_of(kind, order, event_id, **more)


def parcel(kind: type, order: dict[str, Any], event_id: UUID) -> Any:
    more = {"carrier": "Rider", "tracking_number": "R-1", "shipment_id": event_id}
    return event_of(kind, order, event_id, number=str(order["number"]), **more)


def refund(kind: type, order: dict[str, Any], event_id: UUID) -> Any:
    total = Money(order["total"], "KES")
    more = {"number": str(order["number"]), "source": "chatter", "total": total}
    return event_of(kind, order, event_id, amount=Money(120_00, "KES"), **more)


def paid(kind: type, order: dict[str, Any], event_id: UUID) -> Any:
    more = {"provider": "manual", "method": "cash_on_delivery", "payment_id": event_id}
    return event_of(kind, order, event_id, amount=Money(500_00, "KES"), **more)


async def notice(database: Database, store_id: UUID, event: Event) -> Notice | None:
    async with database.transaction(store_id) as tx:
        return await notice_for(tx, event)


@pytest.mark.parametrize(
    ("kind", "make", "words"),
    [
        (PaymentPaid, paid, "KES 500.00"),
        (OrderCanceled, order_event, "canceled"),
        (OrderExpired, order_event, "expired"),
        (OrderRefunded, refund, "KES 120.00 back"),
        (FulfillmentShipped, parcel, "Rider R-1"),
        (FulfillmentDelivered, parcel, "delivered"),
    ],
)
async def test_the_shopper_hears_what_becomes_of_the_order(
    database: Database, shop: Shop, order: dict[str, Any], kind: type, make: Any, words: str
) -> None:
    event_id = database.new_id()
    told = await notice(database, shop.store.id, make(kind, order, event_id))
    assert told is not None
    assert told.conversation_id == order["conversation_id"]
    assert told == await notice(database, shop.store.id, make(kind, order, event_id))
    (body,) = told.bodies
    assert isinstance(body, Choice)
    assert words in body.text
    assert str(order["number"]) in body.text
    assert [button.title for button in body.buttons] == ["Track order"]


@pytest.mark.parametrize(
    ("kind", "make"), [(OrderPlaced, order_event), (FulfillmentCreated, parcel)]
)
async def test_what_the_shopper_knows_already_is_not_told_again(
    database: Database, shop: Shop, order: dict[str, Any], kind: type, make: Any
) -> None:
    event = make(kind, order, database.new_id())
    assert await notice(database, shop.store.id, event) is None


async def test_orders_of_other_channels_and_stores_are_not_told(
    database: Database, shop: Shop, order: dict[str, Any]
) -> None:
    event = order_event(OrderCanceled, order, database.new_id())
    other = await make_shop(database, "other")
    assert await notice(database, other.store.id, event) is None
    async with database.transaction(shop.store.id) as tx:
        await tx.execute("UPDATE shop.orders SET source = 'web' WHERE store_id = $1", tx.store_id)
    assert await notice(database, shop.store.id, event) is None


async def test_a_payment_without_an_order_is_told_to_nobody(
    database: Database, shop: Shop, order: dict[str, Any]
) -> None:
    event = paid(PaymentPaid, {**order, "id": None}, database.new_id())
    assert await notice(database, shop.store.id, event) is None


async def test_an_order_that_had_waited_and_stands_without_money_is_confirmed_without_an_amount(
    database: Database, shop: Shop, order: dict[str, Any]
) -> None:
    event = order_event(OrderPlaced, order, database.new_id())
    told = await notice(database, shop.store.id, msgspec.structs.replace(event, sequence=2))
    assert told is not None
    (body,) = told.bodies
    assert isinstance(body, Choice)
    assert body.text == f"Your order {order['number']} is confirmed. Thank you!"


async def test_a_failed_payment_of_an_order_that_stands_is_not_told(
    database: Database, shop: Shop, order: dict[str, Any]
) -> None:
    event = paid(PaymentFailed, order, database.new_id())
    assert await notice(database, shop.store.id, event) is None


async def test_the_same_is_said_under_the_same_key_however_it_is_brought_about(
    database: Database, shop: Shop, order: dict[str, Any]
) -> None:
    first = await notice(
        database, shop.store.id, order_event(OrderCanceled, order, database.new_id())
    )
    again = await notice(
        database, shop.store.id, order_event(OrderCanceled, order, database.new_id())
    )
    assert first is not None
    assert first == again
