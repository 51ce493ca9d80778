"""A shopper pays in the chat of the demo: by M-Pesa on the phone, and by a link."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.demo import Demo
from tests.support.phone_page import Phone

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PUSHED, LINKED = "254700000557", "254700000558"


def up_to_payment(phone: Phone) -> None:
    """Put something in the cart and answer all, up to the question how to pay."""
    phone.says("hi", "welcome")
    phone.taps("Browse products", "choose a category")
    phone.picks(1, "choose a product")
    phone.picks(1, "KES")
    if phone.heard().get_by_test_id("message-button").filter(has_text="Choose option").count():
        phone.taps("Choose option", "which one")
        phone.picks(0, "KES")
    phone.taps("Add to cart", "added")
    phone.taps("Checkout", "full name")
    phone.says("Amina Otieno", "e-mail")
    phone.says("amina.pays@example.com", "street")
    phone.says("Kenyatta Avenue 12, Nairobi", "how would you like to get your order")
    phone.picks(0, "how would you like to pay")


def order_of(demo: Demo, phone: str) -> dict[str, Any]:
    """The one order of a shopper, as the merchant sees it."""
    headers = {"Authorization": f"Bearer {demo.store()['secret_key']}"}
    with httpx.Client(base_url=demo.base_url, headers=headers) as admin:
        (order,) = admin.get("/admin/orders", params={"q": phone}).json()["orders"]
    return dict(order)


def test_a_request_is_rejected_tried_again_and_approved_on_the_phone(
    demo: Demo, page: Page
) -> None:
    phone = Phone(page)
    phone.open(demo, PUSHED)
    up_to_payment(phone)
    phone.picks_titled("M-Pesa", "which phone number will pay")
    phone.taps(f"+{PUSHED}", "check your order")
    phone.taps("Confirm order", "check your phone")
    expect(page.get_by_test_id("push")).to_be_visible()
    phone.shows("phone-push.png")
    page.get_by_test_id("push-reject").click()
    expect(phone.heard()).to_contain_text("did not go through", timeout=60_000)
    phone.taps("Try again", "check your phone")
    page.get_by_test_id("push-approve").click()
    expect(phone.heard()).to_contain_text("is confirmed", timeout=60_000)
    order = order_of(demo, PUSHED)
    assert (order["status"], order["payment_status"]) == ("processing", "paid")


def test_a_link_leads_to_the_shops_page_the_providers_page_and_back(demo: Demo, page: Page) -> None:
    phone = Phone(page)
    phone.open(demo, LINKED)
    up_to_payment(phone)
    phone.picks_titled("Pay online", "check your order")
    phone.taps("Confirm order", "or choose")
    link = page.get_by_test_id("message-link").last
    expect(link).to_have_text("Pay online")
    with page.context.expect_page() as opened:
        link.click()
    shop = opened.value
    shop.set_default_timeout(20_000)
    shop.get_by_role("button", name="Pay online").click()
    shop.get_by_test_id("pay").click()
    shop.wait_for_url(re.compile("/store/demo/orders/"))
    expect(shop.get_by_role("status")).to_contain_text("We have your payment.", timeout=60_000)
    expect(phone.heard()).to_contain_text("is confirmed", timeout=60_000)
    assert order_of(demo, LINKED)["payment_status"] == "paid"
