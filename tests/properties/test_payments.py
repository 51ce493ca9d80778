"""The fold over payment facts: order and repetition never matter."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tradewind.contracts.money import Money
from tradewind.contracts.payment import Fact
from tradewind.orders.rules import PAYMENT_MOVES
from tradewind.payments.rules import (
    RANKS,
    Refund,
    Source,
    Totals,
    fold,
    refundable,
    spread,
    status_of,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def a_fact(draw: st.DrawFn) -> Fact:
    kind = draw(st.sampled_from(sorted(RANKS)))
    return Fact(
        kind=kind,
        object_id=draw(st.sampled_from(["one", "two", "three"])),
        status=draw(st.sampled_from(RANKS[kind])),
        amount=Money(
            draw(st.sampled_from([100, 250, 1000])), draw(st.sampled_from(["KES", "USD"]))
        ),
        at=NOW,
    )


facts = st.lists(a_fact(), max_size=8)


@given(facts, st.data())
def test_any_order_and_any_repetition_give_the_same_totals(
    facts: list[Fact], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(facts))
    repeated = [*shuffled, *data.draw(st.lists(st.sampled_from(facts)) if facts else st.just([]))]
    assert fold(repeated, "KES") == fold(facts, "KES")


@given(facts)
def test_totals_are_sums_of_known_objects_and_never_negative(facts: list[Fact]) -> None:
    totals = fold(facts, "KES")
    for field in ("authorized", "captured", "refunded", "disputed"):
        assert 0 <= getattr(totals, field) <= 3 * 1000


@given(facts, a_fact())
def test_one_more_fact_never_makes_a_move_the_table_forbids(facts: list[Fact], more: Fact) -> None:
    before = status_of(fold(facts, "KES"), 1000)
    after = status_of(fold([*facts, more], "KES"), 1000)
    assert after == before or after in PAYMENT_MOVES[before]


@given(facts, a_fact())
def test_captured_money_is_never_unmade(facts: list[Fact], more: Fact) -> None:
    assert fold([*facts, more], "KES").captured >= fold(facts, "KES").captured


@given(facts)
def test_the_status_follows_from_the_totals_alone(facts: list[Fact]) -> None:
    totals = fold(facts, "KES")
    status = status_of(totals, 1000)
    if totals.captured == 0 and totals.authorized == 0:
        assert status == ("failed" if totals.failed else "awaiting")
    if status == "paid":
        assert totals.captured - totals.refunded >= 1000
    assert (totals == Totals()) <= (status == "awaiting")


@st.composite
def a_refund(draw: st.DrawFn) -> Refund:
    return Refund(
        id=UUID(int=draw(st.integers(1, 2**64))),
        payment_id=UUID(int=1),
        request_id="",
        operation_id="",
        object_id=draw(st.sampled_from(["one", "two", "three"])),
        status=draw(st.sampled_from(["pending", "succeeded", "failed"])),
        currency=draw(st.sampled_from(["KES", "USD"])),
        amount=draw(st.sampled_from([10, 100, 250])),
        actor="owner",
        created_at=NOW,
    )


@given(facts, st.lists(a_refund(), max_size=5))
def test_no_more_is_left_than_came_and_neither_went_nor_is_on_its_way(
    facts: list[Fact], refunds: list[Refund]
) -> None:
    totals, left = fold(facts, "KES"), refundable(facts, refunds, "KES")
    assert sum(source.left for source in left) <= max(0, totals.captured - totals.refunded)
    assert all(source.left > 0 for source in left)


@given(facts)
def test_all_that_came_is_left_where_nothing_went(facts: list[Fact]) -> None:
    came = [fact for fact in facts if fact.kind in {"capture", "authorization"}]
    left = refundable(came, [], "KES")
    assert sum(source.left for source in left) == fold(came, "KES").captured
    assert [source.left for source in left] == sorted((one.left for one in left), reverse=True)


@given(st.lists(st.integers(1, 1000), max_size=5), st.integers(0, 6000))
def test_an_amount_is_taken_whole_and_from_nobody_more_than_they_have(
    amounts: list[int], wanted: int
) -> None:
    sources = [Source(object_id=str(index), left=left) for index, left in enumerate(amounts)]
    parts = spread(wanted, sources)
    assert sum(part for _, part in parts) == min(wanted, sum(amounts))
    assert all(0 < part <= source.left for source, part in parts)


@given(facts, st.integers(0, 3000))
def test_what_is_given_back_is_never_left_to_be_given_back_again(
    facts: list[Fact], wanted: int
) -> None:
    left = refundable(facts, [], "KES")
    made = [
        Refund(
            id=UUID(int=index),
            payment_id=UUID(int=1),
            request_id="",
            operation_id="",
            object_id=source.object_id,
            status="pending",
            currency="KES",
            amount=part,
            actor="owner",
            created_at=NOW,
        )
        for index, (source, part) in enumerate(spread(wanted, left))
    ]
    before, taken = sum(one.left for one in left), sum(one.amount for one in made)
    assert sum(one.left for one in refundable(facts, made, "KES")) == before - taken
