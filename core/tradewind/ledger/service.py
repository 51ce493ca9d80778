"""Transfers between two accounts; each moves one amount, so the ledger balances by construction."""

from uuid import UUID

from tradewind.database import Transaction
from tradewind.ledger import queries
from tradewind.ledger.rules import Balance, Entry

__all__ = ["Balance", "Entry", "balances", "transfer"]


async def transfer(tx: Transaction, entry: Entry) -> bool:
    """Move an amount from the credited to the debited account, once per `dedupe_key`.

    Returns false when it was moved before.
    """
    return await queries.insert_transfer(tx, entry, await _accounts(tx, entry))


async def balances(tx: Transaction) -> list[Balance]:
    """Every account with its debits and credits."""
    return await queries.balances(tx)


async def _accounts(tx: Transaction, entry: Entry) -> tuple[UUID, UUID]:
    currency = entry.amount.currency
    found = await queries.accounts(tx, [entry.debit, entry.credit], currency)
    if len(found) < 2:
        await queries.add_accounts(tx, [entry.debit, entry.credit], currency)
        found = await queries.accounts(tx, [entry.debit, entry.credit], currency)
    return found[entry.debit], found[entry.credit]
