"""Stores: their settings, and how a new one comes to be."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from tradewind.contracts.context import StoreInfo
from tradewind.contracts.errors import FieldError, InvalidInput, NotFound
from tradewind.database import directory
from tradewind.database.engine import Database, Store, Transaction
from tradewind.settings.rules import changes, merge, parse
from tradewind.settings.service import audit


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant decides for the whole store. Times in days, hours and minutes.

    `order_minutes` is how long an order waits for its money, whatever attempts come to nothing.
    """

    currency: Annotated[str, Meta(title="Currency", description="Such as KES.")]
    locale: Annotated[str, Meta(title="Language", description="Such as en or sw-KE.")] = "en"
    time_zone: Annotated[str, Meta(title="Time zone", description="Such as Africa/Nairobi.")] = (
        "UTC"
    )
    email: Annotated[str | None, Meta(title="The store's own e-mail address")] = None
    default_region_id: Annotated[UUID | None, Meta(title="Region of new carts")] = None
    cart_days: Annotated[int, Meta(title="Days a cart is kept")] = 7
    abandoned_after_hours: Annotated[int, Meta(title="Hours until a cart counts as abandoned")] = 4
    cart_retention_days: Annotated[int, Meta(title="Days until a cart that is over is erased")] = 30
    inbound_media_days: Annotated[
        int,
        Meta(title="Days that what shoppers send is kept", description="0 keeps nothing."),
    ] = 30
    inbound_media_megabytes: Annotated[
        int, Meta(title="Largest file of a shopper that is kept", description="In megabytes.")
    ] = 25
    hold_minutes: Annotated[int, Meta(title="Minutes a checkout holds its stock")] = 15
    order_minutes: Annotated[int, Meta(title="Minutes an order waits for its money")] = 60
    holds_per_shopper: Annotated[int, Meta(title="Unfinished checkouts of one shopper")] = 20
    holds_per_address: Annotated[int, Meta(title="Unfinished checkouts of one address")] = 50
    unpaid_per_shopper: Annotated[
        int,
        Meta(title="Unpaid orders of one shopper", description="Ordered, not sent; 0 is no limit."),
    ] = 20
    unpaid_per_address: Annotated[
        int, Meta(title="Unpaid orders of one address in a day", description="0 is no limit.")
    ] = 100
    agreed_hours: Annotated[
        int,
        Meta(
            title="Hours an order paid by agreement waits for its money",
            description="0 waits for ever.",
        ),
    ] = 72
    risk_on_failure: Annotated[
        str, Meta(title="When a risk plugin fails", description="allow or veto the payment.")
    ] = "allow"
    draft_first: Annotated[
        bool, Meta(title="Orders paid by agreement are drafts until their money has come")
    ] = False


_FIELDS = StoreSettings.__struct_fields__
_COUNTS = (
    "cart_days",
    "abandoned_after_hours",
    "cart_retention_days",
    "inbound_media_megabytes",
    "hold_minutes",
    "order_minutes",
    "holds_per_shopper",
    "holds_per_address",
)
_COUNTS_OR_NONE = (
    "inbound_media_days",
    "unpaid_per_shopper",
    "unpaid_per_address",
    "agreed_hours",
)
_MOST = 2**31 - 1
_LOCALE = re.compile("[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PREFIXES = {"publishable": "pk_", "secret": "sk_"}


async def create_store(database: Database, slug: str, name: str, settings: StoreSettings) -> Store:
    """A new, empty store, set up as a whole or not at all.

    Raises Conflict when the slug is taken or reserved, InvalidInput for a slug or setting that
    makes no sense.
    """
    store = Store(database.new_id(), slug, name)
    async with database.transaction(store.id) as tx:
        await directory.insert_store(tx, store)
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
    """Write the store's settings. Raises InvalidInput that names each refused one."""
    errors = list(_wrong(settings))
    if errors:
        raise InvalidInput("The settings are not valid.", code="invalid_settings", errors=errors)
    columns = ", ".join(_FIELDS)
    marks = ", ".join(f"${index}" for index in range(3, 3 + len(_FIELDS)))
    updates = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS)
    await tx.execute(
        f"""INSERT INTO shop.store_settings (store_id, updated_at, {columns})
            VALUES ($1, $2, {marks})
            ON CONFLICT (store_id) DO UPDATE SET updated_at = excluded.updated_at,
                pricing_version = store_settings.pricing_version + 1, {updates}""",
        tx.store_id,
        tx.now,
        *msgspec.structs.astuple(settings),
    )


async def change_settings(tx: Transaction, given: Mapping[str, Any], actor: str) -> StoreSettings:
    """Lay values over the store's settings; null takes one back to its default.

    Raises InvalidInput that names each refused one.
    """
    old = msgspec.to_builtins(await settings_of(tx))
    values = merge(StoreSettings, old, given)
    settings = cast("StoreSettings", parse(StoreSettings, values))
    wrong = [*_wrong(settings), *await _unknown_region(tx, settings.default_region_id)]
    if wrong:
        errors = [FieldError(f"settings.{one.path}", one.code, one.message) for one in wrong]
        raise InvalidInput("The settings are not valid.", code="invalid_settings", errors=errors)
    await save_settings(tx, settings)
    changed = sorted(changes(StoreSettings, old, msgspec.to_builtins(settings)))
    await audit(tx, actor, "store.configured", "store", str(tx.store_id), {"changed": changed})
    return settings


async def _unknown_region(tx: Transaction, region_id: UUID | None) -> list[FieldError]:
    known = region_id is None or await tx.fetchval(
        "SELECT EXISTS (SELECT FROM shop.regions WHERE store_id = $1 AND id = $2)",
        tx.store_id,
        region_id,
    )
    message = "There is no such region."
    return [] if known else [FieldError("default_region_id", "unknown", message)]


def _wrong(settings: StoreSettings) -> Iterator[FieldError]:
    currency = settings.currency
    if not (
        len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    ):
        yield FieldError("currency", "invalid_currency", "Use the three capitals of ISO 4217.")
    if not _is_time_zone(settings.time_zone):
        yield FieldError("time_zone", "invalid_time_zone", "Use a name such as Africa/Nairobi.")
    for name in _COUNTS:
        if not 1 <= getattr(settings, name) <= _MOST:
            yield FieldError(name, "out_of_range", f"Use a number from 1 to {_MOST}.")
    for name in _COUNTS_OR_NONE:
        if not 0 <= getattr(settings, name) <= _MOST:
            yield FieldError(name, "out_of_range", f"Use a number from 0 to {_MOST}.")
    if not _LOCALE.fullmatch(settings.locale):
        yield FieldError("locale", "invalid", "Use a name such as en or sw-KE.")
    if settings.email is not None and not _EMAIL.fullmatch(settings.email):
        yield FieldError("email", "invalid", "Use an address such as shop@example.com.")
    if settings.risk_on_failure not in {"allow", "veto"}:
        yield FieldError("risk_on_failure", "invalid_choice", "Use allow or veto.")


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


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
    key = _PREFIXES[kind] + secrets.token_urlsafe(32)
    await directory.add_api_key(database, store, kind=kind, key=key, title=title, origins=origins)
    return key
