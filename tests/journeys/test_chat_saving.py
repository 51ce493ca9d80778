"""Paying less in a chat: codes of promotions that are typed, credits of packs that are tapped."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.journeys.test_chat_by_commands import TO_THE_SUMMARY
from tests.support.shop import AMINA, BRIAN, Shop, open_shop, titles
from tests.support.shops import add_variant
from tradewind.credits.service import available, give
from tradewind.database import Database
from tradewind.pricing.promotions.rules import NewPromotion
from tradewind.pricing.promotions.service import create_promotion
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

CHANNEL = "whatsapp"


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Shop]:
    async with open_shop(database_urls, clock=clock) as opened:
        await promote(opened, "TENTH5", "A tenth off")
        async with opened.engine.database.transaction(opened.branches["demo"].store.id) as tx:
            await add_variant(tx, "VISIT", 50_000, on_hand=None, kind="service", title="Visit")
        yield opened


async def promote(shop: Shop, code: str, title: str, store: str = "demo", **fields: Any) -> None:
    given = {"kind": "percentage", "value": Decimal(10), "title": title, **fields}
    database: Database = shop.engine.database
    async with database.transaction(shop.branches[store].store.id) as tx:
        await create_promotion(tx, NewPromotion(code=code, **given))


async def endow(shop: Shop, had: int, phone: str = AMINA) -> Any:
    """The person of this phone, who has written before, gets credits."""
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        customer_id = await tx.fetchval(
            """SELECT customer_id FROM shop.customer_identities
               WHERE store_id = $1 AND channel = $2 AND identity LIKE '%' || $3""",
            tx.store_id,
            CHANNEL,
            phone,
        )
        await give(tx, customer_id, had, None, "test", "")
    return customer_id


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["CODE TENTH5", "code tenth5", "Promo code: TENTH5", "msimbo TENTH5", "tenth5", "“TENTH5”"],
)
async def test_a_code_that_is_typed_lowers_the_total(shop: Shop, typed: str) -> None:
    await shop.talks(AMINA, "ADD TEA-250 2")
    if typed.startswith("msimbo"):
        await speak(shop, "sw")
    answer = await shop.talks(AMINA, typed)
    assert "TENTH5" in answer
    assert "A tenth off: -KES 90.00" in answer
    assert "KES 810.00" in answer


async def speak(shop: Shop, locale: str) -> None:
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        await tx.execute(
            "UPDATE shop.conversations SET locale = $2 WHERE store_id = $1", tx.store_id, locale
        )


async def test_the_summary_and_the_order_have_the_discount_with_its_title(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 2", "CODE TENTH5")
    summary = await shop.talks(AMINA, *TO_THE_SUMMARY)
    assert "A tenth off: -KES 90.00" in summary
    assert "Total: KES 1,110.00" in summary
    assert "is placed" in await shop.talks(AMINA, "Confirm order")
    (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    assert (placed["discount_total"], placed["total"]) == (9_000, 111_000)


async def test_a_code_at_the_summary_changes_what_is_agreed_to(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 2")
    assert "Total: KES 1,200.00" in await shop.talks(AMINA, *TO_THE_SUMMARY)
    assert "Total: KES 1,110.00" in await shop.talks(AMINA, "CODE TENTH5")
    assert "is placed" in await shop.talks(AMINA, "yes")


async def test_a_code_while_a_question_is_open_is_no_answer_to_it(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 2", "CHECKOUT")
    answer = await shop.talks(AMINA, "CODE TENTH5")
    assert "A tenth off" in answer
    assert "What is your full name?" in answer
    assert "e-mail" in await shop.talks(AMINA, "Amina Otieno")


async def test_a_code_is_taken_off_by_words_and_by_its_row(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 2", "CODE TENTH5")
    answer = await shop.talks(AMINA, "remove code TENTH5")
    assert "The code was taken off." in answer
    assert "KES 810.00" not in answer
    await shop.talks(AMINA, "CODE TENTH5")
    await shop.taps(AMINA, "Change")
    assert any(one.startswith("Remove code") for one in titles((await shop.hears(AMINA))[-1]))
    await shop.taps(AMINA, "code_off:TENTH5")
    assert "The code was taken off." in await shop.hears_text(AMINA)
    assert "no such code on your cart" in await shop.talks(AMINA, "remove code TENTH5")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (None, "There is no code SPRING."),
        ({"starts_at": timedelta(days=1)}, "The code SPRING does not count yet."),
        ({"ends_at": timedelta(seconds=1)}, "The code SPRING is no longer valid."),
        ({"minimum": 100_000, "currency": "KES"}, "goods for KES 100.00 more are needed"),
    ],
)
async def test_a_code_that_takes_nothing_off_says_why(
    shop: Shop, clock: ManualClock, fields: dict[str, Any] | None, text: str
) -> None:
    if fields is not None:
        now = clock.now()
        dated: dict[str, Any] = {
            k: now + v if isinstance(v, timedelta) else v for k, v in fields.items()
        }
        await promote(shop, "SPRING", "Spring", **dated)
    clock.advance(2)
    await shop.talks(AMINA, "ADD TEA-250 2")
    answer = await shop.talks(AMINA, "CODE SPRING")
    assert text in answer
    assert "Subtotal: KES 900.00" in answer


async def test_a_code_of_another_store_and_one_without_a_cart_are_none(shop: Shop) -> None:
    await promote(shop, "THEIRS1", "Theirs", store="second")
    assert "Put something in your cart first" in await shop.talks(AMINA, "CODE TENTH5")
    await shop.talks(AMINA, "ADD TEA-250 2")
    assert "There is no code THEIRS1." in await shop.talks(AMINA, "CODE THEIRS1")
    assert "Type CODE and your code" in await shop.talks(AMINA, "code")


async def test_words_that_mean_goods_are_looked_for_and_not_entered(shop: Shop) -> None:
    await promote(shop, "COFFEE", "Coffee")
    await shop.talks(AMINA, "ADD TEA-250 2")
    assert "Nyeri coffee" in await shop.talks(AMINA, "coffee")
    assert "Coffee: -KES 90.00" in await shop.talks(AMINA, "code coffee")


async def test_guessing_is_slowed_down_in_one_chat_and_not_in_others(
    shop: Shop, clock: ManualClock
) -> None:
    for person in (AMINA, BRIAN):
        await shop.talks(person, "ADD TEA-250 1")
    for number in range(5):
        assert "There is no code" in await shop.talks(AMINA, f"CODE GUESS{number}")
        await shop.talks(AMINA, f"guess{number}")
    assert "Too many codes were tried." in await shop.talks(AMINA, "CODE TENTH5")
    assert "A tenth off" not in await shop.talks(AMINA, "tenth5")
    assert "A tenth off" in await shop.talks(BRIAN, "tenth5")
    clock.advance(15 * 60)
    assert "A tenth off" in await shop.talks(AMINA, "CODE TENTH5")


# --- credits -------------------------------------------------------------------------------------


async def test_credits_are_told_used_by_one_tap_and_let_go(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    await endow(shop, 3)
    answer = await shop.talks(AMINA, "ADD VISIT 2", "CART")
    assert "You have 3 credits to pay services with." in answer
    assert "Subtotal: KES 1,000.00" in answer
    await shop.taps(AMINA, "Use credits")
    used = await shop.hears_text(AMINA)
    assert "2 credits pay for this order." in used
    assert "2 credits: -KES 1,000.00" in used
    assert "Total: KES 0.00" in used
    await shop.taps(AMINA, "Change")
    await shop.hears(AMINA)
    await shop.taps(AMINA, "Do not use credits")
    assert "No credits are used" in (await shop.hears_text(AMINA))


async def test_an_order_is_paid_with_credits_from_its_summary(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    customer_id = await endow(shop, 3)
    await shop.talks(AMINA, "ADD VISIT 2")
    summary = await shop.talks(AMINA, "CHECKOUT", "Amina Otieno", "amina@example.com")
    assert "Total: KES 1,000.00" in summary
    await shop.taps(AMINA, "Use credits")
    assert "Total: KES 0.00" in await shop.hears_text(AMINA)
    assert "is placed" in await shop.talks(AMINA, "yes")
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        assert await available(tx, customer_id) == 1


async def test_credits_are_told_in_the_language_of_the_chat(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    await endow(shop, 1)
    await speak(shop, "fr")
    assert "Vous avez 1 crédit" in await shop.talks(AMINA, "ADD VISIT 1")
    await shop.talks(AMINA, "panier")
    await shop.taps(AMINA, "Utiliser crédits")
    assert "1 crédit : -KES 500.00" in await shop.hears_text(AMINA)


async def test_goods_and_people_without_credits_hear_nothing_of_them(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    await endow(shop, 3)
    assert "credit" not in await shop.talks(AMINA, "ADD TEA-250 1", "CART")
    assert "credit" not in await shop.talks(BRIAN, "ADD VISIT 1", "CART")


# --- orders that are not paid --------------------------------------------------------------------


async def test_whoever_has_too_many_unpaid_orders_is_told_so_and_keeps_the_cart(
    shop: Shop,
) -> None:
    await shop.admin("PUT", "/admin/store", {"settings": {"unpaid_per_shopper": 1}})
    await shop.talks(AMINA, "ADD TEA-250 2", *TO_THE_SUMMARY)
    assert "is placed" in await shop.talks(AMINA, "yes")
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "yes")
    assert "earlier orders are not paid yet" in await shop.talks(AMINA, "yes")
    assert "1 × Kericho black tea" in await shop.talks(AMINA, "CART")
    assert len((await shop.admin("GET", "/admin/orders"))["orders"]) == 1
