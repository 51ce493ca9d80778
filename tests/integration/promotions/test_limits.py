"""Promotions on PostgreSQL: what they take off, how often, and that nothing exceeds a limit."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from tests.support.promoting import PRICE, buy, cart_with, discounted, enter, make, told, used
from tests.support.tills import Till
from tradewind.carts.rules import Cart
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
from tradewind.contracts.errors import Conflict, InvalidInput
from tradewind.contracts.payment import PaymentResult
from tradewind.customers.service import for_email
from tradewind.customers.service import update as change_customer
from tradewind.orders.service import get_order
from tradewind.pricing.promotions.queries import insert_uses
from tradewind.pricing.promotions.rules import PromotionChange
from tradewind.pricing.promotions.service import change_promotion
from tradewind.testing.clock import ManualClock

CARTS = 20


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
    # Whose quote was overtaken before the order was tried hears that the cart has changed.
    refused = {one.reason for one in results if isinstance(one, Conflict)}
    assert refused <= {"promotion_exhausted", "cart_changed"}
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
