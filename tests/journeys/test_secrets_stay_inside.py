"""Whatever a plugin does with its secrets: no log, no answer and no row tells one."""

import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.support.corner import SECRET, Corner, open_corner
from tests.support.shop import AMINA
from tests.support.thirdparty.kiosk import sign
from tradewind import ProviderFault, Refusal, Retry
from tradewind.checkout import service as checkout
from tradewind.contracts.settings import MASK
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host import logs

LEAKS = [
    lambda words: ValueError(f"cannot go on with {words!r}"),
    KeyError,
    lambda words: ProviderFault(f"{words} was refused", permanent=False),
    lambda words: Retry(1.0, f"{words} again"),
]
METHODS = ["methods", "start", "fetch", "cancel", "refund", "accept", "parse_webhook", "on_event"]


@pytest_asyncio.fixture
async def corner(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Corner]:
    async with open_corner(database_urls, clock) as opened:
        yield opened


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """What the host has logged, in the form it has in production."""
    root, lines = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    logs.configure("debug", "json")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(lines)
    yield lines.getvalue
    root.handlers[:] = before
    root.setLevel(level)


async def everything_stored(superuser: "asyncpg.Connection[Any]") -> str:
    """Every row of every table, bytes as text."""
    tables = await superuser.fetch(
        """SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
           WHERE schemaname IN ('shop', 'control')"""
    )
    await superuser.execute("SET bytea_output = 'escape'")
    found = ""
    for table in tables:
        rows = await superuser.fetch(f"SELECT t::text AS row FROM {table['name']} t")
        found += "\n".join(row["row"] for row in rows)
    return found


async def call(corner: Corner, method: str, path: str, json: Any) -> str:
    """What the admin API answers, whatever it is."""
    headers = {"Authorization": f"Bearer {corner.shop.branches['demo'].secret_key}"}
    answer = await corner.shop.client.request(method, path, json=json, headers=headers)
    return answer.text


async def a_whole_round(corner: Corner, paid_order: str) -> list[str]:
    """Everything a plugin is asked, whatever it raises; what the APIs answered."""
    refund = f"/admin/orders/{paid_order}/refund"
    told = [await call(corner, "POST", refund, {"amount": 100})]
    with suppress(Refusal, ProviderFault):
        told.append(str(await corner.offered()))
    cart = await corner.cart()
    try:
        await corner.pays(cart)
    except (Refusal, ProviderFault) as error:
        told += [str(error), error.detail]
    with suppress(Refusal, ProviderFault):
        await checkout.place(corner.shop.engine, corner.store, cart.id, "manual")
    if corner.kiosk.book.requests:
        signed = {"x-kiosk-signature": sign(b"T0001", SECRET)}
        answer = await corner.shop.client.post(
            "/webhooks/kiosk/demo", content=b"T0001", headers=signed
        )
        told.append(answer.text)
    await corner.shop.says(AMINA, "menu")
    told.append(await call(corner, "GET", "/admin/event-deliveries?state=pending", None))
    await corner.passes(timedelta(minutes=1))
    return told


async def test_no_log_no_answer_and_no_row_ever_tells_a_secret(
    corner: Corner, logged: Callable[[], str], superuser: "asyncpg.Connection[Any]"
) -> None:
    told = [json.dumps(await corner.put("kiosk", settings={"hook_secret": SECRET, "kiosk": "9"}))]
    await corner.begun()
    assert await corner.hook(corner.paid()) == 200
    (order,) = await corner.orders()
    for method in METHODS:
        for leak in LEAKS:
            corner.kiosk.mood = lambda name, m=method, leak=leak: (  # type: ignore[misc]
                leak(SECRET) if name == m else None
            )
            told += await a_whole_round(corner, order["id"])
            await corner.put("kiosk", enabled=True)
    for path in (
        "plugins",
        "cases?limit=200",
        "audit-log?limit=200",
        "event-deliveries?limit=200",
        "webhook-inbox?limit=200",
        "events?limit=200",
        "orders?limit=200",
    ):
        told.append(json.dumps(await corner.shop.admin("GET", f"/admin/{path}")))
    for settings in ({"hook_secret": SECRET, "x": 1}, {"hook_secret": [SECRET]}):
        refused = await call(corner, "PUT", "/admin/plugins/kiosk", {"settings": settings})
        assert "invalid_settings" in refused
        told.append(refused)
    lines, rows = logged(), await everything_stored(superuser)
    for place in (lines, rows, *told):
        assert SECRET not in place
    assert set(METHODS) <= set(corner.kiosk.calls)
    for word in ("ValueError", "KeyError", "ProviderFault"):
        assert word in lines
    for words in (f"{MASK} was refused", f"cannot go on with '{MASK}'"):
        assert words in "".join(told)


async def test_a_secret_that_is_logged_would_be_seen(
    corner: Corner, logged: Callable[[], str], superuser: "asyncpg.Connection[Any]"
) -> None:
    logging.getLogger("tradewind").warning("the secret is %s", SECRET)
    await superuser.execute("UPDATE control.stores SET name = $1", SECRET)
    assert SECRET in logged()
    assert SECRET in await everything_stored(superuser)
    assert await corner.offered() == {"kiosk", "manual"}
