"""Commands, small talk and other things in the middle of a checkout, and around a chat's edges."""

from typing import Any

import pytest

from tests.support.shop import AMINA, BRIAN, Shop, titles, words

DAY = 24 * 60 * 60


async def test_commands_in_the_middle_of_a_checkout_do_not_lose_it(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina Otieno")
    for typed in ("HELP", "MENU", "CART", "STATUS", "TRACK 1", "ADD COF-250 1"):
        await shop.talks(AMINA, typed)
    assert "e-mail" in await shop.talks(AMINA, "CHECKOUT")
    assert "street" in await shop.talks(AMINA, "amina@example.com")


async def test_help_in_a_checkout_leaves_the_question_open(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina Otieno")
    await shop.talks(AMINA, "HELP")
    assert "street" in await shop.talks(AMINA, "amina@example.com")


async def test_a_wrong_answer_is_explained_and_asked_again(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina Otieno")
    answer = await shop.talks(AMINA, "not an address")
    assert "jane@example.com" in answer
    assert "street" in await shop.talks(AMINA, "amina@example.com")


async def test_free_words_in_the_review_do_not_lose_the_checkout(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina", "a@example.com", "Moi 1")
    await shop.talks(AMINA, "Nairobi", "please come on Friday")
    await shop.says(AMINA, "CHECKOUT")
    (summary,) = await shop.hears(AMINA)
    assert titles(summary)[0] == "Confirm order"
    await shop.taps(AMINA, "Confirm order")
    assert len((await shop.admin("GET", "/admin/orders"))["orders"]) == 1


async def test_a_picture_in_a_checkout_leaves_the_question_open(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina Otieno")
    picture = {"type": "image", "image": {"id": "123456", "mime_type": "image/jpeg"}}
    await shop.sends(AMINA, picture)
    assert "only read text" in await shop.hears_text(AMINA)
    assert "street" in await shop.talks(AMINA, "amina@example.com")


async def test_a_reaction_is_heard_and_not_answered(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    await shop.sends(AMINA, {"type": "reaction", "reaction": {"message_id": "x", "emoji": "👍"}})
    assert await shop.hears(AMINA) == []
    assert (await shop.messages(AMINA))[-1]["kind"] == "reaction"


async def test_something_unknown_gets_a_friendly_answer(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    await shop.sends(AMINA, {"type": "hologram", "hologram": {"depth": 3}})
    assert "only read text" in await shop.hears_text(AMINA)


async def test_a_shared_location_counts_as_the_address(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina", "a@example.com")
    place = {"latitude": -1.286389, "longitude": 36.817223, "name": "Kenyatta Avenue"}
    await shop.sends(AMINA, {"type": "location", "location": place})
    assert "street and house number" in await shop.hears_text(AMINA)


async def test_an_order_from_the_whatsapp_catalog_becomes_a_cart_at_our_prices(shop: Shop) -> None:
    await shop.sends(AMINA, catalog_order(("TEA-250", 2, 1), ("COF-250", 1, 1), ("NOSUCH", 1, 1)))
    answer = await shop.hears_text(AMINA)
    assert "2 × Kericho black tea – 250 g: KES 900.00" in answer
    assert "1 × Nyeri coffee: KES 1,200.00" in answer
    assert "NOSUCH" in answer
    assert "KES 2,100.00" in answer


def catalog_order(*items: tuple[str, int, int]) -> dict[str, Any]:
    """An `order` message; prices are what the shopper's phone claims."""
    products = [
        {"product_retailer_id": sku, "quantity": quantity, "item_price": price, "currency": "KES"}
        for sku, quantity, price in items
    ]
    return {"type": "order", "order": {"catalog_id": "1", "text": "", "product_items": products}}


async def test_messages_that_came_together_are_answered_in_their_order(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    for typed in ("ADD TEA-250 1", "ADD COF-250 1", "CART"):
        await shop.arrives(AMINA, {"type": "text", "text": {"body": typed}})
    await shop.settle()
    first, second, third = [words(body) for body in await shop.hears(AMINA)]
    assert first.startswith("Added: 1 × Kericho")
    assert second.startswith("Added: 1 × Nyeri")
    assert third.startswith("Your cart, 2 items")


async def test_outside_the_reply_window_a_notice_is_withheld_and_visible(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina", "a@example.com", "Moi 1")
    await shop.talks(AMINA, "Nairobi")
    await shop.taps(AMINA, "Confirm order")
    await shop.hears(AMINA)
    shop.clock.advance(DAY + 1)
    (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    await shop.admin("POST", f"/admin/orders/{placed['id']}/mark-paid", {})
    assert await shop.hears(AMINA) == []
    last = (await shop.messages(AMINA))[-1]
    assert (last["direction"], last["status"]) == ("out", "withheld")
    assert last["error_code"] == "window_closed"
    assert "paid" in await shop.talks(AMINA, "STATUS")


async def test_a_failed_status_is_visible_with_its_reason(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    shop.carrier.state.unreachable.add(AMINA)
    await shop.says(AMINA, "MENU")
    last = (await shop.messages(AMINA))[-1]
    assert last["status"] == "failed"
    assert last["error_code"]
    assert "131026" in last["error"]


async def test_read_is_shown_and_a_late_delivered_does_not_take_it_back(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    asked = {"account": shop.branches["demo"].number, "shopper": AMINA}
    await shop.sandbox.get("/phone/thread", params=asked)
    await shop.settle()
    assert (await shop.messages(AMINA))[-1]["status"] == "read"


async def test_a_shopper_of_both_stores_has_two_lives(shop: Shop) -> None:
    assert "Welcome to Demo" in await shop.talks(AMINA, "hi")
    assert "Welcome to Second" in await shop.talks(AMINA, "hi", store="second")
    assert "KES 450.00" in await shop.talks(AMINA, "ADD TEA-250 1")
    assert "empty" in await shop.talks(AMINA, "CART", store="second")
    assert "USD 12.99" in await shop.talks(AMINA, "ADD TEA-250 1", store="second")
    await shop.talks(AMINA, "STOP", store="second")
    assert "KES 450.00" in await shop.talks(AMINA, "CART")
    await shop.says(AMINA, "CART", store="second")
    assert await shop.hears(AMINA) == []
    assert "I do not know" in await shop.talks(AMINA, "ADD CAP 1")
    for slug in ("demo", "second"):
        (talk,) = (await shop.admin("GET", "/admin/conversations", store=slug))["conversations"]
        assert talk["identity"] == AMINA


async def test_an_order_number_of_one_store_means_nothing_in_the_other(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina", "a@example.com", "Moi 1")
    await shop.talks(AMINA, "Nairobi")
    await shop.taps(AMINA, "Confirm order")
    (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    answer = await shop.talks(AMINA, f"TRACK {placed['number']}", store="second")
    assert "no order" in answer
    assert (await shop.admin("GET", "/admin/orders", store="second"))["orders"] == []


@pytest.mark.parametrize("store", ["demo", "second"])
async def test_an_order_in_either_store(shop: Shop, store: str) -> None:
    city = {"demo": "Nairobi", "second": "Portland, OR 97205"}[store]
    typed = ["ADD TEA-250 1", "CHECKOUT", "Grace", "g@example.com", "12 Main Street", city]
    assert "Please check your order" in await shop.talks(BRIAN, *typed, store=store)
    await shop.taps(BRIAN, "Confirm order", store=store)
    (placed,) = (await shop.admin("GET", "/admin/orders", store=store))["orders"]
    assert placed["currency"] == {"demo": "KES", "second": "USD"}[store]


async def test_somebody_known_by_user_id_alone_can_order(shop: Shop) -> None:
    zoe = "KE.20260000000000000104"
    body = {"phone_number_id": shop.branches["demo"].number, "user_id": zoe}
    for typed in ("hi", "ADD TEA-250 1", "CART"):
        await shop.sandbox.post("/whatsapp/inbound", json={**body, "text": typed})
        await shop.settle()
    heard = await shop.hears(zoe)
    assert len(heard) == 3
    assert "KES 450.00" in words(heard[-1])
    assert all("to" not in message for message in heard)
