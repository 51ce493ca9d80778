"""Which price counts: whoever asks the database is told what the rule says, whatever the prices."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.shops import add_variant, make_shop
from tradewind.carts import queries as carts
from tradewind.carts.merging import queries as merging
from tradewind.carts.rules import Cart, NewCart
from tradewind.carts.service import add_sku, get_cart
from tradewind.catalog.rules import (
    Filters,
    NewPrice,
    NewRegion,
    Price,
    Variant,
    Where,
    counting,
    overlap_errors,
)
from tradewind.catalog.service import (
    Asked,
    browse,
    create_region,
    get_product,
    kept_variant,
    list_products,
    replace_prices,
    shown_product,
)
from tradewind.checkout import queries as checkout
from tradewind.database import Database, Store, Transaction

MANY = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HERE, ELSEWHERE = 0, 1


class Drawn(NamedTuple):
    """A price; its region is for all, here or elsewhere, its times are hours from now."""

    amount: int
    region: int | None
    starts: int | None
    ends: int | None
    currency: str


amounts, hours = st.integers(0, 9), st.integers(-2, 2)
places = st.sampled_from([None, HERE, ELSEWHERE])
shillings, dollars, never, everywhere = map(st.just, ("KES", "USD", None, None))
drawn_prices = st.lists(
    st.one_of(
        st.builds(Drawn, amounts, places, never, never, shillings),
        st.builds(Drawn, amounts, places, hours, never | hours, shillings),
        st.builds(Drawn, amounts, everywhere, never | hours, never, dollars),
    ),
    max_size=8,
)


class Counter(NamedTuple):
    """A variant on sale in two regions, and a cart in each with one unit of it."""

    database: Database
    store: Store
    variant: Variant
    carts: Sequence[Cart]


@pytest.fixture
async def counter(database: Database) -> Counter:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        abroad = await create_region(tx, NewRegion(name="Abroad", currency="KES", countries=["tz"]))
        variant = await add_variant(tx, "MUG", 5, on_hand=1_000_000)
        opened = [
            await add_sku(
                tx, NewCart(source="web", region_id=region, session_id=f"web:{region}"), "MUG", 1
            )
            for region in (shop.region.id, abroad.id)
        ]
        await tx.execute("UPDATE shop.carts SET session_id = NULL WHERE store_id = $1", tx.store_id)
    return Counter(database, shop.store, variant, opened)


@MANY
@given(drawn_prices, st.sampled_from([HERE, ELSEWHERE]))
async def test_everybody_who_asks_the_database_is_told_what_the_rule_says(
    counter: Counter, drawn: list[Drawn], place: int
) -> None:
    cart = counter.carts[place]
    async with counter.database.transaction(counter.store.id) as tx:
        regions = [one.region_id for one in counter.carts]
        prices = await priced(tx, counter.variant, allowed(tx.now, regions, drawn))
        price = counting(prices, "KES", cart.region_id, tx.now)
        amount = None if price is None else price.amount
        assert await told_by_carts(tx, cart, counter.variant) == [amount] * 5
        assert await told_by_the_catalog(tx, cart, counter.variant) == [amount] * 2
        assert await told_by_lists(tx, cart, amount) == {"all": True, "priced": amount is not None}
        default = of_default(prices, regions[HERE], tx.now)
        assert await told_without_a_region(tx, counter.variant) == [default] * 2
        assert await told_by_adding(tx, cart, counter.variant) == amount


async def priced(tx: Transaction, variant: Variant, new: Sequence[NewPrice]) -> Sequence[Price]:
    """Give a variant these prices; it stays on sale, even without one."""
    publish = "UPDATE shop.products SET status = $3 WHERE store_id = $1 AND id = $2"
    await tx.execute(publish, tx.store_id, variant.product_id, "draft")
    await replace_prices(tx, variant.id, new)
    await tx.execute(publish, tx.store_id, variant.product_id, "published")
    return (await kept_variant(tx, variant.id)).prices


def allowed(now: datetime, regions: Sequence[UUID], drawn: Sequence[Drawn]) -> list[NewPrice]:
    """As many of these as a merchant may have at the same time."""
    kept: list[NewPrice] = []
    for one in drawn:
        new = NewPrice(
            currency=one.currency,
            amount=one.amount,
            region_id=None if one.region is None else regions[one.region],
            starts_at=None if one.starts is None else now + timedelta(hours=one.starts),
            ends_at=None if one.ends is None else now + timedelta(hours=one.ends),
        )
        if not overlap_errors("prices", [*kept, new]):
            kept.append(new)
    return kept


def of_default(prices: Sequence[Price], region_id: UUID, now: datetime) -> int | None:
    price = counting(prices, "KES", region_id, now)
    return None if price is None else price.amount


async def told_by_carts(tx: Transaction, cart: Cart, variant: Variant) -> list[int | None]:
    """What a line costs, what one more would, what it would in a merged cart and in an order."""
    (line,) = (await get_cart(tx, cart.id)).lines
    called = await tx.fetchrow(
        "SELECT * FROM shop.cart_at($1, $2, $3)", tx.store_id, tx.now, cart.id
    )
    assert called is not None
    (line_called,) = carts.cart_of_row(called, tx.now).lines
    offer = await carts.offer(tx, cart.id, variant.id)
    terms = await merging.terms(tx, cart.region, [variant.id], [cart.id])
    claim = await checkout.claim(tx, cart)
    assert offer is not None
    assert claim is not None
    return [
        line.unit_price if line.sellable else None,
        line_called.unit_price if line_called.sellable else None,
        offer.price,
        terms[variant.id].price,
        claim.lines[0].price,
    ]


async def told_by_the_catalog(tx: Transaction, cart: Cart, variant: Variant) -> list[int | None]:
    """What shoppers of the cart's region are shown, and the SKU in a cart that is not there yet."""
    shown = await shown_product(tx, str(variant.product_id), Where(region_id=cart.region_id))
    new = NewCart(source="web", region_id=cart.region_id, session_id="web:new")
    offer = await carts.offer_by_sku(tx, new, "MUG")
    assert offer is not None
    price = shown.variants[0].price
    return [None if price is None else price.amount, offer.price]


async def told_by_lists(tx: Transaction, cart: Cart, amount: int | None) -> dict[str, bool]:
    """Whether the product is listed: at all, and in the order of prices at just this one."""
    where = Where(region_id=cart.region_id)
    just = Filters() if amount is None else Filters(min_price=amount, max_price=amount)
    every = await browse(tx, Asked(where=where))
    for sort in ("title", "price", "-price"):
        found = await browse(tx, Asked(where=where, filters=just, sort=sort))
        if sort != "title" or amount is not None:
            assert bool(found.items) == (amount is not None)
    return {"all": bool(every.items), "priced": amount is not None}


async def told_without_a_region(tx: Transaction, variant: Variant) -> list[int | None]:
    """What is listed and shown where nobody has said from which region they are."""
    (listed,) = (await list_products(tx, currency="KES")).items
    shown = await get_product(tx, str(variant.product_id), currency="KES")
    prices = (listed.variants[0].price, shown.variants[0].price)
    return [None if one is None else one.amount for one in prices]


async def told_by_adding(tx: Transaction, cart: Cart, variant: Variant) -> int | None:
    """The price at which one more goes into the cart; None when none does."""
    added = await checkout.add_line(tx, cart.id, None, variant.id, 1)
    stored: int = await tx.fetchval(
        "SELECT unit_price FROM shop.cart_lines WHERE store_id = $1 AND cart_id = $2",
        tx.store_id,
        cart.id,
    )
    return None if added is None else stored
