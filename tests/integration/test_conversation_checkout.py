"""A whole order in a chat on PostgreSQL: questions, summary, confirmation, tracking, notices."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.chats import Chat, open_engine
from tests.support.shops import Shop, add_variant, make_shop
from tradewind.catalog.rules import NewRegion
from tradewind.catalog.service import create_region
from tradewind.contracts.channel import AddressContent, Choice, LocationContent, MediaContent, Menu
from tradewind.database import Database
from tradewind.inventory.service import levels, release_holds, set_level
from tradewind.pricing.service import create_shipping_option
from tradewind.settings.engine import Engine
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind_manual import plugin as manual

BANK = {"bank_details": "Account 123"}


@pytest.fixture
async def shop(database: Database) -> Shop:
    """Tax is included; a rider costs 300 shillings."""
    shop = await make_shop(database, tax="16", inclusive=True)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "TEA", 350_00, title="Kericho Black Tea", on_hand=10)
        await add_variant(tx, "EBOOK", 500_00, title="Recipes", kind="digital", on_hand=None)
    return shop


@pytest.fixture
async def engine(database: Database, shop: Shop) -> AsyncIterator[Engine]:
    async with open_engine(database, manual, shops=[shop]) as engine:
        yield engine


@pytest.fixture
async def chat(engine: Engine, shop: Shop) -> Chat:
    """Somebody with two packets of tea in the cart."""
    chat = Chat(engine, shop)
    await chat.say("ADD TEA 2")
    return chat


async def up_to_summary(chat: Chat) -> str:
    """Answer every question."""
    text = await chat.say("CHECKOUT")
    for answer in ("Jane Doe", "jane@example.com", "12 Moi Avenue", "Nairobi"):
        text = await chat.say(answer)
    return text


async def orders(database: Database, shop: Shop) -> list[dict[str, Any]]:
    async with database.transaction(shop.store.id) as tx:
        rows = await tx.fetch(
            "SELECT * FROM shop.orders WHERE store_id = $1 ORDER BY id", tx.store_id
        )
    return [dict(row) for row in rows]


# --- the whole way -------------------------------------------------------------------------------


async def test_an_order_from_the_cart_to_the_confirmation(
    chat: Chat, database: Database, shop: Shop
) -> None:
    assert "full name" in await chat.say("CHECKOUT")
    assert "e-mail" in await chat.say("Jane Doe")
    assert "street" in await chat.say("jane@example.com")
    assert "city" in await chat.say("12 Moi Avenue")
    text = await chat.say("Nairobi")
    assert "2 × Kericho Black Tea: KES 700.00" in text
    assert "Delivery (Courier): KES 300.00" in text
    assert "Total: KES 1,000.00" in text
    assert "Payment: Cash on delivery" in text
    assert "For: Jane Doe, jane@example.com" in text
    assert "To: 12 Moi Avenue, Nairobi, Kenya" in text
    assert chat.titles == ["Confirm order", "Change", "Cancel"]
    text = await chat.tap("Confirm order")
    (order,) = await orders(database, shop)
    assert f"order {order['number']} is placed" in text
    assert "Total: KES 1,000.00" in text
    assert (order["status"], order["payment_status"]) == ("processing", "awaiting")
    assert (order["source"], order["session_id"]) == ("chatter", f"ch:{chat.sender.identity}")
    assert (order["total"], order["email"]) == (1_000_00, "jane@example.com")
    assert "empty" in await chat.say("cart")


async def test_every_answer_is_one_message(chat: Chat) -> None:
    await chat.say("CHECKOUT")
    for text in ("Jane Doe", "jane@example.com", "12 Moi Avenue", "Nairobi", "yes", "status"):
        assert len(chat.answer.messages) == 1
        await chat.say(text)


async def test_the_order_can_be_confirmed_in_words(
    chat: Chat, database: Database, shop: Shop
) -> None:
    await up_to_summary(chat)
    assert "confirm" in (await chat.say("hm")).lower()
    assert "is placed" in await chat.say("Yes")
    assert len(await orders(database, shop)) == 1


async def test_a_whole_address_may_be_typed_at_once(chat: Chat) -> None:
    for text in ("checkout", "Jane Doe", "jane@example.com"):
        await chat.say(text)
    assert "To: 12 Moi Avenue, Nairobi, Kenya" in await chat.say("12 Moi Avenue, Nairobi")


async def test_the_next_order_needs_no_questions_but_where_to(chat: Chat) -> None:
    await up_to_summary(chat)
    await chat.say("yes")
    await chat.say("add tea")
    text = await chat.say("checkout")
    assert "12 Moi Avenue, Nairobi, Kenya" in text
    assert chat.titles == ["Use this address", "New address"]
    text = await chat.tap("Use this address")
    assert "For: Jane Doe, jane@example.com" in text
    assert "is placed" in await chat.tap("Confirm order")


async def test_another_address_may_be_given_instead_of_the_last(chat: Chat) -> None:
    await up_to_summary(chat)
    await chat.say("yes")
    await chat.say("add tea")
    await chat.say("checkout")
    await chat.tap("New address")
    assert "To: 1 Other Road, Mombasa, Kenya" in await chat.say("1 Other Road, Mombasa")


async def test_the_name_that_the_channel_knows_is_offered(chat: Chat) -> None:
    assert "“Jane”" in await chat.say("checkout")
    assert "e-mail" in await chat.tap("Use this name")
    assert chat.state.name == "Jane"


async def test_a_number_is_not_offered_as_a_name(engine: Engine, shop: Shop) -> None:
    chat = Chat(engine, shop, 2, name="254700000002")
    await chat.say("add tea")
    assert "254700000002" not in await chat.say("checkout")
    assert "Use this name" not in chat.titles


async def test_what_is_not_delivered_needs_no_address(engine: Engine, shop: Shop) -> None:
    chat = Chat(engine, shop)
    await chat.say("add ebook")
    await chat.say("checkout")
    await chat.say("Jane Doe")
    text = await chat.say("jane@example.com")
    assert "Total: KES 500.00" in text
    assert "To:" not in text
    assert "is placed" in await chat.say("yes")


# --- leaving and coming back ---------------------------------------------------------------------


@pytest.mark.parametrize("away", ["menu", "cart", "status", "add tea", "help", "Hi"])
async def test_a_checkout_goes_on_where_it_was_left(chat: Chat, away: str) -> None:
    for text in ("checkout", "Jane Doe", "jane@example.com"):
        await chat.say(text)
    await chat.say(away)
    assert "street" in await chat.say("CHECKOUT")
    assert (chat.state.name, chat.state.email) == ("Jane Doe", "jane@example.com")
    assert "To: 12 Moi Avenue, Nairobi" in await chat.say("12 Moi Avenue, Nairobi")


async def test_help_leaves_the_question_open(chat: Chat) -> None:
    await chat.say("checkout")
    assert "middle of a checkout" in await chat.say("help")
    assert "e-mail" in await chat.say("Jane Doe")


async def test_a_picture_leaves_the_question_open(chat: Chat) -> None:
    await chat.say("checkout")
    await chat.send(MediaContent(kind="image", ref="1"))
    assert "e-mail" in await chat.say("Jane Doe")


async def test_canceling_keeps_the_cart(chat: Chat, database: Database, shop: Shop) -> None:
    await up_to_summary(chat)
    assert "Nothing was ordered" in await chat.tap("Cancel")
    assert "Your cart, 2 items" in await chat.say("cart")
    assert await orders(database, shop) == []


async def test_checkout_of_an_empty_cart_says_so(engine: Engine, shop: Shop) -> None:
    assert "empty" in await Chat(engine, shop).say("checkout")


# --- wrong answers -------------------------------------------------------------------------------


async def test_a_wrong_answer_is_explained_and_asked_again(chat: Chat) -> None:
    await chat.say("checkout")
    assert "name" in await chat.say("1234")
    assert "name" in await chat.say("x" * 121)
    await chat.say("Jane Doe")
    assert "jane@example.com" in await chat.say("jane at example")
    assert "jane@example.com" in await chat.say("my mail is jane@example.com, ok?")
    await chat.say("<jane@example.com>")
    assert "street" in await chat.say("???")
    assert "street" in await chat.say("x" * 201)
    await chat.say("12 Moi Avenue")
    assert "city" in await chat.say("12345")
    assert "To: 12 Moi Avenue, Nairobi" in await chat.say("Nairobi")


async def test_each_answer_can_be_changed_from_the_summary(
    chat: Chat, engine: Engine, shop: Shop
) -> None:
    await configure(engine, shop.store, "manual", actor="test", settings=BANK)
    await up_to_summary(chat)
    await chat.tap("Cash on delivery")
    await chat.tap("Change")
    assert chat.titles == ["Name", "E-mail", "Address", "Delivery", "Payment", "Cart"]
    await chat.tap("Name")
    assert "For: Joan Doe, jane@example.com" in await chat.say("Joan Doe")
    await chat.tap("Change")
    await chat.tap("E-mail")
    assert "For: Joan Doe, joan@example.com" in await chat.say("joan@example.com")
    await chat.tap("Change")
    await chat.tap("Address")
    assert "To: 5 Other Road, Mombasa, Kenya" in await chat.say("5 Other Road, Mombasa")
    await chat.tap("Change")
    await chat.tap("Delivery")
    assert "Courier" in chat.titles
    await chat.tap("Courier")
    await chat.tap("Change")
    await chat.tap("Payment")
    assert chat.titles == ["Cash on delivery", "Bank transfer"]
    assert "Payment: Bank transfer" in await chat.say("bank transfer")
    text = await chat.tap("Confirm order")
    assert "Account 123" in text


# --- where ---------------------------------------------------------------------------------------


async def test_a_shared_place_is_completed_by_its_street(
    chat: Chat, database: Database, shop: Shop
) -> None:
    for text in ("checkout", "Jane Doe", "jane@example.com"):
        await chat.say(text)
    text = await chat.send(LocationContent(latitude=-1.28333, longitude=36.81667))
    assert "street" in text
    await chat.say("12 Moi Avenue")
    assert "Map: -1.28333, 36.81667" in await chat.say("Nairobi")


async def test_a_form_of_the_channel_is_an_address(chat: Chat) -> None:
    for text in ("checkout", "Jane Doe", "jane@example.com"):
        await chat.say(text)
    values = {"address": "12 Moi Avenue", "city": "Nairobi"}
    assert "To: 12 Moi Avenue, Nairobi, Kenya" in await chat.send(AddressContent(values=values))


async def test_where_several_countries_are_served_the_country_is_asked(
    database: Database,
) -> None:
    shop = await make_shop(database, "east")
    async with database.transaction(shop.store.id) as tx:
        region = await create_region(
            tx, NewRegion(name="East", currency="KES", countries=["ke", "ug", "tz"])
        )
        await create_shipping_option(tx, region.id, "Lorry", 100_00)
        await tx.execute(
            "UPDATE shop.store_settings SET default_region_id = $2 WHERE store_id = $1",
            tx.store_id,
            region.id,
        )
        await add_variant(tx, "MUG", 100_00)
    async with open_engine(database, manual, shops=[shop]) as engine:
        chat = Chat(engine, shop)
        await chat.say("add mug")
        await up_to_summary(chat)
        assert chat.titles == ["Kenya", "Tanzania", "Uganda"]
        assert "do not deliver" in await chat.say("France")
        assert "Nairobi, Uganda" in await chat.say("uganda")


@pytest.mark.parametrize(
    "answers", [("1 Main St", "Austin, TX 78701"), ("1 Main St, Austin TX 78701, USA",)]
)
async def test_state_and_postal_code_are_asked_for_where_letters_need_them(
    database: Database, answers: tuple[str, ...]
) -> None:
    shop = await make_shop(database, "texas", currency="USD", country="us")
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "MUG", 12_00, currency="USD")
    async with open_engine(database, manual, shops=[shop]) as engine:
        chat = Chat(engine, shop)
        for text in ("add mug", "checkout", "Jane Doe", "jane@example.com"):
            await chat.say(text)
        for text in answers:
            last = await chat.say(text)
        assert "To: 1 Main St, Austin TX 78701, United States" in last
        await chat.say("yes")
    (order,) = await orders(database, shop)
    assert '"province": "TX"' in order["shipping_address"]
    assert '"postal_code": "78701"' in order["shipping_address"]


async def test_several_ways_of_delivery_are_offered(
    chat: Chat, database: Database, shop: Shop
) -> None:
    async with database.transaction(shop.store.id) as tx:
        await create_shipping_option(tx, shop.region.id, "Pick up", 0, estimate="in an hour")
    text = await up_to_summary(chat)
    assert isinstance(chat.body, Menu)
    assert chat.titles == ["Courier", "Pick up"]
    assert "choose" in await chat.say("by plane")
    text = await chat.say("pick up")
    assert "Delivery (Pick up, in an hour): free" in text
    assert "Total: KES 700.00" in text
    assert "is placed" in await chat.tap("Confirm order")


# --- what changes meanwhile ----------------------------------------------------------------------


async def test_a_price_that_changes_is_shown_before_anything_is_ordered(
    chat: Chat, database: Database, shop: Shop
) -> None:
    await up_to_summary(chat)
    async with database.transaction(shop.store.id) as tx:
        await tx.execute("UPDATE shop.prices SET amount = 400_00 WHERE store_id = $1", tx.store_id)
    text = await chat.tap("Confirm order")
    assert "changed" in text
    assert "Total: KES 1,100.00" in text
    assert await orders(database, shop) == []
    assert "is placed" in await chat.tap("Confirm order")


async def test_an_old_summary_cannot_be_confirmed(
    chat: Chat, database: Database, shop: Shop
) -> None:
    await up_to_summary(chat)
    old = chat.id_of("Confirm order")
    await chat.say("add tea 3")
    await chat.tap_id(old)
    assert await orders(database, shop) == []


async def test_confirming_twice_is_one_order(chat: Chat, database: Database, shop: Shop) -> None:
    await up_to_summary(chat)
    confirm = chat.id_of("Confirm order")
    await chat.tap_id(confirm)
    assert "placed already" in await chat.tap_id(confirm)
    assert len(await orders(database, shop)) == 1


async def test_an_answer_that_was_lost_is_given_again(
    chat: Chat, database: Database, shop: Shop
) -> None:
    await up_to_summary(chat)
    before, confirm = chat._stored, chat.id_of("Confirm order")
    first = await chat.tap_id(confirm)
    chat._stored = before
    assert await chat.tap_id(confirm) == first
    assert len(await orders(database, shop)) == 1


async def test_nobody_confirms_the_cart_of_somebody_else(
    chat: Chat, engine: Engine, database: Database, shop: Shop
) -> None:
    await up_to_summary(chat)
    other = Chat(engine, shop, 2)
    await other.say("hi")
    await other.tap_id(chat.id_of("Confirm order"))
    assert await orders(database, shop) == []


async def test_checkout_holds_the_goods_and_canceling_lets_them_go(
    chat: Chat, engine: Engine, database: Database, shop: Shop
) -> None:
    await up_to_summary(chat)
    assert await held(database, shop) == 2
    assert "only 8 of TEA are left" in await Chat(engine, shop, 2).say("add tea 9")
    await chat.tap("Cancel")
    assert await held(database, shop) == 0


async def test_own_goods_on_hold_can_still_be_changed(
    chat: Chat, database: Database, shop: Shop
) -> None:
    await chat.say("add tea 8")
    await chat.say("checkout")
    assert await held(database, shop) == 10
    await chat.say("remove 1 tea")
    assert "Added" in await chat.say("add tea 1")
    for text in ("checkout", "Jane Doe", "jane@example.com", "12 Moi Avenue, Nairobi", "yes"):
        last = await chat.say(text)
    assert "is placed" in last


async def held(database: Database, shop: Shop) -> int:
    async with database.transaction(shop.store.id) as tx:
        return (await levels(tx, "TEA")).held


async def test_what_is_gone_meanwhile_is_told_and_the_cart_shown(
    chat: Chat, database: Database, shop: Shop
) -> None:
    await up_to_summary(chat)
    async with database.transaction(shop.store.id) as tx:
        await release_holds(tx, chat.state.cart or shop.store.id)
        await set_level(tx, "TEA", on_hand=1)
    text = await chat.tap("Confirm order")
    assert await orders(database, shop) == []
    assert "only 1 of TEA is left" in text
    assert "Change" in chat.titles


async def test_a_checkout_of_more_than_there_is_begins_with_the_cart(
    chat: Chat, database: Database, shop: Shop
) -> None:
    async with database.transaction(shop.store.id) as tx:
        await set_level(tx, "TEA", on_hand=1)
    assert "only 1 of TEA is left" in await chat.say("checkout")
    assert "Change" in chat.titles


async def test_a_product_that_is_withdrawn_is_named(
    chat: Chat, database: Database, shop: Shop
) -> None:
    async with database.transaction(shop.store.id) as tx:
        await tx.execute(
            "UPDATE shop.products SET status = 'archived' WHERE store_id = $1", tx.store_id
        )
    text = await chat.say("checkout")
    assert "no longer on sale" in text
    assert isinstance(chat.body, Choice)


# --- afterwards ----------------------------------------------------------------------------------


async def test_orders_are_shown_to_their_own_shopper_alone(
    chat: Chat, engine: Engine, database: Database, shop: Shop
) -> None:
    assert "no orders" in await chat.say("status")
    await up_to_summary(chat)
    await chat.say("yes")
    (order,) = await orders(database, shop)
    number = order["number"]
    for text in ("status", f"TRACK {number}", f"track #{number}"):
        answer = await chat.say(text)
        assert str(number) in answer
        assert "being prepared" in answer
        assert "not paid yet" in answer
    other = Chat(engine, shop, 2)
    await other.say("hi")
    assert "no orders" in await other.say("status")
    assert await other.say(f"TRACK {number}") == await other.say(f"TRACK {number}")
    foreign, unknown = await other.say(f"TRACK {number}"), await other.say("TRACK 999999")
    assert foreign.replace(str(number), "N") == unknown.replace("999999", "N")
    assert "TRACK 1001" in await chat.say("track")


async def test_several_orders_are_a_list(chat: Chat, clock: ManualClock) -> None:
    await up_to_summary(chat)
    await chat.say("yes")
    await chat.say("add tea")
    await chat.say("checkout")
    await chat.tap("Use this address")
    await chat.tap("Confirm order")
    await chat.say("my orders")
    assert isinstance(chat.body, Menu)
    assert len(chat.titles) == 2
    await chat.tap(chat.titles[0])
    assert "Total:" in chat.text
