"""A shop that opens beside plugins that somebody else got wrong, and what is seen of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.support.shop import Shop
from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, NewCart
from tradewind.outbox.rules import wait
from tradewind.settings.service import configure

LIMIT = 0.25
Opener = Callable[..., AbstractAsyncContextManager[Shop]]


async def switch_on(shop: Shop, name: str) -> None:
    store = shop.branches["demo"].store
    await configure(shop.engine, store, name, settings={}, enabled=True, actor="test")


def forgiving(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `settle` leave failed work alone: here it is expected."""

    async def none() -> Sequence[str]:
        return ()

    monkeypatch.setattr(shop, "faults", none)


async def plugin_page(shop: Shop, name: str) -> dict[str, Any]:
    return await shop.admin("GET", f"/admin/plugins/{name}")


async def coffee(shop: Shop) -> Cart:
    """A cart with one coffee, to be fetched at the shop."""
    store = shop.branches["demo"].store
    async with shop.engine.database.transaction(store.id) as tx:
        new = NewCart(source="web", session_id="s:1", email="jane@example.com")
        return await carts.add_sku(tx, new, "COF-250", 1)


async def let_it_fail(shop: Shop, times: int) -> None:
    """Let so many attempts come due, one after another."""
    for attempt in range(1, times + 1):
        shop.clock.advance(wait(attempt).total_seconds())
        await shop.settle()
