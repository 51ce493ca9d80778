"""Facts of two attempts at an order, in any order, any number: the same end, and books agree."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.tills import Till, open_till
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    complete,
    pay_order,
    payment_reported,
    place,
    start_payment,
)
from tradewind.checkout.service.reporting import take_facts
from tradewind.contracts.errors import Conflict
from tradewind.contracts.payment import Fact, FactKind, FactStatus, PaymentResult
from tradewind.database import Database
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order, order_of_cart, payments_of, timeline
from tradewind.payments.rules import Payment
from tradewind.payments.service import lock_payment

PRICE = 1000
PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})
OTHER = StartRequest(provider="push", inputs={"phone": "+254700000002"})

SQUARE = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Said(NamedTuple):
    """Something that is said of an object of the older (0) or the newer attempt (1)."""

    attempt: int
    kind: FactKind
    status: FactStatus
    object_id: str
    amount: int


SAYINGS: Sequence[Said] = (
    Said(0, "authorization", "succeeded", "auth", PRICE),
    Said(0, "authorization", "expired", "auth", PRICE),
    Said(0, "capture", "failed", "first", PRICE),
    Said(0, "capture", "succeeded", "first", 600),
    Said(0, "capture", "succeeded", "second", 400),
    Said(0, "refund", "succeeded", "back", 150),
    Said(0, "refund", "failed", "back", 150),
    Said(0, "dispute", "pending", "quarrel", 400),
    Said(0, "dispute", "won", "quarrel", 400),
    Said(1, "capture", "pending", "third", PRICE),
    Said(1, "capture", "succeeded", "third", PRICE),
    Said(1, "capture", "failed", "fourth", PRICE),
    Said(1, "refund", "pending", "back", 300),
    Said(1, "refund", "succeeded", "back", 300),
    Said(1, "dispute", "lost", "quarrel", PRICE),
)

some = st.lists(st.sampled_from(SAYINGS), min_size=2, max_size=9)


class End(NamedTuple):
    """All that must not depend on the order in which things were said."""

    order: tuple[str, str, int, int, bool]
    payments: Sequence[tuple[str, int, int, int, int]]


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE, on_hand=100_000)
        yield opened


async def end_of(till: Till, said: Sequence[Said]) -> End:
    """Say all this of a fresh order with two attempts."""
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    first = (await till.session(cart)).payment_id
    second = (await pay_order(till.engine, till.store, order.id, OTHER)).payment_id
    for one in said:
        fact = till.fact(one.amount, one.status, kind=one.kind, object_id=one.object_id)
        report = PaymentResult(status="pending", facts=[fact])
        payment_id = (first, second)[one.attempt]
        await payment_reported(till.engine, till.store, payment_id, report, "webhook")
    async with till.database.transaction(till.store.id) as tx:
        now = await get_order(tx, order.id)
        known = await payments_of(tx, order.id)
    for payment in known:
        await books_agree(till, payment)
    return End(
        (now.status, now.payment_status, now.paid_total, now.refunded_total, now.disputed),
        [(one.status, one.authorized, one.captured, one.refunded, one.disputed) for one in known],
    )


async def books_agree(till: Till, payment: Payment) -> None:
    """What was moved for a payment comes to what is known of it."""
    rows = await till.rows(
        """SELECT d.code AS debit, c.code AS credit, t.amount FROM shop.ledger_transfers t
           JOIN shop.ledger_accounts d ON d.store_id = $1 AND d.id = t.debit_account_id
           JOIN shop.ledger_accounts c ON c.store_id = $1 AND c.id = t.credit_account_id
           WHERE t.store_id = $1 AND t.payment_id = $2""",
        payment.id,
    )
    balance = {"sales": 0, "refunds": 0, "provider:push": 0}
    for row in rows:
        balance[row["debit"]] += row["amount"]
        balance[row["credit"]] -= row["amount"]
    assert balance == {
        "sales": -payment.captured,
        "refunds": payment.refunded,
        "provider:push": payment.captured - payment.refunded,
    }


@SQUARE
@given(some, st.data())
async def test_any_order_and_any_repetition_end_the_same(
    till: Till, said: list[Said], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(said))
    repeated = [*shuffled, *data.draw(st.lists(st.sampled_from(said), max_size=3))]
    assert await end_of(till, repeated) == await end_of(till, said)


async def test_what_was_said_is_what_is_there(till: Till) -> None:
    end = await end_of(till, SAYINGS)
    assert end.order == ("processing", "paid", 2 * PRICE, 300, True)
    assert end.payments == [("paid", 0, PRICE, 0, 0), ("partially_refunded", 0, PRICE, 300, PRICE)]


# --- an order that is placed among them -----------------------------------------------------------

CAME = Said(0, "capture", "succeeded", "first", PRICE)
BEGUN = Said(0, "dispute", "pending", "quarrel", 400)
LOST = Said(0, "dispute", "lost", "quarrel", 400)
WON = Said(0, "dispute", "won", "quarrel", 400)
AROUND: Sequence[Said] = (
    Said(0, "capture", "failed", "zeroth", PRICE),
    Said(0, "refund", "succeeded", "back", 150),
    BEGUN,
    LOST,
    WON,
    Said(0, "dispute", "action_required", "another", 600),
)


async def placed_among(till: Till, said: Sequence[Said], before: int) -> Order:
    """The order of a cart that is completed once `before` of these facts were taken in."""
    cart = await till.cart(("MUG", 1))
    payment_id = (await start_payment(till.engine, till.store, cart.id, PUSH)).payment_id
    facts = [
        till.fact(one.amount, one.status, kind=one.kind, object_id=one.object_id) for one in said
    ]
    await take_in(till, payment_id, facts[:before])
    with contextlib.suppress(Conflict):
        await complete(till.engine, till.store, cart.id)
    for fact in facts[before:]:
        report = PaymentResult(status="pending", facts=[fact])
        await payment_reported(till.engine, till.store, payment_id, report, "webhook")
    async with till.database.transaction(till.store.id) as tx:
        order = await order_of_cart(tx, cart.id)
    assert order is not None
    return order


async def take_in(till: Till, payment_id: UUID, facts: Sequence[Fact]) -> None:
    """What a process does before it dies: the facts are kept, no order is placed."""
    async with till.database.transaction(till.store.id) as tx:
        for fact in facts:
            payment = await lock_payment(tx, payment_id)
            await take_facts(tx, till.engine, payment, [fact], "webhook")


async def disputes_of(till: Till, order: Order) -> list[tuple[str, int]]:
    """What the history says of disputes."""
    async with till.database.transaction(till.store.id) as tx:
        entries = await timeline(tx, order.id)
    assert [one.sequence for one in entries] == list(range(1, order.version + 1))
    return [
        (one.detail["outcome"], one.detail["amount"]) for one in entries if one.type == "dispute"
    ]


@SQUARE
@given(st.lists(st.sampled_from(AROUND), max_size=5), st.data())
async def test_an_order_is_the_same_wherever_among_the_facts_it_is_placed(
    till: Till, said: list[Said], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations([CAME, *said]))
    before = data.draw(st.integers(0, len(shuffled)))
    first = await placed_among(till, [CAME, *said], 1)
    other = await placed_among(till, shuffled, before)
    for name in ("status", "payment_status", "paid_total", "refunded_total", "disputed"):
        assert getattr(other, name) == getattr(first, name), name


@pytest.mark.parametrize("before", [1, 2])
async def test_a_dispute_is_the_orders_wherever_it_is_placed(till: Till, before: int) -> None:
    order = await placed_among(till, [CAME, BEGUN], before)
    assert order.disputed
    assert await disputes_of(till, order) == [("open", 400)]
    told = await till.rows(
        """SELECT (payload -> 'amount' ->> 'amount')::int AS amount FROM shop.events
           WHERE store_id = $1 AND type = 'order.disputed'"""
    )
    assert [one["amount"] for one in told] == [400]


async def test_how_a_dispute_ends_is_in_the_history(till: Till) -> None:
    lost = await placed_among(till, [CAME, BEGUN, LOST], 1)
    assert await disputes_of(till, lost) == [("open", 400), ("lost", 400)]
    won = await placed_among(till, [CAME, BEGUN, WON], 1)
    assert await disputes_of(till, won) == [("open", 400), ("won", 400)]
    assert (lost.disputed, won.disputed) == (True, False)
    async with till.database.transaction(till.store.id) as tx:
        types = [one.type for one in await timeline(tx, won.id)]
    assert types == ["order.placed", "dispute", "dispute"]
