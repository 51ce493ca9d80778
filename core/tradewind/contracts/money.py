"""Money in integer minor units of ISO 4217, with the few operations that never lose one."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Self

import msgspec

_NO_DECIMALS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
_THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum."""


def decimals(currency: str) -> int:
    """Digits after the point of a currency, by ISO 4217 (0, 2 or 3)."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units (cents, or whole units where a currency has none)."""

    amount: int
    currency: str

    def __add__(self, other: Self) -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._same(other)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} with {other.currency}")
        return other.amount

    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount).scaleb(-decimals(self.currency))

    def text(self) -> str:
        """For people: `KES 1,250.00`."""
        return f"{self.currency} {self.major():,.{decimals(self.currency)}f}"


def from_major(value: Decimal | str, currency: str) -> Money:
    """Minor units from a decimal in major units.

    Raises ValueError when the value has more digits than the currency.
    """
    scaled = Decimal(value).scaleb(decimals(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} has more decimals than {currency} allows")
    return Money(int(scaled), currency)


def share(amount: int, rate: Decimal | Fraction) -> int:
    """`rate` (0.16 for 16 %) of `amount`, rounded half away from zero to a whole minor unit.

    Exact: a half is a half, also of a fraction that no decimal can write, such as 12 of 112.
    """
    over, under = rate.as_integer_ratio()
    exact = amount * over
    size = (2 * abs(exact) + under) // (2 * under)
    return -size if exact < 0 else size


def allocate(amount: int, weights: Mapping[str, int] | Sequence[tuple[str, int]]) -> dict[str, int]:
    """Split `amount` over keys in proportion to non-negative weights; the parts sum to `amount`.

    Largest remainder; ties go to the key that sorts first. With all weights zero the first key
    takes everything.
    """
    pairs = sorted(weights.items() if isinstance(weights, Mapping) else weights)
    total = sum(weight for _, weight in pairs)
    if not pairs:
        raise ValueError("nothing to allocate to")
    if total == 0:
        return {key: amount if index == 0 else 0 for index, (key, _) in enumerate(pairs)}
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    parts = {key: size * weight // total for key, weight in pairs}
    by_remainder = sorted(pairs, key=lambda pair: (-(size * pair[1] % total), pair[0]))
    for key, _ in by_remainder[: size - sum(parts.values())]:
        parts[key] += 1
    return {key: sign * part for key, part in parts.items()}
