"""What a provider tells through the real door, at any moment and in any shape."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.support.bankhouses import PAGE, TOTAL, Bankhouse, open_bankhouse
from tests.support.banks import NOW, Charge
from tradewind import Fact, Money
from tradewind.carts.rules import Cart
from tradewind.checkout.service import complete, expire_orders, pay_order
from tradewind.contracts.errors import Conflict
from tradewind.ledger.service import balances
from tradewind.outbox.rules import MAX_ATTEMPTS
from tradewind.payments.rules import PaymentSession
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

HOUR = 3600


@pytest_asyncio.fixture
async def house(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Bankhouse]:
    async with open_bankhouse(database_urls, clock) as opened:
        yield opened


async def started(house: Bankhouse) -> tuple[Cart, PaymentSession]:
    cart = await house.cart()
    return cart, await house.starts(cart)


async def one_paid_order(house: Bankhouse) -> dict[str, Any]:
    """The one order there is: paid once, told once, booked once, nothing to look at."""
    [order] = await house.listed("orders")
    assert (order["status"], order["payment_status"]) == ("processing", "paid")
    assert order["paid_total"] == TOTAL
    told = await house.event_types()
    assert (told.count("order.placed"), told.count("payment.paid")) == (1, 1)
    assert await booked(house) == {"provider:bank": TOTAL, "sales": -TOTAL}
    assert await house.listed("cases") == []
    return order


async def booked(house: Bankhouse) -> dict[str, int]:
    async with house.engine.database.transaction(house.store.id) as tx:
        found = {one.code: one.debit - one.credit for one in await balances(tx)}
    assert sum(found.values()) == 0
    return found


async def worked(house: Bankhouse) -> None:
    """Do what is due, whatever fails."""
    await house.shop.worker.work_off()


# --- when it comes -----------------------------------------------------------------------------


async def test_before_the_client_completes(house: Bankhouse) -> None:
    cart, session = await started(house)
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id)))
    order = await one_paid_order(house)
    assert str((await complete(house.engine, house.store, cart.id)).id) == order["id"]
    await one_paid_order(house)


async def test_after_the_client_completed(house: Bankhouse) -> None:
    cart, session = await started(house)
    fact = house.books.pays(str(session.payment_id))
    order = await complete(house.engine, house.store, cart.id)
    await house.tells(session.payment_id, fact)
    assert (await one_paid_order(house))["id"] == str(order.id)


async def test_at_the_same_instant_as_the_client(house: Bankhouse) -> None:
    for number in range(5):
        cart, session = await started(house)
        fact = house.books.pays(str(session.payment_id))
        await house.delivers(house.note(session.payment_id, fact))
        order, _ = await asyncio.gather(complete(house.engine, house.store, cart.id), worked(house))
        assert order.payment_status == "paid"
        assert len(await house.listed("orders")) == number + 1
    assert (await house.event_types()).count("order.placed") == 5
    assert (await house.event_types()).count("payment.paid") == 5
    assert await house.listed("cases") == []


async def test_without_the_client(house: Bankhouse) -> None:
    _, session = await started(house)
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id)))
    await one_paid_order(house)


async def test_never(house: Bankhouse, clock: ManualClock) -> None:
    _, session = await started(house)
    house.books.pays(str(session.payment_id))
    clock.advance(60)
    await house.shop.settle()
    await one_paid_order(house)


async def test_before_the_start_of_the_payment_has_answered(house: Bankhouse) -> None:
    async def at_once(charge: Charge) -> None:
        house.books.on_start = None
        fact = house.books.pays(charge.operation_id)
        await house.delivers(house.note(payment_id(charge), fact))
        await worked(house)

    house.books.on_start = at_once
    cart, session = await started(house)
    assert session.status == "completed"
    assert session.data["page"]
    await one_paid_order(house)
    assert (await complete(house.engine, house.store, cart.id)).payment_status == "paid"


async def test_before_the_banks_name_for_the_payment_is_known(
    house: Bankhouse, clock: ManualClock
) -> None:
    async def at_once(charge: Charge) -> None:
        house.books.on_start = None
        fact = house.books.pays(charge.operation_id)
        note = house.note(payment_id(charge), fact, payment_id=None, ref=charge.ref)
        await house.delivers(note)
        await worked(house)

    house.books.on_start = at_once
    await started(house)
    clock.advance(HOUR)
    await house.shop.settle()
    await one_paid_order(house)


def payment_id(charge: Charge) -> UUID:
    return UUID(charge.operation_id)


# --- how often ---------------------------------------------------------------------------------


@pytest.mark.parametrize("same_id", ["the same note", "another note each time"])
async def test_fifty_copies_at_once(house: Bankhouse, same_id: str) -> None:
    cart, session = await started(house)
    fact = house.books.pays(str(session.payment_id))
    first = house.note(session.payment_id, fact)
    notes = [
        first if same_id == "the same note" else house.note(session.payment_id, fact)
        for _ in range(50)
    ]

    async def deliver_and_work(number: int) -> None:
        answer = await house.delivers(notes[number])
        assert answer.status_code == HTTPStatus.OK
        if number % 10 == 0:
            await worked(house)

    await asyncio.gather(
        *(deliver_and_work(number) for number in range(50)),
        complete(house.engine, house.store, cart.id),
    )
    await house.shop.settle()
    await one_paid_order(house)
    async with house.engine.database.transaction(house.store.id) as tx:
        query = "SELECT count(*) FROM shop.payment_facts WHERE store_id = $1"
        assert await tx.fetchval(query, tx.store_id) == 1


# --- what it says ------------------------------------------------------------------------------


async def test_too_little_places_nothing_until_the_rest_comes(house: Bankhouse) -> None:
    cart, session = await started(house)
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id), 30_000))
    [case] = await house.listed("cases")
    assert (case["kind"], case["amount"]) == ("shortfall", 30_000)
    assert await house.listed("orders") == []
    with pytest.raises(Conflict) as refused:
        await complete(house.engine, house.store, cart.id)
    assert refused.value.reason == "payment_not_completed"
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id), 50_000))
    await one_paid_order(house)


async def test_too_little_for_an_order_leaves_it_waiting(house: Bankhouse) -> None:
    cart = await house.cart()
    order = await house.orders(cart)
    session = await house.session(cart)
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id), 30_000))
    [case] = await house.listed("cases")
    assert (case["kind"], case["amount"]) == ("shortfall", 30_000)
    found = await house.detail(order.id)
    assert (found["status"], found["payment_status"]) == ("pending", "partially_paid")
    assert "order.placed" not in await house.event_types()
    answer = await house.asks(f"orders/{order.id}/mark-paid")
    assert answer.json()["order"]["status"] == "processing"
    assert await house.listed("cases") == []


async def test_too_much_places_the_order_and_the_excess_is_a_case(house: Bankhouse) -> None:
    _, session = await started(house)
    fact = house.books.pays(str(session.payment_id), TOTAL + 700)
    await house.tells(session.payment_id, fact)
    [order] = await house.listed("orders")
    assert (order["status"], order["payment_status"]) == ("processing", "paid")
    [case] = await house.listed("cases")
    assert (case["kind"], case["amount"]) == ("overpaid", 700)


async def test_another_currency_places_nothing(house: Bankhouse) -> None:
    _, session = await started(house)
    fact = house.books.pays(str(session.payment_id), TOTAL, "USD")
    for _ in range(3):
        await house.tells(session.payment_id, fact)
    [case] = await house.listed("cases")
    assert (case["kind"], case["amount"], case["currency"]) == ("currency_mismatch", TOTAL, "USD")
    assert await house.listed("orders") == []
    await house.asks(f"cases/{case['id']}/close")
    await house.tells(session.payment_id, fact)
    assert await house.listed("cases") == []


async def test_what_is_not_trusted_is_looked_up_and_the_lie_changes_nothing(
    house: Bankhouse,
) -> None:
    _, session = await started(house)
    lie = invented(TOTAL)
    await house.tells(session.payment_id, lie, trusted=False, status="succeeded")
    assert await house.listed("orders") == []
    house.books.pays(str(session.payment_id))
    await house.tells(session.payment_id, lie, trusted=False, status="succeeded")
    await one_paid_order(house)


async def test_a_late_failure_of_an_older_attempt_changes_nothing(house: Bankhouse) -> None:
    cart = await house.cart()
    order = await house.orders(cart)
    first = await house.session(cart)
    failed = house.books.declines(str(first.payment_id))
    second = await pay_order(house.engine, house.store, order.id, PAGE)
    await house.tells(second.payment_id, house.books.pays(str(second.payment_id)))
    await house.tells(first.payment_id, failed, status="failed")
    found = await one_paid_order(house)
    assert found["id"] == str(order.id)


async def test_a_refund_made_at_the_bank_is_told_once(house: Bankhouse) -> None:
    _, session = await started(house)
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id)))
    back = invented(5000, kind="refund")
    for _ in range(3):
        await house.tells(session.payment_id, back)
    [order] = await house.listed("orders")
    assert (order["payment_status"], order["refunded_total"]) == ("partially_refunded", 5000)
    assert (await house.event_types()).count("order.refunded") == 1


async def test_money_after_the_order_expired_is_a_case_with_its_refund(
    house: Bankhouse, clock: ManualClock
) -> None:
    cart = await house.cart()
    order = await house.orders(cart)
    session = await house.session(cart)
    clock.advance(HOUR)
    await expire_orders(house.engine, house.store)
    fact = house.books.pays(str(session.payment_id))
    for _ in range(3):
        await house.tells(session.payment_id, fact)
    [case] = await house.listed("cases")
    assert (case["kind"], case["amount"]) == ("late_payment", TOTAL)
    found = await house.detail(order.id)
    assert found["status"] == "expired"
    assert "payment" in [entry["type"] for entry in found["timeline"]]
    await house.asks(f"cases/{case['id']}/refund")
    assert house.books.returned() == TOTAL


# --- of whom it speaks -------------------------------------------------------------------------


async def test_an_unknown_reference_is_kept_tried_and_given_up(
    house: Bankhouse, clock: ManualClock
) -> None:
    _, session = await started(house)
    note = house.note(uuid4(), invented(TOTAL), payment_id=None, ref="page-of-nobody")
    assert (await house.delivers(note)).status_code == HTTPStatus.OK
    for _ in range(MAX_ATTEMPTS):
        clock.advance(13 * HOUR)
        await worked(house)
    [case] = [one for one in await cases_anyway(house) if one["kind"] == "dead_letter"]
    assert case["actions"] == ["replay", "close"]
    assert await paid_anywhere(house) == 0
    assert house.books.charges[str(session.payment_id)].facts == []


async def test_another_stores_payment_is_unknown_at_this_door(house: Bankhouse) -> None:
    _, session = await started(house)
    note = house.note(session.payment_id, house.books.pays(str(session.payment_id)))
    assert (await house.delivers(note, door="bank/second")).status_code == HTTPStatus.OK
    await worked(house)
    assert await paid_anywhere(house) == 0
    await house.delivers(note)
    await worked(house)
    assert await paid_anywhere(house) == TOTAL


async def test_another_provider_has_no_say(house: Bankhouse) -> None:
    _, session = await started(house)
    note = house.note(session.payment_id, invented(TOTAL))
    assert (await house.delivers(note, door="otherbank/demo")).status_code == HTTPStatus.OK
    await worked(house)
    assert await paid_anywhere(house) == 0


@pytest.mark.parametrize("secret", ["another secret", ""])
async def test_a_note_that_is_not_signed_leaves_no_trace(house: Bankhouse, secret: str) -> None:
    _, session = await started(house)
    answer = await house.delivers(house.note(session.payment_id, invented(TOTAL)), secret=secret)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert (await house.shop.admin("GET", "/admin/webhook-inbox"))["webhook_inbox"] == []
    assert await paid_anywhere(house) == 0


async def test_a_door_without_a_store_or_with_a_wrong_one_is_closed(house: Bankhouse) -> None:
    _, session = await started(house)
    note = house.note(session.payment_id, invented(TOTAL))
    for door in ("bank", "bank/nobody", "nobank/demo"):
        assert (await house.delivers(note, door=door)).status_code == HTTPStatus.NOT_FOUND


def invented(amount: int, **fields: Any) -> Fact:
    """Something of which the bank's books know nothing."""
    known: dict[str, Any] = {
        "kind": "capture",
        "object_id": "invented",
        "status": "succeeded",
        "at": NOW,
    }
    return Fact(amount=Money(amount, "KES"), **(known | fields))


async def paid_anywhere(house: Bankhouse) -> int:
    """All that is captured in any store."""
    total = 0
    for branch in house.shop.branches.values():
        async with house.engine.database.transaction(branch.store.id) as tx:
            total += await tx.fetchval(
                "SELECT coalesce(sum(captured), 0)::bigint FROM shop.payments WHERE store_id = $1",
                tx.store_id,
            )
    return total


async def cases_anyway(house: Bankhouse) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {house.shop.branches['demo'].secret_key}"}
    answer = await house.shop.client.get("/admin/cases?state=open", headers=headers)
    found: list[dict[str, Any]] = answer.json()["cases"]
    return found
