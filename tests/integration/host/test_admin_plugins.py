"""Plugins of a store through the admin API: the form, what is refused, secrets, lost keys."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.integration.host.conftest import Shop, open_shop
from tests.integration.host.plugin import Parcels
from tests.support.channels import WirePlugin
from tradewind.contracts.settings import MASK
from tradewind.settings import queries
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import new_key
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.app import create_app
from tradewind_host.config import Config
from tradewind_host.engine import close_engine, open_engine
from tradewind_whatsapp import plugin as whatsapp

WIRE = {"account": "15550001", "token": "hunter2", "old_tokens": ["swordfish"], "pin": "4711"}
PHONE = {
    "phone_number_id": "106540352242922",
    "access_token": "EAAB",
    "app_secret": "shh",
    "verify_token": "word",
}


@pytest_asyncio.fixture
async def engine(config: Config, clock: ManualClock) -> AsyncIterator[Engine]:
    brought = [Parcels(), WirePlugin(), whatsapp]
    opened = await open_engine(config, clock=clock, entry_points=(), extra_plugins=brought)
    yield opened
    await close_engine(opened)


class Desk:
    """One merchant's way to the plugins of their store."""

    def __init__(self, client: httpx.AsyncClient, shop: Shop) -> None:
        self.client = client
        self.headers = shop.secret

    async def put(self, name: str, **change: Any) -> dict[str, Any]:
        answer = await self.client.put(f"/admin/plugins/{name}", json=change, headers=self.headers)
        assert answer.status_code == HTTPStatus.OK, answer.text
        return dict(answer.json())

    async def refused(self, name: str, **change: Any) -> tuple[int, str, list[dict[str, str]]]:
        """Status, code and errors of a change that is not taken."""
        answer = await self.client.put(f"/admin/plugins/{name}", json=change, headers=self.headers)
        problem = answer.json()
        return answer.status_code, problem["code"], problem["errors"]

    async def get(self, name: str) -> dict[str, Any]:
        answer = await self.client.get(f"/admin/plugins/{name}", headers=self.headers)
        assert answer.status_code == HTTPStatus.OK, answer.text
        return dict(answer.json())


@pytest.fixture
def desk(client: httpx.AsyncClient, shop: Shop) -> Desk:
    return Desk(client, shop)


@pytest.fixture
def other_desk(client: httpx.AsyncClient, other_shop: Shop) -> Desk:
    return Desk(client, other_shop)


async def settings_in(engine: Engine, shop: Shop, name: str = "wire") -> Any:
    """What the plugin itself gets to see."""
    context = await engine.context_anyway(shop.store, name)
    return None if context is None else context.settings


# --- the form ------------------------------------------------------------------------------------


async def test_the_form_says_what_each_setting_is_and_who_may_set_it(desk: Desk) -> None:
    page = await desk.get("whatsapp")
    form = page["settings_schema"]
    assert (form["type"], form["additionalProperties"]) == ("object", False)
    assert set(form["required"]) == set(PHONE)
    assert form["description"].startswith("One business number.")
    token, address = form["properties"]["access_token"], form["properties"]["api_base"]
    assert (token["title"], token["writeOnly"], token["format"]) == (
        "Access token",
        True,
        "password",
    )
    assert token["description"].startswith("A system user's permanent token")
    assert address["x-operator-only"] is True
    assert address["default"] == "https://graph.facebook.com"
    for field in form["properties"].values():
        assert field["title"]


async def test_the_list_shows_the_same_as_each_plugins_page(desk: Desk) -> None:
    await desk.put("wire", enabled=True, settings=WIRE)
    listed = await desk.client.get("/admin/plugins", headers=desk.headers)
    names = ["parcels", "whatsapp", "wire"]
    assert listed.json()["plugins"] == [await desk.get(name) for name in names]


# --- what is refused -----------------------------------------------------------------------------


async def test_each_wrong_field_comes_with_words_a_merchant_understands(desk: Desk) -> None:
    wrong = {**PHONE, "phone_number_id": "+1 555", "app_secret": "", "access_token": "two words"}
    status, code, errors = await desk.refused("whatsapp", settings=wrong | {"colour": "red"})
    assert (status, code) == (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_settings")
    told = {one["path"]: (one["code"], one["message"]) for one in errors}
    assert told["settings.phone_number_id"] == ("invalid_value", "Use digits only.")
    assert told["settings.app_secret"] == ("required", "This setting is required.")
    assert told["settings.colour"] == ("unknown_field", "There is no setting “colour”.")
    assert told["settings.access_token"][1].startswith("This is not of the expected form. A system")
    assert len(told) == 4


@pytest.mark.parametrize(
    "body", [{"enable": True}, {"enabled": True, "setting": {}}, {"enabled": "on"}, [], "on"]
)
async def test_a_change_that_is_not_understood_is_refused_as_a_whole(desk: Desk, body: Any) -> None:
    await desk.put("wire", settings=WIRE)
    answer = await desk.client.put("/admin/plugins/wire", json=body, headers=desk.headers)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, answer.text
    assert not (await desk.get("wire"))["enabled"]


async def test_the_operators_settings_stay_as_the_operator_set_them(
    desk: Desk, engine: Engine, shop: Shop
) -> None:
    await desk.put("wire", settings=WIRE)
    theirs = {"api_base": "http://wire.internal"}
    await configure(engine, shop.store, "wire", actor="op", settings=theirs, operator=True)
    for given in ("http://10.0.0.1", "https://wire.example", None):
        status, code, errors = await desk.refused("wire", settings={"api_base": given})
        assert (status, code) == (HTTPStatus.UNPROCESSABLE_ENTITY, "operator_only")
        assert [one["path"] for one in errors] == ["settings.api_base"]
    shown = (await desk.get("wire"))["settings"]
    await desk.put("wire", settings={**shown, "retries": 7})
    seen = await settings_in(engine, shop)
    assert (seen.api_base, seen.retries) == ("http://wire.internal", 7)


# --- secrets -------------------------------------------------------------------------------------


async def test_a_secret_is_replaced_kept_or_cleared_and_only_shown_to_be_set(
    desk: Desk, engine: Engine, shop: Shop
) -> None:
    page = await desk.put("wire", settings=WIRE)
    assert [page["settings"][name] for name in ("token", "pin", "old_tokens")] == [
        MASK,
        MASK,
        [MASK],
    ]
    await desk.put("wire", settings=page["settings"])
    seen = await settings_in(engine, shop)
    assert (seen.token, seen.pin, seen.old_tokens) == ("hunter2", "4711", ["swordfish"])
    page = await desk.put("wire", settings={"token": "tr0ub4dor", "pin": None, "old_tokens": []})
    assert [page["settings"][name] for name in ("token", "pin", "old_tokens")] == [MASK, None, []]
    seen = await settings_in(engine, shop)
    assert (seen.token, seen.pin, seen.old_tokens) == ("tr0ub4dor", None, [])


async def test_a_secret_that_is_needed_cannot_be_cleared(
    desk: Desk, engine: Engine, shop: Shop
) -> None:
    await desk.put("wire", settings=WIRE)
    for empty in ("", None):
        _, code, errors = await desk.refused("wire", settings={"token": empty})
        assert (code, errors[0]["path"], errors[0]["code"]) == (
            "invalid_settings",
            "settings.token",
            "required",
        )
    assert (await settings_in(engine, shop)).token == "hunter2"


async def test_a_mask_never_becomes_the_secret(desk: Desk, engine: Engine, shop: Shop) -> None:
    for token in (MASK, f"{MASK}x"):
        _, code, errors = await desk.refused("wire", settings={"account": "1", "token": token})
        assert (code, [one["path"] for one in errors]) == ("invalid_settings", ["settings.token"])
    assert await settings_in(engine, shop) is None


# --- settings that cannot be read any more -------------------------------------------------------


async def test_a_lost_key_stops_the_plugin_in_that_store_until_the_settings_are_entered_anew(
    config: Config, database_urls: DatabaseUrls, clock: ManualClock, tmp_path: Path
) -> None:
    brought = [WirePlugin(), Parcels()]
    options: dict[str, Any] = {"clock": clock, "entry_points": (), "extra_plugins": brought}
    engine = await open_engine(config, **options)
    shop = await open_shop(engine.database, "first", "KES")
    other = await open_shop(engine.database, "other", "USD")
    await configure(
        engine, shop.store, "wire", actor="ann", enabled=True, settings=WIRE, operator=True
    )
    await close_engine(engine)

    later = msgspec.structs.replace(config, secret_keys=(new_key(),))
    engine = await open_engine(later, **options)
    transport = httpx.ASGITransport(create_app(engine, later))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as client:
        desk, other_desk = Desk(client, shop), Desk(client, other)
        await other_desk.put("wire", enabled=True, settings={**WIRE, "account": "15550002"})
        page = await desk.get("wire")
        assert (page["enabled"], page["configured"], page["settings"]) == (False, True, {})
        assert "key" in page["problem"]
        assert (await desk.get("parcels"))["problem"] == ""
        assert (await other_desk.get("wire"))["enabled"]
        assert await engine.enabled(other.store) == {"wire"}
        assert await engine.enabled(shop.store) == frozenset()
        assert (await desk.refused("wire", enabled=True))[:2] == (409, "settings_unreadable")
        assert not (await desk.put("wire", enabled=False))["enabled"]
        repaired = await desk.put("wire", enabled=True, settings=WIRE)
        assert (repaired["enabled"], repaired["problem"]) == (True, "")
        assert (await settings_in(engine, shop)).token == "hunter2"
    await close_engine(engine)


async def test_switching_a_plugin_leaves_alone_what_only_a_lost_key_would_open(
    desk: Desk, engine: Engine, shop: Shop
) -> None:
    await desk.put("wire", enabled=True, settings=WIRE)
    async with engine.database.transaction(shop.store.id) as tx:
        cipher = (await queries.plugin_rows(tx))["wire"].settings
        await queries.save_settings(tx, "wire", b"under a key that nobody has")
    page = await desk.put("wire", enabled=False)
    assert page["problem"]
    async with engine.database.transaction(shop.store.id) as tx:
        assert (await queries.plugin_rows(tx))["wire"].settings == b"under a key that nobody has"
        assert cipher is not None
        await queries.save_settings(tx, "wire", cipher)
    assert (await desk.put("wire", enabled=True))["enabled"]


async def test_settings_that_a_newer_plugin_wants_otherwise_are_shown_with_what_is_missing(
    desk: Desk, engine: Engine, shop: Shop
) -> None:
    await desk.put("wire", enabled=True, settings=WIRE)
    older = msgspec.json.encode({"account": "15550001", "retries": "three"})
    async with engine.database.transaction(shop.store.id) as tx:
        await queries.save_settings(tx, "wire", engine.keyring.encrypt(older))
    page = await desk.get("wire")
    assert (page["enabled"], page["settings"]["account"]) == (False, "15550001")
    assert page["problem"]
    assert {(one["path"], one["code"]) for one in page["errors"]} == {
        ("settings.token", "required"),
        ("settings.retries", "invalid_value"),
    }
    fixed = await desk.put("wire", settings={"token": "hunter2", "retries": 3})
    assert (fixed["enabled"], fixed["problem"], fixed["errors"]) == (True, "", [])


# --- two hosts -----------------------------------------------------------------------------------


async def test_what_one_host_switches_is_seen_at_once_there_and_soon_by_another(
    desk: Desk, engine: Engine, shop: Shop, config: Config, clock: ManualClock
) -> None:
    other = await open_engine(
        config, clock=clock, entry_points=(), extra_plugins=[Parcels(), WirePlugin(), whatsapp]
    )
    for enabled in (True, False):
        assert ("wire" in await other.enabled(shop.store)) is not enabled
        await desk.put("wire", enabled=enabled, settings=WIRE)
        assert ("wire" in await engine.enabled(shop.store)) is enabled
        assert ("wire" in await other.enabled(shop.store)) is not enabled
        clock.advance(5)
        assert ("wire" in await other.enabled(shop.store)) is enabled
    await close_engine(other)


# --- two stores ----------------------------------------------------------------------------------


async def test_what_one_store_sets_or_switches_never_touches_another(
    desk: Desk, other_desk: Desk, engine: Engine, shop: Shop, other_shop: Shop
) -> None:
    await desk.put("wire", enabled=True, settings=WIRE)
    untouched = await other_desk.get("wire")
    assert (untouched["configured"], untouched["enabled"], untouched["settings"]) == (
        False,
        False,
        {},
    )
    await other_desk.put(
        "wire", enabled=True, settings={"account": "15550002", "token": "tr0ub4dor", "retries": 9}
    )
    before = await desk.get("wire")
    assert before["settings"]["retries"] == 3
    await other_desk.put("wire", enabled=False, settings={"retries": 10})
    assert await desk.get("wire") == before
    assert (await settings_in(engine, shop)).token == "hunter2"
    assert (await settings_in(engine, other_shop)).token == "tr0ub4dor"
    assert await engine.enabled(shop.store) == {"wire"}
    assert await engine.enabled(other_shop.store) == frozenset()
