"""Faults on demand: what is to go wrong with which peer, and what has gone wrong so far."""

import secrets
from collections import Counter, defaultdict
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal, get_args

import msgspec

Peer = Literal["whatsapp", "flutterwave", "stripe", "mail"]
Kind = Literal[
    "delay", "duplicate", "reorder", "drop", "status_429", "status_500", "timeout_after_effect"
]

_HOUR = 3_600_000
_USUAL_MILLISECONDS = {"delay": 1_000, "reorder": 2_000, "timeout_after_effect": 30_000}


class WantedFault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A fault to set; without `count` it stays until it is cleared.

    `probability` is the chance that it happens each time it could; `seed` makes that repeatable.
    `milliseconds` is how long to delay, to hold back at most, to keep an answer away, or after
    which time a refused caller is told to come again; other kinds have no use for it.
    """

    peer: Peer
    kind: Kind
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    milliseconds: Annotated[int, msgspec.Meta(ge=0, le=_HOUR)] | None = None
    seed: int | None = None


class Fault(msgspec.Struct, kw_only=True):
    """A fault that is set; `injected` counts how often it has happened."""

    peer: Peer
    kind: Kind
    count: int | None
    probability: float
    milliseconds: int
    seed: int
    injected: int = 0

    @property
    def seconds(self) -> float:
        """Its time, in seconds."""
        return self.milliseconds / 1000


@dataclass(slots=True)
class _Active:
    """A fault with its dice."""

    fault: Fault
    random: Random

    def happens(self) -> bool:
        return self.random.random() < self.fault.probability

    def used_up(self) -> bool:
        return self.fault.injected == self.fault.count


class Faults:
    """The faults that are set, in the order in which they were, and the count of all that were."""

    def __init__(self) -> None:
        self._active: list[_Active] = []
        self._injected: defaultdict[str, Counter[str]] = defaultdict(Counter)

    @property
    def active(self) -> list[Fault]:
        """What is set and not used up, oldest first."""
        return [one.fault for one in self._active]

    @property
    def injected(self) -> dict[str, dict[str, int]]:
        """Peer → kind → how often it has happened since the sandbox started."""
        return {peer: dict(kinds) for peer, kinds in self._injected.items()}

    def set(self, wanted: WantedFault) -> Fault:
        """Add a fault behind those that are set already."""
        usual = _USUAL_MILLISECONDS.get(wanted.kind, 0)
        fault = Fault(
            peer=wanted.peer,
            kind=wanted.kind,
            count=wanted.count,
            probability=1.0 if wanted.probability is None else wanted.probability,
            milliseconds=usual if wanted.milliseconds is None else wanted.milliseconds,
            seed=secrets.randbits(32) if wanted.seed is None else wanted.seed,
        )
        self._active.append(_Active(fault, Random(fault.seed)))  # noqa: S311 - must be repeatable
        return fault

    def clear(self, peer: Peer | None = None) -> None:
        """Take away the faults of a peer, or all of them."""
        self._active = [one for one in self._active if peer not in {None, one.fault.peer}]

    def strike(self, peer: str, kind: Kind) -> Fault | None:
        """The fault that happens now, where it could; it is counted. None when all goes well."""
        for one in self._active:
            if (one.fault.peer, one.fault.kind) == (peer, kind) and one.happens():
                one.fault.injected += 1
                self._injected[peer][kind] += 1
                if one.used_up():
                    self._active.remove(one)
                return one.fault
        return None


KINDS: tuple[Kind, ...] = get_args(Kind)
PEERS: tuple[Peer, ...] = get_args(Peer)
