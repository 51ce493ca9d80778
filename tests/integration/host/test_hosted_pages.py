"""What holds for every page of an order: links and tokens, escaping, logs, languages, times."""

from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from tests.support.payhouse import CARD, HOME, PRICE, House, open_payhouse
from tests.support.sheets import Visitor, site_of
from tests.support.shops import Shop, add_variant, make_shop
from tests.support.thirdparty.cashier import CashierPlugin, Counter
from tests.support.tills import open_till
from tradewind.carts.rules import CartUpdate
from tradewind.carts.service import update
from tradewind.checkout.links import LIFETIMES, order_url, token_for
from tradewind.checkout.service import (
    choose_shipping,
    mark_paid,
    place,
)
from tradewind.database import Database
from tradewind.fulfillment.service import add_shipment
from tradewind.stores.service import StoreSettings, save_settings
from tradewind.testing.clock import ManualClock
from tradewind_host.logs import configure as configure_logs


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with open_payhouse(database, tmp_path) as house:
        yield house


async def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(
    house: House, database: Database, clock: ManualClock
) -> None:
    engine, store = house.till.engine, house.till.store
    order, other = await house.order(CARD), await house.order(CARD)
    foreign: Shop = await make_shop(database, "foreign")
    pay, show = (token_for(engine, store, order.id, purpose) for purpose in ("pay", "order"))
    of_other = token_for(engine, store, other.id, "pay")
    of_foreign = token_for(engine, foreign.store, order.id, "pay")
    nobody = uuid4()
    of_nobody = token_for(engine, store, nobody, "pay")
    wrong = [
        f"/store/shop/pay?order={order.id}&token={show}",
        f"/store/shop/pay?order={order.id}&token={of_other}",
        f"/store/shop/pay?order={order.id}&token={of_foreign}",
        f"/store/shop/pay?order={order.id}&token={pay[:-1]}",
        f"/store/shop/pay?order={order.id}&token=",
        f"/store/shop/pay?order={order.id}",
        f"/store/shop/pay?order=1001&token={pay}",
        f"/store/shop/pay?order=%00&token={pay}",
        f"/store/shop/pay?order={nobody}&token={of_nobody}",
        f"/store/foreign/pay?order={order.id}&token={pay}",
        f"/store/foreign/pay?order={order.id}&token={of_foreign}",
        f"/store/nowhere/pay?order={order.id}&token={pay}",
        f"/store/sh%00p/pay?order={order.id}&token={pay}",
        f"/store/sh%C3%B6p/pay?order={order.id}&token={pay}",
        f"/store/shop/checkout?session=wa:254700000001&order={order.id}",
        f"/store/shop/orders/{order.id}",
        f"/store/shop/orders/{order.id}?token={of_other}",
        f"/store/shop/orders/{order.number}?token={show}",
        f"/store/shop/orders/%00?token={show}",
        f"/store/foreign/orders/{order.id}?token={show}",
    ]
    pages = {(page.status, page.html) for page in [await house.visitor.opens(one) for one in wrong]}
    assert len(pages) == 1
    status, html = pages.pop()
    assert status == HTTPStatus.NOT_FOUND
    assert "This page does not exist" in html
    assert str(order.id) not in html
    good = [
        f"/store/shop/pay?order={order.id}&token={pay}",
        f"/store/shop/orders/{order.id}?token={show}",
        f"/store/shop/orders/{order.id}?token={pay}",
    ]
    assert [(await house.visitor.opens(one)).status for one in good] == [200, 200, 200]
    clock.advance(LIFETIMES["pay"].total_seconds())
    gone = [(await house.visitor.opens(one)).status for one in good]
    assert gone == [404, 200, 404]


async def test_forms_with_a_wrong_token_begin_nothing_and_look_the_same(house: House) -> None:
    order, other = await house.order(CARD), await house.order(CARD)
    form = (await house.pays(order)).form("Mobile money")
    engine, store = house.till.engine, house.till.store
    pages = set()
    for changed in (
        {"token": token_for(engine, store, order.id, "order")},
        {"token": token_for(engine, store, other.id, "pay")},
        {"token": ""},
        {"order": str(other.id)},
        {"order": "x"},
    ):
        data = {**form.filled(phone="+254712345678"), **changed}
        answer = await house.client.post(form.action, data=data)
        pages.add((answer.status_code, answer.text))
    answer = await house.client.post(form.action, json=form.filled(phone="+254712345678"))
    pages.add((answer.status_code, answer.text))
    answer = await house.client.post(form.action)
    pages.add((answer.status_code, answer.text))
    assert {status for status, _ in pages} == {404}
    assert len(pages) == 1
    assert house.till.push.started == []
    await house.visitor.presses(form, phone="+254712345678")
    assert len(house.till.push.started) == 1


async def test_other_methods_are_refused(house: House) -> None:
    order = await house.order(CARD)
    for method, url in [
        ("DELETE", house.pay_url(order)),
        ("PUT", house.pay_url(order)),
        ("POST", house.order_url(order)),
        ("PATCH", "/store/shop/pay"),
    ]:
        answer = await house.client.request(method, url)
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED, (method, url)


async def test_the_store_api_beside_the_pages_still_wants_its_key(house: House) -> None:
    await house.order(CARD)
    for path in ("/store/products", "/store/products/pay", "/store/categories", "/store/regions"):
        answer = await house.client.get(path)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED, path
        assert answer.headers["content-type"] == "application/problem+json"


async def test_every_page_keeps_its_address_to_itself_and_runs_no_script(house: House) -> None:
    order = await house.order(CARD)
    sheet = await house.pays(order)
    sheets = [
        sheet,
        await house.visitor.presses(sheet.form("Pay online")),
        await house.visitor.presses(sheet.form("Mobile money")),
        await house.visitor.opens(house.order_url(order)),
        await house.visitor.opens("/store/shop/pay?order=x"),
    ]
    assert [one.status for one in sheets] == [200, 200, 200, 200, 404]
    for one in sheets:
        policy = one.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert one.headers["referrer-policy"] == "no-referrer"
        assert one.headers["x-frame-options"] == "DENY"
        assert one.headers["cache-control"] == "no-store"
        assert one.headers["x-robots-tag"] == "noindex, nofollow"
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["content-type"] == "text/html; charset=utf-8"
        assert "style=" not in one.html
        assert "<script" not in one.html
        assert not [tag for _, tag in one.tags if any(name.startswith("on") for name in tag)]
    moved = await house.client.get(house.pay_url(order))
    assert moved.headers["referrer-policy"] == "no-referrer"


async def test_the_style_sheet_is_ours_and_is_kept_by_browsers(house: House) -> None:
    sheet = await house.pays(await house.order(CARD))
    files = [tag["href"] for name, tag in sheet.tags if name == "link"]
    assert len(files) == 2
    for file in files:
        assert file.startswith("/static/storefront/")
        answer = await house.client.get(file)
        assert answer.status_code == HTTPStatus.OK
        assert "immutable" in answer.headers["cache-control"]
    assert files[1].partition("?v=")[2]


async def test_what_people_wrote_never_becomes_markup(database: Database, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}"
    counter = Counter()
    async with open_till(database, CashierPlugin(counter)) as till:
        async with till.database.transaction(till.store.id) as tx:
            await add_variant(tx, "MUG", PRICE, title=evil)
        async with site_of(till.engine, tmp_path) as client:
            house = House(till, counter, client, Visitor(client))
            await _walk_with_evil_words(house, evil)


async def _walk_with_evil_words(house: House, evil: str) -> None:
    home = msgspec.structs.replace(HOME, first_name=evil, address_1=evil, city=evil)
    cart = await house.till.cart(("MUG", 1))
    async with house.till.database.transaction(house.till.store.id) as tx:
        cart = await update(tx, cart, CartUpdate(shipping_address=home))
    await choose_shipping(
        house.till.engine, house.till.store, cart.id, str(house.till.shop.delivery)
    )
    order = await place(house.till.engine, house.till.store, cart.id, "cashier", "card", CARD)
    await house.till.rows(
        "UPDATE shop.payment_sessions SET action = convert_to($2, 'UTF8') WHERE store_id = $1 "
        "RETURNING id",
        msgspec.json.encode({"kind": "redirect", "url": f'https://x.example/"><b>{evil}'}).decode(),
    )
    sheet = await house.pays(order)
    wrong = sheet.form("Mobile wallet")
    sheets = [
        sheet,
        await house.visitor.presses(sheet.form("Pay online")),
        await house.visitor.presses(wrong, network=evil, phone=evil, note=evil),
        await house.visitor.opens(house.order_url(order)),
    ]
    await mark_paid(house.till.engine, house.till.store, order.id, "test")
    async with house.till.database.transaction(house.till.store.id) as tx:
        await add_shipment(
            tx,
            order.id,
            "test",
            carrier=evil,
            tracking_number=evil,
            tracking_url="javascript:alert(1)",
        )
    sheets.append(await house.visitor.opens(house.order_url(order)))
    assert "<script>alert(1)</script>" in sheets[0].text
    assert evil in sheets[-1].text
    for one in sheets:
        assert {"script", "img", "b"}.isdisjoint(name for name, _ in one.tags)
        assert not [tag for _, tag in one.tags if any(name.startswith("on") for name in tag)]
        assert "javascript:" not in one.html


async def test_no_log_line_tells_a_token_an_order_or_a_person(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("debug", "json")
    order = await house.order(CARD)
    url = house.pay_url(order)
    sheet = await house.visitor.opens(url)
    await house.visitor.presses(sheet.form("Mobile money"), phone="+254712345678")
    await house.visitor.presses(sheet.form("Mobile wallet"), network="MTN", phone="x")
    await house.visitor.opens(house.order_url(order))
    await house.visitor.opens(f"/store/shop/orders/{order.id}?token=wrong-token")
    figures = (await house.client.get("/metrics")).text
    logged = capfd.readouterr().err
    token = sheet.forms[0].values["token"]
    assert '"route": "/store/{slug}/pay"' in logged
    for secret in (token, "wrong-token", str(order.id), "254712345678", "Amina", "token="):
        assert secret not in logged
        assert secret not in figures


@pytest.mark.parametrize(
    ("locale", "language", "words"),
    [
        ("en", "en", "How would you like to pay?"),
        ("sw-KE", "sw", "Ungependa kulipa vipi?"),
        ("fr_CI", "fr", "Comment souhaitez-vous payer ?"),
        ("de", "en", "How would you like to pay?"),
    ],
)
async def test_pages_speak_the_language_of_the_order(
    house: House, locale: str, language: str, words: str
) -> None:
    order = await house.order(CARD, locale=locale)
    await house.voided(order)
    sheet = await house.pays(order)
    assert (sheet.language, words in sheet.text) == (language, True)
    shown = await house.visitor.opens(house.order_url(order))
    assert shown.language == language


async def test_a_link_that_opens_nothing_answers_in_the_browsers_language(house: House) -> None:
    for accepted, language in [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("de, sw;q=0.5", "sw"),
        ("", "en"),
    ]:
        sheet = await house.visitor.opens("/store/x/pay", headers={"Accept-Language": accepted})
        assert sheet.language == language


async def test_times_are_those_of_the_stores_clock(house: House) -> None:
    settings = StoreSettings(currency="KES", time_zone="America/New_York")
    async with house.till.database.transaction(house.till.store.id) as tx:
        await save_settings(tx, settings)
    order = await house.order(CARD)
    await house.voided(order)
    assert order.expires_at is not None
    local = order.expires_at - timedelta(hours=5)
    sheet = await house.pays(order)
    assert f"Please pay by {local.day} January 2026, {local:%H:%M}." in sheet.text


@pytest.mark.parametrize(
    ("inclusive", "words"),
    [
        (True, "Total KES 1,299.00 Tax included KES 179.17"),
        (False, "Subtotal KES 1,299.00 Tax KES 207.84 Total KES 1,506.84"),
    ],
)
async def test_tax_stands_where_it_is_added_or_is_told_below_the_total(
    database: Database, tmp_path: Path, words: str, *, inclusive: bool
) -> None:
    async with open_till(database, tax="16", inclusive=inclusive) as till:
        await till.stock("MUG", PRICE)
        cart = await till.cart(("MUG", 1))
        order = await place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
        async with site_of(till.engine, tmp_path) as client:
            url = order_url(till.engine, till.store, order.id)
            text = (await Visitor(client).opens(url)).text
    assert words in text
