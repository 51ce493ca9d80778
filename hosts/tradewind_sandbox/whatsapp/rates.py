"""How fast one may go: a bucket per business and shopper, and windows per second and hour."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """A token bucket: `burst` at once, then one more every `refill_seconds`.

    WhatsApp's pair rate limit has this shape (45 at once, one in six seconds).
    """

    burst: int
    refill_seconds: float
    _tokens: float = field(init=False)
    _at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._tokens = float(self.burst)

    def take(self, now: float) -> bool:
        """Take one token at `now` (Unix seconds); False when none is left."""
        gained = max(0.0, now - self._at) / self.refill_seconds
        self._tokens = min(float(self.burst), self._tokens + gained)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(slots=True)
class SlidingWindow:
    """At most `limit` events within any `seconds`."""

    limit: int
    seconds: float
    _events: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> bool:
        """Count an event at `now` (Unix seconds); False, uncounted, when the window is full."""
        while self._events and self._events[0] <= now - self.seconds:
            self._events.popleft()
        if len(self._events) >= self.limit:
            return False
        self._events.append(now)
        return True
