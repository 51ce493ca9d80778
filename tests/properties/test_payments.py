"""The fold over payment facts: order and repetition never matter."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tradewind.contracts.money import Money
from tradewind.contracts.payment import Fact
from tradewind.orders.rules import PAYMENT_MOVES
from tradewind.payments.rules import RANKS, Totals, fold, status_of

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
        assert totals.captured >= 1000
        assert totals.refunded == 0
    assert (totals == Totals()) <= (status == "awaiting")
