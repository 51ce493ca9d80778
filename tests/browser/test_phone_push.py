"""A payment that asks the phone, and the hosted pages, in a real browser."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.sandbox.flutterwave import FIRST as TILL
from tests.integration.sandbox.merchant import FIRST as STRIPE
from tests.integration.sandbox.world import FIRST as NUMBER
from tradewind_host.serving import bind, port_of, serving
from tradewind_sandbox import SandboxConfig, create_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
SHOPPER = "254700000101"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The address of a sandbox whose stores take every webhook with 200."""
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def live(port: list[int]) -> None:
        loops.append(asyncio.get_running_loop())
        transport = httpx.MockTransport(lambda _: httpx.Response(200))
        config = SandboxConfig(accounts=[NUMBER], flutterwave=[TILL], stripe=[STRIPE])
        with closing(bind("127.0.0.1", 0)) as listener:
            async with serving(create_app(config, transport=transport), listener):
                port.append(port_of(listener))
                ready.set()
                await stop.wait()

    port: list[int] = []
    thread = threading.Thread(target=lambda: asyncio.run(live(port)))
    thread.start()
    try:
        assert ready.wait(30)
        yield f"http://127.0.0.1:{port[0]}"
    finally:
        if loops:
            loops[0].call_soon_threadsafe(stop.set)
        thread.join(30)


def charge(sandbox: str, tx_ref: str) -> None:
    """Ask the shopper's phone for KES 1,250."""
    body = {
        "tx_ref": tx_ref,
        "amount": 1250,
        "currency": "KES",
        "email": "amina@example.com",
        "phone_number": SHOPPER,
    }
    headers = {"Authorization": f"Bearer {TILL.secret_key}"}
    url = f"{sandbox}/flutterwave/v3/charges?type=mpesa"
    httpx.post(url, json=body, headers=headers).raise_for_status()


def status(sandbox: str, tx_ref: str) -> str:
    books = httpx.get(f"{sandbox}/flutterwave/books", params={"tx_ref": tx_ref}).json()
    return str(books[TILL.store_name][-1]["status"])


def test_a_push_appears_on_the_open_phone_and_is_approved(sandbox: str, page: Page) -> None:
    page.goto(f"{sandbox}/phone?other={SHOPPER}")
    expect(page.get_by_test_id("composer")).to_be_visible()
    expect(page.get_by_test_id("push")).to_have_count(0)
    charge(sandbox, "approved")
    push = page.get_by_test_id("push")
    expect(push).to_contain_text(f"Pay KES 1,250 to {TILL.store_name}?")
    page.get_by_test_id("push-approve").click()
    expect(push).to_have_count(0)
    assert status(sandbox, "approved") == "successful"
    expect(page.get_by_test_id("composer")).to_be_visible()


def test_a_push_is_rejected_or_runs_out_before_the_shoppers_eyes(sandbox: str, page: Page) -> None:
    page.goto(f"{sandbox}/phone?other={SHOPPER}")
    charge(sandbox, "rejected")
    page.get_by_test_id("push-reject").click()
    expect(page.get_by_test_id("push")).to_have_count(0)
    assert status(sandbox, "rejected") == "failed"
    charge(sandbox, "ignored")
    expect(page.get_by_test_id("push")).to_be_visible()
    httpx.post(f"{sandbox}/clock", json={"advance_seconds": 120}).raise_for_status()
    expect(page.get_by_test_id("push")).to_have_count(0)
    assert status(sandbox, "ignored") == "failed"


def test_the_hosted_page_is_paid_with_a_thumb(sandbox: str, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    body = {
        "tx_ref": "hosted",
        "amount": "1250.50",
        "currency": "KES",
        "redirect_url": f"{sandbox}/phone?other={SHOPPER}",
        "customer": {"email": "amina@example.com"},
    }
    headers = {"Authorization": f"Bearer {TILL.secret_key}"}
    answer = httpx.post(f"{sandbox}/flutterwave/v3/payments", json=body, headers=headers)
    page.goto(answer.json()["data"]["link"])
    expect(page.get_by_test_id("amount")).to_have_text("KES 1,250.50")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("M-Pesa").check()
    page.get_by_test_id("pay").click()
    expect(page).to_have_url(re.compile("status=completed&tx_ref=hosted&transaction_id="))
    assert status(sandbox, "hosted") == "successful"


def stripe_page(sandbox: str) -> str:
    """Open a page of Stripe's for 12.50 USD; its address."""
    form = {
        "mode": "payment",
        "success_url": f"{sandbox}/mail/?session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{sandbox}/phone/",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "1250",
        "line_items[0][price_data][product_data][name]": "Order 7",
    }
    url = f"{sandbox}/stripe/v1/checkout/sessions"
    answer = httpx.post(url, data=form, auth=(STRIPE.secret_key, ""))
    return str(answer.json()["url"])


def assert_fits(page: Page) -> None:
    """WCAG as axe tests it, and nothing wider than the phone."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.evaluate(AXE)
    assert page.evaluate("axe.run(document)")["violations"] == []


def test_stripes_page_is_paid_by_keyboard_without_scripts(sandbox: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False)
    page = context.new_page()
    page.goto(stripe_page(sandbox))
    number = page.get_by_label("Card number")
    for card, outcome in (("4000000000009995", "insufficient funds"), ("4000000000003220", "")):
        number.fill(card)
        number.press("Enter")
        if outcome:
            expect(page.get_by_test_id("notice")).to_contain_text(outcome)
    approve = page.get_by_role("button", name="Approve")
    approve.focus()
    approve.press("Enter")
    expect(page).to_have_url(re.compile("/mail/.session=cs_test_"))
    context.close()


def test_stripes_pages_fit_a_phone_and_have_nothing_that_axe_finds(
    sandbox: str, page: Page
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(stripe_page(sandbox))
    page.get_by_label("Card number").fill("4000000000000002")
    page.get_by_test_id("pay").click()
    expect(page.get_by_test_id("notice")).to_be_visible()
    assert_fits(page)
    page.get_by_label("Card number").fill("4000000000003220")
    page.get_by_test_id("pay").click()
    expect(page.get_by_test_id("approve")).to_be_visible()
    assert_fits(page)
