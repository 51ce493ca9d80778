"""Keeping the tree of categories by the admin API."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.integration.host.conftest import Shop
from tests.integration.host.test_admin_catalog import SHILLINGS, Keeper, codes
from tests.integration.host.test_problem_details import problem
from tradewind.catalog import queries
from tradewind.catalog.service import shelves
from tradewind.database import Transaction
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker


@pytest.fixture
def keeper(client: httpx.AsyncClient, shop: Shop) -> Keeper:
    return Keeper(client, shop)


async def add(keeper: Keeper, name: str, parent_id: str | None = None) -> str:
    body = {"name": name, "parent_id": parent_id}
    return str((await keeper.does("POST", "/categories", body))["category"]["id"])


async def tree(keeper: Keeper) -> dict[str, dict[str, Any]]:
    listed = (await keeper.does("GET", "/categories"))["categories"]
    return {one["id"]: one for one in listed}


async def test_the_tree_is_a_flat_list_with_parents_and_counts(keeper: Keeper) -> None:
    wear = await add(keeper, "Wear")
    shirts = await add(keeper, "Shirts", wear)
    variants = [{"sku": "TEE", "prices": SHILLINGS}]
    published = {"title": "Tee", "status": "published", "variants": variants}
    await keeper.product({**published, "category_ids": [shirts]})
    await keeper.product({"title": "Idea", "category_ids": [shirts, wear]})
    found = await tree(keeper)
    assert found[shirts] == {
        "id": shirts,
        "name": "Shirts",
        "handle": "shirts",
        "parent_id": wear,
        "position": 0,
        "products": 1,
        "drafts": 1,
        "deleting": False,
    }
    assert (found[wear]["parent_id"], found[wear]["products"], found[wear]["drafts"]) == (
        None,
        1,
        1,
    )


async def test_a_category_is_renamed_reordered_and_moved(keeper: Keeper) -> None:
    wear, sale = await add(keeper, "Wear"), await add(keeper, "Sale")
    shirts = await add(keeper, "Shirts", wear)
    path = f"/categories/{shirts}"
    changed = (await keeper.does("POST", path, {"name": "Tops", "position": 3}))["category"]
    assert (changed["name"], changed["handle"], changed["position"]) == ("Tops", "shirts", 3)
    assert changed["parent_id"] == wear
    moved = (await keeper.does("POST", path, {"parent_id": sale, "handle": "tops"}))["category"]
    assert (moved["parent_id"], moved["handle"], moved["name"]) == (sale, "tops", "Tops")
    top = (await keeper.does("POST", path, {"parent_id": None}))["category"]
    assert top == {**moved, "parent_id": None}
    taken = await keeper.ask("POST", path, {"handle": "wear"})
    await problem(taken, 409, "handle_taken")
    log = (await keeper.does("GET", "/audit-log"))["audit_log"]
    assert log[0]["detail"] == {"parent_id": {"from": sale, "to": None}}


async def test_no_category_stands_within_itself_or_too_deep(keeper: Keeper) -> None:
    levels = [await add(keeper, "Level 1")]
    for number in range(2, 9):
        levels.append(await add(keeper, f"Level {number}", levels[-1]))
    body = {"name": "Too deep", "parent_id": levels[-1]}
    refused = await problem(await keeper.ask("POST", "/categories", body), 422, "invalid_input")
    assert codes(refused) == {"parent_id": "out_of_range"}
    for below in (levels[0], levels[3]):
        answer = await keeper.ask("POST", f"/categories/{levels[0]}", {"parent_id": below})
        assert codes(await problem(answer, 422, "invalid_input")) == {"parent_id": "invalid"}
    other = await add(keeper, "Other")
    answer = await keeper.ask("POST", f"/categories/{levels[0]}", {"parent_id": other})
    assert codes(await problem(answer, 422, "invalid_input")) == {"parent_id": "out_of_range"}


@pytest.mark.parametrize(
    ("body", "path"), [({"name": " "}, "name"), ({"handle": "Not so"}, "handle")]
)
async def test_a_name_and_a_handle_must_be_acceptable(
    keeper: Keeper, body: dict[str, str], path: str
) -> None:
    answer = await keeper.ask("POST", f"/categories/{keeper.shop.category_id}", body)
    assert codes(await problem(answer, 422, "invalid_input")) == {path: "invalid"}


async def test_an_empty_category_is_deleted_and_its_products_stay(keeper: Keeper) -> None:
    tea = keeper.shop.category_id
    green = await add(keeper, "Green", tea)
    await problem(await keeper.ask("DELETE", f"/categories/{tea}"), 409, "category_not_empty")
    await keeper.does("DELETE", f"/categories/{green}")
    before = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    await keeper.does("DELETE", f"/categories/{tea}")
    after = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    assert await tree(keeper) == {}
    assert after["product"]["categories"] == []
    assert after["product"]["status"] == "published"
    assert after["product"]["version"] == before["product"]["version"] + 1
    await problem(await keeper.ask("DELETE", f"/categories/{tea}"), 404, "not_found")


async def test_a_renamed_category_is_a_new_version_of_its_products(keeper: Keeper) -> None:
    before = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    await keeper.does("POST", f"/categories/{keeper.shop.category_id}", {"name": "Teas"})
    after = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    assert [one["name"] for one in after["product"]["categories"]] == ["Teas"]
    assert after["product"]["version"] == before["product"]["version"] + 1


async def add_shirts(keeper: Keeper, category_id: str, number: int) -> list[str]:
    made = []
    for place in range(number):
        variants = [{"sku": f"TEE-{place}", "prices": SHILLINGS}]
        body = {"title": f"Tee {place}", "status": "published", "variants": variants}
        made.append(str((await keeper.product({**body, "category_ids": [category_id]}))["id"]))
    return made


@pytest.mark.parametrize("products", [3, 4, 5])
async def test_a_large_category_is_renamed_bit_by_bit_and_each_product_once(
    keeper: Keeper,
    engine: Engine,
    client: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    products: int,
) -> None:
    monkeypatch.setattr(shelves, "_AT_ONCE", 2)
    shirts, others = await add(keeper, "Shirts"), await add(keeper, "Others")
    await add_shirts(keeper, shirts, products)
    apart = await keeper.product({"title": "Apart", "category_ids": [others]})

    async def shown() -> list[str]:
        path = f"/store/products?category_id={shirts}"
        listed = (await client.get(path, headers=shop.publishable)).json()["products"]
        return [one["categories"][0]["name"] for one in listed]

    assert await shown() == ["Shirts"] * products
    await keeper.does("POST", f"/categories/{shirts}", {"name": "Tops"})
    assert await shown() == ["Tops"] * 2 + ["Shirts"] * (products - 2)
    await Worker(engine).work_off()
    assert await shown() == ["Tops"] * products
    listed = (await keeper.does("GET", f"/products?category_id={shirts}"))["products"]
    assert [one["version"] for one in listed] == [2] * products
    assert (await keeper.does("GET", f"/products/{apart['id']}"))["product"]["version"] == 1


async def shown_on(client: httpx.AsyncClient, shop: Shop) -> dict[str, list[str]]:
    """Each product of the store with its categories, all of which there must be."""
    listed = (await client.get("/store/products", headers=shop.publishable)).json()["products"]
    there = (await client.get("/store/categories", headers=shop.publishable)).json()["categories"]
    found = {one["id"]: [shelf["id"] for shelf in one["categories"]] for one in listed}
    assert {shelf for shelves in found.values() for shelf in shelves} <= {o["id"] for o in there}
    return found


@pytest.mark.parametrize("products", [2, 3, 4, 5])
async def test_a_large_category_is_deleted_bit_by_bit_and_loses_nothing_when_killed(
    keeper: Keeper,
    engine: Engine,
    client: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    clock: ManualClock,
    products: int,
) -> None:
    monkeypatch.setattr(shelves, "_AT_ONCE", 2)
    shirts = await add(keeper, "Shirts")
    made = await add_shirts(keeper, shirts, products)
    await shown_on(client, shop)
    gone = (await keeper.does("DELETE", f"/categories/{shirts}"))["category"]
    assert (gone["name"], gone["deleting"]) == ("Shirts", True)
    left = [one for one, on in (await shown_on(client, shop)).items() if shirts in on]
    assert left == made[2:]
    assert (await tree(keeper))[shirts]["deleting"]
    assert (await keeper.does("DELETE", f"/categories/{shirts}"))["category"]["deleting"]

    taken = queries.take_off
    calls: list[UUID] = []

    async def killed(tx: Transaction, category_id: UUID, most: int) -> int:
        number = await taken(tx, category_id, most)
        calls.append(category_id)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return number

    monkeypatch.setattr(queries, "take_off", killed)
    await Worker(engine).work_off()
    await shown_on(client, shop)
    clock.advance(3600)
    await Worker(engine).work_off()
    assert shirts not in await tree(keeper)
    after: dict[str, list[str]] = {one: [] for one in made}
    assert await shown_on(client, shop) == {**after, shop.product_id: [shop.category_id]}
    listed = (await keeper.does("GET", "/products"))["products"]
    assert [one["version"] for one in listed if one["id"] in made] == [2] * products


async def test_a_worker_killed_behind_the_last_product_leaves_nothing_to_do_for_ever(
    keeper: Keeper, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "_AT_ONCE", 2)
    shirts, store = await add(keeper, "Shirts"), keeper.shop.store
    await add_shirts(keeper, shirts, 3)
    await keeper.does("DELETE", f"/categories/{shirts}")
    assert not await shelves.empty_shelf(engine.database, store.id, UUID(shirts))
    assert shirts not in await tree(keeper)
    # The job is still there, and is taken up again.
    assert not await shelves.empty_shelf(engine.database, store.id, UUID(shirts))
    await Worker(engine).work_off()
    jobs = "SELECT FROM control.jobs WHERE kind = $1"
    assert await engine.database.pool.fetch(jobs, shelves.EMPTY_SHELF) == []


async def test_nothing_is_put_in_a_category_that_is_being_deleted(
    keeper: Keeper, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "_AT_ONCE", 2)
    shirts, wear = await add(keeper, "Shirts"), await add(keeper, "Wear")
    *_, last = await add_shirts(keeper, shirts, 3)
    await keeper.does("DELETE", f"/categories/{shirts}")
    titled = await keeper.does("POST", f"/products/{last}", {"title": "Other"})
    assert [one["id"] for one in titled["product"]["categories"]] == [shirts]
    both = {"category_ids": [shirts, wear]}
    kept = await keeper.does("POST", f"/products/{last}", both)
    assert [one["id"] for one in kept["product"]["categories"]] == [wear]
    refused: list[tuple[str, dict[str, Any]]] = [
        ("/products", {"title": "Late", "category_ids": [shirts]}),
        (f"/products/{keeper.shop.product_id}", {"category_ids": [shirts]}),
        ("/categories", {"name": "Green", "parent_id": shirts}),
        (f"/categories/{wear}", {"parent_id": shirts}),
        (f"/categories/{shirts}", {"name": "Tops"}),
    ]
    for path, body in refused:
        await problem(await keeper.ask("POST", path, body), 404, "not_found")
    await Worker(engine).work_off()
    assert shirts not in await tree(keeper)


async def test_what_was_put_there_meanwhile_is_taken_off_too(
    keeper: Keeper, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "_AT_ONCE", 2)
    shirts = await add(keeper, "Shirts")
    made = await add_shirts(keeper, shirts, 3)
    await keeper.does("DELETE", f"/categories/{shirts}")
    async with engine.database.transaction(keeper.shop.store.id) as tx:
        await tx.execute(
            "INSERT INTO shop.product_categories (store_id, category_id, product_id)"
            " VALUES ($1, $2, $3)",
            tx.store_id,
            UUID(shirts),
            UUID(made[0]),
        )
        await tx.execute(
            "INSERT INTO shop.categories (store_id, id, parent_id, name, handle, created_at)"
            " VALUES ($1, $2, $3, 'Green', 'green', $4)",
            tx.store_id,
            tx.new_id(),
            UUID(shirts),
            tx.now,
        )
    await Worker(engine).work_off()
    found = await tree(keeper)
    assert shirts not in found
    assert [one["parent_id"] for one in found.values() if one["name"] == "Green"] == [None]
    assert (await keeper.does("GET", f"/products/{made[0]}"))["product"]["categories"] == []
