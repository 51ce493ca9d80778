"""Ids rise in the order in which they were asked for, whatever the clock does."""

from datetime import UTC, datetime

from tradewind.database.ids import Ids
from tradewind.testing.clock import ManualClock


def test_an_id_is_a_uuid_version_7_of_the_clocks_millisecond() -> None:
    clock = ManualClock(datetime(2026, 11, 21, 9, 30, 15, 123_000, tzinfo=UTC))
    made = Ids(clock).new()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(clock.now().timestamp() * 1000)


def test_ids_of_one_millisecond_rise_and_never_repeat() -> None:
    ids = Ids(ManualClock())
    made = [ids.new() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert all(one.version == 7 for one in made)


def test_ids_rise_also_when_the_clock_is_set_back() -> None:
    clock = ManualClock()
    ids = Ids(clock)
    before = [ids.new() for _ in range(3)]
    clock.advance(-3600)
    after = [ids.new() for _ in range(5_000)]
    assert [*before, *after] == sorted({*before, *after})


def test_a_later_millisecond_gives_a_higher_id_even_to_another_process() -> None:
    clock = ManualClock()
    early = max(Ids(clock).new() for _ in range(100))
    clock.advance(0.001)
    assert min(Ids(clock).new() for _ in range(100)) > early
