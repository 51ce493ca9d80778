"""A shopper who types: every command, forgiving when right, helpful when wrong."""

from uuid import UUID

import pytest

from tests.support.shop import AMINA, BRIAN, Shop, titles, words

TO_THE_SUMMARY = ["CHECKOUT", "Amina Otieno", "amina@example.com", "Moi Avenue 12", "Nairobi"]


async def order(shop: Shop, phone: str = AMINA, item: str = "ADD TEA-250 2") -> str:
    """Order by typing; the number of the order."""
    await shop.talks(phone, item, *TO_THE_SUMMARY)
    await shop.taps(phone, "Confirm order")
    await shop.hears(phone)
    return str((await shop.admin("GET", "/admin/orders"))["orders"][0]["number"])


async def test_an_order_by_typing_alone(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    assert "2 × Kericho black tea – 250 g: KES 900.00" in await shop.talks(AMINA, "add tea-250 2")
    assert "Subtotal: KES 900.00" in await shop.talks(AMINA, "Cart")
    summary = await shop.talks(AMINA, *TO_THE_SUMMARY)
    assert "KES 1,200.00" in summary
    assert "is placed" in await shop.talks(AMINA, "Confirm order")
    (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    assert [(line["sku"], line["quantity"]) for line in placed["lines"]] == [("TEA-250", 2)]
    assert placed["email"] == "amina@example.com"


@pytest.mark.parametrize(
    "typed",
    ["ADD TEA-250 2", "add tea-250 2", "  Add   TEA-250   2 ", "add 2 tea-250", "ADD 2x tea-250"],
)
async def test_add_forgives_case_spaces_and_order(shop: Shop, typed: str) -> None:
    assert "2 × Kericho black tea – 250 g" in await shop.talks(AMINA, typed)


async def test_an_unknown_item_is_told_and_nothing_is_added(shop: Shop) -> None:
    assert "I do not know an item NOSUCH-1" in await shop.talks(AMINA, "ADD NOSUCH-1 1")
    assert "empty" in await shop.talks(AMINA, "CART")


async def test_too_many_are_refused_with_what_is_left(shop: Shop) -> None:
    assert "only 3 of KIONDO are left" in await shop.talks(AMINA, "ADD KIONDO 4")
    assert "empty" in await shop.talks(AMINA, "CART")
    assert "3 × Kiondo basket" in await shop.talks(AMINA, "ADD KIONDO 3")
    assert "only 3 of KIONDO are left" in await shop.talks(AMINA, "ADD KIONDO 1")


@pytest.mark.parametrize("typed", ["ADD", "ADD TEA-250 0", "ADD TEA-250 -3", "ADD TEA-250 1.5"])
async def test_a_wrong_add_is_explained_and_changes_nothing(shop: Shop, typed: str) -> None:
    assert "ADD TEA-" in await shop.talks(AMINA, typed)
    assert "empty" in await shop.talks(AMINA, "CART")


async def test_remove_takes_the_item_out(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 2", "ADD COF-250 1")
    answer = await shop.talks(AMINA, "remove tea-250")
    assert "Removed: Kericho black tea – 250 g" in answer
    assert "Nyeri coffee" in answer
    assert "not in your cart" in await shop.talks(AMINA, "REMOVE TEA-250")


async def test_checkout_of_an_empty_cart_says_so(shop: Shop) -> None:
    assert "empty" in await shop.talks(AMINA, "CHECKOUT")


async def test_menu_shows_the_categories(shop: Shop) -> None:
    await shop.says(AMINA, "menu")
    (answer,) = await shop.hears(AMINA)
    assert titles(answer)[0] == "Tea"


async def test_words_are_looked_up_in_the_catalog(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    assert "Nyeri coffee" in await shop.talks(AMINA, "coffee")


async def test_status_and_track_tell_of_the_own_order(shop: Shop) -> None:
    assert "no order" in (await shop.talks(AMINA, "STATUS")).lower()
    number = await order(shop)
    for typed in ("STATUS", f"TRACK {number}", f"track #{number}", f"Track order {number}"):
        answer = await shop.talks(AMINA, typed)
        assert f"Order {number}" in answer
        assert "not paid yet" in answer


async def test_the_merchant_marks_paid_and_the_shopper_hears_it_once(shop: Shop) -> None:
    number = await order(shop)
    (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    path = f"/admin/orders/{placed['id']}/mark-paid"
    paid = (await shop.admin("POST", path, {"note": "cash"}))["order"]
    assert paid["payment_status"] == "paid"
    heard = await shop.hears_text(AMINA)
    assert "KES 1,200.00" in heard
    assert number in heard
    for delivery in (await shop.admin("GET", "/admin/event-deliveries"))["event_deliveries"]:
        await shop.admin("POST", f"/admin/event-deliveries/{delivery['id']}/replay")
    assert await shop.hears(AMINA) == []
    assert "paid" in (await shop.talks(AMINA, "STATUS")).split("Payment:")[1].splitlines()[0]
    assert "not paid" not in await shop.talks(AMINA, f"TRACK {number}")


async def test_a_canceled_order_is_told_once_and_gives_its_stock_back(shop: Shop) -> None:
    number = await order(shop)
    (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    await shop.admin("POST", f"/admin/orders/{placed['id']}/cancel", {"reason": "out of tea"})
    assert number in await shop.hears_text(AMINA)
    assert (await shop.admin("GET", "/admin/inventory/TEA-250"))["available"] == 100


async def test_track_reveals_nothing_of_other_peoples_orders(shop: Shop) -> None:
    number = await order(shop)
    await shop.talks(BRIAN, "hi")
    foreign = await shop.talks(BRIAN, f"TRACK {number}")
    unknown = await shop.talks(BRIAN, "TRACK 98765")
    assert foreign.replace(number, "#") == unknown.replace("98765", "#")


async def test_track_without_a_number_says_how(shop: Shop) -> None:
    assert "TRACK" in await shop.talks(AMINA, "TRACK")
    assert "TRACK" in await shop.talks(AMINA, "TRACK my parcel")


async def test_stop_silences_start_resumes_and_help_always_answers(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    assert "START" in await shop.talks(AMINA, "STOP")
    for silenced in ("hi", "MENU", "CART", "ADD TEA-250 1", "tea"):
        await shop.says(AMINA, silenced)
        assert await shop.hears(AMINA) == []
    assert "STOP" in await shop.talks(AMINA, "help")
    await shop.says(AMINA, "hi")
    assert await shop.hears(AMINA) == []
    assert "Demo" in await shop.talks(AMINA, "start")
    assert "empty" in await shop.talks(AMINA, "CART")


async def test_stop_silences_notices_too_and_what_was_not_sent_is_visible(shop: Shop) -> None:
    await order(shop)
    await shop.talks(AMINA, "STOP")
    (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    await shop.admin("POST", f"/admin/orders/{placed['id']}/mark-paid", {})
    assert await shop.hears(AMINA) == []
    last = (await shop.messages(AMINA))[-1]
    assert (last["status"], last["error_code"]) == ("withheld", "opted_out")
    assert "KES 1,200.00" in last["body"]["text"]


async def test_the_second_checkout_knows_name_mail_and_address(shop: Shop) -> None:
    await order(shop)
    await shop.says(AMINA, "ADD COF-250 1")
    answer = await shop.talks(AMINA, "CHECKOUT")
    assert "Moi Avenue 12" in answer
    await shop.taps(AMINA, "Use this address")
    (summary,) = await shop.hears(AMINA)
    assert "amina@example.com" in words(summary)
    assert titles(summary)[0] == "Confirm order"


@pytest.mark.parametrize("typed", ["TEA250", "TEA-999", "TAE-250", "COF250"])
async def test_a_mistyped_item_gets_the_ones_it_resembles(shop: Shop, typed: str) -> None:
    await shop.says(AMINA, f"ADD {typed} 1")
    (body,) = await shop.hears(AMINA)
    assert "Did you mean one of these?" in words(body)
    wanted = "COF-250" if typed.startswith("COF") else "TEA-250"
    assert any(wanted in title for title in titles(body)), titles(body)


async def test_words_that_name_nothing_find_nothing(shop: Shop) -> None:
    assert "Kericho" not in await shop.talks(AMINA, "blah blah")


async def test_the_merchant_sees_what_was_shipped(shop: Shop) -> None:
    await order(shop)
    (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    path = f"/admin/orders/{placed['id']}"
    assert (await shop.admin("GET", path))["order"]["shipments"] == []
    context = await shop.engine.context(shop.branches["demo"].store, "manual")
    assert context is not None
    await context.shop.add_shipment(UUID(placed["id"]), carrier="Rider", tracking_number="R-7")
    (shipment,) = (await shop.admin("GET", path))["order"]["shipments"]
    assert (shipment["carrier"], shipment["tracking_number"]) == ("Rider", "R-7")
    assert [line["quantity"] for line in shipment["lines"]] == [2]
