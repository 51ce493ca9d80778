"""A merchant signs in on a browser without scripts, finds an order and gives the money back.

Makes `docs/images/dashboard-orders.png` and `docs/images/dashboard-order.png`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Page,
    ViewportSize,
    expect,
)

from tests.support.accessible import check
from tests.support.desks import PASSWORD, hire
from tests.support.stalls import Stall, open_stall
from tradewind.cases.service import NewCase, open_case
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import cancel_order, mark_paid
from tradewind.customers.service import for_email
from tradewind.database import Transaction
from tradewind.orders.rules import Order
from tradewind.orders.service import add_metadata
from tradewind.testing.database import DatabaseUrls
from tradewind_host.worker import Worker

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
IMAGES = Path(__file__).parents[2] / "docs" / "images"
NARROW = ViewportSize(width=360, height=740)
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1180, height=820)
CARD = StartRequest(provider="cashier", method="card")
LATER = StartRequest(provider="manual", method="cash_on_delivery")
OWNER = "wanjiru@amani.example"
SAID: Sequence[tuple[str, str]] = (
    ("in", '{"content": {"type": "text", "text": "Do you have purple tea? <b>"}}'),
    ("out", '{"type": "choice", "text": "We do.", "buttons": [{"id": "a", "title": "Add"}]}'),
)


@pytest.fixture
def stall(database_urls: DatabaseUrls, tmp_path: Path) -> Iterator[Stall]:
    with open_stall(database_urls, tmp_path) as opened:
        opened.does(hire(opened.till.engine, opened.till.store, OWNER))
        yield opened


async def furnish(stall: Stall, by_whatsapp: Order) -> tuple[str, str]:
    """What WhatsApp leaves on an order, a conversation, and a case; the ids of the last two."""
    async with stall.till.database.transaction(stall.till.store.id) as tx:
        values = {
            "payment_method": "whatsapp",
            "whatsapp_recipient": "+254712345678",
            "wa_payment_state": "pending",
            "timestamp": tx.now.isoformat(),
        }
        await add_metadata(tx, by_whatsapp.id, values, "tradewind")
        case = NewCase(
            kind="late_payment",
            dedupe_key="one",
            title=f"Money came for order {by_whatsapp.number} after it was closed",
            subject_type="order",
            subject_id=str(by_whatsapp.id),
            evidence={"provider": "cashier", "captured": {"amount": 329900, "currency": "KES"}},
            actions=["close"],
        )
        return str(await talk(tx)), str(await open_case(tx, case))


async def talk(tx: Transaction) -> object:
    customer = await for_email(tx, "amina@example.com")
    conversation_id = tx.new_id()
    await tx.execute(
        """INSERT INTO shop.conversations
               (store_id, id, channel, identity, customer_id, locale, unread, last_message_at,
                created_at)
           VALUES ($1, $2, 'whatsapp', '254712345678', $3, 'en', 1, $4, $4)""",
        tx.store_id,
        conversation_id,
        customer.id,
        tx.now,
    )
    for direction, body in SAID:
        message_id = tx.new_id()
        await tx.execute(
            """INSERT INTO shop.messaging_log
                   (store_id, id, conversation_id, channel, direction, kind, identity, created_at)
               VALUES ($1, $2, $3, 'whatsapp', $4, 'text', '254712345678', $5)""",
            tx.store_id,
            message_id,
            conversation_id,
            direction,
            tx.now,
        )
        await tx.execute(
            "INSERT INTO shop.message_bodies (store_id, message_id, body) VALUES ($1, $2, $3)",
            tx.store_id,
            message_id,
            body,
        )
    return conversation_id


def context(browser: Browser, size: ViewportSize, *, scripts: bool) -> BrowserContext:
    opened = browser.new_context(viewport=size, java_script_enabled=scripts)
    opened.set_default_timeout(20_000)
    return opened


def sign_in(page: Page, stall: Stall) -> None:
    page.goto(f"{stall.base}/dashboard")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders")


def pay(stall: Stall, order: Order) -> None:
    stall.does(
        mark_paid(stall.till.engine, stall.till.store, order.id, "test", note="cash at the door")
    )


def test_a_merchant_signs_in_finds_an_order_and_refunds_it_without_scripts(
    browser: Browser, stall: Stall
) -> None:
    paid, by_whatsapp = stall.order(LATER), stall.order(LATER)
    pay(stall, paid)
    stall.order(CARD)
    off = stall.order(CARD)
    stall.does(cancel_order(stall.till.engine, stall.till.store, off.id, "test", "out of town"))
    stall.does(furnish(stall, by_whatsapp))
    opened = context(browser, DESK, scripts=False)
    page = opened.new_page()
    sign_in(page, stall)
    page.screenshot(path=IMAGES / "dashboard-orders.png")
    page.get_by_label("Number, e-mail, phone or name").fill(str(by_whatsapp.number))
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=f"#{by_whatsapp.number}").click()
    expect(page.get_by_text("whatsapp_recipient")).to_be_visible()
    page.screenshot(path=IMAGES / "dashboard-order.png", full_page=True)
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.get_by_label("Number, e-mail, phone or name").fill(f"#{paid.number}")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=f"#{paid.number}").click()
    page.get_by_role("link", name="Refund").click()
    expect(page.get_by_label("Amount in KES")).to_have_value("3299.00")
    page.get_by_label("Amount in KES").fill("1299")
    page.get_by_label("Reason").fill("The cup was broken")
    page.get_by_role("button", name="Give the money back").click()
    expect(page.get_by_role("status")).to_have_text("The refund is on its way.")
    expect(page.get_by_text("KES 1,299.00").first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{stall.base}/dashboard/orders/{paid.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    opened.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_accessible_and_fits(
    browser: Browser, stall: Stall, size: ViewportSize
) -> None:
    paid, by_whatsapp = stall.order(LATER), stall.order(LATER)
    pay(stall, paid)
    conversation_id, case_id = stall.does(furnish(stall, by_whatsapp))
    opened = context(browser, size, scripts=True)
    page = opened.new_page()
    page.goto(f"{stall.base}/dashboard/login")
    check(page, size["width"])
    sign_in(page, stall)
    for path in (
        "orders",
        "orders?status=processing&q=amina",
        "orders?q=nobody",
        f"orders/{paid.id}?told=refund",
        f"orders/{paid.id}/refund",
        f"orders/{by_whatsapp.id}/cancel",
        "whatsapp",
        f"whatsapp/{conversation_id}",
        "cases",
        f"cases/{case_id}",
        "cases?state=closed",
        "files",
        "account",
        "orders/00000000-0000-7000-8000-000000000000",
    ):
        page.goto(f"{stall.base}/dashboard/{path}")
        check(page, size["width"])
    page.goto(f"{stall.base}/dashboard/orders/{paid.id}/refund")
    page.get_by_label("Amount in KES").fill("99999")
    page.get_by_role("button", name="Give the money back").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("more than"))
    check(page, size["width"])
    opened.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_file_is_tried_first_and_what_is_wrong_in_it_is_told(
    browser: Browser, stall: Stall, size: ViewportSize
) -> None:
    opened = context(browser, size, scripts=True)
    page = opened.new_page()
    sign_in(page, stall)
    brings(page, stall, b"sku,price\nTEA,1\n")
    expect(page.get_by_role("alert")).to_contain_text("price: There is no such column.")
    check(page, size["width"])
    brings(page, stall, b"sku,currency,amount\nTEA,KES,850.00\nNONE,KES,5\n")
    expect(page.get_by_role("heading", level=1)).to_have_text("prices.csv")
    page.get_by_role("link", name="Do not look again by itself").click()
    expect(page.get_by_text("This page looks again")).to_be_hidden()
    check(page, size["width"])
    stall.does(Worker(stall.till.engine).work_off())
    page.reload()
    expect(page.get_by_text("Row 3,")).to_be_visible()
    check(page, size["width"])
    opened.close()


def test_delivery_by_weight_is_edited_on_a_narrow_phone(browser: Browser, stall: Stall) -> None:
    opened = context(browser, NARROW, scripts=True)
    page = opened.new_page()
    sign_in(page, stall)
    page.get_by_role("link", name="Delivery").click()
    page.locator("main .list a").first.click()
    for number, row in ((1, ("0", "1000", "250")), (2, ("1500", "", "400"))):
        band = page.get_by_role("group", name=f"Band {number}")
        for label, typed in zip(("Over (g)", "Up to (g)", "Price"), row, strict=True):
            band.get_by_label(label).fill(typed)
    page.get_by_role("button", name="Save").click()
    wrong = page.get_by_role("group", name="Band 2").get_by_label("Over (g)")
    expect(wrong).to_have_accessible_description("Nothing holds from 1000 to 1500 grams.")
    check(page, NARROW["width"])
    wrong.fill("1000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The prices are saved")
    check(page, NARROW["width"])
    page.get_by_role("link", name="Delivery").first.click()
    expect(page.get_by_text("KES 250.00 to KES 400.00, by weight")).to_be_visible()
    check(page, NARROW["width"])
    opened.close()


def brings(page: Page, stall: Stall, content: bytes) -> None:
    page.goto(f"{stall.base}/dashboard/files")
    page.get_by_label("It holds").select_option("prices")
    page.get_by_label("CSV file").set_input_files(
        FilePayload(name="prices.csv", mimeType="text/csv", buffer=content)
    )
    page.get_by_role("button", name="Bring it in").click()
