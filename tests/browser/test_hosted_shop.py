"""A guest buys in the demo's shop: by keyboard alone without scripts, and on a phone by card.

Makes `docs/images/shop.png`, `product.png`, `cart.png` and `checkout.png`.
"""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.support.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
IMAGES = Path(__file__).parents[2] / "docs" / "images"
PHONE = ViewportSize(width=390, height=844)
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
AMINA = {
    "E-mail": "amina.web@example.com",
    "Phone": "0712 345 678",
    "First name": "Amina",
    "Last name": "Otieno",
    "Address": "Kenyatta Avenue 12",
    "Town": "Nairobi",
}


def reach(page: Page, target: Locator) -> None:
    """Go on by Tab until this has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{target} cannot be reached by keyboard")


def presses(page: Page, target: Locator) -> None:
    """Reach something and press Enter, which leads to another page."""
    reach(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_guest_buys_by_keyboard_alone_on_a_phone_without_scripts(
    demo: Demo, browser: Browser
) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(str(demo.ready["storefront"]))
    presses(page, page.get_by_role("link", name="Kericho Black Tea"))
    reach(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    presses(page, page.get_by_role("button", name="Add to cart"))
    presses(page, page.get_by_role("link", name="Go to checkout"))
    for label, value in AMINA.items():
        reach(page, page.get_by_label(label))
        page.keyboard.type(value)
    presses(page, page.get_by_role("button", name="Continue"))
    reach(page, page.get_by_role("radio", name="Nairobi rider"))
    page.keyboard.press("ArrowDown")
    presses(page, page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("main")).to_contain_text("Countrywide parcel")
    expect(page.get_by_role("main")).to_contain_text("Kenya")
    presses(page, page.get_by_role("button", name="Cash on delivery"))
    expect(page.get_by_role("status")).to_contain_text("Your order is placed.")
    expect(page).to_have_url(re.compile("/store/demo/orders/"))
    context.close()


def test_a_guest_pays_on_the_providers_page_and_every_page_is_accessible(
    demo: Demo, browser: Browser
) -> None:
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{demo.ready['storefront']}?q=nothing-like-this")
    check(page)
    page.goto(str(demo.ready["storefront"]))
    shows(page, "shop.png")
    taps(page, page.get_by_role("link", name="Kericho Black Tea"))
    shows(page, "product.png")
    page.get_by_role("radio").first.check()
    taps(page, page.get_by_role("button", name="Add to cart"))
    shows(page, "cart.png")
    page.get_by_role("spinbutton").fill("99999")
    page.get_by_role("button", name="Update").evaluate("button => button.form.noValidate = true")
    taps(page, page.get_by_role("button", name="Update"))
    expect(page.get_by_role("alert")).to_contain_text("left")
    check(page)
    taps(page, page.get_by_role("link", name="Go to checkout"))
    page.get_by_label("E-mail").fill("amina")
    page.locator("form").last.evaluate("form => form.noValidate = true")
    taps(page, page.get_by_role("button", name="Continue"))
    expect(page.get_by_label("Town")).to_have_accessible_description("Please fill this in.")
    check(page)
    for label, value in AMINA.items():
        page.get_by_label(label).fill(value)
    taps(page, page.get_by_role("button", name="Continue"))
    check(page)
    taps(page, page.get_by_role("button", name="Continue"))
    shows(page, "checkout.png")
    taps(page, page.get_by_role("button", name="Pay online").first)
    taps(page, page.get_by_test_id("pay"))
    page.wait_for_url(re.compile("/store/demo/orders/"))
    expect(page.get_by_role("status")).to_contain_text("We have your payment.", timeout=60_000)
    check(page)
    context.close()


def taps(page: Page, target: Locator) -> None:
    """Tap something that leads to another page."""
    with page.expect_navigation():
        target.tap()


def test_a_guest_turns_back_at_a_providers_page_and_pays_there_after_all(
    demo: Demo, browser: Browser
) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True, java_script_enabled=False)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{demo.ready['storefront']}/products/purple-leaf-tea")
    taps(page, page.get_by_role("button", name="Add to cart"))
    taps(page, page.get_by_role("link", name="Go to checkout"))
    for label, value in AMINA.items():
        page.get_by_label(label).fill(value)
    taps(page, page.get_by_role("button", name="Continue"))
    taps(page, page.get_by_role("button", name="Continue"))
    taps(page, page.get_by_role("button", name="Card"))
    taps(page, page.get_by_test_id("cancel"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Check and pay")
    taps(page, page.get_by_role("button", name="Pay online").first)
    taps(page, page.get_by_test_id("pay"))
    page.wait_for_url(re.compile("/store/demo/orders/"))
    expect(page.get_by_role("status")).to_contain_text("We have your payment.")
    context.close()


def shows(page: Page, picture: str) -> None:
    """Check a page and keep a picture of it."""
    check(page)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / picture)


def check(page: Page) -> None:
    """WCAG as axe tests it; nothing wider than the phone; nothing to tap that a thumb misses."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document)")
    wrong = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert found["passes"]
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for target in page.locator("button, a.button, select, .choice").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44, target


def test_a_shopper_signs_in_with_a_code_by_mail_and_out_again(demo: Demo, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(str(demo.ready["storefront"]))
    taps(page, page.get_by_role("link", name="Account"))
    check(page)
    address = "amina.account@example.com"
    page.get_by_label("E-mail or phone number").fill(address)
    taps(page, page.get_by_role("button", name="Send me a code"))
    check(page)
    page.get_by_label("Code of six digits").fill("000000")
    taps(page, page.get_by_role("button", name="Sign in"))
    expect(page.get_by_role("alert")).to_contain_text("not valid any more")
    check(page)
    page.get_by_label("Code of six digits").fill(mailed_code(page, demo, address))
    taps(page, page.get_by_role("button", name="Sign in"))
    expect(page.get_by_role("main")).to_contain_text(address)
    check(page)
    taps(page, page.get_by_role("button", name="Sign out"))
    expect(page.get_by_label("E-mail or phone number")).to_be_visible()
    context.close()


def mailed_code(page: Page, demo: Demo, address: str) -> str:
    """The code in the letter that comes to the demo's mailbox."""
    url = f"{demo.sandbox_url}/mail/messages?to={address}"
    for _ in range(100):
        letters = page.request.get(url).json()
        if letters:
            return str(re.findall(r"\b\d{6}\b", letters[-1]["text"])[0])
        page.wait_for_timeout(100)
    raise AssertionError("no letter came")
