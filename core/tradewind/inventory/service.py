"""What may happen to stock. Every change is in the stock journal, which adds up to the levels."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from tradewind.catalog.rules import Page, refuse
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.database import Transaction
from tradewind.database.patterns import like
from tradewind.inventory import queries
from tradewind.inventory.hold_queries import hold_at_once
from tradewind.inventory.rules import (
    Caps,
    Change,
    Level,
    Movement,
    NewHold,
    Place,
    PlaceLevel,
    Taken,
    Wanted,
    place_errors,
    refuse_shortage,
)


async def levels(tx: Transaction, sku: str) -> Level:
    """The stock of a SKU in any case. Raises NotFound."""
    level = await queries.level_by_sku(tx, sku)
    if level is None:
        raise NotFound(f"There is no SKU {sku}.")
    return level


async def list_levels(
    tx: Transaction,
    *,
    query: str | None = None,
    low: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Level]:
    """Stock by SKU, optionally only SKUs that contain `query`, or only what is running out."""
    words = like(query) if query else None
    found = await queries.levels(tx, cursor or "", limit + 1, words, low=low)
    return Page(found[:limit], found[limit - 1].sku if len(found) > limit else None)


async def place_levels(tx: Transaction, variant_id: UUID) -> list[PlaceLevel]:
    """The stock of a variant place by place, in the order in which they are taken from."""
    return await queries.place_levels(tx, variant_id)


async def list_movements(
    tx: Transaction, sku: str, *, before: UUID | None = None, limit: int = 50
) -> list[Movement]:
    """The stock journal of a SKU, newest first. Raises NotFound."""
    level = await levels(tx, sku)
    return await queries.movements(tx, level.variant_id, before, limit)


async def list_places(tx: Transaction) -> list[Place]:
    """Where goods lie, in the order in which they are taken from."""
    return await queries.places(tx)


async def create_place(tx: Transaction, name: str, priority: int = 0) -> Place:
    """Add a place where goods lie. Raises InvalidInput."""
    refuse(place_errors(name, priority))
    place = Place(id=tx.new_id(), name=name, priority=priority)
    await queries.save_place(tx, place)
    return place


async def update_place(
    tx: Transaction, place_id: UUID, name: str | None, priority: int | None
) -> tuple[Place, Place]:
    """Rename a place, or change when it is taken from; what it was and what it is.

    Raises NotFound, InvalidInput.
    """
    old = await _place(tx, place_id)
    new = Place(
        id=old.id,
        name=old.name if name is None else name,
        priority=old.priority if priority is None else priority,
    )
    refuse(place_errors(new.name, new.priority))
    await queries.save_place(tx, new)
    return old, new


async def set_level(  # noqa: PLR0913 - each is a figure or a word of the same change
    tx: Transaction,
    sku: str,
    *,
    on_hand: int | None = None,
    adjust: int | None = None,
    backorder: bool | None = None,
    low_at: int | None = None,
    location_id: UUID | None = None,
    reason: str = "",
    actor: str = "",
) -> Level:
    """Set what is on hand, or change it by `adjust`; also the rules of this SKU.

    Without `location_id`, at the place of the first priority.

    Raises NotFound, InvalidInput, Conflict `stock_promised` when less would remain than is
    reserved and held.
    """
    change = Change(on_hand=on_hand, adjust=adjust, backorder=backorder, low_at=low_at)
    change.check()
    level = await levels(tx, sku)
    if location_id is None:
        location_id = await queries.default_location(tx)
    else:
        await _place(tx, location_id)
    old = await queries.lock_level(tx, level, location_id)
    new = old + (adjust or 0) if on_hand is None else on_hand
    try:
        await queries.write_level(tx, level.variant_id, location_id, new, change)
    except asyncpg.CheckViolationError:
        promised = level.reserved + level.held
        message = f"{promised} of {level.sku} are promised to orders and carts; {new} are fewer."
        raise Conflict(message, code="stock_promised") from None
    if new != old:
        await queries.journal(tx, level.variant_id, location_id, new - old, reason, actor)
    return await levels(tx, sku)


async def receive(
    tx: Transaction, stock: Mapping[str, int], *, reason: str = "", actor: str = ""
) -> None:
    """Set what is on hand of several SKUs. Raises as `set_level`."""
    for sku, on_hand in sorted(stock.items()):
        await set_level(tx, sku, on_hand=on_hand, reason=reason, actor=actor)


async def rename_sku(tx: Transaction, variant_id: UUID, sku: str) -> None:
    """Have a variant's stock bear its new SKU."""
    await queries.rename_sku(tx, variant_id, sku)


async def hold(tx: Transaction, new: NewHold, wanted: Sequence[Wanted], caps: Caps) -> None:
    """Hold stock for a cart in place of what it held before; the cart's row must be locked.

    Lapsed holds on these variants are released first. One round trip, where there are none and the
    cart holds nothing.
    Raises OutOfStock, Conflict `too_many_holds`.
    """
    if not wanted:
        return
    held = await hold_at_once(tx, new, wanted, caps)
    refuse_shortage(await _held_in_turn(tx, new, wanted, caps) if held is None else held)


async def _held_in_turn(
    tx: Transaction, new: NewHold, wanted: Sequence[Wanted], caps: Caps
) -> Sequence[Taken]:
    variants = [one.variant_id for one in wanted]
    await queries.lock_levels(tx, new.cart_id, variants)
    seen = await queries.look(tx, new, wanted)
    if seen.shopper >= caps.per_shopper or seen.address >= caps.per_address:
        raise Conflict("Too many unfinished checkouts; finish one first.", code="too_many_holds")
    if seen.own:
        await queries.release_holds(tx, new.cart_id)
    if seen.lapsed:
        await queries.release_expired_of(tx, variants)
    if seen.own or seen.lapsed:
        seen = await queries.look(tx, new, wanted)
    located = [
        msgspec.structs.replace(one, location_id=seen.places.get(one.variant_id)) for one in wanted
    ]
    return await queries.hold(tx, new, located)


async def release_holds(tx: Transaction, cart_id: UUID) -> int:
    """Let go of what a cart holds; returns how many holds."""
    return await queries.release_holds(tx, cart_id)


async def release_expired_holds(tx: Transaction, most: int = 500) -> int:
    """Let go of holds whose time has passed; returns how many."""
    return await queries.release_expired(tx, most)


async def extend_holds(tx: Transaction, cart_id: UUID, until: datetime) -> None:
    """Keep a cart's holds until then, if they would lapse earlier."""
    await queries.extend_holds(tx, cart_id, until)


async def release_lapsed(tx: Transaction, variant_ids: Sequence[UUID]) -> int:
    """Let go of lapsed holds on these variants; returns how many."""
    return await queries.release_expired_of(tx, variant_ids)


async def reserve(
    tx: Transaction, cart_id: UUID, order_id: UUID, wanted: Sequence[Wanted]
) -> list[Taken]:
    """Reserve stock for an order and use up its cart's holds. One round trip.

    Returns the variants that fell to their threshold. Raises OutOfStock; the caller's transaction
    must then roll back.
    """
    taken = await queries.reserve(tx, cart_id, order_id, wanted)
    refuse_shortage(taken)
    return [one for one in taken if one.low]


async def release(tx: Transaction, order_id: UUID, lines: Sequence[Wanted]) -> None:
    """Give back what an order had reserved; the order's transition makes sure that it is once."""
    await queries.give_back(tx, "released", order_id, lines)


async def consume(tx: Transaction, order_id: UUID, lines: Sequence[Wanted]) -> None:
    """Reserved goods left the house."""
    await queries.give_back(tx, "consumed", order_id, lines)


async def _place(tx: Transaction, place_id: UUID) -> Place:
    for place in await queries.places(tx):
        if place.id == place_id:
            return place
    raise NotFound("There is no such stock location.")
