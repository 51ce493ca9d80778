"""Stores: their settings, and how a new one comes to be."""

import secrets
from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.contracts.context import StoreInfo
from tradewind.contracts.errors import NotFound
from tradewind.database import directory
from tradewind.database.engine import Database, Store, Transaction


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant decides for the whole store. Times in days and minutes."""

    currency: str
    locale: str = "en"
    time_zone: str = "UTC"
    email: str | None = None
    default_region_id: UUID | None = None
    cart_days: int = 7
    hold_minutes: int = 15
    holds_per_shopper: int = 20
    holds_per_address: int = 50
    risk_on_failure: str = "allow"
    draft_first: bool = False


_FIELDS = StoreSettings.__struct_fields__


async def create_store(database: Database, slug: str, name: str, settings: StoreSettings) -> Store:
    """A new, empty store. Raises Conflict when the slug is taken or reserved."""
    store = await directory.add_store(database, slug, name)
    async with database.transaction(store.id) as tx:
        await save_settings(tx, settings)
        await tx.execute(
            """INSERT INTO shop.stock_locations (store_id, id, name, created_at)
               VALUES ($1, $2, 'Main', $3)""",
            store.id,
            tx.new_id(),
            tx.now,
        )
    return store


async def save_settings(tx: Transaction, settings: StoreSettings) -> None:
    """Write the store's settings."""
    columns = ", ".join(_FIELDS)
    marks = ", ".join(f"${index}" for index in range(3, 3 + len(_FIELDS)))
    updates = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS)
    await tx.execute(
        f"""INSERT INTO shop.store_settings (store_id, updated_at, {columns})
            VALUES ($1, $2, {marks})
            ON CONFLICT (store_id) DO UPDATE SET updated_at = excluded.updated_at, {updates}""",
        tx.store_id,
        tx.now,
        *msgspec.structs.astuple(settings),
    )


async def settings_of(tx: Transaction) -> StoreSettings:
    """The store's settings. Raises NotFound for a store that was never set up."""
    row = await tx.fetchrow(
        f"SELECT {', '.join(_FIELDS)} FROM shop.store_settings WHERE store_id = $1", tx.store_id
    )
    if row is None:
        raise NotFound("This store has no settings yet.")
    return StoreSettings(**dict(row))


def info(store: Store, settings: StoreSettings) -> StoreInfo:
    """The store as plugins see it."""
    return StoreInfo(
        id=store.id,
        slug=store.slug,
        name=store.name,
        currency=settings.currency,
        time_zone=settings.time_zone,
        locale=settings.locale,
    )


async def issue_key(
    database: Database, store: Store, kind: str, title: str, origins: Sequence[str] = ()
) -> str:
    """A new API key (`kind` publishable or secret). Shown once: only its hash is kept."""
    prefix = "pk_" if kind == "publishable" else "sk_"
    key = prefix + secrets.token_urlsafe(32)
    await directory.add_api_key(database, store, kind=kind, key=key, title=title, origins=origins)
    return key
