"""Codes on a cart through the store API: entered, shown, taken off, refused, not to be guessed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.support.storefront import PRICE, TEA, Storefront, open_storefront, refused, told
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened


async def made(site: Storefront, code: str | None = "TENTH", **fields: Any) -> dict[str, Any]:
    body = {"kind": "percentage", "value": 10, "title": "A tenth off", "code": code, **fields}
    found: dict[str, Any] = (await site.shop.admin("POST", "/admin/promotions", body))["promotion"]
    return found


async def enter(site: Storefront, cart: dict[str, Any], code: str) -> dict[str, Any]:
    answer = await site.post(f"/carts/{cart['id']}/promotions", {"code": code})
    entered: dict[str, Any] = answer["cart"]
    return entered


async def test_a_code_is_entered_shown_with_what_it_gives_and_taken_off(site: Storefront) -> None:
    await made(site)
    cart = await enter(site, await site.cart(), "tenth")
    assert cart["promotions"] == [
        {
            "code": "TENTH",
            "title": "A tenth off",
            "applied": True,
            "amount": PRICE // 10,
            "reason": None,
            "missing": 0,
        }
    ]
    assert (cart["discount_total"], cart["total"]) == (PRICE // 10, PRICE - PRICE // 10)
    [entry] = cart["lines"][0]["adjustments"]
    assert (entry["source"], entry["code"], entry["amount"]) == ("tradewind", "TENTH", -PRICE // 10)
    assert (await site.get(f"/carts/{cart['id']}"))["cart"] == cart
    answer = await site.ask("DELETE", f"/carts/{cart['id']}/promotions/Tenth")
    after = told(answer)["cart"]
    assert (after["promotions"], after["total"]) == ([], PRICE)
    answer = await site.ask("DELETE", f"/carts/{cart['id']}/promotions/TENTH")
    refused(answer, 404, "unknown_promotion")


async def test_a_free_delivery_is_shown_on_the_delivery_and_in_the_order(site: Storefront) -> None:
    await made(site, "FREE", kind="free_shipping")
    cart = await site.cart()
    options = (await site.get(f"/carts/{cart['id']}/shipping-options"))["shipping_options"]
    await site.post(f"/carts/{cart['id']}/shipping-method", {"option_id": options[0]["id"]})
    cart = await enter(site, cart, "FREE")
    [entry] = cart["adjustments"]
    assert (entry["kind"], entry["code"], entry["amount"]) == ("promotion", "FREE", -30_000)
    assert (cart["shipping_total"], cart["total"]) == (0, PRICE)
    await site.pays(cart, provider_id="manual")
    order = told(await site.complete(cart))["order"]
    assert order["adjustments"] == cart["adjustments"]
    assert (order["promotions"], order["total"]) == (["FREE"], PRICE)


async def test_codes_that_cannot_be_used_say_why(site: Storefront) -> None:
    await made(site, "OLD", ends_at="2020-01-01T00:00:00Z")
    await made(site, "SOON", starts_at="2090-01-01T00:00:00Z")
    await made(site, "ONCE", limit=1)
    first = await enter(site, await site.cart(), "ONCE")
    await site.pays(first, provider_id="manual")
    told(await site.complete(first))
    cart = await site.cart(email="brian@example.com")
    for code, status, reason in [
        ("NOPE", 404, "unknown_promotion"),
        ("OLD", 409, "promotion_expired"),
        ("SOON", 409, "promotion_not_started"),
        ("ONCE", 409, "promotion_exhausted"),
    ]:
        answer = await site.ask("POST", f"/carts/{cart['id']}/promotions", {"code": code})
        refused(answer, status, reason)
    assert (await site.get(f"/carts/{cart['id']}"))["cart"]["promotions"] == []


async def test_a_condition_that_is_not_met_is_told_until_it_is(site: Storefront) -> None:
    await made(site, minimum=PRICE * 2)
    cart = await enter(site, await site.cart(), "TENTH")
    [standing] = cart["promotions"]
    assert (standing["applied"], standing["reason"]) == (False, "minimum_not_reached")
    body = {"variant_id": await site.variant(TEA), "quantity": 1}
    cart = (await site.post(f"/carts/{cart['id']}/line-items", body))["cart"]
    assert cart["promotions"][0]["applied"] is True
    assert cart["total"] == PRICE * 2 * 9 // 10


async def test_a_code_calls_off_the_attempt_to_pay_without_it(site: Storefront) -> None:
    await made(site)
    cart = await site.cart()
    await site.pays(cart)
    await enter(site, cart, "TENTH")
    assert [one.status for one in await site.sessions(cart)] == ["voided"]
    session = await site.pays(cart)
    assert session["amount"] == PRICE * 9 // 10
    await enter(site, cart, "tenth")
    assert [one.status for one in await site.sessions(cart)] == ["open", "voided"]


async def test_a_code_is_used_up_between_the_look_and_the_order(site: Storefront) -> None:
    await made(site, limit=1)
    carts = [await enter(site, await site.cart(), "TENTH") for _ in range(2)]
    for cart in carts:
        await site.pays(cart, provider_id="manual")
    told(await site.complete(carts[0]))
    late = carts[1]
    answer = await site.complete(late, expected_total=late["total"])
    refused(answer, 409, "cart_changed")
    seen = (await site.get(f"/carts/{late['id']}"))["cart"]
    assert (seen["status"], seen["total"]) == ("open", PRICE)
    assert (seen["promotions"][0]["applied"], seen["promotions"][0]["reason"]) == (
        False,
        "exhausted",
    )


async def test_a_cart_has_at_most_ten_codes(site: Storefront) -> None:
    cart = await site.cart()
    for number in range(10):
        await made(site, f"CODE{number}")
        await enter(site, cart, f"CODE{number}")
    await made(site, "ELEVENTH")
    answer = await site.ask("POST", f"/carts/{cart['id']}/promotions", {"code": "ELEVENTH"})
    refused(answer, 409, "too_many_promotions")
    assert len((await enter(site, cart, "code3"))["promotions"]) == 10


async def test_who_guesses_codes_has_to_wait_and_who_knows_them_does_not(
    site: Storefront, clock: ManualClock
) -> None:
    await made(site)
    cart = await site.cart()
    path = f"/carts/{cart['id']}/promotions"
    for _ in range(15):
        await enter(site, cart, "TENTH")
        told(await site.ask("DELETE", f"{path}/TENTH"))
    for number in range(10):
        refused(await site.ask("POST", path, {"code": f"GUESS{number}"}), 404, "unknown_promotion")
    for code in ("GUESS", "TENTH"):
        answer = await site.ask("POST", path, {"code": code})
        refused(answer, 429, "too_many_requests")
    assert int(answer.headers["Retry-After"]) > 0
    other = await site.cart()
    await enter(site, other, "TENTH")
    clock.advance(15 * 60)
    await enter(site, cart, "TENTH")


async def test_another_stores_code_is_unknown(site: Storefront) -> None:
    body = {"kind": "percentage", "value": 10, "code": "THEIRS"}
    await site.shop.admin("POST", "/admin/promotions", body, store="second")
    cart = await site.cart()
    answer = await site.ask("POST", f"/carts/{cart['id']}/promotions", {"code": "THEIRS"})
    refused(answer, 404, "unknown_promotion")


async def test_a_named_request_enters_a_code_once_and_is_answered_again(site: Storefront) -> None:
    await made(site)
    cart = await site.cart()
    path = f"/carts/{cart['id']}/promotions"
    first = told(await site.ask("POST", path, {"code": "TENTH"}, key="one"))
    told(await site.ask("DELETE", f"{path}/TENTH"))
    assert told(await site.ask("POST", path, {"code": "TENTH"}, key="one")) == first
    assert (await site.get(f"/carts/{cart['id']}"))["cart"]["promotions"] == []
