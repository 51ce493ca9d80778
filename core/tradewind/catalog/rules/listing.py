"""What a list of products is asked for: where it is priced, what it leaves out, in which order."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Literal, get_args
from uuid import UUID

import msgspec

from tradewind.catalog.rules.entries import refuse
from tradewind.catalog.rules.goods import Kind
from tradewind.contracts.errors import FieldError, InvalidInput

Sort = Literal["oldest", "newest", "price", "-price", "title"]
SORTS: Sequence[Sort] = get_args(Sort)
MOST_OPTIONS = 10
OPTION = r"^[^:\x00]*[^:\s\x00][^:\x00]*:[^\x00]*[^\s\x00][^\x00]*$"
"""A name and a value, such as `Color:Red`."""
_LARGEST = 2**63 - 1


class Where(msgspec.Struct, frozen=True):
    """Which region's prices count: that one, else one with this currency, else the default's."""

    region_id: UUID | None = None
    currency: str | None = None


class Terms(msgspec.Struct, frozen=True):
    """In which currency prices are, and which region's own ones come before the others."""

    currency: str
    region_id: UUID | None = None


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a product must be like to be listed.

    `category_id` includes the categories below it. Prices are the lowest of the product, in minor
    units. One variant has a value of every option named, and is to be had where `available` asks.
    """

    category_id: UUID | None = None
    kind: Kind | None = None
    min_price: int | None = None
    max_price: int | None = None
    available: bool = False
    options: Mapping[str, Sequence[str]] = {}

    @property
    def by_price(self) -> bool:
        """Whether prices decide."""
        return self.min_price is not None or self.max_price is not None


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last entry of a page: what it was ordered by, and its product or how many came before."""

    sort: str
    key: str | int | None
    last: UUID | int


def write_cursor(cursor: Cursor) -> str:
    """A cursor as it travels."""
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str | None, sort: str) -> Cursor | None:
    """A cursor that was given out for this order. Raises InvalidInput."""
    if text is None:
        return None
    try:
        padded = text.encode() + b"=" * (-len(text) % 4)
        cursor = msgspec.json.decode(urlsafe_b64decode(padded), type=Cursor)
    except (ValueError, msgspec.DecodeError):
        raise bad_cursor() from None
    if cursor.sort != sort or not _fits(cursor):
        raise bad_cursor()
    return cursor


def bad_cursor() -> InvalidInput:
    """What a cursor is answered that was not given out for this list."""
    error = FieldError("cursor", "invalid", "Use next_cursor of the page before.")
    return InvalidInput("This cursor does not belong here.", errors=[error])


def sort_of(text: str) -> Sort:
    """An order by its name. Raises InvalidInput."""
    found = next((one for one in SORTS if one == text), None)
    if found is None:
        refuse([FieldError("sort", "unknown", f"One of {', '.join(SORTS)}.")])
    return found or "oldest"


def options_of(texts: Sequence[str]) -> dict[str, list[str]]:
    """`Color:Red` and `Color:Blue` as the values that will do, by option. Raises InvalidInput."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, colon, value = (part.strip() for part in text.partition(":"))
        if not (name and colon and value) or "\0" in text or len(texts) > MOST_OPTIONS:
            wrong = f"At most {MOST_OPTIONS}, such as Color:Red."
            refuse([FieldError("options", "invalid", wrong)])
        found.setdefault(name, []).append(value)
    return found


def _fits(cursor: Cursor) -> bool:
    """Whether a cursor holds what a page of its order gives out, which PostgreSQL can compare."""
    key, last = cursor.key, cursor.last
    if cursor.sort in {"price", "-price"}:
        return isinstance(key, int) and 0 <= key <= _LARGEST and isinstance(last, UUID)
    if cursor.sort == "title":
        return isinstance(key, str) and "\0" not in key and isinstance(last, UUID)
    if cursor.sort in SORTS:
        return key is None and isinstance(last, UUID)
    return key is None and isinstance(last, int) and 0 <= last <= _LARGEST
