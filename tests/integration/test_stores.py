"""Stores come to be whole or not at all; their settings and keys."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from tradewind.contracts.errors import Conflict, InvalidInput, NotFound
from tradewind.database import Database, Store
from tradewind.database.directory import (
    RESERVED_SLUGS,
    all_stores,
    api_key,
    store_by_id,
    store_by_slug,
    take_order_numbers,
)
from tradewind.stores.service import (
    StoreSettings,
    create_store,
    info,
    issue_key,
    save_settings,
    settings_of,
)

KENYAN = StoreSettings(currency="KES", time_zone="Africa/Nairobi", locale="sw")


async def test_a_new_store_has_its_settings_and_a_place_for_stock(database: Database) -> None:
    store = await create_store(database, "duka", "Duka", KENYAN)
    async with database.transaction(store.id) as tx:
        assert await settings_of(tx) == KENYAN
        places = await tx.fetch(
            "SELECT name FROM shop.stock_locations WHERE store_id = $1", store.id
        )
    assert [row["name"] for row in places] == ["Main"]
    assert await store_by_slug(database, "duka") == store == await store_by_id(database, store.id)
    assert info(store, KENYAN).time_zone == "Africa/Nairobi"


async def test_every_word_of_the_api_is_refused_as_a_slug(database: Database) -> None:
    assert {"products", "carts", "checkout", "account"} <= RESERVED_SLUGS
    for slug in RESERVED_SLUGS:
        with pytest.raises(Conflict) as refused:
            await create_store(database, slug, "Shop", KENYAN)
        assert refused.value.reason == "slug_reserved"
    assert await all_stores(database) == []


@pytest.mark.parametrize("slug", ["", "-shop", "shop-", "My Shop", "SHOP", "é", "a" * 64, "a\nb"])
async def test_what_is_no_slug_is_refused_by_name(database: Database, slug: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await create_store(database, slug, "Shop", KENYAN)
    assert [error.path for error in refused.value.errors] == ["slug"]


async def test_one_slug_is_given_once_however_many_ask_for_it(database: Database) -> None:
    asked = [create_store(database, "duka", f"Duka {number}", KENYAN) for number in range(8)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(refused) == 7
    assert {answer.reason for answer in refused} == {"slug_taken"}
    assert len(await all_stores(database)) == 1


async def test_a_store_whose_settings_are_refused_does_not_keep_the_slug(
    database: Database,
) -> None:
    with pytest.raises(InvalidInput):
        await create_store(database, "duka", "Duka", StoreSettings(currency="shilling"))
    assert (await create_store(database, "duka", "Duka", KENYAN)).slug == "duka"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"currency": "kes"}, "currency"),
        ({"currency": "KESH"}, "currency"),
        ({"time_zone": "Nairobi"}, "time_zone"),
        ({"time_zone": "../UTC"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"cart_days": 0}, "cart_days"),
        ({"hold_minutes": -1}, "hold_minutes"),
        ({"order_minutes": 0}, "order_minutes"),
        ({"holds_per_address": 2**31}, "holds_per_address"),
        ({"risk_on_failure": "guess"}, "risk_on_failure"),
    ],
)
async def test_a_setting_that_makes_no_sense_is_refused_by_name(
    database: Database, store: Store, change: dict[str, Any], path: str
) -> None:
    async with database.transaction(store.id) as tx:
        with pytest.raises(InvalidInput) as refused:
            await save_settings(tx, msgspec.structs.replace(KENYAN, **change))
    assert [error.path for error in refused.value.errors] == [path]


async def test_every_wrong_setting_is_told_at_once(database: Database, store: Store) -> None:
    wrong = StoreSettings(currency="?", time_zone="?", cart_days=0, risk_on_failure="?")
    async with database.transaction(store.id) as tx:
        with pytest.raises(InvalidInput) as refused:
            await save_settings(tx, wrong)
    assert len(refused.value.errors) == 4


async def test_settings_are_changed_for_one_store_alone(
    database: Database, store: Store, second_store: Store
) -> None:
    for one in (store, second_store):
        async with database.transaction(one.id) as tx:
            await save_settings(tx, KENYAN)
    changed = msgspec.structs.replace(KENYAN, hold_minutes=3)
    async with database.transaction(store.id) as tx:
        await save_settings(tx, changed)
    async with database.transaction(store.id) as tx:
        assert await settings_of(tx) == changed
    async with database.transaction(second_store.id) as tx:
        assert await settings_of(tx) == KENYAN


async def test_a_store_that_was_never_set_up_has_no_settings(
    database: Database, store: Store
) -> None:
    async with database.transaction(store.id) as tx:
        with pytest.raises(NotFound):
            await settings_of(tx)


async def test_a_key_opens_its_own_store_and_only_its_hash_is_kept(
    database: Database,
    store: Store,
    second_store: Store,
    owner: "asyncpg.Connection[Any]",
) -> None:
    secret = await issue_key(database, store, "secret", "Office")
    public = await issue_key(database, second_store, "publishable", "Site", ["https://a.example"])
    assert (secret[:3], public[:3]) == ("sk_", "pk_")
    found = await api_key(database, secret)
    assert found is not None
    assert (found.store, found.kind) == (store, "secret")
    found = await api_key(database, public)
    assert found is not None
    assert (found.store, found.origins) == (second_store, ("https://a.example",))
    assert await api_key(database, secret[:-1]) is None
    kept = await owner.fetch("SELECT k::text AS row FROM control.api_keys k")
    assert len(kept) == 2
    assert not any(key[3:-4] in row["row"] for row in kept for key in (secret, public))


async def test_a_revoked_key_and_a_closed_store_open_nothing(
    database: Database, store: Store, second_store: Store
) -> None:
    keys = [await issue_key(database, one, "secret", "Office") for one in (store, second_store)]
    assert all([await api_key(database, key) for key in keys])
    await database.pool.execute(
        "UPDATE control.api_keys SET revoked_at = now() WHERE store_id = $1", store.id
    )
    await database.pool.execute(
        "UPDATE control.stores SET closed_at = now() WHERE id = $1", second_store.id
    )
    assert [await api_key(database, key) for key in keys] == [None, None]
    with pytest.raises(NotFound):
        await store_by_slug(database, second_store.slug)
    with pytest.raises(NotFound):
        await store_by_id(database, second_store.id)


async def test_order_numbers_are_given_to_one_process_alone(
    database: Database, store: Store, second_store: Store
) -> None:
    taken = await asyncio.gather(*(take_order_numbers(database, store.id, 10) for _ in range(20)))
    assert sorted(taken) == [1001 + 10 * block for block in range(20)]
    assert await take_order_numbers(database, second_store.id, 10) == 1001
