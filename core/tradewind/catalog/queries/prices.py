"""Writing prices. What could be ambiguous is refused by the table's own constraints."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.catalog.rules import NewPrice
from tradewind.database import Transaction

_INSERT = """
INSERT INTO shop.prices
    (store_id, id, variant_id, currency, amount, region_id, starts_at, ends_at, created_at)
SELECT $1, id, variant_id, currency, amount, region_id, starts_at, ends_at, $2
FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::uuid[], $8::timestamptz[],
            $9::timestamptz[])
    AS n(id, variant_id, currency, amount, region_id, starts_at, ends_at)"""


async def set_prices(tx: Transaction, prices: Sequence[tuple[UUID, NewPrice]]) -> None:
    """Set prices of variants beside those that are there.

    One with the same currency, region and beginning is replaced. Raises
    asyncpg.ExclusionViolationError when two would count at the same time.
    """
    plain = [one for one in prices if one[1].plain and one[1].region_id is None]
    regional = [one for one in prices if one[1].plain and one[1].region_id is not None]
    dated = [one for one in prices if not one[1].plain]
    await _upsert(tx, plain, "(store_id, variant_id, currency) WHERE region_id IS NULL")
    await _upsert(
        tx, regional, "(store_id, variant_id, currency, region_id) WHERE region_id IS NOT NULL"
    )
    await _replace_dated(tx, dated)


async def delete_prices(tx: Transaction, variant_id: UUID) -> None:
    """Leave a variant without any price."""
    await tx.execute(
        "DELETE FROM shop.prices WHERE store_id = $1 AND variant_id = $2", tx.store_id, variant_id
    )


async def delete_price(tx: Transaction, variant_id: UUID, price_id: UUID) -> bool:
    """Take one price of a variant away; false when there is none."""
    gone = await tx.fetchval(
        """DELETE FROM shop.prices WHERE store_id = $1 AND variant_id = $2 AND id = $3
           RETURNING id""",
        tx.store_id,
        variant_id,
        price_id,
    )
    return gone is not None


async def _upsert(tx: Transaction, prices: Sequence[tuple[UUID, NewPrice]], target: str) -> None:
    if prices:
        await tx.execute(
            f"""{_INSERT} ON CONFLICT {target} AND starts_at IS NULL
                DO UPDATE SET amount = EXCLUDED.amount""",
            *_columns(tx, prices),
        )


async def _replace_dated(tx: Transaction, prices: Sequence[tuple[UUID, NewPrice]]) -> None:
    if not prices:
        return
    await tx.execute(
        """DELETE FROM shop.prices p
           USING unnest($2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[])
               AS n(variant_id, currency, region_id, starts_at)
           WHERE p.store_id = $1 AND p.variant_id = n.variant_id AND p.currency = n.currency
             AND p.region_id IS NOT DISTINCT FROM n.region_id AND p.starts_at = n.starts_at""",
        tx.store_id,
        [variant_id for variant_id, _ in prices],
        [one.currency for _, one in prices],
        [one.region_id for _, one in prices],
        [one.starts_at for _, one in prices],
    )
    await tx.execute(_INSERT, *_columns(tx, prices))


def _columns(tx: Transaction, prices: Sequence[tuple[UUID, NewPrice]]) -> tuple[object, ...]:
    return (
        tx.store_id,
        tx.now,
        [tx.new_id() for _ in prices],
        [variant_id for variant_id, _ in prices],
        [one.currency for _, one in prices],
        [one.amount for _, one in prices],
        [one.region_id for _, one in prices],
        [one.starts_at for _, one in prices],
        [one.ends_at for _, one in prices],
    )
