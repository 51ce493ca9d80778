"""Credits as they travel: the same for a customer and for the merchant."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tradewind.credits.rules import Grant, balance


class GrantView(msgspec.Struct, frozen=True, kw_only=True):
    """Credits that came at one time and end together."""

    id: UUID
    order_id: UUID | None
    credits: int
    remaining: int
    expires_at: datetime | None
    created_at: datetime


class CreditsView(msgspec.Struct, frozen=True, kw_only=True):
    """What can be used now, and where it came from, oldest first."""

    balance: int
    grants: Sequence[GrantView]


class CreditsAnswer(msgspec.Struct, frozen=True):
    """A customer's credits."""

    credits: CreditsView


def credits_answer(grants: Sequence[Grant], now: datetime) -> CreditsAnswer:
    """A customer's credits at a moment."""
    shown = [
        GrantView(
            id=one.id,
            order_id=one.order_id,
            credits=one.credits,
            remaining=one.remaining,
            expires_at=one.expires_at,
            created_at=one.created_at,
        )
        for one in grants
    ]
    return CreditsAnswer(CreditsView(balance=balance(grants, now), grants=shown))
