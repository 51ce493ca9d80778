"""Prices: in which currency, for which region, from when until when; never two that could count."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from tradewind.contracts.errors import FieldError
from tradewind.contracts.money import Money

MOST_PRICES = 200


class NewPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price to be set, in minor units; without a region for all of them.

    One with a time counts from `starts_at` and before `ends_at`, in place of the one without.
    """

    currency: str
    amount: int
    region_id: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def plain(self) -> bool:
        """Whether it counts at any time."""
        return self.starts_at is None


class Price(NewPrice, frozen=True, kw_only=True):
    """A price that is set."""

    id: UUID


AnyPrice: TypeAlias = Money | NewPrice


def as_new_price(price: AnyPrice, now: datetime) -> NewPrice:
    """The price with all its parts: an amount of money is a plain one, an end begins now."""
    if isinstance(price, Money):
        return NewPrice(currency=price.currency, amount=price.amount)
    if price.ends_at is not None and price.starts_at is None:
        return msgspec.structs.replace(price, starts_at=now)
    return price


def overlap_errors(path: str, prices: Sequence[NewPrice]) -> list[FieldError]:
    """What would make it ambiguous which of a variant's prices counts."""
    errors: list[FieldError] = []
    for index, one in enumerate(prices):
        if one.ends_at is not None and one.starts_at is not None and one.ends_at <= one.starts_at:
            message = "Later than the beginning."
            errors.append(FieldError(f"{path}.{index}.ends_at", "out_of_range", message))
    for (_, before), (index, one) in combinations(enumerate(prices), 2):
        if _scope(before) == _scope(one) and _meet(before, one):
            errors.append(_ambiguous(f"{path}.{index}", one))
    return errors


def region_errors_of(
    path: str, prices: Sequence[NewPrice], currencies: dict[UUID, str]
) -> list[FieldError]:
    """Which prices name no region of the store (by id: its currency), or one of another money."""
    errors: list[FieldError] = []
    for index, one in enumerate(prices):
        if one.region_id is None:
            continue
        if one.region_id not in currencies:
            errors.append(FieldError(f"{path}.{index}.region_id", "unknown", "No such region."))
        elif currencies[one.region_id] != one.currency:
            message = f"The region's currency is {currencies[one.region_id]}."
            errors.append(FieldError(f"{path}.{index}.currency", "invalid", message))
    return errors


def counting(
    prices: Iterable[Price], currency: str, region_id: UUID | None, now: datetime
) -> Price | None:
    """The price that counts: the region's before that of all, one with a time before the plain.

    The same as the catalog's SQL picks.
    """
    live = [
        one
        for one in prices
        if one.currency == currency
        and one.region_id in {None, region_id}
        and (one.starts_at is None or one.starts_at <= now)
        and (one.ends_at is None or one.ends_at > now)
    ]
    return max(live, key=lambda one: (one.region_id is not None, not one.plain), default=None)


def still_to_count(prices: Iterable[Price], now: datetime) -> bool:
    """Whether one of them counts now or will."""
    return any(one.ends_at is None or one.ends_at > now for one in prices)


def _ambiguous(path: str, price: NewPrice) -> FieldError:
    if price.plain:
        return FieldError(f"{path}.currency", "duplicate", "One price per currency and region.")
    return FieldError(path, "overlaps", "Another price counts at the same time.")


def _scope(price: NewPrice) -> tuple[Any, ...]:
    return (price.currency, price.region_id, price.plain)


def _meet(one: NewPrice, other: NewPrice) -> bool:
    if one.starts_at is None or other.starts_at is None:
        return True
    return (one.ends_at is None or other.starts_at < one.ends_at) and (
        other.ends_at is None or one.starts_at < other.ends_at
    )
