"""What stock is made of: on hand, reserved for orders, held for carts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tradewind.contracts.errors import FieldError, InvalidInput, OutOfStock

LARGEST_STOCK = 10**12
LARGEST_PRIORITY = 1000


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of a variant over all locations. `available` may be negative on backorder.

    `low`: at one of them no more than its `low_at` is left that no order has; the highest is told.
    """

    sku: str
    variant_id: UUID
    on_hand: int
    reserved: int
    held: int
    available: int
    backorder: bool
    low_at: int | None = None
    low: bool = False


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place where goods lie; those of the lowest `priority` are taken from first."""

    id: UUID
    name: str
    priority: int = 0


class PlaceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of a variant at one place."""

    location_id: UUID
    name: str
    on_hand: int
    reserved: int
    held: int
    available: int
    backorder: bool
    low_at: int | None


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the stock journal: by how much each figure of a level was changed, and why."""

    id: UUID
    location_id: UUID
    kind: str
    on_hand: int
    reserved: int
    held: int
    order_id: UUID | None
    reason: str
    actor: str
    created_at: datetime


class Wanted(msgspec.Struct, frozen=True):
    """Units of a tracked variant, taken at one location; None where there is no stock at all."""

    variant_id: UUID
    sku: str
    quantity: int
    location_id: UUID | None = None


class NewHold(msgspec.Struct, frozen=True, kw_only=True):
    """For whom stock is held and until when. `shopper_key` names the person for the cap."""

    cart_id: UUID
    shopper_key: str
    network_address: str
    expires_at: datetime


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """How many carts of one shopper, and of one network address, may hold stock at a time."""

    per_shopper: int
    per_address: int


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to know before stock is held for a cart.

    `places` is where each variant is best taken; `shopper` and `address` count the other carts of
    this shopper and of this network address that hold stock. `own`: the cart holds some itself;
    `lapsed`: the time of other holds on these variants has passed.
    """

    places: Mapping[UUID, UUID]
    shopper: int
    address: int
    own: bool
    lapsed: bool


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a wanted line.

    `left` is what it could have had, or, once taken, what remains for later orders; `low` says
    that the variant's threshold was reached by this.
    """

    variant_id: UUID
    sku: str
    taken: bool
    left: int
    low: bool


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is on hand: to a figure, or by a figure."""

    on_hand: int | None = None
    adjust: int | None = None
    backorder: bool | None = None
    low_at: int | None = None

    def check(self) -> None:
        """Raises InvalidInput unless it says exactly one thing about the figure, within reason."""
        if self.on_hand is not None and self.adjust is not None:
            raise _wrong("adjust", "Either on_hand or adjust.")
        if self.on_hand is not None and not 0 <= self.on_hand <= LARGEST_STOCK:
            raise _wrong("on_hand", "Not negative.")
        if self.adjust is not None and abs(self.adjust) > LARGEST_STOCK:
            raise _wrong("adjust", "Too large.")
        if self == Change():
            raise _wrong("on_hand", "Either on_hand or adjust.")


def place_errors(name: str, priority: int) -> list[FieldError]:
    """What is wrong with a place where goods lie."""
    errors: list[FieldError] = []
    if not name.strip() or len(name) > 100:
        errors.append(FieldError("name", "invalid", "1 to 100 characters."))
    if not 0 <= priority <= LARGEST_PRIORITY:
        errors.append(FieldError("priority", "out_of_range", f"From 0 to {LARGEST_PRIORITY}."))
    return errors


def _wrong(path: str, message: str) -> InvalidInput:
    error = FieldError(path, "invalid", message)
    return InvalidInput("This is no change of stock.", errors=[error])


def refuse_shortage(taken: Sequence[Taken]) -> None:
    """Raises OutOfStock for the first SKU that was not to be had."""
    missing = sorted((one.sku, one.left) for one in taken if not one.taken)
    if missing:
        raise OutOfStock(*missing[0])
