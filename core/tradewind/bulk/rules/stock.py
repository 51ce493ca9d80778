"""The file of stock: a row for each SKU and location.

An empty cell keeps what there is; without a location the store's first one is meant. `on_hand` sets
the figure, `adjust` changes it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from tradewind.bulk.rules.batches import Form, Group, alone
from tradewind.bulk.rules.cells import BadCell, whole, yes_or_no
from tradewind.bulk.rules.runs import Counts, Outcome, RowError, row_error
from tradewind.bulk.rules.sheet import Row
from tradewind.contracts.errors import FieldError
from tradewind.inventory.rules import LARGEST_STOCK

COLUMNS = ("sku", "location", "on_hand", "backorder", "low_at")
_CHANGES = ("on_hand", "adjust", "backorder", "low_at")


def _name(row: Row) -> str:
    sku, location = row.get("sku").strip().upper(), row.get("location").strip()
    return f"{sku}\n{location}" if sku else ""


FORM = Form(
    canonical=lambda word: word if word in {*COLUMNS, "adjust"} else None,
    required=("sku",),
    any_of=_CHANGES,
    together=alone,
    names=lambda row: [("sku", _name(row))],
)


class StockedVariant(msgspec.Struct, frozen=True):
    """A variant that a row names."""

    id: UUID
    sku: str


class KnownLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Stock of a variant in one place; `promised` is reserved or held."""

    variant_id: UUID
    location_id: UUID
    on_hand: int = 0
    promised: int = 0
    backorder: bool = False
    low_at: int | None = None


Place = tuple[UUID, UUID]


class KnownStock(msgspec.Struct, frozen=True):
    """What is stored: variants by upper-case SKU, locations by name ("" is the first one)."""

    variants: Mapping[str, StockedVariant]
    locations: Mapping[str, UUID]
    levels: Mapping[Place, KnownLevel]


class LevelWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A level to be written, and how much it moves by."""

    variant_id: UUID
    location_id: UUID
    sku: str
    on_hand: int
    moved: int
    backorder: bool
    low_at: int | None


class StockPlan:
    """What a batch of stock comes to; `created` has no level yet."""

    def __init__(self, known: KnownStock) -> None:
        self._known = known
        self._places: set[Place] = set()
        self.counts = Counts()
        self.errors: list[RowError] = []
        self.created: list[LevelWrite] = []
        self.changed: list[LevelWrite] = []

    @property
    def outcome(self) -> Outcome:
        """What became of the rows."""
        return Outcome(self.counts, self.errors)

    def add(self, group: Group) -> None:
        """Plan one row."""
        row = group.rows[0]
        errors = [] if group.errors else self._plan(row)
        if errors or group.errors:
            self.errors += [*group.errors, *(row_error(row.number, one) for one in errors)]
            self.counts += Counts(refused=group.size)

    def _plan(self, row: Row) -> list[FieldError]:
        variant = self._known.variants.get(row.get("sku").strip().upper())
        location_id = self._known.locations.get(row.get("location").strip())
        if variant is None:
            return [FieldError("sku", "unknown_sku", "There is no such SKU.")]
        if location_id is None:
            return [FieldError("location", "unknown_location", "There is no such location.")]
        place = (variant.id, location_id)
        if place in self._places:
            return [FieldError("sku", "repeated", "This came up earlier in the file.")]
        self._places.add(place)
        known = self._known.levels.get(place)
        old = known or KnownLevel(variant_id=variant.id, location_id=location_id)
        new, errors = _changed(row, old)
        if not errors:
            self._note(variant.sku, known, old, new)
        return errors

    def _note(self, sku: str, known: KnownLevel | None, old: KnownLevel, new: KnownLevel) -> None:
        if new == old:
            self.counts += Counts(unchanged=1)
            return
        write = LevelWrite(
            variant_id=new.variant_id,
            location_id=new.location_id,
            sku=sku,
            on_hand=new.on_hand,
            moved=new.on_hand - old.on_hand,
            backorder=new.backorder,
            low_at=new.low_at,
        )
        if known is None:
            self.created.append(write)
            self.counts += Counts(created=1)
        else:
            self.changed.append(write)
            self.counts += Counts(changed=1)


def plan_stock(groups: Sequence[Group], known: KnownStock) -> StockPlan:
    """What these rows change."""
    plan = StockPlan(known)
    for group in groups:
        plan.add(group)
    return plan


def _changed(row: Row, old: KnownLevel) -> tuple[KnownLevel, list[FieldError]]:
    """The level as the row wants it, or what speaks against it."""
    errors: list[FieldError] = []
    on_hand, adjust = _whole(row, "on_hand", errors), _whole(row, "adjust", errors)
    low_at = _whole(row, "low_at", errors)
    backorder = _backorder(row, errors)
    if on_hand is not None and adjust is not None:
        errors.append(FieldError("adjust", "invalid", "Either on_hand or adjust."))
    new = msgspec.structs.replace(
        old,
        on_hand=old.on_hand + (adjust or 0) if on_hand is None else on_hand,
        backorder=old.backorder if backorder is None else backorder,
        low_at=old.low_at if low_at is None else low_at,
    )
    said = "on_hand" if adjust is None else "adjust"
    return new, errors or _refusals(old, new, said)


def _refusals(old: KnownLevel, new: KnownLevel, said: str) -> list[FieldError]:
    """What the stock's own rules say: never less than nothing, never less than is promised."""
    if new.on_hand != old.on_hand and not 0 <= new.on_hand <= LARGEST_STOCK:
        words = f"There would be {new.on_hand}; from 0 to {LARGEST_STOCK} can be."
        return [FieldError(said, "out_of_range", words)]
    if new.on_hand < new.promised and not new.backorder:
        words = f"{new.promised} are promised to orders and carts."
        return [FieldError(said, "stock_promised", words)]
    return []


def _whole(row: Row, column: str, errors: list[FieldError]) -> int | None:
    if not row.get(column).strip():
        return None
    try:
        return whole(row.get(column))
    except BadCell as bad:
        errors.append(bad.at(column))
        return None


def _backorder(row: Row, errors: list[FieldError]) -> bool | None:
    if not row.get("backorder").strip():
        return None
    try:
        return yes_or_no(row.get("backorder"))
    except BadCell as bad:
        errors.append(bad.at("backorder"))
        return None
