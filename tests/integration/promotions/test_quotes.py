"""Promotions on PostgreSQL: when a cart is priced anew, and what its shopper is told."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.promoting import PRICE, buy, cart_with, enter, make, used
from tests.support.roundtrips import count_round_trips
from tests.support.tills import Till
from tradewind.carts.service import get_cart, remove_code
from tradewind.catalog.rules import NewProduct, NewVariant, ProductUpdate
from tradewind.catalog.service import (
    CategoryUpdate,
    change_product,
    create_category,
    create_product,
    delete_category,
    update_category,
    update_variant,
)
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    quote,
    start_payment,
)
from tradewind.checkout.service.quoting import price_in, quote_in
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.contracts.money import Money
from tradewind.database import Transaction
from tradewind.pricing.promotions.rules import LARGEST_COUNT, PromotionChange
from tradewind.pricing.promotions.service import archive_promotion, change_promotion
from tradewind.pricing.rules import PromotionRules
from tradewind.pricing.service import create_tax_rate
from tradewind.testing.clock import ManualClock

CARTS = 20


async def test_a_quote_lasts_until_a_promotion_begins_or_ends(
    till: Till, clock: ManualClock
) -> None:
    now = clock.now()
    day = timedelta(days=1)
    await make(till, None, starts_at=now + day, ends_at=now + 2 * day)
    cart = await cart_with(till)
    totals = [cart.total]
    for _ in range(2):
        clock.advance(day.total_seconds())
        async with till.database.transaction(till.store.id) as tx:
            assert not (await get_cart(tx, cart.id)).quoted
        totals.append((await quote(till.engine, till.store, cart.id)).total)
    assert totals == [PRICE, 9_000, PRICE]


async def test_a_quote_is_void_when_a_promotion_is_made_changed_or_archived(till: Till) -> None:
    cart = await cart_with(till)
    promotion = await make(till, None)
    totals = [(await quote(till.engine, till.store, cart.id)).total]
    async with till.database.transaction(till.store.id) as tx:
        await change_promotion(tx, promotion.id, PromotionChange(value=Decimal(20)))
    totals.append((await quote(till.engine, till.store, cart.id)).total)
    async with till.database.transaction(till.store.id) as tx:
        await archive_promotion(tx, promotion.id)
    after = await quote(till.engine, till.store, cart.id)
    assert [*totals, after.total] == [9_000, 8_000, PRICE]
    # Whoever pays what a cart came to before is told that it has changed.
    assert after.version == cart.version + len(totals) + 1


async def test_a_cart_is_priced_for_an_answer_without_a_write(till: Till) -> None:
    await make(till)
    cart = await cart_with(till, "TENTH")
    async with till.database.transaction(till.store.id) as tx:
        await tx.execute(
            "UPDATE shop.carts SET quoted_version = 0 WHERE store_id = $1 AND id = $2",
            tx.store_id,
            cart.id,
        )
    async with till.database.transaction(till.store.id) as tx:
        with count_round_trips(till.database) as counted:
            read = await get_cart(tx, cart.id)
            seen = await price_in(tx, till.engine, read)
    assert [one for one in counted.statements if "UPDATE" in one] == []
    assert seen is not None
    assert not read.quoted
    assert (seen.total, seen.promotions) == (cart.total, cart.promotions)
    assert seen.lines == cart.lines


async def test_a_quote_without_codes_costs_one_statement_beside_the_read(till: Till) -> None:
    await make(till, None)
    await cart_with(till)
    cart = await till.cart(("MUG", 3))
    async with till.database.transaction(till.store.id) as tx:
        read = await get_cart(tx, cart.id)
        with count_round_trips(till.database) as counted:
            stored = await quote_in(tx, till.engine, read)
    assert counted.warm == 1, counted.statements
    assert stored is not None
    async with till.database.transaction(till.store.id) as tx:
        assert await get_cart(tx, cart.id) == stored


async def test_a_category_means_those_below_it(till: Till) -> None:
    async with till.database.transaction(till.store.id) as tx:
        above = await create_category(tx, "Kitchen")
        below = await create_category(tx, "Cups", parent_id=above.id)
        new = NewProduct(
            title="Cup",
            status="published",
            category_ids=[below.id],
            variants=[NewVariant(sku="CUP", prices=[Money(500, "KES")], tracked=False)],
        )
        await create_product(tx, new)
    await make(till, None, rules=PromotionRules(category_ids=[above.id]))
    cart = await till.cart(("MUG", 1), ("CUP", 1))
    quoted = await quote(till.engine, till.store, cart.id)
    assert {line.sku: line.discount for line in quoted.lines} == {"MUG": 0, "CUP": 50}


async def test_a_product_that_counts_otherwise_from_now_on_is_priced_anew(till: Till) -> None:
    async with till.database.transaction(till.store.id) as tx:
        above = await create_category(tx, "Kitchen")
        below = await create_category(tx, "Cups", parent_id=above.id)
        one = NewVariant(sku="CUP", prices=[Money(1_000, "KES")], tracked=False)
        new = NewProduct(title="Cup", status="published", category_ids=[below.id], variants=[one])
        cup = await create_product(tx, new)
        await create_tax_rate(tx, till.shop.region.id, "10", tax_class="luxury")
    await make(till, None, rules=PromotionRules(category_ids=[above.id]))
    await make(till, None, kind="fixed", value=Decimal(5), rules=PromotionRules(skus=["MUG"]))
    cart = await till.cart(("CUP", 1))
    luxury = NewVariant(sku="CUP", tax_class="luxury")
    renamed = NewVariant(sku="MUG-2", tax_class="luxury")
    changes: list[tuple[Callable[[Transaction], Awaitable[object]], int]] = [
        (lambda tx: change_product(tx, cup.id, ProductUpdate(title="Mug")), 900),
        (lambda tx: update_category(tx, below.id, CategoryUpdate(parent_id=None)), 1_000),
        (lambda tx: change_product(tx, cup.id, ProductUpdate(category_ids=[above.id])), 900),
        (lambda tx: change_product(tx, cup.id, ProductUpdate(variants=[luxury])), 990),
        (lambda tx: delete_category(tx, below.id), 990),
        (lambda tx: delete_category(tx, above.id), 1_100),
        (lambda tx: update_variant(tx, cup.id, cup.variants[0].id, renamed), 1_100),
    ]
    assert (await quote(till.engine, till.store, cart.id)).total == 900
    for change, total in changes:
        async with till.database.transaction(till.store.id) as tx:
            await change(tx)
        assert (await quote(till.engine, till.store, cart.id)).total == total


async def test_a_limit_that_nobody_reaches_costs_nothing(till: Till) -> None:
    promotion = await make(till, limit_per_customer=LARGEST_COUNT)
    for _ in range(2):
        await buy(till, await cart_with(till, "TENTH"))
    assert await used(till, promotion) == (2, 0)


async def test_a_code_nobody_made_is_unknown_and_one_can_be_taken_off(till: Till) -> None:
    await make(till)
    cart = await till.cart(("MUG", 1))
    with pytest.raises(NotFound) as refused:
        await enter(till, cart, "NOPE")
    assert refused.value.reason == "unknown_promotion"
    await enter(till, cart, " tenth ", "TENTH")
    async with till.database.transaction(till.store.id) as tx:
        entered = await get_cart(tx, cart.id)
        assert entered.codes == ["TENTH"]
        assert (await remove_code(tx, entered, "Tenth")).codes == []


async def test_a_code_counts_between_its_dates(till: Till, clock: ManualClock) -> None:
    now, day = clock.now(), timedelta(days=1)
    await make(till, starts_at=now + day, ends_at=now + 2 * day)
    cart = await till.cart(("MUG", 1))
    with pytest.raises(Conflict) as early:
        await enter(till, cart, "TENTH")
    clock.advance(day.total_seconds())
    await enter(till, cart, "TENTH")
    assert (await quote(till.engine, till.store, cart.id)).total == 9_000
    clock.advance(day.total_seconds())
    after = await quote(till.engine, till.store, cart.id)
    assert (after.total, after.promotions[0].reason) == (PRICE, "expired")
    with pytest.raises(Conflict) as late:
        await enter(till, await till.cart(("MUG", 1)), "TENTH")
    reasons = [early.value.reason, late.value.reason]
    assert reasons == ["promotion_not_started", "promotion_expired"]


async def test_a_condition_that_is_not_met_yet_is_told_and_the_code_stays(till: Till) -> None:
    await make(till, minimum=25_000)
    cart = await cart_with(till, "TENTH", quantity=2)
    [standing] = cart.promotions
    assert (standing.applied, standing.reason) == (False, "minimum_not_reached")
    again = await cart_with(till, "TENTH", quantity=3)
    assert (again.promotions[0].applied, again.total) == (True, 27_000)


async def test_orders_with_a_promotion_that_is_not_limited_wait_for_nobody(till: Till) -> None:
    promotion = await make(till)
    cart = await cart_with(till, "TENTH")
    async with till.database.transaction(till.store.id) as tx:
        await tx.execute(
            "SELECT FROM shop.promotions WHERE store_id = $1 AND id = $2 FOR NO KEY UPDATE",
            tx.store_id,
            promotion.id,
        )
        placing = asyncio.create_task(buy(till, cart), context=Context())
        order = await asyncio.wait_for(placing, timeout=5)
    assert order.total == 9_000


async def test_an_attempt_to_pay_what_a_code_made_of_it_is_called_off_once_the_code_is_used_up(
    till: Till,
) -> None:
    await make(till, usage_limit=1)
    cart = await cart_with(till, "TENTH")
    push = StartRequest(provider="push", inputs={"phone": "+254700000001"})
    await start_payment(till.engine, till.store, cart.id, push)
    await quote(till.engine, till.store, cart.id)
    assert (await till.session(cart)).status == "open"
    await buy(till, await cart_with(till, "TENTH", email="brian@example.com"))
    assert (await quote(till.engine, till.store, cart.id)).total == PRICE
    assert (await till.session(cart)).status == "voided"
