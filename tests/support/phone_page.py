"""The sandbox's phone page in a browser: what a person does there, and what is seen."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support.demo import Demo

IMAGES = Path(__file__).parents[2] / "docs" / "images"


class Phone:
    """The phone page as a thumb sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, demo: Demo, shopper: str) -> None:
        """Open the chat of a shopper with the demo store."""
        number = demo.store()["whatsapp"]["phone_number_id"]
        self.page.goto(f"{demo.ready['sandbox']['phone']}?account={number}&other={shopper}")
        expect(self.page.get_by_test_id("composer")).to_be_visible()

    def heard(self) -> Locator:
        """The latest message of the store."""
        return self.page.locator('[data-testid="message"][data-from="store"]').last

    def says(self, text: str, answer: str) -> None:
        """Type, and wait until the store's latest message holds `answer`."""
        self.page.get_by_test_id("composer").fill(text)
        self.page.get_by_test_id("send").click()
        expect(self.heard()).to_contain_text(re.compile(answer, re.IGNORECASE))

    def taps(self, button: str, answer: str) -> None:
        """Tap a button of the latest message, and wait for the answer."""
        self.heard().get_by_test_id("message-button").filter(has_text=button).click()
        expect(self.heard()).to_contain_text(re.compile(answer, re.IGNORECASE))

    def picks(self, row: int, answer: str) -> str:
        """Open the list of the latest message and tap a row; its title."""
        self.heard().get_by_test_id("open-list").click()
        chosen = self.page.get_by_test_id("message-row").nth(row)
        title = chosen.inner_text().split("\n")[0]
        chosen.click()
        expect(self.heard()).to_contain_text(re.compile(answer, re.IGNORECASE))
        return title

    def picks_titled(self, title: str, answer: str) -> None:
        """Open the list of the latest message and tap the row with this title."""
        self.heard().get_by_test_id("open-list").click()
        self.page.get_by_test_id("message-row").filter(has_text=title).first.click()
        expect(self.heard()).to_contain_text(re.compile(answer, re.IGNORECASE))

    def shows(self, name: str) -> None:
        """Keep a picture of the page for the docs."""
        IMAGES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=IMAGES / name)
