"""UUIDv7 from an injected clock, in rising order within one process (RFC 9562, section 6.2)."""

import secrets
from uuid import UUID

from tradewind.contracts.context import Clock

_COUNTER_BITS = 12
_COUNTER_MASK = (1 << _COUNTER_BITS) - 1


class Ids:
    """Mints ids whose order is the order in which they were asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._millisecond = 0
        self._counter = 0

    def new(self) -> UUID:
        """A new id; its first 48 bits are the clock's milliseconds."""
        millisecond = int(self._clock.now().timestamp() * 1000)
        if millisecond > self._millisecond:
            self._millisecond, self._counter = millisecond, secrets.randbits(_COUNTER_BITS - 1)
        elif self._counter == _COUNTER_MASK:
            self._millisecond, self._counter = self._millisecond + 1, 0
        else:
            self._counter += 1
        value = self._millisecond << 80 | 0x7 << 76 | self._counter << 64
        return UUID(int=value | 0b10 << 62 | secrets.randbits(62))
