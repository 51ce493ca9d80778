"""Promotions on PostgreSQL: what they take off, how often, and that nothing exceeds a limit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import Context
from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from tests.support.promoting import buy, cart_with, discounted, enter, make, told, used
from tests.support.roundtrips import count_round_trips
from tests.support.tills import Till, open_till
from tradewind.carts.rules import Cart
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
    Agreement,
    Item,
    QuickOrder,
    cancel_order,
    choose_shipping,
    complete,
    expire_order,
    payment_reported,
    place_agreed,
    place_quickly,
    quote,
    start_payment,
)
from tradewind.checkout.service.quoting import price_in, quote_in
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound
from tradewind.contracts.money import Money
from tradewind.contracts.payment import PaymentResult
from tradewind.customers.service import for_email
from tradewind.customers.service import update as change_customer
from tradewind.database import Database, Transaction
from tradewind.orders.service import get_order
from tradewind.pricing.promotions.queries import insert_uses
from tradewind.pricing.promotions.rules import LARGEST_COUNT, PromotionChange
from tradewind.pricing.promotions.service import archive_promotion, change_promotion
from tradewind.pricing.rules import PromotionRules
from tradewind.pricing.service import create_tax_rate
from tradewind.testing.clock import ManualClock

PRICE = 10_000
CARTS = 20


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE, on_hand=1000)
        yield opened


async def test_a_code_takes_off_its_line_and_the_order_keeps_why(till: Till) -> None:
    promotion = await make(till)
    cart = await cart_with(till, "tenth", quantity=2)
    assert (cart.subtotal, cart.discount_total, cart.total) == (20_000, 2_000, 18_000)
    [standing] = cart.promotions
    assert (standing.code, standing.title) == ("TENTH", "A tenth off")
    assert (standing.applied, standing.amount, standing.reason) == (True, 2_000, None)
    order = await buy(till, cart)
    assert order.total == 18_000
    async with till.database.transaction(till.store.id) as tx:
        stored = await get_order(tx, order.id)
    [entry] = stored.lines[0].adjustments
    assert (entry.kind, entry.source, entry.code) == ("promotion", "tradewind", "TENTH")
    assert (entry.amount, entry.reference) == (-2_000, str(promotion.id))
    assert await used(till, promotion) == (1, 0)


async def test_a_free_delivery_is_taken_off_the_delivery(till: Till) -> None:
    promotion = await make(till, "FREE", kind="free_shipping")
    cart = await cart_with(till, "FREE")
    assert [one.reason for one in cart.promotions] == ["nothing_eligible"]
    cart = await choose_shipping(till.engine, till.store, cart.id, str(till.shop.delivery))
    assert (cart.shipping_total, cart.total) == (0, PRICE)
    order = await buy(till, cart)
    [entry] = order.adjustments
    assert (entry.kind, entry.amount, entry.line_id) == ("promotion", -30_000, None)
    assert await used(till, promotion) == (1, 0)


async def test_twenty_carts_with_a_code_for_one_give_one_order_with_its_discount(
    till: Till,
) -> None:
    promotion = await make(till, usage_limit=1)
    carts = [await cart_with(till, "TENTH", email=f"{n}@example.com") for n in range(CARTS)]
    assert all(cart.total == 9_000 for cart in carts)
    results = await asyncio.gather(*(buy(till, one) for one in carts), return_exceptions=True)
    assert len(discounted(results)) == 1
    refused = [one.reason for one in results if isinstance(one, Conflict)]
    assert refused == ["promotion_exhausted"] * (CARTS - 1)
    assert await used(till, promotion) == (1, 1)
    (lost, *_) = (
        cart for cart, one in zip(carts, results, strict=True) if isinstance(one, Conflict)
    )
    again = await quote(till.engine, till.store, lost.id)
    assert (again.status, again.total) == ("open", PRICE)
    assert [one.reason for one in again.promotions] == ["exhausted"]
    assert (await buy(till, again)).total == PRICE


async def test_without_the_claim_the_same_carts_exceed_the_limit(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unclaimed(*_: object) -> None:
        return

    monkeypatch.setattr("tradewind.checkout.service.placing.claim_uses", unclaimed)
    await make(till, usage_limit=1)
    carts = [await cart_with(till, "TENTH", email=f"{n}@example.com") for n in range(5)]
    results = await asyncio.gather(*(buy(till, one) for one in carts), return_exceptions=True)
    assert len(discounted(results)) > 1


async def test_the_database_refuses_a_use_beyond_the_limit(till: Till) -> None:
    promotion = await make(till, usage_limit=1)
    await buy(till, await cart_with(till, "TENTH"))
    async with till.database.transaction(till.store.id) as tx:
        with pytest.raises(Exception, match="promotions_check"):
            await tx.execute(
                "UPDATE shop.promotions SET used = used + 1 WHERE store_id = $1 AND id = $2",
                tx.store_id,
                promotion.id,
            )
        await tx.connection.execute("ROLLBACK; BEGIN")


@pytest.mark.parametrize("limit", [1, 3])
async def test_one_shopper_gets_what_is_limited_per_customer_no_more_often_however_parallel(
    till: Till, limit: int
) -> None:
    promotion = await make(till, limit_per_customer=limit)
    emails = ["Amina@example.com", "amina@EXAMPLE.com"]
    carts = [await cart_with(till, "TENTH", email=emails[n % 2]) for n in range(10)]
    results = await asyncio.gather(*(buy(till, one) for one in carts), return_exceptions=True)
    assert len(discounted(results)) == limit
    assert sum(isinstance(one, Conflict) for one in results) == 10 - limit
    mine = await cart_with(till, email=emails[0])
    with pytest.raises(Conflict, match="You have used") as refused:
        await enter(till, mine, "TENTH")
    assert refused.value.reason == "promotion_exhausted"
    theirs = await buy(till, await cart_with(till, "TENTH", email="brian@example.com"))
    assert theirs.total == 9_000
    assert await used(till, promotion) == (limit + 1, 0)


async def test_the_largest_limit_is_claimed_as_quickly_as_any(till: Till) -> None:
    promotion = await make(till, limit_per_customer=2**31 - 1)
    async with asyncio.timeout(30):
        for _ in range(2):
            await buy(till, await cart_with(till, "TENTH"))
    assert await used(till, promotion) == (2, 0)


async def test_who_is_only_known_later_is_counted_then(till: Till) -> None:
    await make(till, limit_per_customer=1)
    await buy(till, await cart_with(till, "TENTH"))
    cart = await cart_with(till, "TENTH", email="brian@example.com")
    assert cart.total == 9_000
    await told(till, cart, email="AMINA@example.com")
    again = await quote(till.engine, till.store, cart.id)
    assert (again.total, again.promotions[0].reason) == (PRICE, "used_up_by_shopper")


@pytest.mark.parametrize("first", ["customer", "guest"])
async def test_a_guest_who_gives_the_contact_of_an_account_is_the_same_shopper(
    till: Till, first: str
) -> None:
    promotion = await make(till, limit_per_customer=1)
    async with till.database.transaction(till.store.id) as tx:
        amina = await for_email(tx, "amina@example.com")
        await change_customer(tx, amina.id, phone="+254700000001")

    async def customers() -> Cart:
        cart = await cart_with(till, email="work@example.com")
        await told(till, cart, customer_id=amina.id)
        return cart

    async def guests() -> Cart:
        return await cart_with(till, email="Amina+tea@example.com")

    buyer, other = (customers, guests) if first == "customer" else (guests, customers)
    cart = await buyer()
    await enter(till, cart, "TENTH")
    assert (await buy(till, cart)).total == 9_000
    by_phone = await cart_with(till, email="nobody@example.com")
    if first == "customer":
        await told(till, by_phone, phone="+254 700 000 001")
    for refused in (await other(), by_phone) if first == "customer" else (await other(),):
        with pytest.raises(Conflict, match="You have used"):
            await enter(till, refused, "TENTH")
    assert await used(till, promotion) == (1, 0)


async def test_orders_of_an_account_and_of_a_guest_at_once_share_one_use(till: Till) -> None:
    promotion = await make(till, limit_per_customer=1)
    async with till.database.transaction(till.store.id) as tx:
        amina = await for_email(tx, "amina@example.com")
    own = await cart_with(till, "TENTH", email="work@example.com")
    await told(till, own, customer_id=amina.id)
    emails = [f"amina+{n}@example.com" for n in range(7)]
    carts = [await quote(till.engine, till.store, own.id)]
    carts += [await cart_with(till, "TENTH", email=one) for one in emails]
    results = await asyncio.gather(*(buy(till, one) for one in carts), return_exceptions=True)
    assert len(discounted(results)) == 1
    assert {one.reason for one in results if isinstance(one, Conflict)} == {"promotion_exhausted"}
    assert await used(till, promotion) == (1, 0)


async def test_the_database_refuses_a_second_first_use_of_one_shopper(till: Till) -> None:
    promotion = await make(till, limit_per_customer=5)
    await buy(till, await cart_with(till, "TENTH"))
    other = await buy(till, await cart_with(till, email="brian@example.com"))
    async with till.database.transaction(till.store.id) as tx:
        await insert_uses(tx, [promotion.id], other.id, [])
        with pytest.raises(asyncpg.UniqueViolationError):
            await tx.execute(
                """INSERT INTO shop.promotion_shoppers
                   SELECT store_id, promotion_id, $2, shopper, number FROM shop.promotion_shoppers
                   WHERE store_id = $1""",
                tx.store_id,
                other.id,
            )
        await tx.connection.execute("ROLLBACK; BEGIN")


async def test_a_canceled_order_gives_its_use_back_once(till: Till) -> None:
    promotion = await make(till, usage_limit=2, limit_per_customer=2)
    first = await buy(till, await cart_with(till, "TENTH"))
    await buy(till, await cart_with(till, "TENTH"))
    assert await used(till, promotion) == (2, 2)
    called_off = [cancel_order(till.engine, till.store, first.id, "test") for _ in range(5)]
    await asyncio.gather(*called_off)
    assert await used(till, promotion) == (1, 1)
    assert (await buy(till, await cart_with(till, "TENTH"))).total == 9_000
    assert await used(till, promotion) == (2, 2)


async def test_an_order_that_ran_out_of_time_gives_its_use_back(
    till: Till, clock: ManualClock
) -> None:
    promotion = await make(till, usage_limit=1)
    order = await buy(till, await cart_with(till, "TENTH"), "push")
    assert (order.status, await used(till, promotion)) == ("pending", (1, 1))
    clock.advance(timedelta(hours=3).total_seconds())
    expired = await expire_order(till.engine, till.store, order.id)
    assert (expired.status, await used(till, promotion)) == ("expired", (0, 0))


async def test_every_way_to_order_claims_what_it_uses(till: Till) -> None:
    promotion = await make(till, None, usage_limit=5)
    await buy(till, await cart_with(till))
    await buy(till, await cart_with(till), "push")
    cart = await cart_with(till)
    agreement = Agreement(method="whatsapp")
    await place_agreed(till.engine, till.store, cart.id, agreement)
    cart = await cart_with(till)
    cash = StartRequest(provider="manual", method="cash_on_delivery")
    await start_payment(till.engine, till.store, cart.id, cash)
    await complete(till.engine, till.store, cart.id)
    wanted = QuickOrder(
        session_id="web:1",
        items=[Item(sku="MUG", quantity=1)],
        email="amina@example.com",
        provider="manual",
    )
    quick = await place_quickly(till.engine, till.store, wanted)
    assert quick.total == 9_000
    assert await used(till, promotion) == (5, 5)
    assert (await cart_with(till)).total == PRICE


async def test_what_costs_nothing_after_promotions_is_claimed_as_well(till: Till) -> None:
    promotion = await make(till, value=Decimal(100), usage_limit=1)
    carts = [await cart_with(till, "TENTH", email=f"{n}@example.com") for n in range(4)]
    assert carts[0].total == 0
    results = await asyncio.gather(
        *(complete(till.engine, till.store, one.id) for one in carts), return_exceptions=True
    )
    assert len(discounted(results)) == 1
    assert await used(till, promotion) == (1, 1)


async def test_money_that_came_for_a_code_that_was_used_up_meanwhile_is_a_case(
    till: Till,
) -> None:
    promotion = await make(till, usage_limit=1)
    cart = await cart_with(till, "TENTH")
    push = StartRequest(provider="push", inputs={"phone": "+254700000001"})
    session = await start_payment(till.engine, till.store, cart.id, push)
    assert session.amount == 9_000
    await buy(till, await cart_with(till, "TENTH", email="brian@example.com"))
    paid = PaymentResult(status="succeeded", facts=[till.fact(9_000)])
    await payment_reported(till.engine, till.store, session.payment_id, paid, "webhook")
    [case] = await till.rows("SELECT kind, amount, evidence FROM shop.cases WHERE store_id = $1")
    assert (case["kind"], case["amount"]) == ("paid_not_placed", 9_000)
    assert "A tenth off" in case["evidence"]
    assert await used(till, promotion) == (1, 1)
    kept = await quote(till.engine, till.store, cart.id)
    assert (kept.status, kept.total) == ("open", PRICE)
    with pytest.raises(Conflict) as refused:
        await start_payment(till.engine, till.store, cart.id, push)
    assert refused.value.reason == "already_paid"


async def test_a_limit_that_is_set_later_counts_the_orders_that_stand(till: Till) -> None:
    promotion = await make(till)
    kept = await buy(till, await cart_with(till, "TENTH"))
    gone = await buy(till, await cart_with(till, "TENTH"))
    await cancel_order(till.engine, till.store, gone.id, "test")
    async with till.database.transaction(till.store.id) as tx:
        await change_promotion(tx, promotion.id, PromotionChange(usage_limit=1))
    assert await used(till, promotion) == (1, 1)
    cart = await till.cart(("MUG", 1))
    with pytest.raises(Conflict, match="as often as it may be"):
        await enter(till, cart, "TENTH")
    await cancel_order(till.engine, till.store, kept.id, "test")
    assert await used(till, promotion) == (0, 0)
    await enter(till, cart, "TENTH")


async def test_a_limit_below_what_was_used_is_refused(till: Till) -> None:
    promotion = await make(till)
    for _ in range(2):
        await buy(till, await cart_with(till, "TENTH"))
    async with till.database.transaction(till.store.id) as tx:
        with pytest.raises(InvalidInput) as refused:
            await change_promotion(tx, promotion.id, PromotionChange(usage_limit=1))
    assert [one.path for one in refused.value.errors] == ["limit"]


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
