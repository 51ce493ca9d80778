"""What seeding reads and writes in SQL: many rows of a table in one statement."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from tradewind.catalog.rules import full_title
from tradewind.database import Transaction
from tradewind_host.volume.goods import Dated, received
from tradewind_host.volume.rows import TABLES, MovementRow, Row
from tradewind_host.volume.sales import ACCOUNTS, Article

MOST_ARTICLES = 20_000


async def write(tx: Transaction, rows: Iterable[Row]) -> None:
    """Insert rows, one statement for each table."""
    by_table: defaultdict[type[Row], list[Row]] = defaultdict(list)
    for row in rows:
        by_table[type(row)].append(row)
    for kind, table in TABLES.items():
        if by_table[kind]:
            columns = ", ".join(kind.__struct_fields__)
            await tx.execute(
                f"""INSERT INTO shop.{table} (store_id, {columns})
                    SELECT $1, {columns} FROM jsonb_populate_recordset(NULL::shop.{table}, $2)""",
                tx.store_id,
                msgspec.json.encode(by_table[kind]).decode(),
            )


async def known_seeds(tx: Transaction, skus: Sequence[str]) -> set[str]:
    """Which of the seeded products are there, by the SKU that is in their metadata and variants."""
    rows = await tx.fetch(
        """SELECT DISTINCT p.metadata ->> 'seed' AS seed
           FROM shop.variants v JOIN shop.products p ON p.store_id = $1 AND p.id = v.product_id
           WHERE v.store_id = $1 AND v.sku_key = ANY ($2::text[])""",
        tx.store_id,
        [code for sku in skus for code in (sku.upper(), f"{sku.upper()}-S")],
    )
    return {row["seed"] for row in rows if row["seed"]}


async def known_orders(tx: Transaction, operations: Sequence[str]) -> set[str]:
    """Which of these payments are there, and so their orders."""
    rows = await tx.fetch(
        """SELECT operation_id FROM shop.payments
           WHERE store_id = $1 AND operation_id = ANY ($2::text[])""",
        tx.store_id,
        list(operations),
    )
    return {row["operation_id"] for row in rows}


async def known_customers(tx: Transaction, emails: Sequence[str]) -> dict[str, UUID]:
    """The customers who are there, by mail address in lower case."""
    rows = await tx.fetch(
        """SELECT email_key, id FROM shop.customers
           WHERE store_id = $1 AND email_key = ANY ($2::text[]) ORDER BY id""",
        tx.store_id,
        list(emails),
    )
    return {row["email_key"]: row["id"] for row in rows}


async def articles(tx: Transaction, currency: str) -> list[Article]:
    """Up to 20,000 variants that can be sold in a currency, in an order of no meaning."""
    rows = await tx.fetch(
        """SELECT v.id, v.product_id, v.sku, p.title AS product, v.title, p.kind, v.options,
                  v.tracked, v.tax_class, pr.amount
           FROM shop.variants v
           JOIN shop.products p ON p.store_id = $1 AND p.id = v.product_id
           JOIN shop.prices pr ON pr.store_id = $1 AND pr.variant_id = v.id AND pr.currency = $2
               AND pr.region_id IS NULL AND pr.starts_at IS NULL
           WHERE v.store_id = $1 AND v.archived_at IS NULL AND p.status = 'published'
             AND (NOT v.tracked OR EXISTS (SELECT FROM shop.inventory_levels l
                                           WHERE l.store_id = $1 AND l.variant_id = v.id))
           ORDER BY md5(v.sku) LIMIT $3""",
        tx.store_id,
        currency,
        MOST_ARTICLES,
    )
    return [
        Article(
            variant_id=row["id"],
            product_id=row["product_id"],
            sku=row["sku"],
            title=full_title(row["product"], row["title"]),
            kind=row["kind"],
            options=msgspec.json.decode(row["options"], type=dict[str, str]),
            tracked=row["tracked"],
            tax_class=row["tax_class"],
            price=row["amount"],
        )
        for row in rows
    ]


async def tax_of(tx: Transaction, region_id: UUID) -> tuple[str, Decimal]:
    """The name and percentage of a region's plain tax; nought where there is none."""
    row = await tx.fetchrow(
        """SELECT name, rate FROM shop.tax_rates
           WHERE store_id = $1 AND region_id = $2 AND tax_class = 'standard' AND province IS NULL
           ORDER BY id LIMIT 1""",
        tx.store_id,
        region_id,
    )
    return ("Tax", Decimal(0)) if row is None else (row["name"], row["rate"])


async def delivery_of(tx: Transaction, region_id: UUID) -> tuple[UUID, str, int] | None:
    """A region's first delivery option: id, name, price."""
    row = await tx.fetchrow(
        """SELECT id, name, price FROM shop.shipping_options
           WHERE store_id = $1 AND region_id = $2 AND archived_at IS NULL
           ORDER BY position, id LIMIT 1""",
        tx.store_id,
        region_id,
    )
    return None if row is None else (row["id"], row["name"], row["price"])


async def accounts(tx: Transaction, currency: str) -> dict[str, UUID]:
    """The books that money of seeded orders goes through; opened where they are missing."""
    await tx.execute(
        """INSERT INTO shop.ledger_accounts (store_id, id, code, currency, created_at)
           SELECT $1, a.id, a.code, $4, $5 FROM unnest($2::uuid[], $3::text[]) AS a (id, code)
           ON CONFLICT DO NOTHING""",
        tx.store_id,
        [tx.new_id() for _ in ACCOUNTS],
        list(ACCOUNTS),
        currency,
        tx.now,
    )
    rows = await tx.fetch(
        """SELECT code, id FROM shop.ledger_accounts
           WHERE store_id = $1 AND code = ANY ($2::text[]) AND currency = $3""",
        tx.store_id,
        list(ACCOUNTS),
        currency,
    )
    return {row["code"]: row["id"] for row in rows}


async def move_stock(
    tx: Transaction, location: UUID, moved: Sequence[MovementRow], before: datetime, new_id: Dated
) -> list[MovementRow]:
    """Bring levels in line with movements; what would not be enough was delivered `before` them.

    What came or came back later is not counted on: it may not have been there yet. Returns those
    deliveries. Rows are taken in the order of their SKUs, as everywhere.
    """
    taken: Counter[UUID] = Counter()
    left: Counter[UUID] = Counter()
    reserved: Counter[UUID] = Counter()
    for one in moved:
        taken[one.variant_id] -= one.on_hand
        left[one.variant_id] -= min(one.on_hand, 0)
        reserved[one.variant_id] += one.reserved
    rows = await tx.fetch(
        """SELECT l.variant_id, l.on_hand - l.reserved - l.held - coalesce((
                      SELECT sum(m.on_hand) FROM shop.stock_movements m
                      WHERE m.store_id = $1 AND m.variant_id = l.variant_id
                        AND m.location_id = $2 AND m.on_hand > 0 AND m.created_at > $4), 0)::bigint
                      AS free
           FROM shop.inventory_levels l
           WHERE l.store_id = $1 AND l.location_id = $2 AND l.variant_id = ANY ($3::uuid[])
           ORDER BY l.sku FOR UPDATE OF l""",
        tx.store_id,
        location,
        sorted(taken),
        before,
    )
    delivered = []
    for row in rows:
        variant = row["variant_id"]
        lacking = left[variant] + reserved[variant] - row["free"]
        if lacking > 0:
            units = lacking + 100
            delivered.append(received(new_id(before), variant, location, units, before))
            taken[variant] -= units
    variants = sorted(taken)
    await tx.execute(
        """UPDATE shop.inventory_levels l
           SET on_hand = l.on_hand - m.taken, reserved = l.reserved + m.reserved, updated_at = $6
           FROM unnest($3::uuid[], $4::bigint[], $5::bigint[]) AS m (variant_id, taken, reserved)
           WHERE l.store_id = $1 AND l.location_id = $2 AND l.variant_id = m.variant_id""",
        tx.store_id,
        location,
        variants,
        [taken[one] for one in variants],
        [reserved[one] for one in variants],
        tx.now,
    )
    return delivered
