"""A shop with ten thousand SKUs and carts that are ready to be placed.

One of each is made by the services; the others are copies of its rows, since making them is not
what is measured.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from tests.support.shops import add_variant, make_shop
from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.checkout import service as checkout
from tradewind.contracts.pricing import Address
from tradewind.database import Store, Transaction
from tradewind.settings.engine import Engine
from tradewind.settings.service import configure

SKUS = 10_000
LINES = 2
_HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="1 Moi Avenue",
    city="Nairobi",
    country_code="ke",
)

_COPY_PRODUCTS = """
WITH made AS (SELECT * FROM unnest($3::uuid[], $4::uuid[]) WITH ORDINALITY
              AS m (product_id, variant_id, n)),
product AS (
    INSERT INTO shop.products
    SELECT copy.* FROM shop.products p JOIN shop.variants v
        ON v.store_id = p.store_id AND v.product_id = p.id, made,
        jsonb_populate_record(p, jsonb_build_object(
            'id', made.product_id, 'handle', 'copy-' || made.n)) AS copy
    WHERE v.store_id = $1 AND v.id = $2)
INSERT INTO shop.variants
SELECT copy.* FROM shop.variants v, made,
    jsonb_populate_record(v, jsonb_build_object(
        'id', made.variant_id, 'product_id', made.product_id, 'sku', 'COPY-' || made.n)) AS copy
WHERE v.store_id = $1 AND v.id = $2
"""
_COPY_PRICES = """
INSERT INTO shop.prices
SELECT copy.* FROM shop.prices p, unnest($3::uuid[], $4::uuid[]) AS made (id, variant_id),
    jsonb_populate_record(p, jsonb_build_object(
        'id', made.id, 'variant_id', made.variant_id)) AS copy
WHERE p.store_id = $1 AND p.variant_id = $2
"""
_COPY_STOCK = """
INSERT INTO shop.inventory_levels
SELECT copy.* FROM shop.inventory_levels l, unnest($3::uuid[]) WITH ORDINALITY AS made (id, n),
    jsonb_populate_record(l, jsonb_build_object(
        'variant_id', made.id, 'sku', 'COPY-' || made.n)) AS copy
WHERE l.store_id = $1 AND l.variant_id = $2
"""
_COPY_CARTS = """
INSERT INTO shop.carts
SELECT copy.* FROM shop.carts c, unnest($3::uuid[]) AS made (id),
    jsonb_populate_record(c, jsonb_build_object('id', made.id)) AS copy
WHERE c.store_id = $1 AND c.id = $2
"""
_COPY_LINES = """
WITH made AS (SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[])
              AS m (cart_id, like_line, id, variant_id, adjustment_id)),
line AS (
    INSERT INTO shop.cart_lines
    SELECT copy.* FROM made JOIN shop.cart_lines l
        ON l.store_id = $1 AND l.cart_id = $2 AND l.id = made.like_line,
        jsonb_populate_record(l, jsonb_build_object(
            'id', made.id, 'cart_id', made.cart_id, 'variant_id', made.variant_id)) AS copy)
INSERT INTO shop.line_adjustments
SELECT copy.* FROM made JOIN shop.line_adjustments a
    ON a.store_id = $1 AND a.cart_id = $2 AND a.line_id = made.like_line,
    jsonb_populate_record(a, jsonb_build_object(
        'id', made.adjustment_id, 'cart_id', made.cart_id, 'line_id', made.id)) AS copy
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
        pattern = (await add_variant(tx, "PATTERN", 45_000, on_hand=1_000_000)).id
        variants = [tx.new_id() for _ in range(SKUS - 1)]
        products = [tx.new_id() for _ in variants]
        prices = [tx.new_id() for _ in variants]
        await tx.execute(_COPY_PRODUCTS, tx.store_id, pattern, products, variants)
        await tx.execute(_COPY_PRICES, tx.store_id, pattern, prices, variants)
        await tx.execute(_COPY_STOCK, tx.store_id, pattern, variants)
        new = NewCart(source="web", email="amina@example.com", phone="+254700000101")
        cart = await carts.open_cart(tx, new)
        for variant in variants[:LINES]:
            cart = await carts.add_line(tx, cart, variant, 1)
        cart = await carts.update(tx, cart, CartUpdate(shipping_address=_HOME))
    cart = await checkout.choose_shipping(engine, shop.store, cart.id, str(shop.delivery))
    cart = await checkout.quote(engine, shop.store, cart.id)
    return Shelves(shop.store, [pattern, *variants], cart)


async def fill_carts(tx: Transaction, shelves: Shelves, number: int) -> list[UUID]:
    """Make carts with as many lines as the pattern, each line another SKU drawn by lot."""
    store_id, pattern = shelves.store.id, shelves.cart.id
    made = [tx.new_id() for _ in range(number)]
    lines = [
        (cart_id, line.id, tx.new_id(), variant_id, tx.new_id())
        for cart_id in made
        for line, variant_id in zip(
            shelves.cart.lines, random.sample(shelves.variants, LINES), strict=True
        )
    ]
    await tx.execute(_COPY_CARTS, store_id, pattern, made)
    await tx.execute(_COPY_LINES, store_id, pattern, *map(list, zip(*lines, strict=True)))
    return made
