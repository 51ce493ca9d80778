"""The ledger in SQL."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.database import Transaction
from tradewind.database.sql import values
from tradewind.ledger.rules import Balance, Entry


async def accounts(tx: Transaction, codes: Sequence[str], currency: str) -> dict[str, UUID]:
    """The ids of accounts."""
    rows = await tx.fetch(
        """SELECT code, id FROM shop.ledger_accounts
           WHERE store_id = $1 AND code = ANY ($2::text[]) AND currency = $3""",
        tx.store_id,
        list(codes),
        currency,
    )
    return {row["code"]: row["id"] for row in rows}


async def add_accounts(tx: Transaction, codes: Sequence[str], currency: str) -> None:
    """Open accounts that are not there yet."""
    rows = [(tx.store_id, tx.new_id(), code, currency, tx.now) for code in codes]
    await tx.execute(
        f"""INSERT INTO shop.ledger_accounts (store_id, id, code, currency, created_at)
            VALUES {values(len(rows), 5)} ON CONFLICT DO NOTHING""",
        *[cell for row in rows for cell in row],
    )


async def insert_transfer(tx: Transaction, entry: Entry, accounts: tuple[UUID, UUID]) -> bool:
    """Store a transfer; false when its key is known."""
    added = await tx.fetchval(
        """INSERT INTO shop.ledger_transfers
               (store_id, id, debit_account_id, credit_account_id, currency, amount, kind,
                dedupe_key, payment_id, order_id, occurred_at, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
           ON CONFLICT (store_id, dedupe_key) DO NOTHING RETURNING id""",
        tx.store_id,
        tx.new_id(),
        *accounts,
        entry.amount.currency,
        entry.amount.amount,
        entry.kind,
        entry.dedupe_key,
        entry.payment_id,
        entry.order_id,
        tx.now,
    )
    return added is not None


async def balances(tx: Transaction) -> list[Balance]:
    """Every account with the sums of its debits and credits."""
    rows = await tx.fetch(
        """SELECT a.code, a.currency,
                  coalesce((SELECT sum(t.amount) FROM shop.ledger_transfers t
                            WHERE t.store_id = $1 AND t.debit_account_id = a.id), 0)::bigint
                      AS debit,
                  coalesce((SELECT sum(t.amount) FROM shop.ledger_transfers t
                            WHERE t.store_id = $1 AND t.credit_account_id = a.id), 0)::bigint
                      AS credit
           FROM shop.ledger_accounts a WHERE a.store_id = $1 ORDER BY a.code, a.currency""",
        tx.store_id,
    )
    return [Balance(**dict(row)) for row in rows]
