"""Encrypt all that is kept secret with the newest key, so that the older ones can be dropped."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from tradewind.database.engine import Store
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import Keyring, SecretUnreadable
from tradewind.settings.service import audit


class Place(NamedTuple):
    """A column that holds ciphers, and the column that says what each belongs to."""

    table: str
    column: str
    named: str


OF_STORES = (
    Place("shop.plugin_settings", "settings", "plugin"),
    Place("control.business_channel_settings", "settings", "plugin"),
    Place("shop.webhook_endpoints", "secrets", "url"),
    Place("shop.payment_sessions", "action", "id"),
    Place("shop.payment_sessions", "data", "id"),
)
OF_HOST = (Place("control.accounts", "second_factor", "email"),)
"""Every place where something encrypted is kept for long; a test looks for others.

Answers to named requests are encrypted too, and gone after a day.
"""


class Rotated(msgspec.Struct, frozen=True):
    """How many secrets are under the newest key now, and whose no key opens."""

    count: int = 0
    unreadable: Sequence[str] = ()

    def __add__(self, other: "Rotated") -> "Rotated":
        return Rotated(self.count + other.count, [*self.unreadable, *other.unreadable])


class _Executor(Protocol):
    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def execute(self, query: str, *args: Any) -> str: ...


async def rotate_store(engine: Engine, store: Store, actor: str) -> Rotated:
    """The secrets of a store; what no key opens stays as it is.

    What is written meanwhile is left alone: whoever writes it has the newest key.
    """
    async with engine.database.transaction(store.id) as tx:
        rotated = sum(
            [await _rotate(engine, tx, place, store.id) for place in OF_STORES], Rotated()
        )
        await audit(tx, actor, "secrets.rotated", "store", store.slug, {"count": rotated.count})
    return rotated


async def rotate_host(engine: Engine) -> Rotated:
    """The secrets that belong to no store."""
    pool = engine.database.pool
    return sum([await _rotate(engine, pool, place, None) for place in OF_HOST], Rotated())


async def _rotate(
    engine: Engine, executor: _Executor, place: Place, store_id: UUID | None
) -> Rotated:
    table, column, named = place
    args = [] if store_id is None else [store_id]
    own = "true" if store_id is None else "store_id = $1"
    named_one, old, new = (len(args) + number for number in (1, 2, 3))
    rows = await executor.fetch(
        f"""SELECT {named} AS named, {column} AS cipher FROM {table}
            WHERE {own} AND {column} IS NOT NULL ORDER BY 1""",
        *args,
    )
    count, unreadable = 0, []
    for row in rows:
        try:
            fresh = _fresh(engine.keyring, row["cipher"])
        except SecretUnreadable:
            unreadable.append(f"{row['named']} ({table})")
            continue
        done = await executor.execute(
            f"""UPDATE {table} SET {column} = ${new}
                WHERE {own} AND {named} = ${named_one} AND {column} = ${old}""",
            *args,
            row["named"],
            row["cipher"],
            fresh,
        )
        count += int(done.rpartition(" ")[2])
    return Rotated(count, unreadable)


def _fresh(keyring: Keyring, kept: bytes) -> bytes:
    """The same under the newest key, also where it was kept before it was encrypted."""
    return keyring.encrypt(kept) if kept.startswith(b"{") else keyring.rotate(kept)
