"""How much one caller may ask for: the host's one rate limiter; and what an address is.

It counts in the process and forgets with it: with several hosts each lets through as much.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import msgspec
from litestar.datastructures import Headers
from litestar.di import NamedDependency

from tradewind.contracts.context import Clock
from tradewind.contracts.errors import Limited

_MOST_KEPT = 100_000
_SITE_BITS = 64
_ROUNDING = 1e-6
_CHAIN = "x-forwarded-for"


class Rule(msgspec.Struct, frozen=True):
    """`count` requests in `seconds`: as many at once, and then as they come free. 0 is no limit."""

    count: int
    seconds: float


class Limiter:
    """Counts requests by rule and key; what was used least lately is forgotten first.

    For each pair it keeps the one moment at which all that was asked for would be worked off at
    the rule's pace (the generic cell rate algorithm of ITU-T I.371).
    """

    def __init__(self, clock: Clock, rules: Mapping[str, Rule], most: int = _MOST_KEPT) -> None:
        self._clock = clock
        self._start = clock.now()
        self._rules = rules
        self._most = most
        self._due: OrderedDict[tuple[str, str], float] = OrderedDict()

    def take(self, rule: str, key: str) -> None:
        """Count one request. Raises Limited with the seconds until the next one is let through."""
        known, name = self._rules[rule], (rule, key)
        if not known.count:
            return
        now = (self._clock.now() - self._start).total_seconds()
        pace = known.seconds / known.count
        due = max(self._due.get(name, now), now)
        late = due + pace - now - known.seconds
        if late > _ROUNDING:
            raise Limited("Too many requests; come back later.", after=math.ceil(late))
        self._due[name] = due + pace
        self._due.move_to_end(name)
        if len(self._due) > self._most:
            self._due.popitem(last=False)

    def give_back(self, rule: str, key: str) -> None:
        """Do not count a request that was counted by the same rule and key: all was well."""
        known, name = self._rules[rule], (rule, key)
        if known.count and name in self._due:
            self._due[name] -= known.seconds / known.count

    def __len__(self) -> int:
        return len(self._due)


GivenLimiter = NamedDependency[Limiter]


def address_of(scope: Any) -> str:
    """Whom a limit by network address counts: an IPv4 address, or the network of an IPv6 one.

    Whoever has one address of an IPv6 network has all of them.
    """
    given = scope.get("client")
    return _counted(given[0]) if given else ""


@lru_cache(maxsize=10_000)
def _counted(given: str) -> str:
    found = _address(given)
    if found is None:
        return given
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, _SITE_BITS), strict=False))
    return str(found)


class Proxies:
    """Whose word is believed on where a request came from, and in which header they give it."""

    def __init__(self, trusted: Sequence[str], header: str) -> None:
        self._all = "*" in trusted
        self._networks = [ip_network(one, strict=False) for one in trusted if one != "*"]
        self._header = header.lower()

    def client(self, scope: Any) -> tuple[str, int] | None:
        """The address and port of whoever asked, as far as a trusted proxy vouches for it."""
        peer: tuple[str, int] | None = scope.get("client")
        if not self._header or peer is None or not self._trusts(_address(peer[0])):
            return peer
        told = Headers.from_scope(scope).getall(self._header, [])
        hops = [one.strip() for line in told for one in line.split(",")]
        found = self._farthest(hops) if self._header == _CHAIN else _address(*hops[-1:])
        return peer if found is None else (str(found), 0)

    def _farthest(self, hops: Sequence[str]) -> IPv4Address | IPv6Address | None:
        """Each proxy adds at the end whom it got the request from; only those behind us count."""
        found = None
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                break
            found = address
            if not self._trusts(address):
                break
        return found

    def _trusts(self, address: IPv4Address | IPv6Address | None) -> bool:
        return self._all or (
            address is not None and any(address in network for network in self._networks)
        )


@lru_cache(maxsize=4096)
def _address(text: str = "") -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
