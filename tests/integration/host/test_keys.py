"""Which key opens which door, and for which web pages."""

from http import HTTPStatus

import httpx
import pytest

from tests.integration.host.conftest import Shop
from tradewind.database.directory import add_api_key
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock
from tradewind_host.keys import FRESH, FRESH_IN_THE_OPEN

STORE = "/store/products"
ADMIN = "/admin/orders"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (STORE, {}),
        (STORE, {"X-Publishable-Key": ""}),
        (STORE, {"X-Publishable-Key": "pk_unknown"}),
        (STORE, {"X-Publishable-Key": "sk_first"}),
        (STORE, {"X-Publishable-Key": "x" * 5000}),
        (STORE, {"Authorization": "Bearer pk_first"}),
        (ADMIN, {}),
        (ADMIN, {"Authorization": "Bearer "}),
        (ADMIN, {"Authorization": "Bearer pk_first"}),
        (ADMIN, {"Authorization": "Basic sk_first"}),
        (ADMIN, {"X-Publishable-Key": "sk_first"}),
    ],
)
async def test_no_key_or_a_wrong_one_opens_nothing(
    client: httpx.AsyncClient, shop: Shop, path: str, headers: dict[str, str]
) -> None:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.json()["code"] == "unauthorized"


async def test_a_key_shows_its_own_store(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    for one in (shop, other_shop):
        answer = await client.get(STORE, headers=one.publishable)
        assert [p["id"] for p in answer.json()["products"]] == [one.product_id]


async def test_a_reading_key_changes_nothing(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    await add_api_key(engine.database, shop.store, kind="secret", key="sk_reads", title="Reports")
    await engine.database.pool.execute(
        "UPDATE control.api_keys SET role = 'read_only' WHERE title = 'Reports'"
    )
    headers = {"Authorization": "Bearer sk_reads"}
    assert (await client.get("/admin/products", headers=headers)).is_success
    answer = await client.post("/admin/products", json={"title": "Cup"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.FORBIDDEN, "read_only")


async def test_a_key_is_issued_once_listed_without_its_secret_and_revoked_at_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    body = {"kind": "publishable", "title": "Second site", "origins": ["https://b.example"]}
    made = await client.post("/admin/api-keys", json=body, headers=shop.secret)
    assert made.status_code == HTTPStatus.CREATED
    key = made.json()["key"]
    assert (await client.get(STORE, headers={"X-Publishable-Key": key})).is_success
    listed = await client.get("/admin/api-keys", headers=shop.secret)
    assert key not in listed.text
    (mine,) = [one for one in listed.json()["api_keys"] if one["title"] == "Second site"]
    gone = await client.delete(f"/admin/api-keys/{mine['id']}", headers=shop.secret)
    assert gone.status_code == HTTPStatus.NO_CONTENT
    answer = await client.get(STORE, headers={"X-Publishable-Key": key})
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


async def test_a_key_does_not_revoke_itself(client: httpx.AsyncClient, shop: Shop) -> None:
    keys = (await client.get("/admin/api-keys", headers=shop.secret)).json()["api_keys"]
    own = next(one["id"] for one in keys if one["kind"] == "secret")
    answer = await client.delete(f"/admin/api-keys/{own}", headers=shop.secret)
    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.CONFLICT, "own_key")


async def test_a_key_revoked_elsewhere_is_refused_soon(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, clock: ManualClock
) -> None:
    assert (await client.get(STORE, headers=shop.publishable)).is_success
    assert (await client.get(ADMIN, headers=shop.secret)).is_success
    await engine.database.pool.execute("UPDATE control.api_keys SET revoked_at = created_at")
    clock.advance(FRESH.total_seconds())
    assert (await client.get(ADMIN, headers=shop.secret)).status_code == HTTPStatus.UNAUTHORIZED
    clock.advance((FRESH_IN_THE_OPEN - FRESH).total_seconds())
    answer = await client.get(STORE, headers=shop.publishable)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


async def test_browsers_may_call_from_the_origins_of_the_key_alone(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    async def allowed(origin: str, one: Shop) -> str:
        answer = await client.get(STORE, headers={"Origin": origin, **one.publishable})
        assert answer.is_success
        assert answer.headers["vary"] == "Origin"
        return str(answer.headers.get("access-control-allow-origin"))

    assert await allowed("https://first.example", shop) == "https://first.example"
    assert await allowed("https://evil.example", shop) == "None"
    assert await allowed("https://first.example", other_shop) == "None"


async def test_a_preflight_is_answered_for_listed_origins(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Origin": "https://first.example"}
    answer = await client.options(STORE, headers=asked)
    assert answer.status_code == HTTPStatus.NO_CONTENT
    assert answer.headers["access-control-allow-origin"] == "https://first.example"
    assert "X-Publishable-Key" in answer.headers["access-control-allow-headers"]
    assert "Idempotency-Key" in answer.headers["access-control-allow-headers"]
    answer = await client.options(STORE, headers={**asked, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_the_admin_api_is_not_for_browsers_of_other_pages(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    headers = {"Origin": "https://first.example", **shop.secret}
    answer = await client.get(ADMIN, headers=headers)
    assert answer.is_success
    assert "access-control-allow-origin" not in answer.headers
