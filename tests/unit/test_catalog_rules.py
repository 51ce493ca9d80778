"""The catalog's pure rules: choices, prices that count, the tree of categories."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.catalog.rules import (
    NewPrice,
    NewVariant,
    Option,
    Price,
    VariantFields,
    choice_errors,
    choices_in_all,
    counting,
    filled,
    inferred,
    missing_choices,
    overlap_errors,
    place_errors,
    settled,
)

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
HERE, THERE = uuid4(), uuid4()
SIZES, COLORS = Option("size", ["S", "M"]), Option("color", ["red", "blue"])


def price(
    amount: int,
    starts: int | None = None,
    ends: int | None = None,
    region: UUID | None = None,
    currency: str = "KES",
) -> Price:
    """A price that runs so many hours before and after noon."""
    return Price(
        id=uuid4(),
        currency=currency,
        amount=amount,
        region_id=region,
        starts_at=None if starts is None else NOON + timedelta(hours=starts),
        ends_at=None if ends is None else NOON + timedelta(hours=ends),
    )


def test_every_choice_is_missing_until_a_variant_stands_for_it() -> None:
    assert choices_in_all([SIZES, COLORS]) == 4
    present = [{"size": "M", "color": "red"}]
    assert missing_choices([SIZES, COLORS], present) == [
        {"size": "S", "color": "red"},
        {"size": "S", "color": "blue"},
        {"size": "M", "color": "blue"},
    ]
    assert missing_choices([], []) == []
    assert choices_in_all([]) == 0


def test_variants_without_options_are_no_two_of_one_choice() -> None:
    assert choice_errors([], {"a": {}, "b": {}}) == []
    twice = {"a": {"size": "S", "color": "red"}, "b": {"color": "red", "size": "S"}}
    assert [error.code for error in choice_errors([], twice)] == ["duplicate"]


def test_options_are_inferred_in_the_order_of_their_mention() -> None:
    choices = [{"size": "M"}, {"size": "S", "color": "red"}, {"size": "M", "color": "blue"}]
    assert inferred(choices) == [Option("size", ["M", "S"]), Option("color", ["red", "blue"])]


# Which of these counts at noon, in shillings, here.
COUNTS = {
    "the plain one": ([price(1)], 1),
    "none of another currency": ([price(1, currency="USD")], None),
    "the region's before that of all": ([price(1), price(2, region=HERE)], 2),
    "not another region's": ([price(1), price(2, region=THERE)], 1),
    "the one with a time before the plain": ([price(1), price(2, -1, 1)], 2),
    "not one that has ended": ([price(1), price(2, -2, 0)], 1),
    "one that begins now": ([price(1), price(2, 0)], 2),
    "not one to come": ([price(1), price(2, 1)], 1),
    "the region's plain one before that of all with a time": (
        [price(1, -1, 1), price(2, region=HERE)],
        2,
    ),
    "the region's with a time before the region's plain": (
        [price(1, region=HERE), price(2, -1, 1, HERE), price(3, -1, 1)],
        2,
    ),
}


@pytest.mark.parametrize("case", COUNTS)
def test_the_price_that_counts_is(case: str) -> None:
    prices, amount = COUNTS[case]
    for order in (prices, prices[::-1]):
        found = counting(order, "KES", HERE, NOON)
        assert (None if found is None else found.amount) == amount


def test_only_what_one_moment_could_confuse_overlaps() -> None:
    fine = [
        price(1),
        price(1, region=HERE),
        price(1, currency="USD"),
        price(2, -2, -1),
        price(2, -1, 1),
        price(2, 1),
        price(2, -2, 2, HERE),
    ]
    assert overlap_errors("prices", fine) == []
    assert [e.path for e in overlap_errors("p", [price(1), price(2)])] == ["p.1.currency"]
    assert [e.path for e in overlap_errors("p", [price(1, -1), price(2, 1, 2)])] == ["p.1"]
    assert [e.path for e in overlap_errors("p", [price(1, -1, 1), price(2, 0, 2)])] == ["p.1"]
    assert [e.path for e in overlap_errors("p", [price(1, 1, 1)])] == ["p.0.ends_at"]


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 9), max_size=10), st.data())
def test_no_sequence_of_allowed_moves_ties_a_ring(
    moves: dict[int, int], data: st.DataObject
) -> None:
    shelves = [UUID(int=number) for number in range(10)]
    parents: dict[UUID, UUID | None] = dict.fromkeys(shelves)
    for moved, below in moves.items():
        parent = data.draw(st.sampled_from([None, shelves[below]]))
        if not place_errors(parents, shelves[moved], parent):
            parents[shelves[moved]] = parent
    for shelf in shelves:
        seen = [shelf]
        while (above := parents[seen[-1]]) is not None:
            assert above not in seen
            seen.append(above)
        assert len(seen) <= 8


def test_what_an_entry_leaves_out_is_as_it_was() -> None:
    old = VariantFields(
        id=uuid4(),
        sku="A",
        title="S",
        options={"size": "S"},
        tax_class="reduced",
        weight_grams=5,
        image="/a.jpg",
        position=3,
        metadata={"a": 1},
    )
    same = settled(filled(NewVariant(sku="A"), old), old.id, "digital", 9)
    assert same == old
    moved = settled(filled(NewVariant(sku="A", options={"size": "M"}), old), old.id, "physical", 0)
    assert moved == msgspec.structs.replace(old, options={"size": "M"}, title="M")
    named = msgspec.structs.replace(old, title="Little")
    kept = settled(filled(NewVariant(sku="A", options={"size": "M"}), named), old.id, "pack", 0)
    assert kept.title == "Little"


def test_a_new_price_without_a_time_is_plain() -> None:
    assert NewPrice(currency="KES", amount=1).plain
    assert not NewPrice(currency="KES", amount=1, starts_at=NOON).plain
