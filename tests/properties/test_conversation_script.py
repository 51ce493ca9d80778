"""Whatever a person sends, in whatever order, the script gives one answer that a phone can show."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.chats import Chat, open_engine
from tests.support.shops import Shop, add_variant, make_shop
from tradewind.contracts.channel import (
    AddressContent,
    Content,
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
]
plain = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
texts = st.builds(TextContent, text=st.sampled_from(WORDS) | plain)
arguments = st.lists(
    st.sampled_from(
        ["0", "1", "MUG", "tea", "menu", "name", "018f3a4e-0000-7000-8000-00000000000a"]
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
    bank = {"bank_details": "Account 123"}
    async with open_engine(database, manual, shops=[shop], settings=bank) as engine:
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
        assert len(chat.answer.messages) == 1
        assert_fits(chat)


def assert_fits(chat: Chat) -> None:
    """The limits of a phone: three buttons or ten rows, short ids, each of them once."""
    ids = [option.id for option in chat.options]
    assert 0 < width(chat.text) <= 1024
    assert len(ids) == len(set(ids)) <= (10 if hasattr(chat.body, "sections") else 3)
    assert all(0 < len(id_) <= 200 and id_ == id_.strip() for id_ in ids)
    assert all(option.title.strip() for option in chat.options)
