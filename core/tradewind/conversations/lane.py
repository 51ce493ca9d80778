"""The lane a drain job holds, and the ways of letting it go."""

from datetime import datetime
from uuid import UUID

import msgspec

from tradewind.database.engine import Store
from tradewind.database.sql import Writes
from tradewind.settings.engine import Engine


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one store's plugin; `holder` is the job."""

    store: Store
    plugin: str
    name: str
    holder: UUID


async def leave(engine: Engine, lane: Lane) -> None:
    """The lane is worked off: let it go and remove the job."""
    writes = Writes()
    let_go(writes, lane, None)
    await writes.run(engine.database.pool)


async def put_off(engine: Engine, lane: Lane, again: datetime) -> None:
    """Let the lane go and run the job again at a later moment."""
    writes = Writes()
    let_go(writes, lane, again)
    await writes.run(engine.database.pool)


def let_go(writes: Writes, lane: Lane, again: datetime | None) -> None:
    """Add to `writes`: release the lane, and remove the job or put it off.

    A job that was put off looks at waiting messages too when it comes back.
    """
    writes.add(
        """UPDATE control.lanes SET holder = NULL
           WHERE store_id = {0} AND plugin = {1} AND lane = {2} AND holder = {3}""",
        lane.store.id,
        lane.plugin,
        lane.name,
        lane.holder,
    )
    if again is None:
        writes.add("DELETE FROM control.jobs WHERE id = {0}", lane.holder)
    else:
        writes.add(
            """UPDATE control.jobs
               SET run_at = {1}, leased_by = NULL, leased_until = NULL, attempts = attempts - 1,
                   payload = payload || '{{"outbound": 1}}'
               WHERE id = {0}""",
            lane.holder,
            again,
        )
