"""Edits of one cart at the same time come to what some order of them, one by one, comes to."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.storefront import HOME, PRICE, TEA, Storefront, open_storefront, refused, told
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import Postgres

BASKET, COFFEE = "KIONDO", "COF-250"
pytestmark = pytest.mark.asyncio(loop_scope="module")
State = tuple[dict[str, int], dict[str, Any], Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(postgres_server: Postgres) -> AsyncIterator[Storefront]:
    with postgres_server.database() as urls:
        async with open_storefront(urls, ManualClock()) as opened:
            yield opened


class Edit:
    """One call, and what it does to a cart by the book."""

    def __init__(self, kind: str, sku: str = TEA, number: int = 1) -> None:
        self.kind, self.sku, self.number = kind, sku, number

    def after(self, before: State) -> State:
        units, metadata, address = dict(before[0]), dict(before[1]), before[2]
        if self.kind == "add":
            units[self.sku] = units.get(self.sku, 0) + self.number
        elif self.kind == "set" and self.sku in units:
            units[self.sku] = self.number
        elif self.kind == "remove":
            units.pop(self.sku, None)
        elif self.kind == "tell":
            metadata[f"n{self.number}"] = self.number
        elif self.kind == "move":
            address = {**HOME, "address_1": f"Avenue {self.number}"}
        return units, metadata, address

    async def call(self, site: Storefront, cart: dict[str, Any]) -> Any:
        path = f"/carts/{cart['id']}"
        line = next((one["id"] for one in cart["lines"] if one["sku"] == self.sku), "")
        if self.kind == "add":
            body = {"variant_id": await site.variant(self.sku), "quantity": self.number}
            return await site.ask("POST", f"{path}/line-items", body)
        if self.kind == "set":
            return await site.ask("POST", f"{path}/line-items/{line}", {"quantity": self.number})
        if self.kind == "remove":
            return await site.ask("DELETE", f"{path}/line-items/{line}")
        if self.kind == "tell":
            return await site.ask("POST", path, {"metadata": {f"n{self.number}": self.number}})
        address = {**HOME, "address_1": f"Avenue {self.number}"}
        return await site.ask("POST", path, {"shipping_address": address})


def state(cart: dict[str, Any]) -> State:
    units = {line["sku"]: line["quantity"] for line in cart["lines"]}
    return units, cart["metadata"], cart["shipping_address"]


@pytest.mark.parametrize("seed", range(3))
async def test_answers_in_the_order_of_their_versions_are_a_history(
    site: Storefront, seed: int
) -> None:
    lot = random.Random(seed)
    cart = await site.cart((TEA, 1), (COFFEE, 2))
    edits = [
        *(Edit("add", number=n) for n in (1, 2, 3, 1)),
        *(Edit("add", COFFEE, n) for n in (1, 4)),
        *(Edit("set", COFFEE, n) for n in (7, 9)),
        *(Edit("tell", number=n) for n in range(3)),
        *(Edit("move", number=n) for n in (1, 2)),
        Edit("remove", COFFEE),
    ]
    lot.shuffle(edits)
    answers = await asyncio.gather(*(one.call(site, cart) for one in edits))
    done = [
        (answer.json()["cart"], edit)
        for answer, edit in zip(answers, edits, strict=True)
        if answer.is_success
    ]
    # Only a line that was gone by then may have been missed.
    missed = {one.kind for one, answer in zip(edits, answers, strict=True) if answer.is_error}
    assert missed <= {"set", "remove"}
    history = sorted(done, key=lambda one: one[0]["version"])
    versions = [cart["version"], *(answer["version"] for answer, _ in history)]
    assert all(a < b for a, b in itertools.pairwise(versions)), versions
    book = state(cart)
    for answer, edit in history:
        book = edit.after(book)
        assert state(answer) == book, edit.kind
    assert state((await site.get(f"/carts/{cart['id']}"))["cart"]) == book


async def test_many_at_once_get_no_more_than_there_is(site: Storefront) -> None:
    cart = await site.cart((TEA, 1))
    answers = await asyncio.gather(*(Edit("add", BASKET).call(site, cart) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [200] * 3 + [409] * 5
    for one in answers:
        if one.is_error:
            assert refused(one, 409, "out_of_stock")["left"] == 3
    kept = (await site.get(f"/carts/{cart['id']}"))["cart"]
    assert state(kept)[0] == {TEA: 1, BASKET: 3}


async def test_a_line_is_either_in_the_order_or_refused(site: Storefront) -> None:
    for _ in range(4):
        cart = await site.cart((TEA, 1))
        await site.pays(cart, provider_id="manual")
        add = Edit("add").call(site, cart)
        added, completed = await asyncio.gather(add, site.complete(cart))
        if completed.is_success:
            assert completed.json()["order"]["total"] == PRICE
            refused(added, 409, "cart_completed")
        else:
            assert completed.json()["code"] in {"cart_changed", "payment_not_completed"}
            assert told(added)["cart"]["total"] == 2 * PRICE


async def test_a_cart_has_five_hundred_lines_and_no_more(
    site: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("carts.service", "checkout.queries"):
        monkeypatch.setattr(f"tradewind.{room}.MOST_LINES", 2)
    cart = await site.cart((TEA, 1), (COFFEE, 1))
    refused(await Edit("add", BASKET).call(site, cart), 409, "too_many_lines")
    kept = told(await Edit("add", COFFEE).call(site, cart))["cart"]
    assert state(kept)[0] == {TEA: 1, COFFEE: 2}
