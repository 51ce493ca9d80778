"""The function that adds a line: what it returns is the cart, and it is bound to its store."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.support.shops import Shop, add_variant, make_shop
from tradewind.carts.rules import CartUpdate, NewCart
from tradewind.carts.service import get_cart, open_cart, update
from tradewind.catalog.rules import NewPrice, NewProduct, NewVariant
from tradewind.catalog.service import create_product, set_price, set_status
from tradewind.checkout.queries import add_line
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.customers.service import for_email
from tradewind.database import Database, Transaction
from tradewind.inventory.service import set_level
from tradewind.testing.clock import ManualClock

HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="Kenyatta Avenue 12",
    city="Nairobi",
    country_code="ke",
)


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await make_shop(database)


async def shirt(tx: Transaction) -> UUID:
    """A variant that has all that a variant may have."""
    new = NewProduct(
        title="Shirt",
        status="published",
        images=["https://pictures.example/shirt.jpg"],
        variants=[
            NewVariant(
                sku="SHIRT",
                title="Red",
                options={"color": "red"},
                prices=[Money(900, "KES")],
                weight_grams=250,
            )
        ],
    )
    variant = (await create_product(tx, new)).variants[0]
    await set_level(tx, "SHIRT", on_hand=5, reason="first stock")
    sale = NewPrice(currency="KES", amount=700, starts_at=tx.now, ends_at=tx.now + timedelta(1))
    await set_price(tx, variant.id, sale)
    return variant.id


async def test_what_adding_returns_is_the_cart(
    database: Database, shop: Shop, clock: ManualClock
) -> None:
    async with database.transaction(shop.store.id) as tx:
        one, plain = await shirt(tx), await add_variant(tx, "MUG", 5, kind="service")
        cart = await open_cart(tx, NewCart(source="web", email="amina@example.com"))
        told = CartUpdate(shipping_address=HOME, codes=["SPRING"], metadata={"gift": True})
        before = await update(tx, cart, told)
    clock.advance(3600)
    async with database.transaction(shop.store.id) as tx:
        for variant_id in (one, plain.id, one):
            added = await add_line(tx, cart.id, None, variant_id, 2)
            assert added == await get_cart(tx, cart.id)
        assert added is not None
        assert added.version == before.version + 3
        assert added.expires_at > before.expires_at
        await set_status(tx, [plain.product_id], "draft")
        again = await add_line(tx, cart.id, None, one, 1)
        assert again == await get_cart(tx, cart.id)
        assert [line.sellable for line in again.lines] == [True, False]


async def test_what_stands_in_the_way_changes_nothing(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        one = await shirt(tx)
        cart = await open_cart(tx, NewCart(source="web"))
        refused = [
            await add_line(tx, cart.id, None, one, 6),
            await add_line(tx, cart.id, None, tx.new_id(), 1),
            await add_line(tx, tx.new_id(), None, one, 1),
            await add_line(tx, cart.id, tx.new_id(), one, 1),
        ]
        assert refused == [None] * 4
        assert await get_cart(tx, cart.id) == cart
        assert (await add_line(tx, cart.id, None, one, 5)) is not None
        assert await add_line(tx, cart.id, None, one, 1) is None
        assert [line.quantity for line in (await get_cart(tx, cart.id)).lines] == [5]


async def test_the_cart_of_a_customer_is_theirs(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        one = await shirt(tx)
        customer = await for_email(tx, "amina@example.com")
        cart = await open_cart(tx, NewCart(source="web", customer_id=customer.id))
        assert await add_line(tx, cart.id, None, one, 1) is None
        assert await add_line(tx, cart.id, customer.id, one, 1) == await get_cart(tx, cart.id)


async def test_another_store_adds_nothing(database: Database, shop: Shop) -> None:
    other = await make_shop(database, "other")
    async with database.transaction(shop.store.id) as tx:
        one = await shirt(tx)
        cart = await open_cart(tx, NewCart(source="web"))
    adding = "SELECT id FROM shop.add_to_cart($1, $2, $3, NULL, $4, 1, $5, 100, 100000, 500, NULL)"
    for store in (other.store, shop.store):
        async with database.transaction(store.id) as tx:
            args = (shop.store.id, tx.now, cart.id, one, tx.new_id())
            found = await tx.fetchval(adding, *args)
        assert found == (cart.id if store == shop.store else None)
