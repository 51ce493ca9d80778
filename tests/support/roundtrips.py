"""Counts what a journey costs: every message to the server that the program waits for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from tradewind.database import Database
from tradewind.database.pool import Connection

# asyncpg's protocol methods that send something and wait for the answer.
PREPARE = "prepare"
WAITING = frozenset(
    "bind bind_execute bind_execute_many close_portal close_statement copy_in copy_out execute "
    "prepare query".split()
)


class RoundTrips:
    """The messages sent so far, in order: the protocol's method and the statement, if known."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    @property
    def total(self) -> int:
        """All messages, also those that made a statement known to its connection."""
        return len(self.messages)

    @property
    def warm(self) -> int:
        """Messages that are sent every time, on a connection that knows the statements."""
        return sum(method != PREPARE for method, _ in self.messages)

    @property
    def statements(self) -> list[str]:
        """What was sent every time, in order."""
        return [text for method, text in self.messages if method != PREPARE]


class _CountingProtocol:
    """Stands before a connection's protocol and notes what passes."""

    def __init__(self, protocol: Any, counted: RoundTrips) -> None:
        self._protocol = protocol
        self._counted = counted

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._protocol, name)
        return self._noting(name, attribute) if name in WAITING else attribute

    def _noting(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            self._counted.messages.append((name, _statement(name, args, kwargs)))
            return method(*args, **kwargs)

        return noted


@contextmanager
def count_round_trips(database: Database) -> Iterator[RoundTrips]:
    """Count the messages on all of a database's connections, also those it opens meanwhile.

    Not nestable. What a new connection says while it is being opened is not counted.
    """
    counted = RoundTrips()
    slot = asyncpg.Connection._protocol  # type: ignore[attr-defined]

    def protocol(connection: Any) -> Any:
        real = slot.__get__(connection)
        own = real is not None and connection in database.pool.connections
        return _CountingProtocol(real, counted) if own else real

    Connection._protocol = property(protocol, slot.__set__)  # type: ignore[attr-defined]
    try:
        yield counted
    finally:
        del Connection._protocol  # type: ignore[attr-defined]


def _statement(name: str, args: tuple[Any, ...], named: dict[str, Any]) -> str:
    if name == PREPARE:
        return str(args[1])
    first = named.get("state", args[0] if args else "")
    return str(getattr(first, "query", first))
