"""The rate limiter: how many pass, when the next one does, and whose address is believed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.contracts.errors import Limited
from tradewind.testing.clock import ManualClock
from tradewind_host.limits import Limiter, Proxies, Rule, address_of

RULES = {"few": Rule(3, 60), "other": Rule(1, 60), "none": Rule(0, 60)}


def passed(limiter: Limiter, rule: str, key: str, times: int) -> int:
    """How many of so many requests are let through."""
    count = 0
    for _ in range(times):
        try:
            limiter.take(rule, key)
        except Limited:
            continue
        count += 1
    return count


def test_so_many_pass_at_once_and_then_one_by_one() -> None:
    clock = ManualClock()
    limiter = Limiter(clock, RULES)
    assert passed(limiter, "few", "a", 10) == 3
    with pytest.raises(Limited) as refused:
        limiter.take("few", "a")
    assert refused.value.after == 20
    clock.advance(refused.value.after)
    assert passed(limiter, "few", "a", 10) == 1


def test_keys_and_rules_are_counted_apart() -> None:
    limiter = Limiter(ManualClock(), RULES)
    assert passed(limiter, "few", "a", 5) == 3
    assert passed(limiter, "few", "b", 5) == 3
    assert passed(limiter, "other", "a", 5) == 1


def test_zero_is_no_limit() -> None:
    limiter = Limiter(ManualClock(), RULES)
    assert passed(limiter, "none", "a", 1000) == 1000
    assert len(limiter) == 0


def test_what_is_remembered_is_bounded_and_who_came_last_is_kept() -> None:
    limiter = Limiter(ManualClock(), RULES, most=100)
    for number in range(1000):
        limiter.take("other", str(number))
        if number % 50 == 0:
            limiter.take("few", "kept") if number < 150 else passed(limiter, "few", "kept", 1)
    assert len(limiter) == 100
    assert passed(limiter, "other", "999", 1) == 0
    assert passed(limiter, "other", "0", 1) == 1


@given(st.lists(st.integers(0, 60), max_size=60))
def test_in_no_stretch_of_time_do_more_than_twice_as_many_pass(waits: list[int]) -> None:
    clock = ManualClock()
    limiter = Limiter(clock, RULES)
    times = []
    for wait in waits:
        clock.advance(wait)
        if passed(limiter, "few", "a", 1):
            times.append(clock.now())
    for start in times:
        assert sum(start <= at < start + timedelta(seconds=60) for at in times) <= 6


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_an_ipv6_network_counts_as_one(client: str, counted: str) -> None:
    assert address_of({"client": (client, 1)}) == counted


def test_without_an_address_all_are_one() -> None:
    assert address_of({}) == address_of({"client": None}) == ""


def told(proxies: Proxies, peer: str, **headers: str) -> str:
    """The client's address after these headers."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    client = proxies.client({"type": "http", "client": (peer, 1), "headers": pairs})
    assert client is not None
    return client[0]


def test_by_default_no_header_is_believed() -> None:
    assert told(Proxies(["127.0.0.1"], ""), "127.0.0.1", x_forwarded_for="1.2.3.4") == "127.0.0.1"


def test_only_a_trusted_proxy_is_believed() -> None:
    proxies = Proxies(["10.0.0.0/8"], "X-Real-IP")
    assert told(proxies, "10.1.2.3", x_real_ip="1.2.3.4") == "1.2.3.4"
    assert told(proxies, "192.0.2.1", x_real_ip="1.2.3.4") == "192.0.2.1"
    assert told(proxies, "10.1.2.3", x_real_ip="nonsense") == "10.1.2.3"
    assert told(proxies, "10.1.2.3") == "10.1.2.3"
    assert told(Proxies(["*"], "X-Real-IP"), "192.0.2.1", x_real_ip="1.2.3.4") == "1.2.3.4"


def test_what_a_client_puts_in_front_of_a_chain_is_not_believed() -> None:
    proxies = Proxies(["10.0.0.0/8"], "X-Forwarded-For")
    chain = "6.6.6.6, 203.0.113.7, 10.9.9.9"
    assert told(proxies, "10.1.2.3", x_forwarded_for=chain) == "203.0.113.7"
    assert told(proxies, "10.1.2.3", x_forwarded_for="10.7.7.7, 10.9.9.9") == "10.7.7.7"
