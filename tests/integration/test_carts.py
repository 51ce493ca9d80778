"""Carts on PostgreSQL: prices from the catalog, limits, versions, other stores' ids."""

import asyncio
import contextvars
from uuid import uuid4

import pytest

from tests.support.roundtrips import count_round_trips
from tests.support.shops import Shop, add_variant, make_shop
from tests.support.waiting import until_waiting
from tradewind.carts.keeping.service import expire_carts
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.carts.service import (
    add_line,
    add_sku,
    cart_of_session,
    clear,
    get_cart,
    lock_cart,
    open_cart,
    set_quantity,
    update,
)
from tradewind.catalog.rules import NewRegion, NewVariant, ProductUpdate
from tradewind.catalog.service import create_region, update_product
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound, OutOfStock, Refusal
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.database import Database
from tradewind.testing.clock import ManualClock

CHAT = NewCart(source="whatsapp", session_id="wa:254700000001")
HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="1 Moi Avenue",
    city="Nairobi",
    country_code="ke",
)


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await make_shop(database)


async def test_a_line_costs_what_the_catalog_says(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "MUG", 129_900)
        cart = await open_cart(tx, NewCart(source="web"))
        cart = await add_line(tx, cart, variant.id, 3)
    assert (cart.currency, cart.version, cart.quoted) == ("KES", 2, False)
    [line] = cart.lines
    assert (line.sku, line.title, line.quantity) == ("MUG", "Product MUG", 3)
    assert (line.unit_price, line.subtotal, line.total) == (129_900, 389_700, 389_700)
    assert (cart.subtotal, cart.total) == (389_700, 389_700)


async def test_a_price_change_is_seen_at_the_next_look(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "MUG", 1000)
        cart = await add_line(tx, await open_cart(tx, NewCart(source="web")), variant.id, 2)
        change = ProductUpdate(variants=[NewVariant(sku="MUG", prices=[Money(1100, "KES")])])
        await update_product(tx, variant.product_id, change, currency="KES")
        again = await get_cart(tx, cart.id)
    assert again.repriced
    assert again.total == 2200


async def test_the_same_variant_twice_is_one_line(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "MUG", 1000)
        cart = await open_cart(tx, NewCart(source="web"))
        cart = await add_line(tx, cart, variant.id, 1)
        cart = await add_line(tx, cart, variant.id, 2)
    assert [line.quantity for line in cart.lines] == [3]


async def test_a_chat_adds_by_sku_and_gets_its_cart_in_three_round_trips(
    database: Database, shop: Shop
) -> None:
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "MUG", 1000)
        with count_round_trips(database) as counted:
            first = await add_sku(tx, CHAT, " mug ", 2)
        second = await add_sku(tx, CHAT, "MUG", 1)
        found = await cart_of_session(tx, "wa:254700000001")
    assert counted.warm == 3
    assert first.id == second.id
    assert found is not None
    assert [line.quantity for line in found.lines] == [3]
    assert (found.session_id, found.source) == ("wa:254700000001", "whatsapp")


async def test_an_unknown_sku_is_told_and_opens_no_cart(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        with pytest.raises(NotFound) as refused:
            await add_sku(tx, CHAT, "NOPE", 1)
        assert await cart_of_session(tx, "wa:254700000001") is None
    assert refused.value.reason == "unknown_sku"


@pytest.mark.parametrize("quantity", [0, -1, 100_001, 10**30])
async def test_an_impossible_quantity_is_refused(
    database: Database, shop: Shop, quantity: int
) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "MUG", 1000)
        cart = await open_cart(tx, NewCart(source="web"))
        with pytest.raises(InvalidInput):
            await add_line(tx, cart, variant.id, quantity)
        with pytest.raises(InvalidInput):
            await add_sku(tx, CHAT, "MUG", quantity)
        assert (await get_cart(tx, cart.id)).lines == []


async def test_quantities_add_up_to_the_limit_and_no_further(
    database: Database, shop: Shop
) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "MUG", 1000, on_hand=1_000_000)
        cart = await add_line(tx, await open_cart(tx, NewCart(source="web")), variant.id, 100_000)
        with pytest.raises(InvalidInput):
            await add_line(tx, cart, variant.id, 1)


async def test_more_than_there_is_cannot_be_added(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "MUG", 1000, on_hand=3)
        cart = await add_line(tx, await open_cart(tx, NewCart(source="web")), variant.id, 2)
        with pytest.raises(OutOfStock) as refused:
            await add_line(tx, cart, variant.id, 2)
        with pytest.raises(OutOfStock):
            await set_quantity(tx, cart, cart.lines[0].id, 4)
        assert (await get_cart(tx, cart.id)).version == cart.version
    assert (refused.value.sku, refused.value.left) == ("MUG", 3)


async def test_goods_without_stock_keeping_are_always_there(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "EBOOK", 1000, on_hand=None, kind="digital")
        cart = await add_line(tx, await open_cart(tx, NewCart(source="web")), variant.id, 50)
    assert cart.lines[0].quantity == 50


async def test_quantity_zero_removes_a_line(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "MUG", 1000)
        cart = await add_line(tx, await open_cart(tx, NewCart(source="web")), variant.id, 2)
        cart = await set_quantity(tx, cart, cart.lines[0].id, 5)
        assert cart.subtotal == 5000
        cart = await set_quantity(tx, cart, cart.lines[0].id, 0)
    assert (cart.lines, cart.total) == ([], 0)


async def test_clearing_takes_every_line_out(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "MUG", 1000)
        await add_variant(tx, "TEE", 1000)
        await add_sku(tx, CHAT, "MUG", 1)
        cart = await clear(tx, await add_sku(tx, CHAT, "TEE", 1))
    assert cart.lines == []


async def test_details_are_kept_and_metadata_is_merged(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        cart = await open_cart(tx, NewCart(source="web", metadata={"a": "1"}))
        change = CartUpdate(email="amina@example.com", shipping_address=HOME, metadata={"b": 2})
        cart = await update(tx, cart, change)
        cart = await update(tx, cart, CartUpdate(email=None))
    assert cart.email is None
    assert cart.shipping_address == HOME
    assert cart.metadata == {"a": "1", "b": 2}
    assert cart.version == 3


async def test_wrong_details_are_named_field_by_field(database: Database, shop: Shop) -> None:
    change = CartUpdate(
        email="nobody",
        phone="call me",
        shipping_address=Address(
            first_name="", last_name="", address_1="x", city="y", country_code="us"
        ),
        metadata={"big": "x" * 20_000},
    )
    async with database.transaction(shop.store.id) as tx:
        cart = await open_cart(tx, NewCart(source="web"))
        with pytest.raises(InvalidInput) as refused:
            await update(tx, cart, change)
    assert {error.path for error in refused.value.errors} == {
        "email",
        "phone",
        "shipping_address.first_name",
        "shipping_address.country_code",
        "metadata",
    }


async def test_another_region_brings_its_own_currency_and_prices(
    database: Database, shop: Shop
) -> None:
    async with database.transaction(shop.store.id) as tx:
        new = NewRegion(name="Abroad", currency="USD", countries=["us"])
        abroad = await create_region(tx, new)
        variant = await add_variant(tx, "MUG", 1000)
        cart = await add_line(tx, await open_cart(tx, NewCart(source="web")), variant.id, 1)
        cart = await update(tx, cart, CartUpdate(region_id=abroad.id))
    assert cart.currency == "USD"
    assert not cart.lines[0].sellable


@pytest.mark.parametrize("change", ["line", "region"])
async def test_whoever_locks_a_cart_sees_what_it_waited_for(
    database: Database, shop: Shop, change: str
) -> None:
    async with database.transaction(shop.store.id) as tx:
        new = NewRegion(name="Abroad", currency="USD", countries=["us"])
        abroad = await create_region(tx, new)
        variant = await add_variant(tx, "MUG", 1000)
        cart = await open_cart(tx, NewCart(source="web"))

    async def look() -> Cart:
        async with database.transaction(shop.store.id) as tx:
            return await lock_cart(tx, cart.id)

    async with database.transaction(shop.store.id) as tx:
        locked = await lock_cart(tx, cart.id)
        waiting = asyncio.create_task(look(), context=contextvars.Context())
        await until_waiting(tx.connection)
        if change == "line":
            mine = await add_line(tx, locked, variant.id, 2)
        else:
            mine = await update(tx, locked, CartUpdate(region_id=abroad.id))
    assert await waiting == mine


async def test_a_change_based_on_an_old_look_is_a_conflict(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        old = await open_cart(tx, NewCart(source="web"))
        await update(tx, old, CartUpdate(email="a@example.com"))
        with pytest.raises(Conflict) as refused:
            await update(tx, old, CartUpdate(email="b@example.com"))
    assert refused.value.reason == "cart_changed"


async def test_an_unpublished_line_stays_and_says_so(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "MUG", 1000)
        cart = await add_line(tx, await open_cart(tx, NewCart(source="web")), variant.id, 1)
        await update_product(tx, variant.product_id, ProductUpdate(status="draft"), currency="KES")
        cart = await get_cart(tx, cart.id)
        with pytest.raises(NotFound):
            await add_line(tx, cart, variant.id, 1)
    assert [line.sellable for line in cart.lines] == [False]


async def test_carts_expire_when_left_alone(
    database: Database, shop: Shop, clock: ManualClock
) -> None:
    async with database.transaction(shop.store.id) as tx:
        cart = await open_cart(tx, CHAT)
    clock.advance(7 * 86_400 + 1)
    async with database.transaction(shop.store.id) as tx:
        assert await expire_carts(tx) == 1
        assert await cart_of_session(tx, "wa:254700000001") is None
        with pytest.raises(Conflict):
            await update(tx, await get_cart(tx, cart.id), CartUpdate(email="a@example.com"))


async def test_another_stores_ids_do_not_exist(database: Database, shop: Shop) -> None:
    theirs = await make_shop(database, "theirs")
    async with database.transaction(theirs.store.id) as tx:
        foreign = await add_variant(tx, "MUG", 1000)
        cart = await open_cart(tx, CHAT)
        assert (await get_cart(tx, cart.id)).id == cart.id
        filled = await add_line(tx, cart, foreign.id, 1)
    async with database.transaction(shop.store.id) as tx:
        mine = await open_cart(tx, NewCart(source="web"))
        for forbidden in (
            get_cart(tx, cart.id),
            add_line(tx, mine, foreign.id, 1),
            set_quantity(tx, mine, filled.lines[0].id, 2),
            open_cart(tx, NewCart(source="web", region_id=theirs.region.id)),
            add_sku(tx, CHAT, "MUG", 1),
        ):
            with pytest.raises(NotFound):
                await forbidden
        with pytest.raises(Refusal):
            await add_line(tx, filled, foreign.id, 1)
        assert await cart_of_session(tx, "wa:254700000001") is None
        with pytest.raises(NotFound):
            await get_cart(tx, uuid4())
