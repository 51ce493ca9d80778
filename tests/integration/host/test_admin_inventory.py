"""Stock by the admin API: what is running out, several places, the journal."""

import httpx
import pytest

from tests.integration.host.conftest import Shop
from tests.integration.host.test_admin_catalog import Keeper, codes
from tests.integration.host.test_problem_details import problem


@pytest.fixture
def keeper(client: httpx.AsyncClient, shop: Shop) -> Keeper:
    return Keeper(client, shop)


async def skus(keeper: Keeper, **query: str) -> list[str]:
    found = await keeper.does("GET", "/inventory", params=query)
    return [one["sku"] for one in found["inventory"]]


async def test_what_is_running_out_is_listed(keeper: Keeper) -> None:
    assert await skus(keeper, low="true") == []
    level = await keeper.does("POST", "/inventory/TEA-1", {"low_at": 10})
    assert (level["low_at"], level["low"]) == (10, True)
    await keeper.does("POST", "/inventory/TEA-2", {"on_hand": 11, "low_at": 10})
    assert await skus(keeper, low="true") == ["TEA-1"]
    assert await skus(keeper, low="true", q="tea-2") == []
    await keeper.does("POST", "/inventory/TEA-2", {"adjust": -1})
    first = await keeper.does("GET", "/inventory", params={"low": "true", "limit": "1"})
    assert first["next_cursor"] == "TEA-1"
    assert await skus(keeper, low="true", cursor="TEA-1") == ["TEA-2"]


async def test_goods_lie_in_several_places_and_are_counted_together(
    keeper: Keeper, other_shop: Shop
) -> None:
    body = {"name": "Mombasa", "priority": 5}
    made = (await keeper.does("POST", "/stock-locations", body))["stock_location"]
    stocked = {"on_hand": 4, "location_id": made["id"]}
    assert (await keeper.does("POST", "/inventory/TEA-1", stocked))["on_hand"] == 14
    level = await keeper.does("GET", "/inventory/TEA-1")
    assert [(one["name"], one["on_hand"]) for one in level["locations"]] == [
        ("Main", 10),
        ("Mombasa", 4),
    ]
    path = f"/stock-locations/{made['id']}"
    changed = (await keeper.does("POST", path, {"name": "Coast"}))["stock_location"]
    assert changed == {**made, "name": "Coast"}
    listed = (await keeper.does("GET", "/stock-locations"))["stock_locations"]
    assert [one["name"] for one in listed] == ["Main", "Coast"]
    foreign = Keeper(keeper.client, other_shop)
    await problem(await foreign.ask("POST", "/inventory/TEA-1", stocked), 404, "not_found")


async def test_a_place_needs_a_name_and_a_priority_within_reason(keeper: Keeper) -> None:
    answer = await keeper.ask("POST", "/stock-locations", {"name": " ", "priority": -1})
    assert codes(await problem(answer, 422, "invalid_input")) == {
        "name": "invalid",
        "priority": "out_of_range",
    }


async def test_the_journal_of_a_sku_is_read_page_by_page(keeper: Keeper) -> None:
    for number in range(3):
        await keeper.does("POST", "/inventory/TEA-1", {"adjust": -1, "reason": f"broken {number}"})
    first = await keeper.does("GET", "/inventory/tea-1/movements", params={"limit": "3"})
    rest = await keeper.does(
        "GET", "/inventory/tea-1/movements", params={"cursor": first["next_cursor"]}
    )
    moved = [*first["movements"], *rest["movements"]]
    assert [one["reason"] for one in moved] == ["broken 2", "broken 1", "broken 0", ""]
    assert sum(one["on_hand"] for one in moved) == 7
    assert rest["next_cursor"] is None
    assert not [one for one in moved if "cart_id" in one]
    await problem(await keeper.ask("GET", "/inventory/NOPE/movements"), 404, "not_found")


async def test_a_change_of_stock_is_in_the_audit_log_with_what_it_was(keeper: Keeper) -> None:
    await keeper.does("POST", "/inventory/TEA-1", {"on_hand": 8, "reason": "counted"})
    (entry, *_) = (await keeper.does("GET", "/audit-log"))["audit_log"]
    assert entry["detail"] == {
        "on_hand": {"from": 10, "to": 8},
        "available": {"from": 10, "to": 8},
        "reason": "counted",
    }
