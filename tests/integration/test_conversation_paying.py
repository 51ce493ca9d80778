"""How to pay, asked in a chat: the ways, what they need, and what becomes of the answers."""

from collections.abc import AsyncIterator

import pytest

from tests.support.chats import Chat, open_engine
from tests.support.shops import Shop, add_variant, make_shop
from tests.support.thirdparty.gate import Desk, GatePlugin
from tradewind.contracts.channel import Choice, Link, MediaContent, Menu
from tradewind.database import Database
from tradewind.settings.engine import Engine
from tradewind.settings.service import configure
from tradewind_manual import plugin as manual

OWN = "+254700000001"
UP_TO_PAYMENT = ("add tea", "checkout", "Jane Doe", "jane@example.com", "12 Moi Avenue, Nairobi")


@pytest.fixture
async def shop(database: Database) -> Shop:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "TEA", 350_00, title="Kericho Black Tea", on_hand=10)
        await add_variant(tx, "FLYER", 0, title="Flyer", kind="digital", on_hand=None)
    return shop


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def engine(database: Database, shop: Shop, desk: Desk) -> AsyncIterator[Engine]:
    async with open_engine(database, GatePlugin(desk), manual, shops=[shop]) as engine:
        yield engine


@pytest.fixture
async def chat(engine: Engine, shop: Shop) -> Chat:
    """Somebody who is asked how to pay."""
    chat = Chat(engine, shop)
    for text in UP_TO_PAYMENT:
        await chat.say(text)
    return chat


async def disable(engine: Engine, shop: Shop, plugin: str) -> None:
    await configure(engine, shop.store, plugin, actor="test", enabled=False)


# --- which way -----------------------------------------------------------------------------------


async def test_the_ways_of_all_providers_are_a_list_first_those_that_pay_later(chat: Chat) -> None:
    assert "How would you like to pay?" in chat.text
    assert isinstance(chat.body, Menu)
    assert chat.titles == ["Cash on delivery", "Online", "Wallet"]


async def test_what_needs_a_page_of_the_shop_is_not_offered(chat: Chat) -> None:
    assert "Card in the page" not in chat.titles


async def test_a_single_way_is_not_asked_for(engine: Engine, shop: Shop) -> None:
    await disable(engine, shop, "gate")
    chat = Chat(engine, shop)
    for text in UP_TO_PAYMENT:
        await chat.say(text)
    assert "Payment: Cash on delivery" in chat.text
    assert "Confirm order" in chat.titles


async def test_without_any_way_the_cart_is_kept(engine: Engine, shop: Shop) -> None:
    await disable(engine, shop, "gate")
    await disable(engine, shop, "manual")
    chat = Chat(engine, shop)
    for text in UP_TO_PAYMENT:
        await chat.say(text)
    assert "no way to pay" in chat.text


@pytest.mark.parametrize("typed", ["Cash on delivery", "cash on delivery!", "CASH-ON-DELIVERY"])
async def test_a_way_may_be_typed(chat: Chat, typed: str) -> None:
    assert "Payment: Cash on delivery" in await chat.say(typed)


async def test_words_that_name_no_way_are_told_and_the_list_comes_again(chat: Chat) -> None:
    assert "one of these ways to pay" in await chat.say("shells")
    assert chat.titles == ["Cash on delivery", "Online", "Wallet"]


async def test_the_way_can_be_changed_from_the_summary(chat: Chat) -> None:
    await chat.tap("Cash on delivery")
    await chat.tap("Change")
    await chat.tap("Payment")
    assert chat.titles == ["Cash on delivery", "Online", "Wallet"]
    assert "Payment: Online" in await chat.tap("Online")


async def test_a_way_that_is_gone_meanwhile_is_asked_for_again(
    chat: Chat, engine: Engine, shop: Shop
) -> None:
    await chat.tap("Online")
    await disable(engine, shop, "gate")
    assert "Payment: Cash on delivery" in await chat.say("checkout")


async def test_what_costs_nothing_is_ordered_without_a_way_to_pay(
    engine: Engine, shop: Shop, desk: Desk
) -> None:
    chat = Chat(engine, shop)
    for text in ("add flyer", "checkout", "Jane Doe"):
        await chat.say(text)
    assert "Payment: nothing to pay" in await chat.say("jane@example.com")
    assert "is placed" in await chat.tap("Confirm order")
    assert not desk.visits


# --- what a way needs ----------------------------------------------------------------------------


async def test_a_way_asks_what_it_needs_and_the_summary_shows_it(chat: Chat, desk: Desk) -> None:
    assert "Network" in await chat.tap("Wallet")
    assert chat.titles == ["Blue", "Orange"]
    text = await chat.tap("Orange")
    assert "phone number" in text
    assert "0712 123456" in text
    assert isinstance(chat.body, Choice)
    assert chat.titles == [OWN]
    text = await chat.say("0712 345 678")
    assert "Payment: Wallet" in text
    assert "Network: Orange" in text
    assert "Phone: +254712345678" in text
    assert "Nickname" not in text
    await chat.tap("Confirm order")
    (visit,) = desk.visits
    assert (visit.method, visit.inputs) == (
        "wallet",
        {"network": "Orange", "phone": "+254712345678"},
    )


async def test_the_own_number_is_one_tap(chat: Chat) -> None:
    await chat.tap("Wallet")
    await chat.say("orange")
    assert f"Phone: {OWN}" in await chat.tap(OWN)


async def test_wrong_answers_are_explained_and_asked_again(chat: Chat) -> None:
    await chat.tap("Wallet")
    assert "one of these" in await chat.say("Purple")
    assert chat.titles == ["Blue", "Orange"]
    await chat.say("blue")
    for wrong in ("12345", "my phone", "+999 1234"):
        assert "does not look like a phone number" in await chat.say(wrong)
        assert chat.titles == [OWN]
    assert "Phone: +254712345678" in await chat.say("00254712345678")


@pytest.mark.parametrize("away", ["menu", "cart", "status", "help", "Hi", "add tea"])
async def test_answers_survive_whatever_is_said_in_between(chat: Chat, away: str) -> None:
    await chat.tap("Wallet")
    await chat.tap("Orange")
    await chat.say(away)
    assert "phone number" in await chat.say("CHECKOUT")
    text = await chat.say("0712345678")
    assert "Network: Orange" in text
    assert "Phone: +254712345678" in text


async def test_help_and_pictures_leave_the_question_open(chat: Chat) -> None:
    await chat.tap("Wallet")
    await chat.say("help")
    assert "phone number" in await chat.say("blue")
    await chat.send(MediaContent(kind="image", ref="1"))
    assert "Phone: +254712345678" in await chat.say("0712345678")


async def test_another_way_asks_anew(chat: Chat) -> None:
    await chat.tap("Wallet")
    await chat.tap("Orange")
    await chat.say("0712345678")
    await chat.tap("Change")
    await chat.tap("Payment")
    await chat.tap("Wallet")
    await chat.tap("Blue")
    assert "Phone: +254733000000" in await chat.say("0733000000")


async def test_an_old_summary_is_not_confirmed_while_a_new_way_lacks_its_answers(
    chat: Chat, desk: Desk, database: Database, shop: Shop
) -> None:
    await chat.tap("Online")
    confirm = chat.id_of("Confirm order")
    await chat.tap("Change")
    await chat.tap("Payment")
    await chat.tap("Wallet")
    assert "out of date" in await chat.tap_id(confirm)
    assert not desk.visits


async def test_what_was_offered_for_another_question_is_not_taken(chat: Chat) -> None:
    await chat.tap("Wallet")
    blue = chat.id_of("Blue")
    await chat.tap("Orange")
    own = chat.id_of(OWN)
    await chat.tap_id(own)
    assert "Network: Blue" in await chat.tap_id(blue)
    await chat.tap("Change")
    await chat.tap("Payment")
    await chat.tap("Online")
    assert "Payment: Online" in await chat.tap_id(blue)
    assert chat.state.inputs == {}


async def test_an_answer_for_no_checkout_begins_one(engine: Engine, shop: Shop) -> None:
    chat = Chat(engine, shop)
    await chat.say("add tea")
    assert "full name" in await chat.tap_id("give:0:Blue")


async def test_a_message_with_a_link_is_followed_by_what_else_can_be_done(chat: Chat) -> None:
    await chat.tap("Online")
    await chat.tap("Confirm order")
    link, choice = chat.answer.messages
    assert isinstance(link, Link)
    assert isinstance(choice, Choice)
    assert link.label == "Pay online"
    assert "KES 650.00" in link.text
    assert "Please pay by 13:00." in link.text
    assert chat.titles == ["Another way", "Track order", "Cancel order"]


@pytest.mark.parametrize(
    ("asks", "told"),
    [
        ("Approve on {phone}.", f"Check your phone: Approve on {OWN}."),
        ("Check your phone, {phone}.", f"Check your phone, {OWN}."),
    ],
)
async def test_the_providers_own_words_are_led_in_where_they_need_it(
    chat: Chat, desk: Desk, asks: str, told: str
) -> None:
    desk.asks = asks
    for title in ("Wallet", "Blue", OWN):
        await chat.tap(title)
    assert (await chat.tap("Confirm order")).splitlines()[-1] == told


@pytest.mark.parametrize(
    ("locale", "confirm", "label"),
    [
        ("sw", "Thibitisha oda", "Lipa mtandaoni"),
        ("fr-CI", "Confirmer", "Payer en ligne"),
    ],
)
async def test_a_store_of_another_language_is_paid_in_that_language(
    engine: Engine, shop: Shop, locale: str, confirm: str, label: str
) -> None:
    chat = Chat(engine, shop, 9, locale=locale)
    for text in UP_TO_PAYMENT:
        await chat.say(text)
    await chat.tap("Online")
    await chat.tap(confirm)
    link, _ = chat.answer.messages
    assert isinstance(link, Link)
    assert link.label == label
    assert "KES 650.00" in link.text
