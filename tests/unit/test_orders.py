"""The tables that say how an order's statuses may change."""

from itertools import product
from typing import get_args

import pytest

from tradewind.contracts.errors import Conflict
from tradewind.orders.rules import (
    FULFILLMENT_MOVES,
    PAYMENT_MOVES,
    TRANSITIONS,
    FulfillmentStatus,
    OrderStatus,
    Trigger,
    move_fulfillment,
    move_payment,
    transition,
)
from tradewind.payments.rules import PaymentState

STATUSES: tuple[OrderStatus, ...] = get_args(OrderStatus)
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
PAYMENTS: tuple[PaymentState, ...] = get_args(PaymentState)
FULFILLMENTS: tuple[FulfillmentStatus, ...] = get_args(FulfillmentStatus)


@pytest.mark.parametrize(("status", "trigger"), list(product(STATUSES, TRIGGERS)))
def test_an_order_moves_by_its_table_and_no_other_way(
    status: OrderStatus, trigger: Trigger
) -> None:
    after = TRANSITIONS.get((status, trigger))
    if after is None:
        with pytest.raises(Conflict) as refused:
            transition(status, trigger)
        assert refused.value.reason == "invalid_transition"
    else:
        assert transition(status, trigger) == after


@pytest.mark.parametrize(("before", "after"), list(product(PAYMENTS, PAYMENTS)))
def test_a_payment_status_moves_by_its_table_and_no_other_way(
    before: PaymentState, after: PaymentState
) -> None:
    if before == after or after in PAYMENT_MOVES[before]:
        assert move_payment(before, after) == after
    else:
        with pytest.raises(Conflict):
            move_payment(before, after)


@pytest.mark.parametrize(("before", "after"), list(product(FULFILLMENTS, FULFILLMENTS)))
def test_fulfillment_moves_by_its_table_and_no_other_way(
    before: FulfillmentStatus, after: FulfillmentStatus
) -> None:
    if before == after or after in FULFILLMENT_MOVES[before]:
        assert move_fulfillment(before, after) == after
    else:
        with pytest.raises(Conflict):
            move_fulfillment(before, after)


def test_what_is_over_stays_over() -> None:
    for status in ("completed", "canceled", "expired"):
        assert not [key for key in TRANSITIONS if key[0] == status]


def test_a_paid_order_never_becomes_failed_or_unpaid() -> None:
    for status in ("partially_paid", "paid", "partially_refunded", "refunded"):
        assert not {"failed", "awaiting", "authorized"} & PAYMENT_MOVES[status]
