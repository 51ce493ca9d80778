"""Facts of two attempts at an order, in any order, any number: the same end, and books agree."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.tills import Till, open_till
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import pay_order, payment_reported, place
from tradewind.contracts.payment import FactKind, FactStatus, PaymentResult
from tradewind.database import Database
from tradewind.orders.service import get_order, payments_of
from tradewind.payments.rules import Payment

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
