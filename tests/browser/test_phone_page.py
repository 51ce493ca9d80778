"""A shopper orders on the phone page, tapping and typing, in a real browser."""

import re

import httpx
import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.support.demo import Demo
from tests.support.phone_page import Phone

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
SHOPPER = "254700000555"


def test_a_shopper_orders_by_tapping_and_the_merchant_sees_it(demo: Demo, page: Page) -> None:
    phone = Phone(page)
    phone.open(demo, SHOPPER)
    phone.says("hi", "welcome")
    phone.taps("Browse products", "choose a category")
    phone.picks(1, "choose a product")
    phone.picks(0, "KES")
    expect(phone.heard().get_by_test_id("message-image")).to_be_visible()
    phone.shows("phone.png")
    phone.taps("Choose option", "which one")
    phone.picks(0, "KES")
    phone.taps("Add to cart", "added")
    phone.taps("Checkout", "full name")
    phone.says("Amina Otieno", "e-mail")
    phone.says("amina@example.com", "street")
    phone.says("Kenyatta Avenue 12", "town or city")
    phone.says("Nairobi", "how would you like to get your order")
    if phone.heard().get_by_test_id("open-list").count():
        phone.picks(0, "how would you like to pay")
    else:
        phone.heard().get_by_test_id("message-button").first.click()
        expect(phone.heard()).to_contain_text("How would you like to pay")
    assert phone.picks(0, "check your order") == "Cash on delivery"
    phone.shows("phone-summary.png")
    phone.taps("Confirm order", "is placed")
    phone.shows("phone-order.png")

    secret = demo.store()["secret_key"]
    with httpx.Client(
        base_url=demo.base_url, headers={"Authorization": f"Bearer {secret}"}
    ) as admin:
        orders = admin.get("/admin/orders", params={"q": "amina@example.com"}).json()["orders"]
        assert len(orders) == 1
        assert orders[0]["payment_status"] == "awaiting"
        admin.post(f"/admin/orders/{orders[0]['id']}/mark-paid", json={}).raise_for_status()
    expect(phone.heard()).to_contain_text(re.compile("payment", re.IGNORECASE))
    phone.says("STATUS", str(orders[0]["number"]))


def test_nothing_typed_or_sent_becomes_markup(demo: Demo, page: Page) -> None:
    phone = Phone(page)
    alarms: list[str] = []

    def alarm(dialog: Dialog) -> None:
        alarms.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", alarm)
    phone.open(demo, "254700000556")
    phone.says("hi", "welcome")
    phone.says("<img src=x onerror=alert(1)>", "found nothing|did not understand|choose")
    mine = page.locator('[data-testid="message"][data-from="shopper"]').last
    expect(mine).to_contain_text("<img src=x onerror=alert(1)>")
    assert alarms == []
