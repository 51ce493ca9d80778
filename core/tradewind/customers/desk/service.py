"""What a merchant looks up and writes down about customers. Nothing of it proves anything."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.contracts.errors import NotFound
from tradewind.customers.desk import queries
from tradewind.customers.desk.rules import Record, RecordChange, changed
from tradewind.database import Transaction


async def list_records(
    tx: Transaction, words: str | None, *, before: UUID | None, limit: int
) -> Sequence[Record]:
    """Customers, newest first; one more than `limit` where there are more.

    With `words`, those whose e-mail address, name, last name or phone number begins so.
    """
    return await queries.records(tx, words.strip() if words else None, before, limit + 1)


async def get_record(tx: Transaction, customer_id: UUID) -> Record:
    """One customer. Raises NotFound."""
    return _known(await queries.record(tx, customer_id))


async def create(tx: Transaction, told: RecordChange) -> Record:
    """Add a customer whom no channel knows yet."""
    new = changed(Record(id=tx.new_id(), created_at=tx.now, updated_at=tx.now), told)
    await queries.insert(tx, new)
    return new


async def update(tx: Transaction, customer_id: UUID, told: RecordChange) -> Record:
    """Write down what is known now. Raises NotFound."""
    new = changed(_known(await queries.record(tx, customer_id, lock=True)), told)
    await queries.write(tx, new)
    return _known(await queries.record(tx, customer_id))


def _known(record: Record | None) -> Record:
    if record is None:
        raise NotFound("There is no such customer.")
    return record
