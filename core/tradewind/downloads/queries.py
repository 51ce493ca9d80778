"""Files that are sold, and downloads, in SQL."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.database import Transaction
from tradewind.downloads.rules import GOES_ON, Download, Grant, ProductFile

_FILE = "id, product_id, variant_id, media_id, title, days, downloads, created_at"


async def insert_file(tx: Transaction, file: ProductFile) -> None:
    """Add a file to a product."""
    await tx.execute(
        """INSERT INTO shop.product_files (store_id, id, product_id, variant_id, media_id, title,
                                           days, downloads, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        tx.store_id,
        file.id,
        file.product_id,
        file.variant_id,
        file.media_id,
        file.title,
        file.days,
        file.downloads,
        file.created_at,
    )


async def files_of(tx: Transaction, product_ids: Sequence[UUID]) -> list[ProductFile]:
    """The files of products, oldest first."""
    rows = await tx.fetch(
        f"""SELECT {_FILE} FROM shop.product_files
            WHERE store_id = $1 AND product_id = ANY ($2::uuid[]) AND archived_at IS NULL
            ORDER BY id""",
        tx.store_id,
        list(product_ids),
    )
    return [ProductFile(**dict(row)) for row in rows]


async def archive_file(tx: Transaction, product_id: UUID, file_id: UUID) -> bool:
    """Sell a file no more; false when the product has no such file."""
    found = await tx.fetchval(
        """UPDATE shop.product_files SET archived_at = $4
           WHERE store_id = $1 AND product_id = $2 AND id = $3 AND archived_at IS NULL
           RETURNING id""",
        tx.store_id,
        product_id,
        file_id,
        tx.now,
    )
    return found is not None


async def grant(tx: Transaction, order_id: UUID, grants: Sequence[Grant]) -> None:
    """Let a buyer fetch files; what was granted before stays as it is."""
    await tx.execute(
        """INSERT INTO shop.downloads (store_id, id, order_id, line_id, file_id, allowed,
                                       granted_at, expires_at)
           SELECT $1, id, $2, line_id, file_id, allowed, $3, expires_at
           FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::int[], $8::timestamptz[])
               AS g (id, line_id, file_id, allowed, expires_at)
           ON CONFLICT (store_id, line_id, file_id) DO NOTHING""",
        tx.store_id,
        order_id,
        tx.now,
        [tx.new_id() for _ in grants],
        [one.line_id for one in grants],
        [one.file_id for one in grants],
        [one.allowed for one in grants],
        [one.expires_at for one in grants],
    )


_DOWNLOAD = """
    SELECT d.id, d.order_id, d.line_id, f.title, m.name, m.content_type, m.key, m.bytes,
           d.allowed, d.used, d.expires_at
    FROM shop.downloads d
    JOIN shop.product_files f ON f.store_id = d.store_id AND f.id = d.file_id
    JOIN shop.media m ON m.store_id = f.store_id AND m.id = f.media_id
"""


async def downloads_of(tx: Transaction, order_id: UUID) -> list[Download]:
    """What may be fetched of an order, in the order of its files."""
    rows = await tx.fetch(
        f"{_DOWNLOAD} WHERE d.store_id = $1 AND d.order_id = $2 ORDER BY d.id",
        tx.store_id,
        order_id,
    )
    return [Download(**dict(row)) for row in rows]


async def download(tx: Transaction, download_id: UUID) -> Download | None:
    """One download."""
    row = await tx.fetchrow(
        f"{_DOWNLOAD} WHERE d.store_id = $1 AND d.id = $2", tx.store_id, download_id
    )
    return None if row is None else Download(**dict(row))


async def count(tx: Transaction, download_id: UUID, *, begins: bool) -> bool:
    """Count a fetch unless it goes on with one that counted; false when none is left."""
    found = await tx.fetchval(
        """UPDATE shop.downloads d SET used = d.used + f.one,
               counted_at = CASE WHEN f.one = 1 THEN $3 ELSE d.counted_at END
           FROM (SELECT store_id, id, CASE WHEN $4 OR counted_at IS NULL OR counted_at <= $5
                                           THEN 1 ELSE 0 END AS one
                 FROM shop.downloads WHERE store_id = $1 AND id = $2 FOR UPDATE) f
           WHERE d.store_id = $1 AND d.id = f.id AND f.store_id = $1
             AND d.used + f.one <= d.allowed AND d.expires_at > $3 RETURNING d.used""",
        tx.store_id,
        download_id,
        tx.now,
        begins,
        tx.now - GOES_ON,
    )
    return found is not None


async def renew(tx: Transaction, order_id: UUID) -> int:
    """Let everything of an order be fetched as on its first day; returns how much that is."""
    rows = await tx.fetch(
        """UPDATE shop.downloads d
           SET used = 0, counted_at = NULL,
               expires_at = $3::timestamptz + make_interval(days => f.days)
           FROM shop.product_files f
           WHERE d.store_id = $1 AND d.order_id = $2 AND f.store_id = d.store_id
             AND f.id = d.file_id RETURNING d.id""",
        tx.store_id,
        order_id,
        tx.now,
    )
    return len(rows)
