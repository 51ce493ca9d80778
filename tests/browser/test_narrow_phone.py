"""The list with its filters, a product, and the cart with its codes on a phone of 360 pixels."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.support.accessible import check
from tests.support.promoting import make
from tests.support.stalls import Stall, open_stall
from tradewind.testing.database import DatabaseUrls

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
NARROW = ViewportSize(width=360, height=740)


@pytest.fixture
def stall(database_urls: DatabaseUrls, tmp_path: Path) -> Iterator[Stall]:
    with open_stall(database_urls, tmp_path) as opened:
        opened.does(make(opened.till))
        opened.does(make(opened.till, "BIG", minimum=9_000_000, currency="KES", title="Big cart"))
        opened.does(
            make(opened.till, "TEAS", kind="fixed", value=Decimal(5_000), title="Tea for less")
        )
        yield opened


@pytest.fixture
def handset(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=NARROW, is_mobile=True, has_touch=True)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def taps(page: Page, target: Locator) -> None:
    """Tap something that leads to another page."""
    with page.expect_navigation():
        target.tap()


def test_the_list_is_filtered_and_says_what_it_could_not_read(stall: Stall, handset: Page) -> None:
    handset.goto(f"{stall.base}/store/amani")
    check(handset, NARROW["width"])
    handset.get_by_text("Sort and filter").tap()
    check(handset, NARROW["width"])
    handset.get_by_label("Price up to (KES)").fill("1,000")
    handset.get_by_label("Price from (KES)").fill("cheap")
    handset.get_by_label("Only what can be ordered now").check()
    taps(handset, handset.get_by_role("button", name="Show"))
    expect(handset.get_by_role("link", name="Purple leaf tea")).to_be_visible()
    expect(handset.get_by_role("link", name="Stoneware cup")).to_be_hidden()
    field = handset.get_by_label("Price from (KES)")
    expect(field).to_have_accessible_description(
        "A price is a number, such as 1250. This one was left out."
    )
    expect(handset.get_by_label("Only what can be ordered now")).to_be_checked()
    check(handset, NARROW["width"])


def test_two_products_stand_beside_each_other(stall: Stall, handset: Page) -> None:
    handset.goto(f"{stall.base}/store/amani")
    cards = handset.locator(".good-card")
    tops = cards.evaluate_all("cards => cards.map(card => card.getBoundingClientRect().top)")
    assert len(tops) == 2
    assert len(set(tops)) == 1


def test_codes_in_the_cart_are_readable_and_said_when_wrong(stall: Stall, handset: Page) -> None:
    handset.goto(f"{stall.base}/store/amani")
    taps(handset, handset.get_by_role("link", name="Purple leaf tea"))
    check(handset, NARROW["width"])
    taps(handset, handset.get_by_role("button", name="Add to cart"))
    for code in ("tenth", "big", "teas"):
        handset.get_by_label("Do you have a code?").fill(code)
        taps(handset, handset.get_by_role("button", name="Apply"))
        taking_off = re.compile(f"Remove code ?: {code.upper()}")
        expect(handset.get_by_role("button", name=taking_off)).to_be_visible()
    expect(handset.get_by_role("main")).to_contain_text("does not go together")
    check(handset, NARROW["width"])
    handset.get_by_label("Do you have a code?").fill("nothing")
    taps(handset, handset.get_by_role("button", name="Apply"))
    expect(handset.get_by_label("Do you have a code?")).to_have_accessible_description(
        "There is no such code. Please look at it again."
    )
    check(handset, NARROW["width"])
