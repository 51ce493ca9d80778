"""Piccolo tables of the ledger: accounts, and transfers between two of them."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class LedgerAccount(Table, tablename="ledger_accounts", schema="shop", db=TABLES):
    """An account of the ledger, in one currency."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    code = Text(default=None)
    currency = Text(default=None)
    created_at = Timestamptz(default=None)


class LedgerTransfer(Table, tablename="ledger_transfers", schema="shop", db=TABLES):
    """An amount moved between two accounts. Append-only."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    debit_account_id = UUID(default=None)
    credit_account_id = UUID(default=None)
    currency = Text(default=None)
    amount = BigInt(default=None)
    kind = Text(default=None)
    dedupe_key = Text(default=None)
    payment_id = UUID(null=True, default=None)
    order_id = UUID(null=True, default=None)
    occurred_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)
