"""Talking to the script on PostgreSQL: greeting, help, consent, browsing, search and the cart."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.chats import Chat, open_engine
from tests.support.shops import Shop, add_variant, make_shop
from tradewind.catalog.rules import NewPrice, NewProduct, NewVariant
from tradewind.catalog.service import create_category, create_product, set_price
from tradewind.contracts.channel import (
    Card,
    Choice,
    ContactContent,
    LocationContent,
    MediaContent,
    Menu,
    OrderContent,
    OrderItem,
    ReactionContent,
    UnsupportedContent,
)
from tradewind.contracts.context import StoreContext
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import ChatIntent, ChatQuestion
from tradewind.database import Database
from tradewind.hooks import Plugin, hookimpl
from tradewind.inventory.service import set_level
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock


@pytest.fixture
async def shop(database: Database) -> Shop:
    """Two categories, one below the other, a product with options, one sold out."""
    shop = await make_shop(database, tax="16", inclusive=True)
    async with database.transaction(shop.store.id) as tx:
        food = await create_category(tx, "Food & Pantry")
        tea = await create_category(tx, "Tea", parent_id=food.id)
        await create_category(tx, "Empty shelf")
        sizes = [
            NewVariant(sku="TEA-250", options={"Size": "250 g"}, prices=[Money(190_00, "KES")]),
            NewVariant(sku="TEA-500", options={"Size": "500 g"}, prices=[Money(350_00, "KES")]),
        ]
        await create_product(
            tx,
            NewProduct(
                title="Kericho Black Tea",
                description="Bright, brisk leaves.",
                status="published",
                images=["/media/shop/tea.jpg"],
                category_ids=[tea.id, food.id],
                variants=sizes,
            ),
        )
        await set_level(tx, "TEA-250", on_hand=100)
        await set_level(tx, "TEA-500", on_hand=3)
        await add_variant(tx, "MUG", 900_00, title="Enamel Mug")
        await add_variant(tx, "STOOL", 4_200_00, title="Jacaranda Stool", on_hand=0)
        await add_variant(tx, "SECRET", 1, title="Secret Thing", status="draft")
    return shop


@pytest.fixture
async def engine(database: Database, shop: Shop) -> AsyncIterator[Engine]:
    async with open_engine(database) as engine:
        yield engine


@pytest.fixture
async def chat(engine: Engine, shop: Shop) -> Chat:
    """Somebody who has written before."""
    chat = Chat(engine, shop)
    await chat.say("hi")
    return chat


# --- first words ---------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["hi", "Hello!", "Do you have tea?", "👋", ""])
async def test_whatever_comes_first_is_answered_by_one_greeting(
    engine: Engine, shop: Shop, words: str
) -> None:
    chat = Chat(engine, shop)
    await chat.say(words)
    assert isinstance(chat.body, Choice)
    assert chat.text.startswith("Welcome to Shop!")
    assert chat.titles == ["Browse products", "View cart", "Help"]


async def test_help_as_first_words_gets_help_and_nothing_else(engine: Engine, shop: Shop) -> None:
    chat = Chat(engine, shop)
    text = await chat.say("HELP")
    assert len(chat.answer.messages) == 1
    assert chat.answer.always
    assert all(word in text for word in ("MENU", "ADD", "REMOVE", "CART", "CHECKOUT", "STATUS"))
    assert all(word in text for word in ("TRACK", "STOP", "START"))
    assert "Welcome" not in text


async def test_a_command_as_first_words_is_obeyed(engine: Engine, shop: Shop) -> None:
    assert "Added: 2 × Enamel Mug" in await Chat(engine, shop).say("add mug 2")


async def test_stop_as_first_words_is_obeyed(
    engine: Engine, shop: Shop, database: Database
) -> None:
    chat = Chat(engine, shop)
    assert "START" in await chat.say("stop")
    assert chat.answer.always
    assert await consents(database, shop) == [(chat.sender.identity, "all", False, "chat")]


async def test_after_stop_only_stop_start_and_help_are_answered(chat: Chat) -> None:
    chat.opted_out = True
    for text in ("hi", "menu", "add mug 2", "anything else"):
        await chat.say(text)
        assert chat.answer.messages == []
    await chat.tap_id("add:1:MUG")
    assert chat.answer.messages == []
    for text in ("stop", "help", "start"):
        await chat.say(text)
        assert len(chat.answer.messages) == 1
        assert chat.answer.always
    chat.opted_out = False
    assert "empty" in await chat.say("cart")


async def test_start_allows_messages_again(chat: Chat, shop: Shop, database: Database) -> None:
    await chat.say("STOP")
    chat.opted_out = True
    assert "back" in await chat.say("START")
    assert await consents(database, shop) == [(chat.sender.identity, "all", True, "chat")]


async def test_a_button_of_a_template_may_say_stop(
    chat: Chat, shop: Shop, database: Database
) -> None:
    await chat.tap_id("Unsubscribe")
    assert await consents(database, shop) == [(chat.sender.identity, "all", False, "chat")]


async def consents(database: Database, shop: Shop) -> list[tuple[Any, ...]]:
    async with database.transaction(shop.store.id) as tx:
        rows = await tx.fetch(
            """SELECT identity, category, allowed, source FROM shop.customer_channel_opt_in
               WHERE store_id = $1""",
            tx.store_id,
        )
    return [tuple(row) for row in rows]


# --- browsing ------------------------------------------------------------------------------------


async def test_from_the_menu_to_the_cart_by_tapping(chat: Chat) -> None:
    await chat.tap("Browse products")
    assert isinstance(chat.body, Menu)
    assert chat.titles == ["Food & Pantry", "Tea", "All products"]
    await chat.tap("Food & Pantry")
    assert chat.titles == ["Kericho Black Tea"]
    assert chat.options[0].description == "from KES 190.00"  # type: ignore[union-attr]
    text = await chat.tap("Kericho Black Tea")
    assert isinstance(chat.body, Card)
    assert chat.body.image_url == "https://shop.example/media/shop/tea.jpg"
    assert "Bright, brisk leaves." in text
    assert "500 g: KES 350.00 (TEA-500)" in text
    await chat.tap("Choose option")
    assert chat.titles == ["250 g", "500 g"]
    text = await chat.tap("500 g")
    assert "Only 3 left" in text
    assert chat.titles == ["Add to cart", "View cart", "Menu"]
    text = await chat.tap("Add to cart")
    assert "Added: 1 × Kericho Black Tea – 500 g" in text
    assert "Subtotal: KES 350.00" in text
    assert chat.titles == ["Checkout", "Keep shopping", "View cart"]


async def test_a_long_list_is_paged_with_ten_rows_at_most(
    engine: Engine, shop: Shop, database: Database
) -> None:
    async with database.transaction(shop.store.id) as tx:
        for number in range(25):
            await add_variant(tx, f"CUP-{number}", 100, title=f"Cup {number:02}")
    chat = Chat(engine, shop)
    await chat.tap_id("all:")
    seen: list[str] = []
    for _ in range(4):
        assert len(chat.titles) <= 10
        seen += [title for title in chat.titles if title != "More…"]
        if "More…" not in chat.titles:
            break
        await chat.tap("More…")
    assert seen[:3] == ["Kericho Black Tea", "Enamel Mug", "Jacaranda Stool"]
    assert seen[3:] == [f"Cup {number:02}" for number in range(25)]


async def test_more_than_fits_on_a_page_of_categories_shows_the_top_of_the_tree(
    engine: Engine, shop: Shop, database: Database
) -> None:
    async with database.transaction(shop.store.id) as tx:
        for number in range(12):
            shelf = await create_category(tx, f"Shelf {number:02}")
            new = NewProduct(
                title=f"Thing {number}",
                status="published",
                category_ids=[shelf.id],
                variants=[NewVariant(sku=f"T-{number}", prices=[Money(1, "KES")])],
            )
            await create_product(tx, new)
    chat = Chat(engine, shop)
    await chat.say("menu")
    assert len(chat.titles) == 10
    assert "Tea" not in chat.titles
    await chat.tap("More…")
    assert chat.titles == ["Shelf 08", "Shelf 09", "Shelf 10", "Shelf 11", "All products"]


async def test_a_store_without_categories_shows_its_products(
    engine: Engine, database: Database
) -> None:
    bare = await make_shop(database, "bare")
    chat = Chat(engine, bare)
    assert "nothing here yet" in await chat.say("menu")
    async with database.transaction(bare.store.id) as tx:
        await add_variant(tx, "MUG", 1)
    await chat.say("menu")
    assert chat.titles == ["Product MUG"]


async def test_what_is_sold_out_cannot_be_added(chat: Chat) -> None:
    text = await chat.say("jacaranda")
    assert "Sold out" in text
    assert chat.titles == ["View cart", "Menu"]
    assert "sold out" in await chat.say("ADD STOOL")


@pytest.mark.parametrize("words", ["kericho", "Black tea", "TEA-250"])
async def test_other_words_search_the_products(chat: Chat, words: str) -> None:
    assert "Kericho Black Tea" in await chat.say(words)


async def test_several_finds_are_a_list(chat: Chat, shop: Shop, database: Database) -> None:
    async with database.transaction(shop.store.id) as tx:
        for number in range(15):
            await add_variant(tx, f"LAMP-{number}", 1, title=f"Solar lamp {number}")
    await chat.say("solar lamp")
    assert isinstance(chat.body, Menu)
    assert len(chat.titles) == 10
    await chat.tap("More…")
    assert all(title.startswith("Solar lamp") for title in chat.titles)


@pytest.mark.parametrize("words", ["xyzzyqwv", "ab", "!!"])
async def test_words_that_find_nothing_are_answered_helpfully(chat: Chat, words: str) -> None:
    await chat.say(words)
    assert "Browse products" in chat.titles


async def test_what_is_not_published_does_not_exist(chat: Chat) -> None:
    assert "Secret" not in await chat.say("secret thing")
    assert "do not know" in await chat.say("ADD SECRET")


async def test_a_title_may_be_typed_in_place_of_a_tap(chat: Chat) -> None:
    await chat.say("browse products")
    await chat.say("tea")
    assert "Kericho Black Tea" in chat.titles
    await chat.say("kericho black tea")
    assert isinstance(chat.body, Card)


@pytest.mark.parametrize(
    "id_",
    [
        "p:018f3a4e-0000-7000-8000-000000000001",
        "line:018f3a4e-0000-7000-8000-000000000001",
        "in:018f3a4e-0000-7000-8000-000000000001:nonsense",
        "v:018f3a4e-0000-7000-8000-000000000001:018f3a4e-0000-7000-8000-000000000002",
        "menu:99",
        "all:nonsense",
        "find:-3:tea",
        "nonsense",
        "",
    ],
)
async def test_a_forged_id_gets_a_polite_answer(chat: Chat, id_: str) -> None:
    await chat.tap_id(id_)
    assert isinstance(chat.body, Choice)
    assert chat.options


# --- the cart ------------------------------------------------------------------------------------


async def test_the_cart_by_text_commands(chat: Chat) -> None:
    assert "Added: 2 × Kericho Black Tea – 500 g" in await chat.say("ADD tea-500 2")
    assert "Added: 1 × Enamel Mug" in await chat.say("add MUG")
    text = await chat.say("cart")
    assert "Your cart, 3 items" in text
    assert "Subtotal: KES 1,600.00" in text
    assert "Removed: Enamel Mug" in await chat.say("REMOVE mug")
    assert "not in your cart" in await chat.say("REMOVE mug")
    assert "Changed: 1 × Kericho" in await chat.say("remove 1 tea-500")


async def test_the_cart_by_tapping(chat: Chat) -> None:
    await chat.say("add mug 2")
    await chat.say("add tea-250")
    await chat.say("cart")
    await chat.tap("Change")
    assert chat.titles == ["Enamel Mug", "Kericho Black Tea – 250 g", "Empty the cart"]
    await chat.tap("Enamel Mug")
    assert "Changed: 3 × Enamel Mug" in await chat.tap("One more")
    await chat.tap("Change")
    await chat.tap("Enamel Mug")
    assert "Changed: 2 × Enamel Mug" in await chat.tap("One less")
    await chat.tap("Change")
    await chat.tap("Enamel Mug")
    assert "Removed: Enamel Mug" in await chat.tap("Remove")
    await chat.tap("Change")
    assert "empty" in await chat.tap("Empty the cart")
    assert "empty" in await chat.say("cart")


async def test_more_than_there_is_says_what_is_left(chat: Chat) -> None:
    assert "only 3 of TEA-500 are left" in await chat.say("ADD TEA-500 4")
    assert "empty" in await chat.say("cart")
    await chat.say("ADD TEA-500 3")
    assert "TEA-500" in await chat.say("ADD TEA-500")
    assert "Your cart, 3 items" in await chat.say("cart")


async def test_an_unknown_sku_suggests_similar_ones(chat: Chat) -> None:
    text = await chat.say("ADD TEA-501 2")
    assert "do not know an item TEA-501" in text
    assert "ADD TEA-500 2" in text
    assert "Added: 2 × Kericho Black Tea – 500 g" in await chat.tap("TEA-500")


@pytest.mark.parametrize("text", ["ADD", "ADD TEA-500 0", "ADD TEA-500 -1", "REMOVE"])
async def test_wrong_usage_gets_an_example(chat: Chat, text: str) -> None:
    assert f"{text.split(maxsplit=1)[0]} TEA-500" in await chat.say(text)


async def test_a_cart_of_the_channels_catalog_is_filled_at_our_prices(chat: Chat) -> None:
    items = [
        OrderItem(sku="mug", quantity=2),
        OrderItem(sku="MUG", quantity=1),
        OrderItem(sku="TEA-500", quantity=9),
        OrderItem(sku="nonsense", quantity=1),
        OrderItem(sku="TEA-250", quantity=0),
    ]
    text = await chat.send(OrderContent(items=items, text="please"))
    assert "3 × Enamel Mug: KES 2,700.00" in text
    assert "only 3 of TEA-500" in text
    assert "do not know an item NONSENSE" in text
    assert "Subtotal: KES 2,700.00" in text


async def test_a_cart_of_the_web_is_carried_into_the_chat_by_its_lines(chat: Chat) -> None:
    text = await chat.say("Hello! This is my cart:\nADD MUG 2\nADD TEA-500 9\nADD MUG 1")
    assert "3 × Enamel Mug: KES 2,700.00" in text
    assert "only 3 of TEA-500" in text


async def test_a_cart_belongs_to_its_own_person(chat: Chat, engine: Engine, shop: Shop) -> None:
    await chat.say("add mug 2")
    await chat.say("cart")
    await chat.tap("Change")
    line = chat.id_of("Enamel Mug")
    other = Chat(engine, shop, 2)
    assert "empty" in await other.say("cart")
    for kind in ("line", "more", "less", "drop"):
        await other.tap_id(f"{kind}:{line.partition(':')[2]}")
    assert "Your cart, 2 items" in await chat.say("cart")


# --- anything else -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        MediaContent(kind="audio", ref="1"),
        UnsupportedContent(kind="poll"),
        LocationContent(latitude=1, longitude=2),
        ContactContent(phones=["+254700000009"]),
    ],
)
async def test_what_cannot_be_read_gets_one_polite_answer(chat: Chat, content: Any) -> None:
    await chat.send(content)
    assert len(chat.answer.messages) == 1
    assert "Browse products" in chat.titles


async def test_a_reaction_is_not_answered(chat: Chat) -> None:
    await chat.send(ReactionContent(message_ref="1", emoji="👍"))
    assert chat.answer.messages == []


async def test_the_words_below_a_picture_count(chat: Chat) -> None:
    assert "Added" in await chat.send(MediaContent(kind="image", ref="1", caption="add mug"))


class Understanding(Plugin):
    """Knows what some words mean."""

    name = "understanding"
    requires = ">=0.1,<1"

    @hookimpl
    async def chat_intent(
        self, question: ChatQuestion, context: StoreContext[Any]
    ) -> ChatIntent | None:
        known = {
            "two mugs": ChatIntent(command="add", argument="MUG 2"),
            "opening hours": ChatIntent(answer="We are always open."),
        }
        return known.get(question.text)


async def test_a_plugin_may_understand_what_no_command_does(database: Database, shop: Shop) -> None:
    async with open_engine(database, Understanding(), shops=[shop]) as engine:
        chat = Chat(engine, shop)
        await chat.say("hi")
        assert "Added: 2 × Enamel Mug" in await chat.say("two mugs")
        assert "We are always open." in await chat.say("opening hours")
        assert "Kericho" in await chat.say("kericho tea")


@pytest.mark.parametrize(
    "text", ["menu", "add mug 2", "remove mug", "cart", "kericho", "status", "track 1", "help"]
)
async def test_no_answer_takes_more_than_three_statements(chat: Chat, text: str) -> None:
    await chat.say("add mug 2")
    await chat.say(text)
    assert chat.steps <= 3, chat.spent and chat.spent.statements


async def test_a_question_lapses_after_a_day(chat: Chat, clock: ManualClock) -> None:
    await chat.say("add mug")
    await chat.say("checkout")
    assert chat.state.step == "name"
    clock.advance(25 * 3600)
    assert "Kericho Black Tea" in await chat.say("kericho tea")


async def test_what_a_chat_shows_is_what_the_cart_asks(
    chat: Chat, shop: Shop, database: Database
) -> None:
    async with database.transaction(shop.store.id) as tx:
        query = "SELECT id FROM shop.variants WHERE store_id = $1 AND sku = 'MUG'"
        here = NewPrice(currency="KES", amount=777_00, region_id=shop.region.id)
        await set_price(tx, await tx.fetchval(query, tx.store_id), here)
    await chat.tap_id("all:")
    assert isinstance(chat.body, Menu)
    [row] = [one for part in chat.body.sections for one in part.rows if one.title == "Enamel Mug"]
    assert "777" in row.description
    assert "777" in await chat.tap("Enamel Mug")
    assert "777" in await chat.say("enamel mug")
    assert "777" in await chat.say("ADD MUG 1")
