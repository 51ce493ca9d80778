"""Files in the dashboard: brought once, how far they are, called off; and who may not."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest_asyncio

from tests.integration.host.test_imports_api import mugs
from tests.support.desks import OWNER, READER, SITE, Browser, Office, open_office
from tradewind.testing.database import DatabaseUrls

PAGE = "/dashboard/files"


@pytest_asyncio.fixture
async def house(database_urls: DatabaseUrls, cheap_passwords: None) -> AsyncIterator[Office]:
    async with open_office(database_urls) as office:
        yield office


async def brings(browser: Browser, text: str, **fields: str) -> str:
    """Send the form with a file; where it leads."""
    kept = {name: browser.hidden(name) for name in ("csrf", "form_key")}
    answer = await browser.client.post(
        "/dashboard/files",
        data={"kind": "products", "dry_run": "no", **kept, **fields},
        files={"file": ("mugs.csv", text.encode())},
        headers={"Origin": SITE},
    )
    if answer.status_code != HTTPStatus.SEE_OTHER:
        browser.page = answer.text
    return str(answer.headers.get("location", ""))


async def test_a_file_is_brought_once_and_its_page_says_how_far_it_is(house: Office) -> None:
    browser = await house.desk(OWNER, PAGE)
    text = mugs(3) + "mug-x,,MUG-X,1\n"
    path = await brings(browser, text)
    assert await brings(browser, text) == path
    page = (await browser.gets(path)).text
    assert "0 of 4 rows" in page
    assert 'http-equiv="refresh"' in page
    assert 'http-equiv="refresh"' not in (await browser.gets(f"{path}?still=1")).text
    await house.shop.settle()
    page = (await browser.gets(path)).text
    assert "4 of 4 rows" in page
    assert "refresh" not in page
    assert "Row 5, <code>title</code>" in page
    assert "mugs.csv" in page
    errors = await browser.gets(
        path.replace("/dashboard/files", "/admin/imports") + "/errors?format=csv"
    )
    assert errors.text.splitlines()[1] == "5,title,required,This is needed."
    listed = (await browser.gets("/dashboard/files")).text
    assert listed.count("4 of 4 rows") == 1


async def test_a_file_that_cannot_be_read_is_refused_in_words(house: Office) -> None:
    browser = await house.desk(OWNER, PAGE)
    assert await brings(browser, "handle,sku,<b>\n") == ""
    assert "&lt;b&gt;: There is no such column." in browser.page
    assert await brings(browser, "\n", kind="stock") == ""
    assert ">The file needs a header" in browser.page
    assert 'value="stock" selected' in browser.page
    assert 'value="no" selected' in browser.page
    await browser.sends("/dashboard/files", kind="products")
    assert "Choose a file." in browser.page
    await browser.sends("/dashboard/files", kind="people")
    assert "Say what the file holds." in browser.page


async def test_an_import_is_called_off(house: Office) -> None:
    browser = await house.desk(OWNER, PAGE)
    path = await brings(browser, mugs(2))
    await browser.gets(path)
    assert "Canceled" in (await browser.sends(f"{path}/cancel")).text
    await house.shop.settle()
    assert "0 of 2 rows" in (await browser.gets(path)).text
    await browser.gets("/dashboard/files")
    assert (await browser.sends(f"{path}/cancel")).status_code == HTTPStatus.OK


async def test_whoever_may_only_look_is_offered_no_form_and_refused_without_it(
    house: Office,
) -> None:
    browser = await house.desk(READER, PAGE)
    assert "/admin/exports/products" in browser.page
    assert 'type="file"' not in browser.page
    answer = await browser.posts("/dashboard/files", {"csrf": browser.hidden("csrf")})
    assert answer.status_code == HTTPStatus.FORBIDDEN
