"""Refunds through the admin API: of an order, and from the money desk."""

from collections import deque
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import asyncpg
import pytest_asyncio

from tests.support.bankhouses import PAGE, TOTAL, Bankhouse, open_bankhouse
from tests.support.banks import Trouble
from tradewind.cases.service import NewCase, open_case
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import cancel_order, pay_order, start_payment
from tradewind.checkout.service.money_cases import doubt_capture
from tradewind.payments.service import captures_of, get_payment
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls


@pytest_asyncio.fixture
async def house(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Bankhouse]:
    async with open_bankhouse(database_urls, clock) as opened:
        yield opened


async def paid(house: Bankhouse) -> str:
    """The id of an order that was paid at the bank."""
    cart = await house.cart()
    session = await house.starts(cart)
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id)))
    return str((await house.listed("orders"))[0]["id"])


async def test_a_refund_answers_with_the_order_and_shows_what_went_back(house: Bankhouse) -> None:
    order_id = await paid(house)
    body = {"amount": 30_000, "reason": "one was broken"}
    answer = await house.asks(f"orders/{order_id}/refund", body)
    assert answer.status_code == HTTPStatus.OK
    order = answer.json()["order"]
    assert (order["payment_status"], order["refunded_total"]) == ("partially_refunded", 30_000)
    [payment] = order["payments"]
    [refund] = payment["refunds"]
    assert (refund["status"], refund["amount"], refund["currency"]) == ("succeeded", 30_000, "KES")
    assert refund["reason"] == "one was broken"
    log = (await house.shop.admin("GET", "/admin/audit-log"))["audit_log"]
    [entry] = [one for one in log if one["action"] == "order.refunded"]
    assert entry["actor"].startswith("key:")
    whole = (await house.asks(f"orders/{order_id}/refund")).json()["order"]
    assert (whole["payment_status"], whole["refunded_total"]) == ("refunded", TOTAL)
    assert (await house.event_types()).count("order.refunded") == 2


async def test_a_named_refund_takes_effect_once_and_two_names_are_two(
    house: Bankhouse, superuser: "asyncpg.Connection[Any]"
) -> None:
    order_id = await paid(house)
    path, body = f"orders/{order_id}/refund", {"amount": 10_000}
    for _ in range(2):
        assert (await house.asks(path, body, key="one")).status_code == HTTPStatus.OK
    # The process died after the deed and before the answer was kept; the lease ran out.
    await superuser.execute(
        """UPDATE shop.idempotency_keys
           SET response_status = NULL, leased_until = created_at - interval '1 second'"""
    )
    assert (await house.asks(path, body, key="one")).status_code == HTTPStatus.OK
    assert house.books.returned() == 10_000
    await house.asks(path, body, key="two")
    assert house.books.returned() == 20_000
    assert (await house.asks(path, {"amount": 1}, key="one")).status_code == 422


async def test_what_cannot_be_given_back_is_refused_by_code(house: Bankhouse) -> None:
    order_id = await paid(house)
    path = f"orders/{order_id}/refund"
    for body, status, code in (
        ({"amount": TOTAL + 1}, 409, "refund_too_large"),
        ({"amount": 0}, 422, "invalid_input"),
        ({"lines": [{"line_id": order_id, "quantity": 1}]}, 422, "invalid_input"),
        ({"lines": [{"line_id": order_id, "quantity": 0}]}, 422, "invalid_input"),
    ):
        answer = await house.asks(path, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert house.books.made("refund") == []
    await house.asks(path)
    assert (await house.asks(path)).json()["code"] == "nothing_to_refund"


async def test_lines_say_what_goes_back(house: Bankhouse) -> None:
    order_id = await paid(house)
    [line] = (await house.detail(order_id))["lines"]
    body = {"lines": [{"line_id": line["id"], "quantity": 1}]}
    order = (await house.asks(f"orders/{order_id}/refund", body)).json()["order"]
    [refund] = order["payments"][0]["refunds"]
    assert (refund["amount"], refund["lines"]) == (line["total"], body["lines"])


async def test_every_payment_shows_its_own_data_and_no_secret(house: Bankhouse) -> None:
    cart = await house.cart()
    order = await house.orders(cart)
    await pay_order(house.engine, house.store, order.id, PAGE)
    first, second = (await house.detail(order.id))["payments"]
    pages = [charge.ref for charge in house.books.charges.values()]
    assert [first["data"], second["data"]] == [{"page": pages[0]}, {"page": pages[1]}]


# --- the money desk ----------------------------------------------------------------------------


async def late(house: Bankhouse) -> dict[str, Any]:
    """The case of money that came for an order that was canceled."""
    cart = await house.cart()
    order = await house.orders(cart)
    session = await house.session(cart)
    await cancel_order(house.engine, house.store, order.id, "owner")
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id)))
    [case] = await house.listed("cases")
    return case


async def test_late_money_is_given_back_from_its_case_once(house: Bankhouse) -> None:
    case = await late(house)
    assert (case["kind"], case["amount"]) == ("late_payment", TOTAL)
    for _ in range(3):
        answer = await house.asks(f"cases/{case['id']}/refund")
        assert (answer.status_code, answer.json()["case"]["state"]) == (200, "closed")
    assert house.books.returned() == TOTAL
    assert await house.listed("cases") == []
    order = await house.detail(case["evidence"]["order_id"])
    assert (order["status"], order["payment_status"]) == ("canceled", "refunded")
    assert [entry["type"] for entry in order["timeline"]][-3:] == [
        "payment",
        "refund_requested",
        "payment",
    ]


async def test_a_case_stays_when_the_bank_gives_nothing_back(house: Bankhouse) -> None:
    case = await late(house)
    house.books.trouble["refund"] = deque(["refused"])
    answer = await house.asks(f"cases/{case['id']}/refund")
    assert (answer.status_code, answer.json()["code"]) == (409, "refund_failed")
    kinds = {one["kind"]: one for one in await house.listed("cases")}
    assert set(kinds) == {"late_payment", "refund_failed"}
    answer = await house.asks(f"cases/{kinds['refund_failed']['id']}/retry")
    assert answer.status_code == HTTPStatus.OK
    answer = await house.asks(f"cases/{case['id']}/refund")
    assert answer.status_code == HTTPStatus.OK
    assert house.books.returned() == TOTAL
    assert await house.listed("cases") == []


async def test_a_case_is_about_the_last_capture_and_stays_when_the_bank_gives_no_held_money(
    house: Bankhouse,
) -> None:
    held = StartRequest(provider="bank", intent="authorize")
    session = await start_payment(house.engine, house.store, (await house.cart()).id, held)
    await house.tells(session.payment_id, house.books.holds(str(session.payment_id)))
    order_id = (await house.listed("orders"))[0]["id"]
    troubles: list[tuple[Trouble, int]] = [("refused", 1_000), ("busy", 2_000)]
    for trouble, amount in troubles:
        house.books.trouble["capture"] = deque([trouble])
        await house.asks(f"orders/{order_id}/capture", {"amount": amount})
    async with house.engine.database.transaction(house.store.id) as tx:
        payment = await get_payment(tx, session.payment_id)
        _, undecided = await captures_of(tx, [payment])
        await doubt_capture(tx, payment, undecided)
    [case] = await house.listed("cases")
    assert (case["subject_id"], case["actions"]) == (str(undecided.id), ["retry", "close"])
    house.books.trouble["capture"] = deque(["refused"])
    answer = await house.asks(f"cases/{case['id']}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "capture_failed")
    [case] = await house.listed("cases")
    assert (case["kind"], case["actions"]) == ("capture_failed", ["close"])
    await house.asks(f"orders/{order_id}/capture")
    assert (await house.listed("cases"), house.books.captured()) == ([], TOTAL)


async def test_a_refund_of_which_no_answer_came_closes_its_case_and_is_followed(
    house: Bankhouse,
) -> None:
    case = await late(house)
    house.books.trouble["refund"] = deque(["lost"])
    answer = await house.asks(f"cases/{case['id']}/refund")
    assert answer.status_code == HTTPStatus.OK
    house.shop.clock.advance(60)
    await house.shop.settle()
    assert house.books.returned() == TOTAL
    order = await house.detail(case["evidence"]["order_id"])
    assert order["payments"][0]["refunds"][0]["status"] == "succeeded"


async def test_a_case_does_what_it_offers_and_nothing_else(house: Bankhouse) -> None:
    case = await late(house)
    for action in ("retry", "cancel", "replay", "dance"):
        answer = await house.asks(f"cases/{case['id']}/{action}")
        assert (answer.status_code, answer.json()["code"]) == (409, "action_not_offered")
    assert (await house.asks(f"cases/{case['id']}/close")).status_code == HTTPStatus.OK
    assert house.books.returned() == 0
    await house.asks(f"cases/{case['id']}/refund")
    assert house.books.returned() == 0


async def test_a_doubt_about_a_cart_calls_its_payment_off(house: Bankhouse) -> None:
    cart = await house.cart()
    session = await house.starts(cart)
    case_id = await doubt(house, str(cart.id))
    answer = await house.asks(f"cases/{case_id}/cancel")
    assert (answer.status_code, answer.json()["case"]["state"]) == (200, "closed")
    await house.shop.settle()
    assert house.books.charges[str(session.payment_id)].canceled


async def test_a_doubt_about_an_order_cancels_it_unless_it_is_paid(house: Bankhouse) -> None:
    cart = await house.cart()
    order = await house.orders(cart)
    answer = await house.asks(f"cases/{await doubt(house, str(cart.id))}/cancel")
    assert answer.status_code == HTTPStatus.OK
    assert (await house.detail(order.id))["status"] == "canceled"
    order_id = await paid(house)
    async with house.engine.database.transaction(house.store.id) as tx:
        cart_id = await tx.fetchval(
            "SELECT cart_id FROM shop.orders WHERE store_id = $1 AND id = $2::text::uuid",
            tx.store_id,
            order_id,
        )
    answer = await house.asks(f"cases/{await doubt(house, str(cart_id))}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "order_paid")


async def doubt(house: Bankhouse, cart_id: str) -> str:
    async with house.engine.database.transaction(house.store.id) as tx:
        case = NewCase(
            kind="risk_review",
            dedupe_key=f"risk:{cart_id}",
            title="A doubt",
            subject_type="cart",
            subject_id=cart_id,
            actions=["cancel", "close"],
        )
        return str(await open_case(tx, case))
