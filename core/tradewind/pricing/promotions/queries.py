"""Promotions and their uses in SQL, one statement for each question."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.database import Transaction
from tradewind.database.patterns import like
from tradewind.pricing.promotions.rules import KeptPromotion, PromotionFilter, state_of
from tradewind.pricing.queries import PROMOTION
from tradewind.pricing.rules import Promotion

_KEPT = f"""
SELECT {PROMOTION} || jsonb_build_object('used', (
           SELECT count(*) FROM shop.promotion_uses u
           WHERE u.store_id = p.store_id AND u.promotion_id = p.id)) AS promotion,
       p.archived_at, p.created_at
FROM shop.promotions p
WHERE p.store_id = $1 AND """

# What state a promotion is in, as `state_of` says it.
_STATE = """
    CASE WHEN p.archived_at IS NOT NULL THEN 'archived'
         WHEN p.ends_at <= $2 THEN 'expired'
         WHEN p.starts_at > $2 THEN 'scheduled'
         WHEN p.used >= p.usage_limit THEN 'exhausted'
         ELSE 'active' END"""

_COLUMNS = """code, title, kind, value, currency, rules, minimum, usage_limit, limit_per_customer,
    stackable, priority, starts_at, ends_at"""


async def promotion(
    tx: Transaction, promotion_id: UUID, *, lock: bool = False
) -> KeptPromotion | None:
    """One promotion; locked, no order is placed with it until the transaction ends."""
    if lock:
        await tx.execute(
            "SELECT FROM shop.promotions WHERE store_id = $1 AND id = $2 FOR UPDATE",
            tx.store_id,
            promotion_id,
        )
    row = await tx.fetchrow(_KEPT + "p.id = $2", tx.store_id, promotion_id)
    return None if row is None else _kept(row, tx.now)


async def promotions(
    tx: Transaction, wanted: PromotionFilter, before: UUID | None, most: int
) -> list[KeptPromotion]:
    """Promotions that match, newest first."""
    rows = await tx.fetch(
        f"""{_KEPT} ($3::uuid IS NULL OR p.id < $3)
              AND ($4::text IS NULL OR p.title ILIKE $4 OR p.code ILIKE $4)
              AND CASE WHEN $5::text IS NULL THEN p.archived_at IS NULL ELSE {_STATE} = $5 END
            ORDER BY p.id DESC LIMIT $6""",
        tx.store_id,
        tx.now,
        before,
        like(wanted.q) if wanted.q else None,
        wanted.state,
        most,
    )
    return [_kept(row, tx.now) for row in rows]


async def insert(tx: Transaction, new: Promotion) -> bool:
    """Store a promotion; false when another one has its code."""
    stored = await tx.fetchval(
        f"""INSERT INTO shop.promotions (store_id, id, created_at, {_COLUMNS})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            ON CONFLICT (store_id, code_key) WHERE code IS NOT NULL AND archived_at IS NULL
            DO NOTHING RETURNING id""",
        tx.store_id,
        new.id,
        tx.now,
        *_values(new),
    )
    return stored is not None


async def update(tx: Transaction, new: Promotion) -> None:
    """Overwrite a locked promotion. What is limited is counted anew, by the orders that stand."""
    await tx.execute(
        """UPDATE shop.promotions
           SET code = $3, title = $4, kind = $5, value = $6, currency = $7, rules = $8,
               minimum = $9, usage_limit = $10, limit_per_customer = $11, stackable = $12,
               priority = $13, starts_at = $14, ends_at = $15, used = $16
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        new.id,
        *_values(new),
        0 if new.usage_limit is None else new.used,
    )


async def archive(tx: Transaction, promotion_id: UUID) -> None:
    """Take a promotion out of use for good; its code is free again."""
    await tx.execute(
        "UPDATE shop.promotions SET archived_at = $3 WHERE store_id = $1 AND id = $2",
        tx.store_id,
        promotion_id,
        tx.now,
    )


async def taken(tx: Transaction, code: str, promotion_id: UUID) -> bool:
    """Whether another promotion has this code, in any case of letters."""
    found: bool = await tx.fetchval(
        """SELECT EXISTS (
               SELECT FROM shop.promotions
               WHERE store_id = $1 AND code_key = $2 AND archived_at IS NULL AND id <> $3)""",
        tx.store_id,
        code.upper(),
        promotion_id,
    )
    return found


async def unknown(
    tx: Transaction, category_ids: Sequence[UUID], region_ids: Sequence[UUID]
) -> Mapping[str, Sequence[UUID]]:
    """Which of these categories and regions the store does not have."""
    row = await tx.fetchrow(
        """SELECT ARRAY(SELECT given.id FROM unnest($2::uuid[]) AS given(id)
                        WHERE NOT EXISTS (SELECT FROM shop.categories c
                                          WHERE c.store_id = $1 AND c.id = given.id))
                      AS category_ids,
                  ARRAY(SELECT given.id FROM unnest($3::uuid[]) AS given(id)
                        WHERE NOT EXISTS (SELECT FROM shop.regions r
                                          WHERE r.store_id = $1 AND r.id = given.id))
                      AS region_ids""",
        tx.store_id,
        list(category_ids),
        list(region_ids),
    )
    return {} if row is None else dict(row)


class Counted(msgspec.Struct, frozen=True):
    """A promotion as far as its uses are counted."""

    id: UUID
    title: str
    usage_limit: int | None
    limit_per_customer: int | None


async def counted(tx: Transaction, ids: Sequence[UUID]) -> list[Counted]:
    """How promotions are limited, with nobody changing that until the transaction ends.

    They are waited for in the order of their ids; orders with the same promotion pass one another.
    """
    rows = await tx.fetch(
        """SELECT id, title, usage_limit, limit_per_customer FROM shop.promotions
           WHERE store_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR KEY SHARE""",
        tx.store_id,
        list(ids),
    )
    return [Counted(**dict(row)) for row in rows]


async def take(tx: Transaction, promotion_id: UUID) -> bool:
    """Count one use of a promotion with a limit; false when it is used up."""
    taken = await tx.fetchval(
        """UPDATE shop.promotions SET used = used + 1
           WHERE store_id = $1 AND id = $2 AND used < usage_limit RETURNING id""",
        tx.store_id,
        promotion_id,
    )
    return taken is not None


async def insert_uses(
    tx: Transaction, ids: Sequence[UUID], order_id: UUID, shopper: Sequence[str]
) -> None:
    """Record that an order used promotions that every shopper may use as often as they like."""
    await tx.execute(
        """WITH used AS (
               INSERT INTO shop.promotion_uses (store_id, promotion_id, order_id, created_at)
               SELECT $1, given.id, $3, $5 FROM unnest($2::uuid[]) AS given(id)
               RETURNING promotion_id)
           INSERT INTO shop.promotion_shoppers (store_id, promotion_id, order_id, shopper)
           SELECT $1, used.promotion_id, $3, names.shopper
           FROM used CROSS JOIN unnest($4::text[]) AS names(shopper)""",
        tx.store_id,
        list(ids),
        order_id,
        list(shopper),
        tx.now,
    )


# Names are taken in their order, so that two orders of one shopper wait for one another in one way.
_NUMBERED = """
WITH names AS (SELECT unnest($4::text[]) AS shopper),
before AS (
    SELECT s.shopper, s.number, s.order_id FROM shop.promotion_shoppers s
    WHERE s.store_id = $1 AND s.promotion_id = $2 AND s.shopper = ANY ($4::text[])),
free AS (
    SELECT n.shopper, (
        SELECT min(one.number)
        FROM generate_series(1, least($6::integer, 1 + (
                 SELECT count(*) FROM before b WHERE b.shopper = n.shopper))) AS one(number)
        WHERE NOT EXISTS (SELECT FROM before b
                          WHERE b.shopper = n.shopper AND b.number = one.number)) AS number
    FROM names n),
used AS (
    INSERT INTO shop.promotion_uses (store_id, promotion_id, order_id, created_at)
    SELECT $1, $2, $3, $5
    WHERE $6 > (SELECT count(DISTINCT b.order_id) FROM before b)
      AND NOT EXISTS (SELECT FROM free WHERE free.number IS NULL)
    RETURNING order_id)
INSERT INTO shop.promotion_shoppers (store_id, promotion_id, order_id, shopper, number)
SELECT $1, $2, used.order_id, free.shopper, free.number
FROM used CROSS JOIN free ORDER BY free.shopper
RETURNING number"""


async def insert_numbered(
    tx: Transaction, promotion: Counted, order_id: UUID, shopper: Sequence[str]
) -> bool:
    """Record a use under the lowest free number of each of a shopper's names.

    False where the shopper has used it as often as they may. Raises UniqueViolationError when
    another order takes one of the numbers at the same time.
    """
    stored = await tx.fetch(
        _NUMBERED,
        tx.store_id,
        promotion.id,
        order_id,
        list(shopper),
        tx.now,
        promotion.limit_per_customer,
    )
    return bool(stored)


async def give_back(tx: Transaction, order_id: UUID) -> list[UUID]:
    """Take back that an order used promotions; returns those of which it was true until now."""
    rows = await tx.fetch(
        """WITH used AS (
               SELECT p.id FROM shop.promotions p
               JOIN shop.promotion_uses u ON u.store_id = p.store_id AND u.promotion_id = p.id
               WHERE p.store_id = $1 AND u.order_id = $2 ORDER BY p.id FOR KEY SHARE OF p)
           DELETE FROM shop.promotion_uses u USING used
           WHERE u.store_id = $1 AND u.order_id = $2 AND u.promotion_id = used.id
           RETURNING u.promotion_id""",
        tx.store_id,
        order_id,
    )
    return sorted(row["promotion_id"] for row in rows)


async def put_back(tx: Transaction, promotion_id: UUID) -> None:
    """Count one use less of a promotion, where uses are counted."""
    await tx.execute(
        """UPDATE shop.promotions SET used = used - 1
           WHERE store_id = $1 AND id = $2 AND usage_limit IS NOT NULL AND used > 0""",
        tx.store_id,
        promotion_id,
    )


def _values(new: Promotion) -> tuple[Any, ...]:
    return (
        new.code,
        new.title,
        new.kind,
        new.value,
        new.currency,
        msgspec.json.encode(new.rules).decode(),
        new.minimum,
        new.usage_limit,
        new.limit_per_customer,
        new.stackable,
        new.priority,
        new.starts_at,
        new.ends_at,
    )


def _kept(row: asyncpg.Record, now: datetime) -> KeptPromotion:
    found = msgspec.json.decode(row["promotion"], type=Promotion)
    state = state_of(found, row["archived_at"], now)
    return KeptPromotion(promotion=found, state=state, created_at=row["created_at"])
