"""What a check found, and the ways of looking without being stopped by what is found."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

Signer = Callable[[bytes], Mapping[str, str]]
"""Gives the headers (names in lower case) with which the outside world signs a body."""


RAISED: Any = object()
"""Stands for the answer of a call that raised."""


class Finding(msgspec.Struct, frozen=True):
    """One way in which a plugin does not keep its contract: the rule, and what happened."""

    rule: str
    detail: str


class Findings:
    """Collects what is found; each rule is told at most `MOST` times."""

    MOST = 5

    def __init__(self) -> None:
        self.all: list[Finding] = []

    def expect(self, kept: object, rule: str, detail: str) -> bool:
        """Note a finding unless `kept`; returns whether it was."""
        finding = Finding(rule, detail)
        if not kept and finding not in self.all and self._room(rule):
            self.all.append(finding)
        return bool(kept)

    def _room(self, rule: str) -> bool:
        return sum(one.rule == rule for one in self.all) < self.MOST

    async def answer(
        self, call: Awaitable[Any], rule: str, about: str, *allowed: type[Exception]
    ) -> Any:
        """The answer of a call; RAISED, and a finding unless that is `allowed`, when it raised."""
        try:
            return await call
        except allowed:
            return RAISED
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is the finding
            self.expect(False, rule, f"{about} raised {type(error).__name__}: {error}"[:300])
            return RAISED

    def sound(self, value: Any, rule: str, about: str) -> bool:
        """Whether a struct holds what its fields say, in depth; structs do not look themselves."""
        try:
            msgspec.json.decode(msgspec.json.encode(value), type=type(value))
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            return self.expect(False, rule, f"{about}: {error}"[:300])
        return True


def short(body: bytes) -> str:
    """A body for a message."""
    return repr(body[:120])
