"""The mailbox page in Chromium: a letter's HTML shows, its links open, and nothing of it runs."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import NamedTuple

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.browser.conftest import FLAGS
from tests.integration.sandbox.world import CONFIG
from tests.support.system import require
from tradewind_host.serving import bind, port_of, serving
from tradewind_sandbox import create_app

pytestmark = pytest.mark.browser

LETTER = """
<!doctype html>
<html><head><style>h1 { color: rgb(1, 2, 3) }</style></head><body>
<h1>Thank you</h1>
<a href="SHOP/phone/">Your order</a>
<script>parent.document.title = document.body.textContent = "taken over"</script>
<img src="nowhere" onerror="parent.document.title = 'taken over'">
<meta http-equiv="refresh" content="0; url=SHOP/phone/">
</body></html>
"""


class Desk(NamedTuple):
    """A browser at a sandbox with a mailbox."""

    page: Page
    url: str
    smtp_port: int

    def send(self, text: str) -> None:
        """Hand in a letter whose HTML part is `text`."""
        letter = EmailMessage()
        letter["From"], letter["To"] = "orders@shop.test", "amina@example.org"
        letter["Subject"] = "Receipt"
        letter.set_content("Thank you, in plain words.")
        letter.add_alternative(text, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as client:
            client.send_message(letter)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    program, listener, letters = require("chromium"), bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    url, smtp_port = f"http://127.0.0.1:{port_of(listener)}", port_of(letters)
    app = create_app(CONFIG, mail_listener=letters)
    async with serving(app, listener), async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield Desk(await chromium.new_page(), url, smtp_port)
        await chromium.close()


async def test_a_letter_is_shown_in_both_forms_and_its_links_open_beside_it(desk: Desk) -> None:
    await asyncio.to_thread(desk.send, LETTER.replace("SHOP", desk.url))
    await desk.page.goto(f"{desk.url}/mail/")
    await desk.page.get_by_text("Receipt").click()
    letter = desk.page.frame_locator("iframe")
    await expect(letter.locator("h1")).to_have_css("color", "rgb(1, 2, 3)")
    await expect(desk.page.get_by_test_id("text")).to_contain_text("in plain words")
    async with desk.page.context.expect_page() as opened:
        await letter.get_by_text("Your order").click()
    page = await opened.value
    await expect(page).to_have_url(f"{desk.url}/phone/")
    await expect(page.get_by_test_id("composer")).to_be_visible()
    assert await page.evaluate("window.opener") is None


async def test_nothing_of_a_letter_runs_or_leads_away(desk: Desk) -> None:
    refused: list[str] = []
    desk.page.on("console", lambda message: refused.append(message.text))
    await asyncio.to_thread(desk.send, LETTER.replace("SHOP", desk.url))
    await desk.page.goto(f"{desk.url}/mail/letters/1")
    await expect(desk.page.frame_locator("iframe").locator("h1")).to_have_text("Thank you")
    await desk.page.wait_for_load_state("networkidle")
    assert any("Blocked script execution" in text for text in refused)
    assert await desk.page.title() == "Receipt – sandbox mailbox"
    assert [frame.url for frame in desk.page.frames[1:]] == ["about:srcdoc"]


async def test_the_page_works_without_javascript(desk: Desk) -> None:
    await asyncio.to_thread(desk.send, "<h1>Thank you</h1>")
    browser = desk.page.context.browser
    assert browser
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(f"{desk.url}/mail/")
    await page.get_by_test_id("address").fill("AMINA@example.org")
    await page.get_by_test_id("look").click()
    await page.get_by_text("Receipt").click()
    await expect(page.get_by_test_id("text")).to_contain_text("in plain words")
    await expect(page.frame_locator("iframe").locator("h1")).to_be_visible()
