"""Delivery by weight in the dashboard: shown, edited in rows, wrong cells told where they are."""

import re
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.support.desks import OWNER, READER, SITE, Browser, Office, open_office
from tests.support.shop import Shop
from tradewind.testing.database import DatabaseUrls
from tradewind_host.dashboard import delivery
from tradewind_host.dashboard.once import once

LIGHT = ("0", "1000", "250")
HEAVY = ("1000", "", "400.50")


class House(NamedTuple):
    """An office, and one of its ways to deliver."""

    office: Office
    path: str

    @property
    def shop(self) -> Shop:
        return self.office.shop

    async def desk(self, email: str) -> Browser:
        return await self.office.desk(email, self.path)

    async def option(self) -> dict[str, Any]:
        listed = (await self.shop.admin("GET", "/admin/shipping-options"))["shipping_options"]
        found: dict[str, Any] = next(one for one in listed if self.path.endswith(one["id"]))
        return found


@pytest_asyncio.fixture
async def house(database_urls: DatabaseUrls, cheap_passwords: None) -> AsyncIterator[House]:
    async with open_office(database_urls) as office:
        listed = await office.shop.admin("GET", "/admin/shipping-options")
        path = f"shipping-options/{listed['shipping_options'][0]['id']}"
        await office.shop.admin("POST", f"/admin/{path}", {"rules": {"free_from": 900_000}})
        yield House(office, f"/dashboard/delivery/{listed['shipping_options'][0]['id']}")


async def saves(
    browser: Browser, path: str, rows: Sequence[tuple[str, str, str]], **fields: str
) -> tuple[int, str]:
    """Send the form with these rows; the status and where it leads."""
    kept = {name: browser.hidden(name) for name in ("csrf", "form_key")}
    cells = {
        f"{cell}.{place}": typed
        for place, row in enumerate(rows)
        for cell, typed in zip(("over_grams", "up_to_grams", "price"), row, strict=True)
    }
    answer = await browser.client.post(
        path, data={"price": "300", **cells, **kept, **fields}, headers={"Origin": SITE}
    )
    if answer.status_code != HTTPStatus.SEE_OTHER:
        browser.page = answer.text
    return answer.status_code, str(answer.headers.get("location", ""))


async def test_bands_are_saved_shown_and_taken_away_and_the_other_rules_stay(house: House) -> None:
    browser = await house.desk(OWNER)
    # An empty row between two others is none.
    status, there = await saves(browser, house.path, [LIGHT, ("", "", ""), HEAVY])
    assert status == HTTPStatus.SEE_OTHER, browser.page
    option = await house.option()
    assert option["price"] == 30_000
    assert option["rules"]["free_from"] == 900_000
    assert option["rules"]["weight_bands"] == [
        {"over_grams": 0, "up_to_grams": 1000, "price": 25_000},
        {"over_grams": 1000, "up_to_grams": None, "price": 40_050},
    ]
    page = (await browser.gets(there)).text
    assert "The prices are saved" in page
    assert 'value="400.50"' in page
    assert "KES 250.00 to KES 400.50, by weight" in (await browser.gets("/dashboard/delivery")).text
    log = (await house.shop.admin("GET", "/admin/audit-log?limit=1"))["audit_log"][0]
    assert log["action"] == "shipping_option.updated"
    assert log["actor"].startswith("account:")
    await browser.gets(house.path)
    assert (await saves(browser, house.path, []))[0] == HTTPStatus.SEE_OTHER
    assert (await house.option())["rules"].get("weight_bands", []) == []


WRONG = {
    "a gap": ([LIGHT, ("1500", "", "400")], {"over_grams.1": "Nothing holds from 1000 to 1500"}),
    "an overlap": ([LIGHT, ("900", "", "400")], {"over_grams.1": "Begins before the band before"}),
    "an end before the beginning": ([("5", "5", "1")], {"up_to_grams.0": "More than over_grams"}),
    "no numbers": (
        [("x", "1.5", "a lot"), ("-1", "", "")],
        {
            "over_grams.0": "Whole grams",
            "up_to_grams.0": "Whole grams",
            "price.0": "Enter an amount",
            "over_grams.1": "Whole grams",
            "price.1": "Enter an amount",
        },
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(
    house: House, case: str
) -> None:
    rows, wrong = WRONG[case]
    before = await house.option()
    browser = await house.desk(OWNER)
    status, _ = await saves(browser, house.path, rows)
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    told = dict(re.findall(r'id="([a-z_.0-9]+)-error">([^<]+)<', browser.page))
    assert told.keys() == wrong.keys()
    for name, words in wrong.items():
        assert words in told[name]
        assert f'aria-invalid="true" aria-describedby="{name}-error"' in browser.page
    for row in rows:
        assert all(f'value="{typed}"' in browser.page for typed in row if typed)
    assert await house.option() == before


async def test_a_price_that_is_none_is_told_and_more_rows_keep_what_was_typed(house: House) -> None:
    browser = await house.desk(OWNER)
    status, _ = await saves(browser, house.path, [LIGHT], price="free")
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'id="price-error"' in browser.page
    rows = [(str(number), str(number + 1), "1") for number in range(4)]
    before = await house.option()
    assert (await saves(browser, house.path, rows, more="1"))[0] == HTTPStatus.OK
    assert 'id="over_grams.6"' in browser.page
    assert 'id="over_grams.3"' in browser.page
    assert await house.option() == before


async def test_who_may_only_read_sees_it_and_changes_nothing(house: House) -> None:
    before = await house.option()
    browser = await house.desk(READER)
    assert "<button>Save" not in browser.page
    status, _ = await saves(browser, house.path, [LIGHT])
    assert status == HTTPStatus.FORBIDDEN
    assert await house.option() == before


async def test_a_rule_that_somebody_else_changes_meanwhile_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await house.desk(OWNER)

    async def after_another(*args: Any) -> str:
        path = f"/admin/shipping-options/{house.path.rpartition('/')[2]}"
        await house.shop.admin("POST", path, {"rules": {"free_from": 1_000}})
        return await once(*args)

    monkeypatch.setattr(delivery, "once", after_another)
    assert (await saves(browser, house.path, [LIGHT, HEAVY]))[0] == HTTPStatus.SEE_OTHER
    rules = (await house.option())["rules"]
    assert (rules["free_from"], len(rules["weight_bands"])) == (1_000, 2)
