"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


class ManualClock:
    """A `Clock` that begins at `start` (in UTC) and moves only when told to."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment at which the clock stands."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`; fractions are kept to the microsecond."""
        self._now += timedelta(seconds=seconds)
