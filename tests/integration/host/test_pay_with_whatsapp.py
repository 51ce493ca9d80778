"""Pay with WhatsApp over HTTP: the order stands at once, the merchant confirms the money later."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from tests.support.letterbox import JANE, PUSH, SKUS, Letterbox, open_letterbox, text_of
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.carts.service import add_line, open_cart, update
from tradewind.checkout.service import start_payment
from tradewind.orders.rules import followed
from tradewind.settings.service import configure, set_flag
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_segment import plugin as segment

RECIPIENT = "+254 700 000-001"
TRACK = "https://segment.example/v1/track"


class Stall:
    """A storefront, the shopper's mail, and what Segment was told."""

    def __init__(self, box: Letterbox) -> None:
        self.box, self.shop = box, box.shop
        self.engine = box.engine
        self.tracked: list[dict[str, Any]] = []
        self.shop.network.fault = self._segment

    async def _segment(self, request: httpx.Request) -> httpx.Response | None:
        if str(request.url) != TRACK:
            return None
        self.tracked.append(json.loads(request.content))
        return httpx.Response(200, json={"success": True})

    async def cart(self, quantity: int = 2, *, slug: str = "demo", **fields: Any) -> Cart:
        """A guest's cart, or another's by `fields`."""
        store = self.box.store(slug)
        async with self.engine.database.transaction(store.id) as tx:
            cart = await open_cart(tx, NewCart(source="web", **fields))
            query = "SELECT id FROM shop.variants WHERE store_id = $1 AND sku = $2"
            variant_id = await tx.fetchval(query, tx.store_id, SKUS[slug])
            cart = await add_line(tx, cart, variant_id, quantity)
            told = CartUpdate(email=JANE, metadata={"note": "gift", "payment_method": "forged"})
            return await update(tx, cart, told)

    async def posts(
        self, cart_id: UUID | str, recipient: Any = RECIPIENT, *, slug: str = "demo", **headers: str
    ) -> httpx.Response:
        key = {"X-Publishable-Key": self.shop.branches[slug].publishable_key}
        body = {"cart_id": str(cart_id), "whatsapp_recipient": recipient}
        return await self.shop.client.post(
            "/store/whatsapp-checkout", json=body, headers={**key, **headers}
        )

    async def detail(self, order_id: str) -> dict[str, Any]:
        order: dict[str, Any] = (await self.shop.admin("GET", f"/admin/orders/{order_id}"))["order"]
        return order

    async def left(self) -> int:
        return int((await self.shop.admin("GET", f"/admin/inventory/{SKUS['demo']}"))["available"])


@pytest_asyncio.fixture
async def stall(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Stall]:
    async with open_letterbox(database_urls, clock, plugins=[segment]) as box:
        await configure(
            box.engine,
            box.store(),
            "segment",
            actor="t",
            enabled=True,
            operator=True,
            settings={"write_key": "a-write-key", "endpoint": TRACK},
        )
        yield Stall(box)


async def test_the_order_stands_and_everybody_is_told_until_it_is_paid(stall: Stall) -> None:
    before = await stall.left()
    cart = await stall.cart()
    answer = await stall.posts(cart.id)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"orderId", "token"}
    order_id = answer.json()["orderId"]
    await stall.shop.settle()
    order = await stall.detail(order_id)
    assert (order["status"], order["payment_status"]) == ("processing", "awaiting")
    assert (order["source"], order["email"]) == ("web", JANE)
    assert await stall.left() == before - 2
    told = order["metadata"]
    assert datetime.fromisoformat(told.pop("timestamp")) == stall.engine.clock.now()
    expected = {
        "note": "gift",
        "payment_method": "whatsapp",
        "whatsapp_recipient": RECIPIENT,
        "wa_payment_state": "pending",
    }
    assert told == expected
    [payment] = order["payments"]
    assert (payment["provider_id"], payment["method"]) == ("manual", "whatsapp")

    (letter,) = stall.box.letters
    assert letter["To"] == JANE
    assert f"Your order {order['number']}" in letter["Subject"]
    assert "Whatsapp" in text_of(letter)
    (call,) = stall.tracked
    assert call["event"] == "order.placed"
    assert expected.items() <= call["properties"].items()
    assert call["properties"]["total"] == {"amount": order["total"], "currency": "KES"}

    await stall.shop.admin("POST", f"/admin/orders/{order_id}/mark-paid", {"note": "in the chat"})
    order = await stall.detail(order_id)
    assert (order["payment_status"], order["metadata"]["wa_payment_state"]) == ("paid", "paid")
    assert len(order["payments"]) == 1
    paid = stall.tracked[1]
    assert (paid["event"], paid["properties"]["wa_payment_state"]) == ("payment.paid", "paid")
    assert paid["properties"]["whatsapp_recipient"] == RECIPIENT
    assert len({call["messageId"] for call in stall.tracked}) == 2
    assert len(stall.box.letters) == 2
    shown = await stall.shop.client.get(
        f"/api/orders/{order_id}", params={"token": answer.json()["token"]}
    )
    assert shown.json()["payment_status"] == "paid"


async def test_part_of_the_money_leaves_it_pending_and_asked_again_it_is_one_order(
    stall: Stall,
) -> None:
    cart = await stall.cart()
    first, again = await stall.posts(cart.id), await stall.posts(cart.id)
    assert first.json()["orderId"] == again.json()["orderId"]
    order_id = first.json()["orderId"]
    await stall.shop.admin("POST", f"/admin/orders/{order_id}/mark-paid", {"amount": 1})
    assert (await stall.detail(order_id))["metadata"]["wa_payment_state"] == "pending"
    await stall.shop.admin("POST", f"/admin/orders/{order_id}/mark-paid", {})
    assert (await stall.detail(order_id))["metadata"]["wa_payment_state"] == "paid"


async def test_where_the_store_says_so_it_is_a_draft_until_the_merchant_confirms_it(
    stall: Stall,
) -> None:
    await stall.shop.admin("PUT", "/admin/store", {"settings": {"draft_first": True}})
    before = await stall.left()
    order_id = (await stall.posts((await stall.cart()).id)).json()["orderId"]
    await stall.shop.settle()
    assert (await stall.detail(order_id))["status"] == "draft"
    assert await stall.left() == before - 2
    assert stall.tracked == []
    assert stall.box.letters == []
    await stall.shop.admin("POST", f"/admin/orders/{order_id}/mark-paid", {})
    order = await stall.detail(order_id)
    assert (order["status"], order["metadata"]["wa_payment_state"]) == ("processing", "paid")
    assert sorted(call["event"] for call in stall.tracked) == ["order.placed", "payment.paid"]
    refused = (await stall.posts((await stall.cart(3)).id)).json()["orderId"]
    await stall.shop.admin("POST", f"/admin/orders/{refused}/cancel", {})
    assert (await stall.detail(refused))["status"] == "canceled"
    assert await stall.left() == before - 2


async def test_what_was_begun_otherwise_is_called_off(stall: Stall) -> None:
    cart = await stall.cart()
    begun = await start_payment(stall.engine, stall.box.store(), cart.id, PUSH)
    order_id = (await stall.posts(cart.id)).json()["orderId"]
    order = await stall.detail(order_id)
    assert [one["method"] for one in order["payments"]] == ["whatsapp"]
    state = await stall.box.value(
        "SELECT status FROM shop.payment_sessions WHERE store_id = $1 AND id = $2", begun.id
    )
    assert state == "voided"


async def test_who_may_not_order_a_cart_finds_none(stall: Stall) -> None:
    before = await stall.left()
    chat = await stall.cart(session_id="wa:254700000001")
    foreign = await stall.cart(slug="second")
    async with stall.engine.database.transaction(stall.box.store().id) as tx:
        customer = tx.new_id()
        await tx.execute(
            "INSERT INTO shop.customers (store_id, id, created_at, updated_at) "
            "VALUES ($1, $2, $3, $3)",
            tx.store_id,
            customer,
            tx.now,
        )
    signed_in = await stall.cart(customer_id=customer)
    for cart in (chat, foreign, signed_in):
        assert (await stall.posts(cart.id)).status_code == 404
    assert (await stall.posts("0193f2a0-0000-7000-8000-000000000000")).status_code == 404
    mine = await stall.cart()
    assert (await stall.posts(mine.id, slug="second")).status_code == 404
    for recipient in ("", " ", "a\nb", "x" * 101, 7, None):
        answer = await stall.posts(mine.id, recipient)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), recipient
    assert await stall.left() == before


async def test_what_cannot_be_ordered_is_refused_and_the_cart_kept(stall: Stall) -> None:
    left = await stall.left()
    async with stall.engine.database.transaction(stall.box.store().id) as tx:
        empty = await open_cart(tx, NewCart(source="web", email=JANE))
    assert (await stall.posts(empty.id)).json()["code"] == "cart_empty"
    cart, other = await stall.cart(left), await stall.cart(1)
    assert (await stall.posts(other.id)).status_code == 200
    refused = await stall.posts(cart.id)
    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_stock")
    assert await stall.left() == left - 1


async def test_each_way_of_buying_is_switched_by_itself(stall: Stall) -> None:
    """Both checkouts and pay with WhatsApp side by side, each flag off and on again."""
    key = {"X-Publishable-Key": stall.shop.branches["demo"].publishable_key}
    quick = {
        "items": [{"sku": SKUS["demo"], "quantity": 1}],
        "customer": {"email": JANE},
        "provider_id": "manual",
    }

    async def statuses() -> dict[str, int]:
        client = stall.shop.client
        cart = await client.post("/store/carts", json={}, headers=key)
        order = await client.post("/api/checkout", json=quick, headers=key)
        chat = await stall.posts((await stall.cart(1)).id)
        answers = {
            "USE_NEW_CHECKOUT": cart,
            "ENABLE_LEGACY_CHECKOUT": order,
            "PAYMENT_CHANNEL_WHATSAPP": chat,
        }
        refused = [one.json()["code"] for one in answers.values() if one.status_code == 403]
        assert set(refused) <= {"channel_disabled"}
        return {flag: one.status_code for flag, one in answers.items()}

    on = await statuses()
    assert 403 not in on.values()
    for flag in on:
        await stall.shop.admin("PUT", f"/admin/flags/{flag}", {"enabled": False})
        assert await statuses() == {**on, flag: 403}
        await set_flag(stall.engine, stall.box.store("second"), flag, enabled=False, actor="t")
        await stall.shop.admin("PUT", f"/admin/flags/{flag}", {"enabled": True})
        assert await statuses() == on


@given(
    st.dictionaries(st.text(max_size=8).map("{}_payment_state".format) | st.text(), st.text()),
    st.sampled_from(["awaiting", "partially_paid", "paid", "refunded"]),
)
def test_only_states_that_were_pending_follow_the_money(
    metadata: dict[str, str], status: Any
) -> None:
    after = followed(metadata, status)
    assert set(after) == set(metadata)
    changed = {key for key in metadata if after[key] != metadata[key]}
    waiting = {k for k, v in metadata.items() if k.endswith("_payment_state") and v == "pending"}
    assert changed == (waiting if status == "paid" else set())


async def test_one_unpaid_order_too_many_from_an_address_is_refused(stall: Stall) -> None:
    await stall.shop.admin("PUT", "/admin/store", {"settings": {"unpaid_per_address": 1}})
    first, second = await stall.cart(), await stall.cart()
    assert (await stall.posts(first.id)).is_success
    refused = await stall.posts(second.id)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_unpaid")
    assert (await stall.posts(first.id)).is_success
