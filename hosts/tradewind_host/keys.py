"""API keys: found by what was presented, listed, revoked; and which origins browsers may use.

A secret key that was found is believed for `FRESH`; a publishable one, which is in everybody's
hands anyway, for `FRESH_IN_THE_OPEN`. One revoked in this process is refused at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tradewind.contracts.errors import NotFound
from tradewind.database import Database, Store, Transaction
from tradewind.database.directory import ApiKey, api_key, hash_key

FRESH = timedelta(seconds=5)
FRESH_IN_THE_OPEN = timedelta(seconds=60)
_MOST_KEPT = 10_000


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as it may be shown: `hint` is its beginning and its end."""

    id: UUID
    kind: str
    hint: str
    title: str
    role: str
    origins: Sequence[str]
    created_at: datetime
    revoked_at: datetime | None


class Keys:
    """What this process knows of API keys."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: dict[bytes, tuple[datetime, ApiKey | None]] = {}
        self._origins: dict[str, tuple[datetime, bool]] = {}

    async def find(self, key: str) -> ApiKey | None:
        """The credential behind a presented key, or None."""
        name, now = hash_key(key), self._database.clock.now()
        known = self._found.get(name)
        if known is not None and _fresh(known[0], now, known[1]):
            return known[1]
        found = await api_key(self._database, key)
        _make_room(self._found)
        self._found[name] = (now, found)
        return found

    def remembered(self, key: str) -> ApiKey | None:
        """The credential behind a key that was presented a moment ago, without asking for it."""
        known = self._found.get(hash_key(key))
        if known is None or not _fresh(known[0], self._database.clock.now(), known[1]):
            return None
        return known[1]

    async def knows_origin(self, origin: str) -> bool:
        """Whether any publishable key lists this origin: what a preflight can be told."""
        now = self._database.clock.now()
        known = self._origins.get(origin)
        if known is not None and _fresh(known[0], now):
            return known[1]
        found: bool = await self._database.pool.fetchval(
            """SELECT EXISTS (SELECT 1 FROM control.api_keys
               WHERE kind = 'publishable' AND revoked_at IS NULL
                 AND ($1 = ANY (origins) OR '*' = ANY (origins)))""",
            origin,
        )
        _make_room(self._origins)
        self._origins[origin] = (now, found)
        return found

    async def origins_of(self, store_id: UUID) -> Sequence[str]:
        """The origins that any publishable key of a store lists."""
        found: Sequence[str] | None = await self._database.pool.fetchval(
            """SELECT array_agg(DISTINCT origin)
               FROM control.api_keys CROSS JOIN unnest(origins) AS origin
               WHERE store_id = $1 AND kind = 'publishable' AND revoked_at IS NULL""",
            store_id,
        )
        return found or ()

    def forget(self) -> None:
        """Look everything up anew."""
        self._found.clear()
        self._origins.clear()


def _fresh(read_at: datetime, now: datetime, key: ApiKey | None = None) -> bool:
    in_the_open = key is not None and key.kind == "publishable"
    return timedelta() <= now - read_at < (FRESH_IN_THE_OPEN if in_the_open else FRESH)


def _make_room(
    kept: dict[str, tuple[datetime, bool]] | dict[bytes, tuple[datetime, ApiKey | None]],
) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()


async def list_keys(database: Database, store: Store) -> list[KeyView]:
    """The store's API keys, newest first."""
    rows = await database.pool.fetch(
        """SELECT id, kind, hint, title, role, origins, created_at, revoked_at
           FROM control.api_keys WHERE store_id = $1 ORDER BY id DESC""",
        store.id,
    )
    return [KeyView(**dict(row)) for row in rows]


async def revoke_key(tx: Transaction, key_id: UUID) -> None:
    """Refuse a key from now on; revoking it twice changes nothing. Raises NotFound."""
    found = await tx.fetchval(
        """UPDATE control.api_keys SET revoked_at = coalesce(revoked_at, $3)
           WHERE store_id = $1 AND id = $2 RETURNING id""",
        tx.store_id,
        key_id,
        tx.now,
    )
    if found is None:
        raise NotFound("There is no such key.")
