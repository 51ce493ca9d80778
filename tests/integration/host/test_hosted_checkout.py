"""Paying on the hosted pages: from the details to the page of the order."""

import asyncio
from http import HTTPStatus

import httpx
import pytest

from tests.support.hosted import AMINA, HOME, House
from tests.support.sheets import SITE, Visitor
from tradewind.customers import service as customers
from tradewind.database.sessions import NewSession, open_session
from tradewind.inventory.service import set_level
from tradewind.stores.service import change_settings
from tradewind.testing.clock import ManualClock


async def test_what_is_missing_or_wrong_is_named_where_it_stands_and_nothing_is_lost(
    house: House,
) -> None:
    cart = await house.adds()
    details = await house.visitor.opens(cart.link("Go to checkout"))
    wrong = {**AMINA, "email": "amina@", "phone": "12", "city": " "}
    sheet = await house.visitor.sends(details.form("Continue"), **wrong)
    assert sheet.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Please look at this again: E-mail Phone Town" in sheet.text
    named = [tag["id"] for _, tag in sheet.tags if tag.get("aria-invalid") == "true"]
    assert named == ["email", "phone", "city"]
    assert sheet.form("Continue").values["address_1"] == "1 Moi Avenue"
    review = await house.visitor.sends(sheet.form("Continue"), **AMINA)
    assert "Amina Otieno 1 Moi Avenue Nairobi Kenya" in review.text
    assert "+254712345678" in review.text


async def test_steps_that_are_not_done_are_not_jumped(house: House) -> None:
    assert (await house.visitor.opens("/store/shop/checkout")).url.endswith("/cart")
    await house.adds()
    for path in ("pay", "checkout/delivery"):
        sheet = await house.visitor.opens(f"/store/shop/{path}")
        assert sheet.title == "Your details – Shop"


async def test_who_is_signed_in_finds_what_they_told_before_and_the_cart_is_theirs(
    house: House,
) -> None:
    store = house.till.store
    async with house.till.database.transaction(store.id) as tx:
        customer = await customers.create(tx, name="Amina", email="amina@example.com")
        await customers.remember_address(tx, customer.id, HOME)
    new = NewSession(kind="customer", store_id=store.id, customer_id=customer.id)
    signed = await open_session(house.till.database, new)
    house.client.cookies.set("tradewind_session", signed.token, domain="shop.example")
    cart = await house.adds()
    details = await house.visitor.opens(cart.link("Go to checkout"))
    form = details.form("Continue")
    assert (form.values["email"], form.values["city"]) == ("amina@example.com", "Kisumu")
    review = await house.visitor.sends(form)
    await house.visitor.sends(review.form("Cash on delivery"))
    (order,) = await house.orders()
    assert order.customer_id == customer.id


async def test_everything_it_will_cost_is_shown_before_paying(house: House) -> None:
    review = await house.reviews()
    assert "Subtotal KES 2,598.00 Delivery KES 300.00 Total KES 2,898.00" in review.text
    assert review.title == "Check and pay – Shop"
    assert "Card" in review.buttons()
    assert "Pay with Mobile money" in review.buttons()
    assert "Cash on delivery" in review.buttons()
    assert await house.orders() == []


async def test_cash_on_delivery_is_ordered_at_once_and_once(house: House) -> None:
    form = (await house.reviews()).form("Cash on delivery")
    first, second = await asyncio.gather(house.visitor.sends(form), house.visitor.sends(form))
    (order,) = await house.orders()
    assert (order.status, order.payment_status, order.source) == ("processing", "awaiting", "web")
    for sheet in (first, second):
        assert sheet.title == f"Order {order.number} – Shop"
        assert "It is still to be paid: KES 2,898.00." in sheet.text
    cart = await house.visitor.opens("/store/shop/cart")
    assert f"is now order {order.number}. See the order Your cart is empty." in cart.text
    assert (await house.adds(quantity=1)).form("Update").values["quantity"] == "1"
    assert order.email == "amina@example.com"


async def test_a_card_leads_to_the_providers_page_and_back_to_the_order_in_any_browser(
    house: House,
) -> None:
    review = await house.reviews()
    leaving = await house.visitor.sends(review.form("Card"))
    (started,) = house.counter.started
    assert leaving.link("Go to the payment") == f"https://pay.example/slips/{started.operation_id}"
    assert await house.orders() == []
    cart_id = await house.till.value("SELECT id FROM shop.carts WHERE store_id = $1")
    assert str(cart_id) not in started.return_url
    house.counter.decide(started.operation_id, "paid", house.till.engine.clock.now())
    url = f"{started.return_url}&status=successful"
    other = Visitor(httpx.AsyncClient(transport=house.client._transport, base_url=SITE))
    for browser in (other, house.visitor):
        back = await browser.opens(url)
        assert "Thank you for your order! We have your payment." in back.text
    (order,) = await house.orders()
    assert (order.status, order.payment_status) == ("processing", "paid")


async def test_a_payer_counts_as_the_network_they_come_from(house: House) -> None:
    house.client._transport.client = ("2001:db8::7", 1)  # type: ignore[attr-defined]
    await house.visitor.sends((await house.reviews()).form("Card"))
    held = await house.till.rows(
        "SELECT network_address FROM shop.stock_reservations WHERE store_id = $1"
    )
    assert [row["network_address"] for row in held] == ["2001:db8::/64"]


async def test_who_comes_back_before_the_money_waits_and_may_pay_another_way(
    house: House, clock: ManualClock
) -> None:
    review = await house.reviews()
    await house.visitor.sends(review.form("Card"))
    (started,) = house.counter.started
    back = await house.visitor.opens(f"{started.return_url}&status=successful")
    assert "We are waiting for the payment" in back.text
    assert back.refresh == "4"
    assert not (await house.visitor.opens(back.link("Do not look again"))).refresh
    assert len(house.counter.asked) == 1
    assert await house.orders() == []
    other = await house.visitor.opens(back.link("Pay another way"))
    assert other.buttons()[:2] == ["Apply", "Pay online"]
    await house.visitor.sends(other.form("Cash on delivery"))
    clock.advance(10)
    (order,) = await house.orders()
    assert order.payment_status == "awaiting"
    assert f"Order {order.number}" in (await house.visitor.opens(started.return_url)).text


async def test_a_declined_card_says_why_and_every_way_is_offered_again(
    house: House, clock: ManualClock
) -> None:
    review = await house.reviews()
    await house.visitor.sends(review.form("Card"))
    (started,) = house.counter.started
    house.counter.decide(started.operation_id, "declined", clock.now())
    back = await house.visitor.opens(started.return_url)
    assert "The payment did not go through There was not enough money for it." in back.text
    leaving = await house.visitor.sends(back.form("Card"))
    again = house.counter.started[1]
    assert leaving.refresh == f"0; url=https://pay.example/slips/{again.operation_id}"
    house.counter.decide(again.operation_id, "paid", clock.now())
    clock.advance(5)
    assert "We have your payment." in (await house.visitor.opens(again.return_url)).text


async def test_a_phone_that_approves_makes_the_order(house: House, clock: ManualClock) -> None:
    review = await house.reviews()
    form = review.form("Mobile money")
    assert form.values["inputs.phone"] == "+254712345678"
    waiting = await house.visitor.presses(form)
    assert "Check your phone" in waiting.text
    assert "Approve on your phone." in waiting.text
    house.till.push.says = [house.till.fact(289_800)]
    clock.advance(10)
    assert "We have your payment." in (await house.visitor.opens("/store/shop/pay")).text


@pytest.mark.parametrize(("button", "inputs"), [("Card", {}), ("Mobile money", {"phone": "07123"})])
async def test_a_button_pressed_often_begins_one_attempt(
    house: House, button: str, inputs: dict[str, str]
) -> None:
    inputs = {"phone": "+254712345678"} if inputs else {}
    form = (await house.reviews()).form(button)
    sheets = await asyncio.gather(*(house.visitor.presses(form, **inputs) for _ in range(4)))
    sheets.append(await house.visitor.presses(form, **inputs))
    assert {sheet.status for sheet in sheets} == {HTTPStatus.OK}
    assert await house.attempts() == 1
    operations = {one.operation_id for one in house.counter.started}
    operations |= {one.operation_id for one in house.till.push.started}
    assert len(operations) == 1


async def test_an_old_page_begins_nothing_beside_an_attempt_it_did_not_know_of(
    house: House,
) -> None:
    old = await house.reviews()
    await house.visitor.presses(old.form("Mobile money"), phone="+254712345678")
    shown = await house.visitor.presses(old.form("Card"))
    assert "Check your phone" in shown.text
    assert house.counter.started == []
    assert "Another payment was begun meanwhile." in shown.text
    await house.visitor.presses(shown.form("Card"))
    assert len(house.counter.started) == 1


async def test_a_cart_that_changed_meanwhile_is_shown_again_before_anything_is_paid(
    house: House,
) -> None:
    review = await house.reviews()
    cart = await house.visitor.opens("/store/shop/cart")
    await house.visitor.sends(cart.form("Update"), quantity="3")
    for button in ("Card", "Cash on delivery"):
        again = await house.visitor.sends(review.form(button))
        assert again.status == HTTPStatus.CONFLICT
        assert "Your cart has changed meanwhile." in again.text
    assert "Total KES 4,197.00" in again.text
    assert (await house.orders(), await house.attempts()) == ([], 0)
    await house.visitor.sends(again.form("Cash on delivery"))
    assert len(await house.orders()) == 1


async def test_what_was_begun_to_be_paid_is_called_off_when_the_cart_changes(house: House) -> None:
    review = await house.reviews()
    for number, change in enumerate((_updates, _adds_one, _moves), 1):
        await house.visitor.sends(review.form("Card"))
        assert (await house.attempts(), await house.attempts("open")) == (number, 1)
        await house.visitor.opens("/store/shop/cart")
        assert await house.attempts("open") == 1
        await change(house)
        assert await house.attempts("voided") == number
        review = await house.visitor.opens("/store/shop/pay")


async def _updates(house: House) -> None:
    cart = await house.visitor.opens("/store/shop/cart")
    await house.visitor.sends(cart.form("Update"), quantity="3")


async def _adds_one(house: House) -> None:
    await house.adds(quantity=1)


async def _moves(house: House) -> None:
    details = await house.visitor.opens("/store/shop/checkout")
    await house.visitor.sends(details.form("Continue"), **{**AMINA, "city": "Kisumu"})


async def test_goods_that_went_meanwhile_are_named_and_the_cart_stays(house: House) -> None:
    review = await house.reviews()
    async with house.till.database.transaction(house.till.store.id) as tx:
        await set_level(tx, "MUG", on_hand=1)
    for button in ("Card", "Cash on delivery"):
        sheet = await house.visitor.sends(review.form(button))
        assert sheet.status == HTTPStatus.CONFLICT
        assert "Of “Mug” only 1 are left." in sheet.text
    cart = await house.visitor.opens(sheet.link("Change the cart"))
    await house.visitor.sends(cart.form("Update"), quantity="1")
    review = await house.visitor.opens("/store/shop/pay")
    await house.visitor.sends(review.form("Cash on delivery"))
    assert len(await house.orders()) == 1


async def test_a_provider_that_cannot_be_reached_loses_nothing(house: House) -> None:
    review = await house.reviews()
    house.counter.trouble = "away"
    sheet = await house.visitor.sends(review.form("Card"))
    assert sheet.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Nothing is lost" in sheet.text
    house.counter.trouble = ""
    leaving = await house.visitor.sends(sheet.form("Card"))
    assert leaving.refresh.startswith("0; url=https://pay.example/")


async def test_what_costs_nothing_is_ordered_without_paying(house: House) -> None:
    await house.till.rows("UPDATE shop.prices SET amount = 0 WHERE store_id = $1 RETURNING id")
    await house.till.rows(
        "UPDATE shop.shipping_options SET price = 0 WHERE store_id = $1 RETURNING id"
    )
    review = await house.reviews()
    assert review.buttons() == ["Apply", "Place the order"]
    done = await house.visitor.sends(review.form("Place the order"))
    (order,) = await house.orders()
    assert done.title == f"Order {order.number} – Shop"


async def test_a_way_back_that_was_made_up_leads_nowhere(house: House) -> None:
    await house.reviews()
    cart = house.client.cookies["tradewind_cart"]
    for ticket in ("", "x", cart):
        sheet = await house.visitor.opens(f"/store/shop/checkout/back?ticket={ticket}")
        assert sheet.status == HTTPStatus.NOT_FOUND


async def test_one_unpaid_order_too_many_is_told_in_words_and_the_cart_stays(house: House) -> None:
    async with house.till.database.transaction(house.till.store.id) as tx:
        await change_settings(tx, {"unpaid_per_address": 1}, "test")
    review = await house.reviews()
    await house.visitor.sends(review.form("Cash on delivery"))
    again = await house.visitor.sends((await house.reviews()).form("Cash on delivery"))
    assert again.status == 409
    assert "orders here whose money has not come yet" in again.text
    assert "Total KES 2,898.00" in again.text
    assert len(await house.orders()) == 1
