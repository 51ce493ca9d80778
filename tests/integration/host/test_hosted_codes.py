"""Codes of promotions on the hosted pages: entered without a script, shown, taken off, refused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.support.hosted import House, opened
from tests.support.promoting import make
from tests.support.sheets import Sheet
from tests.support.thirdparty.cashier import Counter
from tradewind.database import Database
from tradewind.pricing.rules import NotApplied
from tradewind.testing.clock import ManualClock
from tradewind_host.storefront.view import WHY


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with opened(database, tmp_path, Counter()) as house:
        yield house


async def enters(house: House, sheet: Sheet, code: str) -> Sheet:
    return await house.visitor.sends(sheet.form("Apply"), code=code)


async def test_a_code_in_the_cart_shows_what_it_takes_off_each_line_and_the_total(
    house: House,
) -> None:
    await make(house.till)
    cart = await enters(house, await house.adds(), "tenth")
    assert cart.url.endswith("/store/shop/cart")
    assert "TENTH A tenth off KES -259.80" in cart.text
    assert "A tenth off: KES -259.80" in cart.text
    assert "Subtotal KES 2,598.00 Discount KES -259.80 Total KES 2,338.20" in cart.text
    assert "<script" not in cart.html


async def test_a_code_is_taken_off_again(house: House) -> None:
    await make(house.till)
    cart = await enters(house, await house.adds(), "TENTH")
    form = cart.form("Remove code")
    without = await house.visitor.sends(form)
    assert "TENTH" not in without.text
    assert "Total KES 2,598.00" in without.text
    again = await house.visitor.sends(form)
    assert again.status == 200


async def test_a_code_before_paying_lowers_what_is_due_and_what_is_ordered(house: House) -> None:
    await make(house.till)
    review = await enters(house, await house.reviews(), "TENTH")
    assert review.url.endswith("/store/shop/pay")
    assert "Total KES 2,638.20" in review.text
    await house.visitor.sends(review.form("Cash on delivery"))
    (order,) = await house.orders()
    assert (order.discount_total, order.total) == (25_980, 263_820)
    page = await house.visitor.opens("/store/shop/cart")
    assert f"is now order {order.number}" in page.text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (None, "There is no such code."),
        ({"starts_at": timedelta(days=1)}, "This code does not count yet."),
        ({"ends_at": timedelta(seconds=1)}, "This code is no longer valid."),
    ],
)
async def test_a_code_that_is_not_taken_is_told_in_words(
    house: House, clock: ManualClock, fields: dict[str, timedelta] | None, text: str
) -> None:
    now = clock.now()
    if fields is not None:
        given: dict[str, Any] = {name: now + later for name, later in fields.items()}
        await make(house.till, **given)
    cart = await house.adds()
    clock.advance(2)
    refused = await enters(house, cart, "TENTH")
    assert refused.status == 409
    assert text in refused.text
    assert "Total KES 2,598.00" in refused.text
    review = await house.reviews()
    assert text in (await enters(house, review, "TENTH")).text


async def test_a_delivery_that_a_code_makes_free_is_said_to_be_free(house: House) -> None:
    await make(house.till, "SHIP", kind="free_shipping", value=Decimal(0), title="")
    review = await house.reviews()
    assert "Delivery KES 300.00" in review.text
    free = await enters(house, review, "SHIP")
    assert "SHIP KES -300.00" in free.text
    assert "Subtotal KES 2,598.00 Delivery Free Total KES 2,598.00" in free.text


async def test_a_code_whose_conditions_are_not_met_stays_and_says_why(house: House) -> None:
    await make(house.till, minimum=300_000, currency="KES")
    cart = await enters(house, await house.adds(), "TENTH")
    assert "goods for KES 402.00 more are needed" in cart.text
    assert "Discount" not in cart.text
    more = await house.visitor.sends(cart.form("Update"), quantity="3")
    assert "TENTH A tenth off KES -389.70" in more.text


async def test_no_code_at_all_and_too_many_tries_are_told(house: House) -> None:
    cart = await house.adds()
    empty = await enters(house, cart, " ")
    assert (empty.status, "Please enter a code." in empty.text) == (422, True)
    for _ in range(100):
        refused = await enters(house, cart, "GUESS")
        if refused.status == 429:
            break
    assert "Too many codes were tried." in refused.text


async def test_a_form_of_another_site_enters_no_code(house: House) -> None:
    await make(house.till)
    cart = await house.adds()
    form = cart.form("Apply")
    answer = await house.client.post(
        form.action,
        data={**form.values, "code": "TENTH"},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 403
    assert "TENTH" not in (await house.visitor.opens("/store/shop/cart")).text


def test_every_reason_has_words() -> None:
    assert set(WHY) == set(get_args(NotApplied))
