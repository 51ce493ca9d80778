"""How bodies and lists travel in both APIs."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from tradewind.contracts.errors import FieldError, InvalidInput

T = TypeVar("T")

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="The most to return.")]
Cursor = Annotated[
    str | None, QueryParameter(description="`next_cursor` of the page before.", max_length=200)
]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request brings. A misspelt field is refused, for it would be left out in silence."""


def id_cursor(cursor: str | None) -> UUID | None:
    """The id a cursor stands for. Raises InvalidInput."""
    try:
        return None if cursor is None else UUID(cursor)
    except ValueError:
        wrong = FieldError("cursor", "invalid", "Use next_cursor of the page before.")
        raise InvalidInput("This cursor does not belong here.", errors=[wrong]) from None


def page(rows: Sequence[T], limit: int, key: Callable[[T], UUID]) -> tuple[Sequence[T], str | None]:
    """Up to `limit` rows, and the cursor of the next page; ask the database for one row more."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], str(key(rows[limit - 1]))
