"""A shopper follows a payment link on a phone without scripts, pays, and comes back.

Makes `docs/images/pay.png` and `docs/images/order.png`.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.support.stalls import Stall, open_stall
from tradewind.checkout.links import checkout_url, order_url
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import cancel_order
from tradewind.orders.rules import Order
from tradewind.testing.database import DatabaseUrls

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
IMAGES = Path(__file__).parents[2] / "docs" / "images"
PHONE = ViewportSize(width=390, height=844)
CARD = StartRequest(provider="cashier", method="card")
PUSH = StartRequest(provider="push", inputs={"phone": "+254712345678"})
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
# A page that waits without a script has no other way to look again; it can be told to stop.
NOT_ASKED = {"meta-refresh": {"enabled": False}}


@pytest.fixture
def stall(database_urls: DatabaseUrls, tmp_path: Path) -> Iterator[Stall]:
    with open_stall(database_urls, tmp_path) as opened:
        yield opened


def phone(browser: Browser, *, scripts: bool) -> BrowserContext:
    context = browser.new_context(
        viewport=PHONE, is_mobile=True, has_touch=True, java_script_enabled=scripts
    )
    context.set_default_timeout(20_000)
    return context


@pytest.fixture
def handset(browser: Browser) -> Iterator[Page]:
    """A page on a phone without scripts."""
    context = phone(browser, scripts=False)
    yield context.new_page()
    context.close()


def pay_url(stall: Stall, order: Order) -> str:
    return checkout_url(stall.till.engine, stall.till.store, order)


def test_a_shopper_pays_on_the_providers_page_and_comes_back_to_the_order(
    stall: Stall, handset: Page
) -> None:
    order = stall.order(CARD)
    handset.goto(pay_url(stall, order))
    expect(handset.get_by_role("heading", level=1)).to_have_text(f"Pay for order {order.number}")
    expect(handset.get_by_text("KES 3,299.00").first).to_be_visible()
    handset.screenshot(path=IMAGES / "pay.png")
    handset.get_by_role("button", name="Pay online").tap()
    handset.wait_for_url(f"{stall.counter.page}/*")
    handset.get_by_role("button", name="Pay now").tap()
    handset.wait_for_url(re.compile(r"/store/amani/orders/[0-9a-f-]+\?token=[\w-]+$"))
    expect(handset.get_by_role("status")).to_contain_text("We have your payment.")
    handset.screenshot(path=IMAGES / "order.png")
    assert len(stall.counter.started) == 1


def test_a_way_chosen_on_the_page_leads_to_the_provider_as_well(
    stall: Stall, handset: Page
) -> None:
    order = stall.order(PUSH)
    handset.goto(pay_url(stall, order))
    handset.get_by_role("link", name="Pay another way").tap()
    handset.get_by_role("button", name="Card").tap()
    handset.wait_for_url(f"{stall.counter.page}/*")
    handset.get_by_role("button", name="No money").tap()
    expect(handset.get_by_role("alert")).to_contain_text("There was not enough money for it.")
    handset.get_by_role("link", name="Pay now").tap()
    handset.get_by_role("button", name="Card").tap()
    handset.wait_for_url(f"{stall.counter.page}/*")
    handset.get_by_role("button", name="Pay now").tap()
    expect(handset.get_by_role("status")).to_contain_text("We have your payment.")


def test_the_page_sees_by_itself_that_the_phone_approved(stall: Stall, handset: Page) -> None:
    order = stall.order(PUSH)
    handset.goto(pay_url(stall, order))
    expect(handset.get_by_role("heading", level=1)).to_have_text("Check your phone")
    stall.till.push.says = [stall.till.fact(order.total)]
    stall.clock.advance(10)
    expect(handset.get_by_role("status")).to_contain_text("We have your payment.", timeout=15_000)


def test_what_is_wrong_in_a_form_is_told_and_has_the_cursor(stall: Stall, handset: Page) -> None:
    order = stall.order(CARD)
    handset.goto(pay_url(stall, order))
    field = handset.get_by_label("Phone")
    expect(field).to_have_value("+254712345678")
    field.fill("12")
    handset.get_by_role("button", name="Pay with Mobile money").tap()
    expect(handset.get_by_role("alert")).to_contain_text("Please look at this again: Phone")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("This is no phone number we know."))


def test_every_page_is_accessible_and_easy_to_touch(browser: Browser, stall: Stall) -> None:
    order, other = stall.order(CARD), stall.order(PUSH)
    context = phone(browser, scripts=True)
    page = context.new_page()
    show = order_url(stall.till.engine, stall.till.store, order.id)
    pages = [pay_url(stall, order), show, pay_url(stall, other), f"{pay_url(stall, other)}&other=1"]
    for url in [*pages, f"{stall.base}/store/amani/pay"]:
        page.goto(url)
        check(page)
    page.goto(pay_url(stall, order))
    page.get_by_label("Phone").fill("12")
    page.get_by_role("button", name="Pay with Mobile money").tap()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    cancel = cancel_order(stall.till.engine, stall.till.store, order.id, "test")
    stall.does(cancel)
    page.goto(show)
    expect(page.get_by_role("status")).to_contain_text("canceled")
    check(page)
    context.close()


def check(page: Page) -> None:
    """WCAG as axe tests it; nothing wider than the phone; nothing to tap that a thumb misses."""
    page.evaluate(AXE)
    found = page.evaluate("options => axe.run(document, options)", {"rules": NOT_ASKED})
    wrong = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert found["passes"]
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for target in page.locator("button, input:not([type=hidden]), select, a.button").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44, target
    for link in page.locator("main a:not(.button)").all():
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 24, link


def test_a_browser_would_not_follow_a_form_to_another_site(stall: Stall, handset: Page) -> None:
    """Why a page of ours stands between the form and the provider."""
    order = stall.order(CARD)
    (started,) = stall.counter.started
    redirect = stall.counter.page.replace("/slips", f"/redirects/{started.operation_id}")
    handset.route("**/store/amani/pay", lambda route: route.continue_(url=redirect))
    handset.goto(pay_url(stall, order))
    with handset.expect_console_message(lambda message: "form-action" in message.text):
        handset.get_by_role("button", name="Pay online").tap()
    assert handset.url.startswith(stall.base)
