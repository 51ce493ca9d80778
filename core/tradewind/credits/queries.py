"""Packs and credits in SQL."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from tradewind.credits.rules import Grant, PackTerms, Reason, Taking
from tradewind.database import Transaction
from tradewind.orders.queries import OF_GUEST

_GRANT = """id, customer_id, order_id, line_id, credits, remaining, expires_at, created_at,
    forfeited, withdrawn"""
_LEFT = f"""
    SELECT coalesce(sum(found.remaining), 0)::bigint FROM (
        SELECT c.id, c.remaining FROM shop.credit_grants c
        WHERE c.store_id = $1 AND c.customer_id = $2
          AND (c.expires_at IS NULL OR c.expires_at > $3)
        UNION
        SELECT c.id, c.remaining FROM shop.credit_grants c
        WHERE c.store_id = $1 AND c.order_id IN (SELECT g.id {OF_GUEST})
          AND (c.expires_at IS NULL OR c.expires_at > $3)) found"""


async def save_terms(tx: Transaction, terms: PackTerms) -> None:
    """Have a variant grant credits from now on."""
    await tx.execute(
        """INSERT INTO shop.pack_terms (store_id, variant_id, credits, days, updated_at)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (store_id, variant_id)
           DO UPDATE SET credits = excluded.credits, days = excluded.days,
                         updated_at = excluded.updated_at""",
        tx.store_id,
        terms.variant_id,
        terms.credits,
        terms.days,
        tx.now,
    )


async def pack_kind(tx: Transaction, variant_id: UUID) -> str | None:
    """The kind of the product that a variant belongs to; None where there is no such variant."""
    kind: str | None = await tx.fetchval(
        """SELECT p.kind FROM shop.variants v
           JOIN shop.products p ON p.store_id = v.store_id AND p.id = v.product_id
           WHERE v.store_id = $1 AND v.id = $2 AND v.archived_at IS NULL""",
        tx.store_id,
        variant_id,
    )
    return kind


async def terms_of(tx: Transaction, variant_ids: Sequence[UUID]) -> list[PackTerms]:
    """What variants grant."""
    rows = await tx.fetch(
        """SELECT variant_id, credits, days FROM shop.pack_terms
           WHERE store_id = $1 AND variant_id = ANY ($2::uuid[])""",
        tx.store_id,
        list(variant_ids),
    )
    return [PackTerms(**dict(row)) for row in rows]


async def insert_grant(
    tx: Transaction, grant: Grant, reason: Reason, actor: str, note: str = ""
) -> bool:
    """Add credits with their entry; false when the order's line has granted before."""
    found = await tx.fetchval(
        """WITH added AS (
               INSERT INTO shop.credit_grants (store_id, id, customer_id, order_id, line_id,
                                               credits, remaining, expires_at, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)
               ON CONFLICT (store_id, line_id) DO NOTHING RETURNING id)
           INSERT INTO shop.credit_entries (store_id, id, grant_id, amount, reason, actor, note,
                                            created_at)
           SELECT $1, $9, id, $6, $10, $11, $12, $8 FROM added RETURNING grant_id""",
        tx.store_id,
        grant.id,
        grant.customer_id,
        grant.order_id,
        grant.line_id,
        grant.credits,
        grant.expires_at,
        tx.now,
        tx.new_id(),
        reason,
        actor,
        note,
    )
    return found is not None


async def grants_of(
    tx: Transaction, customer_id: UUID, order_ids: Sequence[UUID], *, lock: bool = False
) -> list[Grant]:
    """A customer's credits, and those of orders that are theirs, oldest first."""
    rows = await tx.fetch(
        f"""SELECT {_GRANT} FROM shop.credit_grants
            WHERE store_id = $1 AND (customer_id = $2 OR order_id = ANY ($3::uuid[]))
            ORDER BY id {"FOR UPDATE" if lock else ""}""",
        tx.store_id,
        customer_id,
        list(order_ids),
    )
    return [Grant(**dict(row)) for row in rows]


async def left_of(tx: Transaction, customer_id: UUID) -> int:
    """What can be used now of a customer's credits and of those of their orders as a guest."""
    left: int = await tx.fetchval(_LEFT, tx.store_id, customer_id, tx.now)
    return left


async def grants_of_order(tx: Transaction, order_id: UUID) -> list[Grant]:
    """What an order has granted; nobody takes of it meanwhile."""
    rows = await tx.fetch(
        f"""SELECT {_GRANT} FROM shop.credit_grants
            WHERE store_id = $1 AND order_id = $2 ORDER BY id FOR UPDATE""",
        tx.store_id,
        order_id,
    )
    return [Grant(**dict(row)) for row in rows]


async def take(
    tx: Transaction,
    takings: Sequence[Taking],
    reason: Reason,
    actor: str,
    note: str = "",
    order_id: UUID | None = None,
) -> None:
    """Take credits, each with its entry; one too many breaks the table's own rule.

    What an order uses carries its `order_id`.
    """
    await tx.execute(
        """WITH taken AS (
               UPDATE shop.credit_grants g SET remaining = g.remaining - t.amount
               FROM unnest($2::uuid[], $3::int[], $4::uuid[]) AS t (grant_id, amount, entry_id)
               WHERE g.store_id = $1 AND g.id = t.grant_id
               RETURNING g.id, t.amount, t.entry_id)
           INSERT INTO shop.credit_entries (store_id, id, grant_id, amount, reason, actor, note,
                                            created_at, order_id)
           SELECT $1, entry_id, id, -amount, $5, $6, $7, $8, $9 FROM taken""",
        tx.store_id,
        [one.grant_id for one in takings],
        [one.amount for one in takings],
        [tx.new_id() for _ in takings],
        reason,
        actor,
        note,
        tx.now,
        order_id,
    )


async def lock_used(tx: Transaction, order_id: UUID) -> bool:
    """Lock the grants that an order was paid with; false when there are none."""
    rows = await tx.fetch(
        """SELECT id FROM shop.credit_grants g
           WHERE g.store_id = $1 AND EXISTS (
               SELECT FROM shop.credit_entries e
               WHERE e.store_id = $1 AND e.order_id = $2 AND e.grant_id = g.id
                 AND e.reason = 'used')
           ORDER BY id FOR UPDATE""",
        tx.store_id,
        order_id,
    )
    return bool(rows)


async def still_used(tx: Transaction, order_id: UUID) -> list[Taking]:
    """What an order used and has not been returned, but of packs whose money went back."""
    rows = await tx.fetch(
        """SELECT e.grant_id, -sum(e.amount)::bigint AS amount
           FROM shop.credit_entries e
           JOIN shop.credit_grants g ON g.store_id = $1 AND g.id = e.grant_id
           LEFT JOIN shop.orders pack ON pack.store_id = $1 AND pack.id = g.order_id
           WHERE e.store_id = $1 AND e.order_id = $2
             AND pack.payment_status IS DISTINCT FROM 'refunded'
           GROUP BY e.grant_id HAVING sum(e.amount) < 0""",
        tx.store_id,
        order_id,
    )
    return [Taking(row["grant_id"], row["amount"]) for row in rows]


async def forfeit(tx: Transaction, gone: Mapping[UUID, int]) -> None:
    """Have so many credits of locked grants go with their money; never fewer than before."""
    await tx.execute(
        """UPDATE shop.credit_grants g SET forfeited = greatest(g.forfeited, f.credits)
           FROM unnest($2::uuid[], $3::int[]) AS f (grant_id, credits)
           WHERE g.store_id = $1 AND g.id = f.grant_id AND g.forfeited < f.credits""",
        tx.store_id,
        list(gone),
        list(gone.values()),
    )


async def withdraw(tx: Transaction, grant_ids: Sequence[UUID], actor: str) -> None:
    """Take back what is forfeited of locked grants, as far as it is left."""
    await tx.execute(
        """WITH due AS (
               SELECT g.id, t.entry_id, least(g.remaining, g.forfeited - g.withdrawn) AS amount
               FROM shop.credit_grants g
               JOIN unnest($2::uuid[], $3::uuid[]) AS t (grant_id, entry_id) ON t.grant_id = g.id
               WHERE g.store_id = $1),
           taken AS (
               UPDATE shop.credit_grants g
               SET remaining = g.remaining - due.amount, withdrawn = g.withdrawn + due.amount
               FROM due WHERE g.store_id = $1 AND g.id = due.id AND due.amount > 0
               RETURNING g.id, due.entry_id, due.amount)
           INSERT INTO shop.credit_entries (store_id, id, grant_id, amount, reason, actor,
                                            created_at)
           SELECT $1, entry_id, id, -amount, 'refunded', $4, $5 FROM taken""",
        tx.store_id,
        list(grant_ids),
        [tx.new_id() for _ in grant_ids],
        actor,
        tx.now,
    )
