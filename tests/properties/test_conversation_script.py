"""Whatever a person sends, in whatever order, the script gives one answer that a phone can show."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.chats import Chat, open_engine
from tests.support.shops import Shop, add_variant, make_shop
from tests.support.thirdparty.gate import Desk, GatePlugin
from tradewind.contracts.channel import (
    AddressContent,
    Content,
    Link,
    LocationContent,
    MediaContent,
    OrderContent,
    OrderItem,
    ReplyContent,
    TextContent,
)
from tradewind.conversations.rules.taps import FIELDS
from tradewind.database import Database
from tradewind.messaging.rules import width
from tradewind.settings.engine import Engine
from tradewind_manual import plugin as manual

WORDS = [
    *("hi", "menu", "cart", "checkout", "status", "help", "start", "yes", "no", "cancel"),
    *("add mug", "add mug 3", "add tea 999", "add", "remove mug", "remove tea 1", "track 1001"),
    *("Jane Doe", "jane@example.com", "12 Moi Avenue", "Nairobi", "mug", "tea", "Courier"),
    *("Online", "Wallet", "Blue", "0712345678", "Another way", "Try again", "Cancel order"),
]
plain = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
texts = st.builds(TextContent, text=st.sampled_from(WORDS) | plain)
arguments = st.lists(
    st.sampled_from(
        [
            *("0", "1", "1001", "MUG", "tea", "menu", "name", "gate:wallet", "gate:online"),
            "018f3a4e-0000-7000-8000-00000000000a",
        ]
    )
    | plain,
    max_size=3,
)
forged = st.builds(
    lambda kind, rest: ReplyContent(id=":".join([kind, *rest]), title="x"),
    st.sampled_from(sorted(FIELDS)),
    arguments,
)
taps = st.integers(0, 12)
NUMBERS = count(2)
items = st.builds(OrderItem, sku=st.sampled_from(["MUG", "tea"]) | plain, quantity=st.integers())
others = st.one_of(
    st.builds(OrderContent, items=st.lists(items, max_size=3)),
    st.builds(
        LocationContent,
        latitude=st.floats(-90, 90),
        longitude=st.floats(-180, 180),
        name=st.none() | plain,
        address=st.none() | plain,
    ),
    st.builds(
        AddressContent,
        values=st.dictionaries(st.sampled_from(["address", "city", "name", "country"]), plain),
    ),
    st.builds(MediaContent, kind=st.just("image"), ref=st.just("1"), caption=st.none() | plain),
)
conversations = st.lists(st.one_of(texts, texts, taps, taps, forged, others), max_size=15)


@pytest.fixture
async def shop(database: Database) -> Shop:
    shop = await make_shop(database, tax="16")
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "MUG", 900_00, title="Mug", on_hand=5)
        await add_variant(tx, "TEA", 350_00, title="Black tea with a long name " * 4)
    return shop


@pytest.fixture
async def engine(database: Database, shop: Shop) -> AsyncIterator[Engine]:
    async with open_engine(database, manual, GatePlugin(Desk()), shops=[shop]) as engine:
        yield engine


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(messages=conversations)
async def test_every_message_gets_one_answer_that_fits(
    engine: Engine, shop: Shop, messages: list[Content | int]
) -> None:
    chat = Chat(engine, shop, name="Jane")
    for message in messages:
        if not isinstance(message, int):
            await chat.send(message)
        elif message < len(chat.options):
            await chat.tap_id(chat.options[message].id)
        else:
            continue
        assert_fits(chat)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(messages=conversations, way=st.sampled_from(["Online", "Wallet"]))
async def test_an_order_that_waits_for_its_money_is_never_in_the_way(
    engine: Engine, shop: Shop, messages: list[Content | int], way: str
) -> None:
    chat = Chat(engine, shop, next(NUMBERS), name="Jane")
    for text in ("add tea", "checkout", "Jane Doe", "jane@example.com", "12 Moi Avenue, Nairobi"):
        await chat.say(text)
    for text in (way, "Blue", "0712345678"):
        await chat.say(text)
    assert "waiting for its payment" in await chat.say("Confirm order")
    for message in messages:
        if not isinstance(message, int):
            await chat.send(message)
        elif message < len(chat.options):
            await chat.tap_id(chat.options[message].id)
        else:
            continue
        assert_fits(chat)


def assert_fits(chat: Chat) -> None:
    """The limits of a phone: three buttons or ten rows, short ids, each of them once.

    One message, or two where the first has a link, below which there can be no buttons.
    """
    *links, body = chat.answer.messages
    assert len(links) <= 1
    assert all(isinstance(link, Link) and 0 < width(link.text) <= 1024 for link in links)
    ids = [option.id for option in chat.options]
    assert 0 < width(getattr(body, "text", "")) <= 1024
    assert len(ids) == len(set(ids)) <= (10 if hasattr(body, "sections") else 3)
    assert all(0 < len(id_) <= 200 and id_ == id_.strip() for id_ in ids)
    assert all(option.title.strip() for option in chat.options)
