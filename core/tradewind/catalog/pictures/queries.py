"""Pictures of other hosts in SQL, one statement for each question."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tradewind.catalog.pictures.rules import ForeignPicture, State, key_of
from tradewind.database import Transaction

_COLUMNS = "id, product_id, url, state, address, error, attempts, due_at, created_at"


async def kept(tx: Transaction, urls: Sequence[str]) -> dict[str, str]:
    """Where those of these pictures lie that were fetched before, for whatever product."""
    rows = await tx.fetch(
        """SELECT DISTINCT ON (url_key) url, address FROM shop.foreign_pictures
           WHERE store_id = $1 AND url_key = ANY ($2::bytea[]) AND state = 'kept'
           ORDER BY url_key, id DESC""",
        tx.store_id,
        [key_of(url) for url in urls],
    )
    return {row["url"]: row["address"] for row in rows}


async def note(tx: Transaction, wanted: Sequence[tuple[UUID, str]]) -> None:
    """Have pictures of products fetched; what was given up is tried anew."""
    await tx.execute(
        """INSERT INTO shop.foreign_pictures AS f
               (store_id, id, product_id, url, url_key, due_at, created_at)
           SELECT $1, w.id, w.product_id, w.url, w.url_key, $2, $2
           FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::bytea[])
               AS w (id, product_id, url, url_key)
           ON CONFLICT (store_id, product_id, url_key) DO UPDATE
           SET state = 'waiting', address = NULL, error = '', attempts = 0, due_at = $2
           WHERE f.state <> 'waiting'""",
        tx.store_id,
        tx.now,
        [tx.new_id() for _ in wanted],
        [product_id for product_id, _ in wanted],
        [url for _, url in wanted],
        [key_of(url) for _, url in wanted],
    )


async def due(tx: Transaction, most: int) -> list[ForeignPicture]:
    """Pictures that are to be fetched now, the oldest first."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM shop.foreign_pictures
            WHERE store_id = $1 AND state = 'waiting' AND due_at <= $2
            ORDER BY due_at, id LIMIT $3""",
        tx.store_id,
        tx.now,
        most,
    )
    return [ForeignPicture(**dict(row)) for row in rows]


async def listed(
    tx: Transaction, state: State | None, before: UUID | None, limit: int
) -> list[ForeignPicture]:
    """Pictures of other hosts, newest first."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM shop.foreign_pictures
            WHERE store_id = $1 AND ($2::text IS NULL OR state = $2)
              AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4""",
        tx.store_id,
        state,
        before,
        limit,
    )
    return [ForeignPicture(**dict(row)) for row in rows]


async def show(tx: Transaction, product_id: UUID, url: str, address: str) -> bool:
    """Show our own copy where the product names the picture; false when it does so no more."""
    shown = await tx.fetchval(
        """UPDATE shop.products p
           SET images = array_replace(p.images, $3, $4), version = p.version + 1, updated_at = $5
           WHERE p.store_id = $1 AND p.id = $2 AND (p.images @> ARRAY[$3] OR EXISTS (
               SELECT FROM shop.variants v
               WHERE v.store_id = $1 AND v.product_id = $2 AND v.image = $3))
           RETURNING p.id""",
        tx.store_id,
        product_id,
        url,
        address,
        tx.now,
    )
    if shown is not None:
        await tx.execute(
            """UPDATE shop.variants SET image = $4
               WHERE store_id = $1 AND product_id = $2 AND image = $3""",
            tx.store_id,
            product_id,
            url,
            address,
        )
    return shown is not None


async def mark_kept(tx: Transaction, picture_id: UUID, address: str) -> None:
    """Remember where a picture is kept."""
    await tx.execute(
        """UPDATE shop.foreign_pictures
           SET state = 'kept', address = $3, error = '', attempts = attempts + 1
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        picture_id,
        address,
    )


async def mark_failed(
    tx: Transaction, picture_id: UUID, error: str, due_at: datetime | None
) -> None:
    """Remember what was wrong, and when to try again; without a time it is given up."""
    await tx.execute(
        """UPDATE shop.foreign_pictures
           SET state = CASE WHEN $4::timestamptz IS NULL THEN 'failed' ELSE 'waiting' END,
               error = $3, attempts = attempts + 1, due_at = coalesce($4, due_at)
           WHERE store_id = $1 AND id = $2 AND state = 'waiting'""",
        tx.store_id,
        picture_id,
        error,
        due_at,
    )


async def forget(tx: Transaction, picture_id: UUID) -> None:
    """Fetch a picture no more."""
    await tx.execute(
        "DELETE FROM shop.foreign_pictures WHERE store_id = $1 AND id = $2",
        tx.store_id,
        picture_id,
    )


async def forget_kept_at(tx: Transaction, address: str) -> None:
    """What lay at an address of ours is there no more."""
    await tx.execute(
        "DELETE FROM shop.foreign_pictures WHERE store_id = $1 AND address = $2",
        tx.store_id,
        address,
    )
