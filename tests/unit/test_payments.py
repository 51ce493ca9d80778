"""The fold over payment facts by example."""

from datetime import UTC, datetime, timedelta

import pytest

from tradewind.contracts.money import Money
from tradewind.contracts.payment import Fact, FactKind, FactStatus
from tradewind.payments.rules import Totals, fold, next_poll, status_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fact(kind: FactKind, status: FactStatus, amount: int = 1000, object_id: str = "one") -> Fact:
    return Fact(kind=kind, object_id=object_id, status=status, amount=Money(amount, "KES"), at=NOW)


STORIES: dict[str, tuple[list[Fact], str]] = {
    "nothing was heard": ([], "awaiting"),
    "an attempt is under way": ([fact("capture", "pending")], "awaiting"),
    "an attempt failed": ([fact("capture", "failed")], "failed"),
    "one failed and another is under way": (
        [fact("capture", "failed"), fact("capture", "pending", object_id="two")],
        "awaiting",
    ),
    "the money is held": ([fact("authorization", "succeeded")], "authorized"),
    "the hold was released": (
        [fact("authorization", "succeeded"), fact("authorization", "canceled")],
        "failed",
    ),
    "the money came": ([fact("capture", "succeeded")], "paid"),
    "an older attempt fails late": (
        [fact("capture", "succeeded"), fact("capture", "failed", object_id="zero")],
        "paid",
    ),
    "the same attempt is reported failed late": (
        [fact("capture", "succeeded"), fact("capture", "failed")],
        "paid",
    ),
    "half of it came": ([fact("capture", "succeeded", 500)], "partially_paid"),
    "it came in two halves": (
        [fact("capture", "succeeded", 500), fact("capture", "succeeded", 500, "two")],
        "paid",
    ),
    "a part went back": (
        [fact("capture", "succeeded"), fact("refund", "succeeded", 300, "r")],
        "partially_refunded",
    ),
    "two equal parts went back on purpose": (
        [
            fact("capture", "succeeded"),
            fact("refund", "succeeded", 500, "r1"),
            fact("refund", "succeeded", 500, "r2"),
        ],
        "refunded",
    ),
    "a refund failed days later": (
        [
            fact("capture", "succeeded"),
            fact("refund", "succeeded", 1000, "r"),
            fact("refund", "failed", 1000, "r"),
        ],
        "paid",
    ),
    "a dispute does not change what was paid": (
        [fact("capture", "succeeded"), fact("dispute", "pending", 1000, "d")],
        "paid",
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_status_is_what_the_facts_say(story: str) -> None:
    facts, status = STORIES[story]
    assert status_of(fold(facts, "KES"), 1000) == status
    assert status_of(fold(reversed(facts), "KES"), 1000) == status


def test_a_dispute_that_is_won_counts_no_more() -> None:
    lost = [fact("dispute", "pending"), fact("dispute", "lost")]
    won = [fact("dispute", "won"), fact("dispute", "pending")]
    assert fold(lost, "KES").disputed == 1000
    assert fold(won, "KES").disputed == 0


def test_money_in_another_currency_is_not_counted() -> None:
    assert fold([fact("capture", "succeeded")], "USD") == Totals()


def test_the_last_wait_of_a_plan_repeats_itself() -> None:
    plan = [timedelta(seconds=5), timedelta(seconds=30)]
    assert [next_poll(plan, polls) for polls in range(4)] == [plan[0], plan[1], plan[1], plan[1]]
    assert next_poll([], 0) is None
