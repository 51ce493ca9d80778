"""The time of the sandbox: the real one plus what a test has advanced it by."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time in UTC and can be moved forward."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the present moment forward by `seconds`."""
        ...


class OffsetClock:
    """The machine's clock, with an offset that only grows."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The machine's time plus everything advanced so far, in UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`; raises ValueError when asked to go back."""
        if seconds < 0:
            raise ValueError("time only moves forward")
        self._offset += timedelta(seconds=seconds)
        for listener in self._listeners:
            listener()

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each move: what waits for a moment must look again."""
        self._listeners.append(listener)
