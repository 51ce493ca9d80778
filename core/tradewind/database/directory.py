"""What can be asked before the store is known: slugs, API keys, accounts in the outside world."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.database.engine import Database, Store, Transaction

RESERVED_SLUGS = frozenset(
    """products categories regions carts orders customers auth whatsapp-checkout api admin
    webhooks dashboard plugins healthz readyz metrics schema store stores account cart checkout
    pay media static sandbox""".split()
)
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class ApiKey(msgspec.Struct, frozen=True):
    """A credential that was presented and found good."""

    id: UUID
    kind: str
    role: str
    origins: tuple[str, ...]
    store: Store


class ChannelAccount(msgspec.Struct, frozen=True):
    """One store's account with a plugin; `settings` are still encrypted."""

    store_id: UUID
    store_slug: str
    address: str
    settings: bytes


def hash_key(key: str) -> bytes:
    """How API keys are kept: they are long and random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).digest()


async def add_store(database: Database, slug: str, name: str) -> Store:
    """Create a store without settings.

    Raises InvalidInput when the slug is none, Conflict when it is taken or a word of the API.
    """
    store = Store(database.new_id(), slug, name)
    async with database.transaction(store.id) as tx:
        await insert_store(tx, store)
    return store


async def insert_store(tx: Transaction, store: Store) -> None:
    """Write a new store down, in the transaction that sets it up. Raises as `add_store`."""
    _check_slug(store.slug)
    added = await tx.fetchval(
        """INSERT INTO control.stores (id, slug, name, created_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (slug) DO NOTHING RETURNING id""",
        store.id,
        store.slug,
        store.name,
        tx.now,
    )
    if added is None:
        raise Conflict(f"There is a store “{store.slug}” already.", code="slug_taken")


def _check_slug(slug: str) -> None:
    if slug in RESERVED_SLUGS:
        raise Conflict(f"“{slug}” is a word of the API.", code="slug_reserved")
    if not _SLUG.fullmatch(slug):
        message = "Use at most 63 lower-case letters, digits and hyphens, none of them at an end."
        error = FieldError("slug", "invalid_slug", message)
        raise InvalidInput("The slug is not valid.", code="invalid_slug", errors=[error])


async def store_by_slug(database: Database, slug: str) -> Store:
    """The store with this slug. Raises NotFound."""
    row = await database.pool.fetchrow(
        "SELECT id, slug, name FROM control.stores WHERE slug = $1 AND closed_at IS NULL", slug
    )
    if row is None:
        raise NotFound(f"There is no store “{slug}”.")
    return Store(*row)


async def store_by_id(database: Database, store_id: UUID) -> Store:
    """The store with this id. Raises NotFound."""
    row = await database.pool.fetchrow(
        "SELECT id, slug, name FROM control.stores WHERE id = $1 AND closed_at IS NULL", store_id
    )
    if row is None:
        raise NotFound("There is no such store.")
    return Store(*row)


async def all_stores(database: Database) -> Sequence[Store]:
    """Every open store, oldest first."""
    rows = await database.pool.fetch(
        "SELECT id, slug, name FROM control.stores WHERE closed_at IS NULL ORDER BY id"
    )
    return [Store(*row) for row in rows]


async def stores_ever(database: Database) -> Sequence[Store]:
    """Every store, also those that were closed, oldest first."""
    rows = await database.pool.fetch("SELECT id, slug, name FROM control.stores ORDER BY id")
    return [Store(*row) for row in rows]


async def add_api_key(
    database: Database,
    store: Store,
    *,
    kind: str,
    key: str,
    title: str,
    origins: Sequence[str] = (),
) -> UUID:
    """Register an API key (`kind` publishable or secret). Only its hash is kept."""
    key_id = database.new_id()
    await database.pool.execute(
        """INSERT INTO control.api_keys
               (id, store_id, kind, key_hash, hint, title, origins, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        key_id,
        store.id,
        kind,
        hash_key(key),
        f"{key[:6]}…{key[-4:]}",
        title,
        list(origins),
        database.clock.now(),
    )
    return key_id


async def api_key(database: Database, key: str) -> ApiKey | None:
    """The credential behind a presented key, or None."""
    row = await database.pool.fetchrow(
        """SELECT k.id, k.kind, k.role, k.origins, s.id AS store_id, s.slug, s.name
           FROM control.api_keys k JOIN control.stores s ON s.id = k.store_id
           WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND s.closed_at IS NULL""",
        hash_key(key),
    )
    if row is None:
        return None
    store = Store(row["store_id"], row["slug"], row["name"])
    return ApiKey(row["id"], row["kind"], row["role"], tuple(row["origins"]), store)


async def channel_accounts(
    database: Database, plugin: str, *, address: str | None = None, slug: str | None = None
) -> Sequence[ChannelAccount]:
    """Accounts of a plugin: of one address, of one store, or all."""
    rows = await database.pool.fetch(
        """SELECT c.store_id, s.slug, c.address, c.settings
           FROM control.business_channel_settings c JOIN control.stores s ON s.id = c.store_id
           WHERE c.plugin = $1 AND s.closed_at IS NULL
             AND ($2::text IS NULL OR c.address = $2) AND ($3::text IS NULL OR s.slug = $3)
           ORDER BY c.store_id""",
        plugin,
        address,
        slug,
    )
    return [ChannelAccount(*row) for row in rows]


async def take_order_numbers(database: Database, store_id: UUID, count: int) -> int:
    """The first of `count` order numbers that no other process will use for this store."""
    first: int = await database.pool.fetchval(
        """INSERT INTO control.order_numbers AS n (store_id, next_number) VALUES ($1, 1001 + $2)
           ON CONFLICT (store_id) DO UPDATE SET next_number = n.next_number + $2
           RETURNING next_number - $2""",
        store_id,
        count,
    )
    return first


async def ping(database: Database) -> datetime:
    """The server's time; raises when it cannot be reached."""
    moment: datetime = await database.pool.fetchval("SELECT now()")
    return moment
