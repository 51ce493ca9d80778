"""Stock in SQL. Rows are always taken in the order of their SKU, so that orders never deadlock."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from tradewind.database import Transaction
from tradewind.inventory.rules import (
    Change,
    Level,
    Look,
    Movement,
    NewHold,
    Place,
    PlaceLevel,
    Taken,
    Wanted,
)

_LEVEL = """
    SELECT v.sku, v.id AS variant_id, coalesce(sum(l.on_hand), 0)::bigint AS on_hand,
           coalesce(sum(l.reserved), 0)::bigint AS reserved,
           coalesce(sum(l.held), 0)::bigint AS held,
           coalesce(sum(l.on_hand - l.reserved - l.held), 0)::bigint AS available,
           coalesce(bool_or(l.backorder), false) AS backorder, max(l.low_at) AS low_at,
           coalesce(bool_or(l.on_hand - l.reserved <= l.low_at), false) AS low
    FROM shop.variants v
    LEFT JOIN shop.inventory_levels l ON l.store_id = v.store_id AND l.variant_id = v.id
    WHERE v.store_id = $1 AND """


async def level_by_sku(tx: Transaction, sku: str) -> Level | None:
    """The stock of a SKU in any case."""
    row = await tx.fetchrow(
        _LEVEL + "v.sku_key = upper($2) GROUP BY v.store_id, v.id", tx.store_id, sku
    )
    return None if row is None else Level(**dict(row))


async def levels(
    tx: Transaction, after: str, limit: int, words: str | None = None, *, low: bool = False
) -> list[Level]:
    """Stock in the order of SKUs, after one of them; with `low`, what is running out."""
    rows = await tx.fetch(
        _LEVEL
        + """v.archived_at IS NULL AND v.sku > $2 AND ($4::text IS NULL OR v.sku ILIKE $4)
             GROUP BY v.store_id, v.id
             HAVING NOT $5 OR bool_or(l.on_hand - l.reserved <= l.low_at)
             ORDER BY v.sku LIMIT $3""",
        tx.store_id,
        after,
        limit,
        words,
        low,
    )
    return [Level(**dict(row)) for row in rows]


async def place_levels(tx: Transaction, variant_id: UUID) -> list[PlaceLevel]:
    """The stock of a variant place by place, in the order in which they are taken from."""
    rows = await tx.fetch(
        """SELECT p.id AS location_id, p.name, l.on_hand, l.reserved, l.held,
                  l.on_hand - l.reserved - l.held AS available, l.backorder, l.low_at
           FROM shop.inventory_levels l
           JOIN shop.stock_locations p ON p.store_id = l.store_id AND p.id = l.location_id
           WHERE l.store_id = $1 AND l.variant_id = $2 ORDER BY p.priority, p.id""",
        tx.store_id,
        variant_id,
    )
    return [PlaceLevel(**dict(row)) for row in rows]


async def movements(
    tx: Transaction, variant_id: UUID, before: UUID | None, limit: int
) -> list[Movement]:
    """The journal of a variant, newest first, from before one of its entries."""
    rows = await tx.fetch(
        """SELECT id, location_id, kind, on_hand, reserved, held, order_id, reason, actor,
                  created_at
           FROM shop.stock_movements
           WHERE store_id = $1 AND variant_id = $2 AND ($3::uuid IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4""",
        tx.store_id,
        variant_id,
        before,
        limit,
    )
    return [Movement(**dict(row)) for row in rows]


async def places(tx: Transaction) -> list[Place]:
    """Where goods lie, in the order in which they are taken from."""
    rows = await tx.fetch(
        """SELECT id, name, priority FROM shop.stock_locations WHERE store_id = $1
           ORDER BY priority, id""",
        tx.store_id,
    )
    return [Place(**dict(row)) for row in rows]


async def save_place(tx: Transaction, place: Place) -> None:
    """Store a place, new or known."""
    await tx.execute(
        """INSERT INTO shop.stock_locations (store_id, id, name, priority, created_at)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (store_id, id)
           DO UPDATE SET name = EXCLUDED.name, priority = EXCLUDED.priority""",
        tx.store_id,
        place.id,
        place.name,
        place.priority,
        tx.now,
    )


async def default_location(tx: Transaction) -> UUID:
    """Where stock lies unless somebody says otherwise; made when first needed."""
    found: UUID | None = await tx.fetchval(
        """SELECT id FROM shop.stock_locations WHERE store_id = $1
           ORDER BY priority, id LIMIT 1""",
        tx.store_id,
    )
    if found is not None:
        return found
    location_id = tx.new_id()
    await tx.execute(
        """INSERT INTO shop.stock_locations (store_id, id, name, created_at)
           VALUES ($1, $2, 'Main', $3)""",
        tx.store_id,
        location_id,
        tx.now,
    )
    return location_id


async def lock_level(tx: Transaction, level: Level, location_id: UUID) -> int:
    """What is on hand at a location, with the row locked; makes the row when there is none."""
    on_hand: int = await tx.fetchval(
        """INSERT INTO shop.inventory_levels
               (store_id, variant_id, location_id, sku, updated_at)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (store_id, variant_id, location_id)
           DO UPDATE SET updated_at = EXCLUDED.updated_at
           RETURNING on_hand""",
        tx.store_id,
        level.variant_id,
        location_id,
        level.sku,
        tx.now,
    )
    return on_hand


async def write_level(
    tx: Transaction, variant_id: UUID, location_id: UUID, on_hand: int, change: Change
) -> None:
    """Set what is on hand; the table's CHECK refuses less than is promised."""
    await tx.execute(
        """UPDATE shop.inventory_levels
           SET on_hand = $4, backorder = coalesce($5, backorder), low_at = coalesce($6, low_at),
               updated_at = $7
           WHERE store_id = $1 AND variant_id = $2 AND location_id = $3""",
        tx.store_id,
        variant_id,
        location_id,
        on_hand,
        change.backorder,
        change.low_at,
        tx.now,
    )


async def rename_sku(tx: Transaction, variant_id: UUID, sku: str) -> None:
    """Write a variant's new SKU on its levels."""
    await tx.execute(
        """UPDATE shop.inventory_levels SET sku = $3, updated_at = $4
           WHERE store_id = $1 AND variant_id = $2""",
        tx.store_id,
        variant_id,
        sku,
        tx.now,
    )


async def journal(
    tx: Transaction, variant_id: UUID, location_id: UUID, on_hand: int, reason: str, actor: str
) -> None:
    """Write a change of what is on hand into the stock journal."""
    await tx.execute(
        """INSERT INTO shop.stock_movements (store_id, id, variant_id, location_id, kind, on_hand,
                                             reason, actor, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        tx.store_id,
        tx.new_id(),
        variant_id,
        location_id,
        "received" if on_hand > 0 else "adjusted",
        on_hand,
        reason,
        actor,
        tx.now,
    )


# Own holds go first (reservations before levels, as everywhere), then the levels in SKU order.
# The guard is repeated on the newest row version; the table's CHECK stands behind it. Arrays are
# subselects, so that one plan serves any number of lines.
_RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest((SELECT $3::uuid[]), (SELECT $4::uuid[]), (SELECT $5::bigint[]),
                         (SELECT $6::uuid[])) AS w(variant_id, location_id, quantity, movement_id)
), own AS (
    DELETE FROM shop.stock_reservations h USING wanted w
    WHERE h.store_id = $1 AND h.cart_id = $7 AND h.variant_id = w.variant_id
      AND h.location_id = w.location_id
    RETURNING h.variant_id, h.quantity
), plan AS (
    SELECT w.*, coalesce(own.quantity, 0) AS held
    FROM wanted w LEFT JOIN own ON own.variant_id = w.variant_id
), locked AS (
    SELECT l.variant_id, p.held, p.quantity, p.movement_id,
           l.on_hand - l.reserved - l.held + p.held AS left
    FROM shop.inventory_levels l
    JOIN plan p ON p.variant_id = l.variant_id AND p.location_id = l.location_id
    WHERE l.store_id = $1 ORDER BY l.sku FOR UPDATE OF l
), taken AS (
    UPDATE shop.inventory_levels l
    SET reserved = l.reserved + k.quantity, held = l.held - k.held, updated_at = $2
    FROM locked k JOIN wanted w ON w.variant_id = k.variant_id
    WHERE l.store_id = $1 AND l.variant_id = k.variant_id AND l.location_id = w.location_id
      AND (l.backorder OR l.on_hand - l.reserved - l.held + k.held >= k.quantity)
    RETURNING l.variant_id, l.location_id, k.quantity, k.held, k.movement_id,
              l.on_hand - l.reserved AS rest, l.low_at
), written AS (
    INSERT INTO shop.stock_movements (store_id, id, variant_id, location_id, kind, reserved, held,
                                      order_id, cart_id, created_at)
    SELECT $1, movement_id, variant_id, location_id, 'reserved', quantity, -held, $8, $7, $2
    FROM taken
)
SELECT k.variant_id, t.variant_id IS NOT NULL AS taken, k.left, t.rest,
       coalesce(t.rest <= t.low_at AND t.rest + t.quantity > t.low_at, false) AS low
FROM locked k LEFT JOIN taken t ON t.variant_id = k.variant_id
"""

_HOLD = """
WITH wanted AS (
    SELECT * FROM unnest((SELECT $3::uuid[]), (SELECT $4::uuid[]), (SELECT $5::bigint[]),
                         (SELECT $6::uuid[]), (SELECT $7::uuid[]))
        AS w(variant_id, location_id, quantity, movement_id, hold_id)
), locked AS (
    SELECT l.variant_id, l.on_hand - l.reserved - l.held AS left
    FROM shop.inventory_levels l
    JOIN wanted w ON w.variant_id = l.variant_id AND w.location_id = l.location_id
    WHERE l.store_id = $1 ORDER BY l.sku FOR UPDATE OF l
), taken AS (
    UPDATE shop.inventory_levels l SET held = l.held + w.quantity, updated_at = $2
    FROM wanted w JOIN locked k ON k.variant_id = w.variant_id
    WHERE l.store_id = $1 AND l.variant_id = w.variant_id AND l.location_id = w.location_id
      AND (l.backorder OR l.on_hand - l.reserved - l.held >= w.quantity)
    RETURNING l.variant_id, l.location_id, w.quantity, w.movement_id, w.hold_id
), held AS (
    INSERT INTO shop.stock_reservations (store_id, id, variant_id, location_id, cart_id,
                                         shopper_key, network_address, quantity, expires_at,
                                         created_at)
    SELECT $1, hold_id, variant_id, location_id, $8, $9, $10, quantity, $11, $2 FROM taken
), written AS (
    INSERT INTO shop.stock_movements (store_id, id, variant_id, location_id, kind, held, cart_id,
                                      created_at)
    SELECT $1, movement_id, variant_id, location_id, 'held', quantity, $8, $2 FROM taken
)
SELECT k.variant_id, t.variant_id IS NOT NULL AS taken, k.left, k.left AS rest, false AS low
FROM locked k LEFT JOIN taken t ON t.variant_id = k.variant_id
"""

# Where each variant is best taken: where there is enough, the place of the first priority. With it,
# whether the cart holds stock itself, whether holds on these variants have lapsed, and how many
# other carts of this shopper and of this network address hold any.
_LOOK = """
SELECT DISTINCT ON (w.variant_id) w.variant_id, l.location_id, others.shopper, others.address,
       EXISTS (SELECT FROM shop.stock_reservations h
               WHERE h.store_id = $1 AND h.cart_id = $5) AS own,
       EXISTS (SELECT FROM shop.stock_reservations h
               WHERE h.store_id = $1 AND h.variant_id = ANY ($3) AND h.expires_at <= $2) AS lapsed
FROM unnest((SELECT $3::uuid[]), (SELECT $4::bigint[])) AS w(variant_id, quantity)
CROSS JOIN (
    SELECT count(DISTINCT h.cart_id) FILTER (WHERE h.shopper_key = $6) AS shopper,
           count(DISTINCT h.cart_id) FILTER (WHERE h.network_address = $7) AS address
    FROM shop.stock_reservations h
    WHERE h.store_id = $1 AND h.cart_id <> $5 AND h.expires_at > $2
      AND (h.shopper_key = $6 OR (h.network_address = $7 AND $7 <> ''))) others
LEFT JOIN (shop.inventory_levels l
    JOIN shop.stock_locations p ON p.store_id = l.store_id AND p.id = l.location_id)
    ON l.store_id = $1 AND l.variant_id = w.variant_id
ORDER BY w.variant_id, l.on_hand - l.reserved - l.held < w.quantity, p.priority, p.id
"""

# A released hold leaves its id to the movement that gives it back.
_UNHOLD = """
WITH gone AS (
    DELETE FROM shop.stock_reservations
    WHERE store_id = $1 AND id IN (
        SELECT id FROM shop.stock_reservations WHERE store_id = $1 AND {which}
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING id, variant_id, location_id, cart_id, quantity
), sums AS (
    SELECT variant_id, location_id, sum(quantity)::bigint AS quantity
    FROM gone GROUP BY variant_id, location_id
), locked AS (
    SELECT l.variant_id, l.location_id FROM shop.inventory_levels l
    JOIN sums s ON s.variant_id = l.variant_id AND s.location_id = l.location_id
    WHERE l.store_id = $1 ORDER BY l.sku FOR UPDATE OF l
), freed AS (
    UPDATE shop.inventory_levels l SET held = l.held - s.quantity, updated_at = $2
    FROM sums s JOIN locked k ON k.variant_id = s.variant_id AND k.location_id = s.location_id
    WHERE l.store_id = $1 AND l.variant_id = s.variant_id AND l.location_id = s.location_id
)
INSERT INTO shop.stock_movements (store_id, id, variant_id, location_id, kind, held, cart_id,
                                  created_at)
SELECT $1, id, variant_id, location_id, 'unheld', -quantity, cart_id, $2 FROM gone
RETURNING id
"""
_UNHOLD_CART = _UNHOLD.format(which="cart_id = $4")
_UNHOLD_EXPIRED = _UNHOLD.format(which="expires_at <= $2")
_UNHOLD_EXPIRED_OF = _UNHOLD.format(which="expires_at <= $2 AND variant_id = ANY ($4::uuid[])")

_GIVE_BACK = """
WITH plan AS (
    SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[])
        AS w(variant_id, location_id, quantity, movement_id)
), locked AS (
    SELECT l.variant_id, l.location_id FROM shop.inventory_levels l
    JOIN plan p ON p.variant_id = l.variant_id AND p.location_id = l.location_id
    WHERE l.store_id = $1 ORDER BY l.sku FOR UPDATE OF l
), changed AS (
    UPDATE shop.inventory_levels l
    SET on_hand = l.on_hand + p.quantity * $7, reserved = l.reserved + p.quantity * $8,
        updated_at = $2
    FROM plan p JOIN locked k ON k.variant_id = p.variant_id AND k.location_id = p.location_id
    WHERE l.store_id = $1 AND l.variant_id = p.variant_id AND l.location_id = p.location_id
    RETURNING p.movement_id, p.variant_id, p.location_id, p.quantity
)
INSERT INTO shop.stock_movements (store_id, id, variant_id, location_id, kind, on_hand, reserved,
                                  order_id, created_at)
SELECT $1, movement_id, variant_id, location_id, $9, quantity * $7, quantity * $8, $10, $2
FROM changed
"""

SIGNS = {"released": (0, -1), "consumed": (-1, -1), "returned": (1, 0)}


async def reserve(
    tx: Transaction, cart_id: UUID, order_id: UUID, wanted: Sequence[Wanted]
) -> list[Taken]:
    """Reserve stock for an order, using up the cart's own holds; says what was not to be had."""
    located = [one for one in wanted if one.location_id is not None]
    args = (*_columns(tx, located), cart_id, order_id)
    rows = await tx.fetch(_RESERVE, tx.store_id, tx.now, *args) if located else []
    return outcome(wanted, rows)


async def hold(tx: Transaction, new: NewHold, wanted: Sequence[Wanted]) -> list[Taken]:
    """Hold stock for a cart that holds nothing yet; says what was not to be had."""
    located = [one for one in wanted if one.location_id is not None]
    args = (
        *_columns(tx, located),
        [tx.new_id() for _ in located],
        new.cart_id,
        new.shopper_key,
        new.network_address,
        new.expires_at,
    )
    rows = await tx.fetch(_HOLD, tx.store_id, tx.now, *args) if located else []
    return outcome(wanted, rows)


async def look(tx: Transaction, new: NewHold, wanted: Sequence[Wanted]) -> Look:
    """What there is to know before stock is held."""
    rows = await tx.fetch(
        _LOOK,
        tx.store_id,
        tx.now,
        [one.variant_id for one in wanted],
        [one.quantity for one in wanted],
        new.cart_id,
        new.shopper_key,
        new.network_address,
    )
    first = rows[0]
    return Look(
        places={row["variant_id"]: row["location_id"] for row in rows if row["location_id"]},
        shopper=first["shopper"],
        address=first["address"] if new.network_address else 0,
        own=first["own"],
        lapsed=first["lapsed"],
    )


async def lock_levels(tx: Transaction, cart_id: UUID, variant_ids: Sequence[UUID]) -> None:
    """Take the levels of these variants, and of those a cart holds, in the order of all orders."""
    await tx.execute(
        """SELECT FROM shop.inventory_levels l
           WHERE l.store_id = $1 AND l.variant_id IN (
               SELECT unnest($3::uuid[]) UNION
               SELECT variant_id FROM shop.stock_reservations
               WHERE store_id = $1 AND cart_id = $2)
           ORDER BY l.sku FOR UPDATE OF l""",
        tx.store_id,
        cart_id,
        list(variant_ids),
    )


async def extend_holds(tx: Transaction, cart_id: UUID, expires_at: datetime) -> None:
    """Keep a cart's holds for longer."""
    await tx.execute(
        """UPDATE shop.stock_reservations SET expires_at = $3
           WHERE store_id = $1 AND cart_id = $2 AND expires_at < $3""",
        tx.store_id,
        cart_id,
        expires_at,
    )


async def release_holds(tx: Transaction, cart_id: UUID) -> int:
    """Let go of what a cart holds; returns how many holds."""
    return len(await tx.fetch(_UNHOLD_CART, tx.store_id, tx.now, 10_000, cart_id))


async def release_expired(tx: Transaction, most: int) -> int:
    """Let go of holds whose time has passed; returns how many."""
    return len(await tx.fetch(_UNHOLD_EXPIRED, tx.store_id, tx.now, most))


async def release_expired_of(tx: Transaction, variant_ids: Sequence[UUID]) -> int:
    """Let go of lapsed holds on these variants; returns how many."""
    args = (tx.store_id, tx.now, 10_000, list(variant_ids))
    return len(await tx.fetch(_UNHOLD_EXPIRED_OF, *args))


async def give_back(tx: Transaction, kind: str, order_id: UUID, wanted: Sequence[Wanted]) -> None:
    """Undo or use up reservations: `released`, `consumed` or `returned`."""
    located = [one for one in wanted if one.location_id is not None]
    on_hand, reserved = SIGNS[kind]
    args = (*_columns(tx, located), on_hand, reserved, kind, order_id)
    if located:
        await tx.execute(_GIVE_BACK, tx.store_id, tx.now, *args)


def _columns(tx: Transaction, wanted: Sequence[Wanted]) -> tuple[list[object], ...]:
    return (
        [one.variant_id for one in wanted],
        [one.location_id for one in wanted],
        [one.quantity for one in wanted],
        [tx.new_id() for _ in wanted],
    )


def outcome(wanted: Sequence[Wanted], rows: Sequence[asyncpg.Record]) -> list[Taken]:
    """What became of each line, from rows as this room's statements and `shop.hold_stock` give."""
    found = {row["variant_id"]: row for row in rows}
    return [_taken(one, found.get(one.variant_id)) for one in wanted]


def _taken(one: Wanted, row: asyncpg.Record | None) -> Taken:
    taken = bool(row and row["taken"])
    return Taken(
        variant_id=one.variant_id,
        sku=one.sku,
        taken=taken,
        left=(row["rest"] if taken else max(0, row["left"])) if row else 0,
        low=bool(row and row["low"]),
    )
