"""Jobs that nothing has led to."""

from tradewind.database import Database
from tradewind.outbox import jobs
from tradewind.outbox.jobs import Job


async def enqueue(database: Database, *made: Job) -> None:
    """Add jobs in a transaction of their own."""
    async with database.transaction(database.new_id()) as tx:
        await jobs.enqueue_in(tx, *made)
