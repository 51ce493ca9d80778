"""A shop with ten thousand SKUs and carts that are ready to be placed.

One of each is made by the services; the others are copies of its rows, since making them is not
what is measured.
"""

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from tests.support.shops import add_variant, make_shop
from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.catalog.rules import Variant
from tradewind.checkout import service as checkout
from tradewind.contracts.pricing import Address
from tradewind.database import Store, Transaction
from tradewind.settings.engine import Engine
from tradewind.settings.service import configure

_Change = Mapping[str, UUID | str]

SKUS = 10_000
LINES = 2
_HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="1 Moi Avenue",
    city="Nairobi",
    country_code="ke",
)

_COPY = """
INSERT INTO shop.{table} ({columns})
SELECT {columns} FROM (
    SELECT copy.* FROM shop.{table} original, jsonb_array_elements($3::jsonb) AS change,
        jsonb_populate_record(original, change) AS copy
    WHERE original.store_id = $1 AND original.{key} = $2) AS copies
"""


class Shelves(NamedTuple):
    """The shop, its variants, and a cart that is ready: the pattern of all others."""

    store: Store
    variants: Sequence[UUID]
    cart: Cart


async def open_shelves(engine: Engine) -> Shelves:
    """Make the shop: tax of 16 percent, one delivery option, payment by cash on delivery."""
    database = engine.database
    shop = await make_shop(database, "bench", tax="16")
    await configure(engine, shop.store, "manual", actor="bench", enabled=True, settings={})
    async with database.transaction(shop.store.id) as tx:
        pattern = await add_variant(tx, "PATTERN", 45_000, on_hand=1_000_000)
        variants = [pattern.id, *await _fill_shelves(tx, pattern)]
        new = NewCart(source="web", email="amina@example.com", phone="+254700000101")
        cart = await carts.open_cart(tx, new)
        for variant in variants[:LINES]:
            cart = await carts.add_line(tx, cart, variant, 1)
        cart = await carts.update(tx, cart, CartUpdate(shipping_address=_HOME))
    cart = await checkout.choose_shipping(engine, shop.store, cart.id, str(shop.delivery))
    cart = await checkout.quote(engine, shop.store, cart.id)
    return Shelves(shop.store, variants, cart)


async def fill_carts(tx: Transaction, shelves: Shelves, number: int) -> list[UUID]:
    """Make carts of as many guests, with lines as the pattern, each another SKU drawn by lot."""
    made = [tx.new_id() for _ in range(number)]
    drawn = [random.sample(shelves.variants, LINES) for _ in made]
    of_cart: list[_Change] = [
        {"id": cart_id, "email": f"{cart_id.hex}@example.com"} for cart_id in made
    ]
    await _copy(tx, "carts", "id", shelves.cart.id, of_cart)
    for line, variants in zip(shelves.cart.lines, zip(*drawn, strict=True), strict=True):
        of_line: list[_Change] = [
            {"id": tx.new_id(), "cart_id": cart_id, "variant_id": variant_id}
            for cart_id, variant_id in zip(made, variants, strict=True)
        ]
        of_tax: list[_Change] = [
            {"id": tx.new_id(), "cart_id": change["cart_id"], "line_id": change["id"]}
            for change in of_line
        ]
        await _copy(tx, "cart_lines", "id", line.id, of_line)
        await _copy(tx, "line_adjustments", "line_id", line.id, of_tax)
    return made


async def _fill_shelves(tx: Transaction, pattern: Variant) -> list[UUID]:
    """Copy a product with all that belongs to it; returns the new variants."""
    numbers = range(1, SKUS)
    products, variants = ([tx.new_id() for _ in numbers] for _ in range(2))
    of_product: list[_Change] = [
        {"id": product_id, "handle": f"copy-{n}"}
        for n, product_id in zip(numbers, products, strict=True)
    ]
    of_variant: list[_Change] = [
        {"id": variant_id, "product_id": product_id, "sku": f"COPY-{n}"}
        for n, variant_id, product_id in zip(numbers, variants, products, strict=True)
    ]
    of_price: list[_Change] = [{"id": tx.new_id(), "variant_id": one["id"]} for one in of_variant]
    of_stock: list[_Change] = [{"variant_id": one["id"], "sku": one["sku"]} for one in of_variant]
    await _copy(tx, "products", "id", pattern.product_id, of_product)
    await _copy(tx, "variants", "id", pattern.id, of_variant)
    await _copy(tx, "prices", "variant_id", pattern.id, of_price)
    await _copy(tx, "inventory_levels", "variant_id", pattern.id, of_stock)
    return variants


async def _copy(
    tx: Transaction, table: str, key: str, like: UUID, changes: Sequence[_Change]
) -> None:
    """Copy the row whose `key` is `like`, once for each set of columns to change."""
    columns = await tx.fetchval(
        """SELECT string_agg(column_name, ', ') FROM information_schema.columns
           WHERE table_schema = 'shop' AND table_name = $1 AND is_generated = 'NEVER'""",
        table,
    )
    statement = _COPY.format(table=table, columns=columns, key=key)
    await tx.execute(statement, tx.store_id, like, msgspec.json.encode(changes).decode())
