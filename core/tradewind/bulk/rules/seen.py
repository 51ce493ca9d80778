"""Which names a file has used so far, in sixteen bytes for each of them or a little more."""

from array import array
from hashlib import blake2b

_SMALLEST = 1 << 12


class Seen:
    """A set of texts that only grows; two texts are taken for one in 1 of 10^9 files.

    It keeps a hash of 64 bits for each text, in a table that is never more than half full.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _SMALLEST))
        self._count = 0

    def add(self, text: str) -> bool:
        """Remember a text; false when it was known."""
        if 2 * self._count >= len(self._slots):
            self._grow()
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        new = _put(self._slots, int.from_bytes(digest) or 1)
        self._count += new
        return new

    def __len__(self) -> int:
        return self._count

    def _grow(self) -> None:
        larger = array("Q", bytes(16 * len(self._slots)))
        for known in self._slots:
            if known:
                _put(larger, known)
        self._slots = larger


def _put(slots: "array[int]", value: int) -> bool:
    mask = len(slots) - 1
    place = value & mask
    while slots[place]:
        if slots[place] == value:
            return False
        place = (place + 1) & mask
    slots[place] = value
    return True
