"""No route shows or changes what another store owns: every route, with own ids and with foreign.

The routes are found, not listed: one that is added is walked too, or the test fails for want of an
id to give it.
"""

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest_asyncio
from litestar.handlers import HTTPRouteHandler

from tests.integration.host.plugin import Listener
from tests.support.shop import AMINA, BRIAN, Shop, open_shop
from tradewind.carts.rules import CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.cases.service import NewCase, open_case
from tradewind.checkout.links import token_for
from tradewind.checkout.service import open_own_cart, place, quote
from tradewind.customers.service import for_email
from tradewind.database.sessions import NewSession, csrf_of, open_session
from tradewind.downloads.rules import ProductFile
from tradewind.downloads.service import add_file
from tradewind.media.rules import MediaItem, MediaKind
from tradewind.media.service import keep, keep_received
from tradewind.outbox.service import list_deliveries
from tradewind.settings.service import configure
from tradewind.stores.service import issue_key
from tradewind.stores.staff import account_by_email, create_account, put_member
from tradewind.testing.database import DatabaseUrls
from tradewind_host.signed_in import cookie_name

BODIES: dict[str, Any] = {
    "set_pack": {"credits": 1},
    "attach_file": {"media_id": "00000000-0000-0000-0000-000000000001"},
    "change_credits": {"credits": 1},
    "mark_paid": {"note": "cash"},
    "refund": {"reason": "broken"},
    "cancel": {"reason": "asked"},
    "add_note": {"note": "call first"},
    "set_level": {"adjust": 1},
    "update_product": {"description": "new words"},
    "create_variant": {"sku": "ANOTHER"},
    "generate_variants": {"sku": "MORE"},
    "update_variant": {"title": "Another"},
    "set_price": {"currency": "EUR", "amount": 100},
    "replace_prices": {"prices": [{"currency": "EUR", "amount": 100}]},
    "update_category": {"name": "Another"},
    "update_region": {"name": "Another"},
    "update_tax_rate": {"name": "Another"},
    "update_shipping_option": {"name": "Another"},
    "update_location": {"name": "Another"},
    "act_on_case": {"resolution": "done"},
    "update_cart": {"metadata": {"gift": True}},
    "add_line": lambda ids: {"variant_id": ids["variant_id"]},
    "change_line": {"quantity": 2},
    "add_promotion": lambda ids: {"code": ids["code"]},
    "change_promotion": {"title": "Less"},
    "choose_shipping": lambda ids: {"option_id": ids["option_id"]},
    "start_payment": {"provider_id": "manual"},
    "update_customer": {"note": "likes tea"},
}
"""What a route wants in its body, by the name of its function."""

QUERIES = {"/store/orders/{order_id}": "token"}
"""What opens an object beside its id, by the path; its value stands among the ids."""

SPARE = {
    "archive_promotion": "spare",
    "cancel": "spare",
    "remove_line": "spare",
    "complete": "ready",
    "claim_cart": "claimed",
    "use_credits": "customer's",
    "remove_credits": "customer's",
    "archive_product": "spare",
    "archive_variant": "spare",
    "generate_variants": "spare",
    "update_variant": "changed",
    "delete_price": "spare",
    "replace_prices": "spare",
    "delete_category": "spare",
    "delete_tax_rate": "spare",
    "forget_received": "spare",
    "erase_customer": "spare",
    "archive_shipping_option": "spare",
}
"""What needs objects of its own, because another call spoils them: a paid order stays."""

OF_CUSTOMERS = {"claim_cart", "use_credits", "remove_credits"}
"""What a customer is signed in for, beside their own pages."""

SHARED = {"name", "plugin", "path"}
"""Parameters that name no object of a store: plugins and flags are the same for all."""


SIZES = {"name": "size", "values": ["S", "M"]}


class Call(NamedTuple):
    """One route and method, with the names of its parameters."""

    function: str
    method: str
    path: str
    parameters: tuple[str, ...]

    def url(self, ids: dict[str, str]) -> str:
        query = QUERIES.get(self.path)
        return self.path.format(**ids) + (f"?{query}={ids[query]}" if query else "")

    def body(self, ids: dict[str, str]) -> Any:
        wanted = BODIES.get(self.function)
        return wanted(ids) if callable(wanted) else wanted


# What says of an own object that it was found, where the call itself cannot succeed.
REACHED = {
    "capture": "nothing_to_capture",
    "add_file": "not_digital",
    "attach_file": "not_digital",
    "set_pack": "not_a_pack",
    "renew_downloads": "no_downloads",
    "cancel_import": "import_finished",
    "resume_import": "import_not_resumable",
}


# Lists that must name what the other store owns, to that store: the positive control.
SHOWN = {
    "list_orders",
    "list_all_carts",
    "list_customers",
    "list_promotions",
    "list_cases",
    "list_conversations",
    "list_imports",
    "order_list",
    "case_list",
    "conversation_list",
}


class Sides(NamedTuple):
    """The house, and the ids of what each of its stores owns."""

    shop: Shop
    own: dict[str, str]
    foreign: dict[str, str]


@pytest_asyncio.fixture
async def sides(database_urls: DatabaseUrls) -> AsyncIterator[Sides]:
    async with open_shop(database_urls, plugins=[Listener()]) as shop:
        own = await furnish(shop, "demo", AMINA, "TEA-PURPLE")
        foreign = await furnish(shop, "second", BRIAN, "CAP")
        yield Sides(shop, own, foreign)


async def furnish(shop: Shop, slug: str, phone: str, sku: str) -> dict[str, str]:
    """One of everything that a route may name."""
    store, database = shop.branches[slug].store, shop.engine.database
    await configure(shop.engine, store, "listener", actor="test", enabled=True, settings={})
    await shop.says(phone, "hi", store=slug)
    spare = await order_in(shop, slug, sku)
    order_id = await order_in(shop, slug, sku)
    await shop.settle()
    async with database.transaction(store.id) as tx:
        case_id = await open_case(
            tx,
            NewCase(
                kind="late_payment",
                dedupe_key="one",
                title=f"Case of {slug}",
                subject_type="order",
                subject_id=str(order_id),
            ),
        )
        deliveries = await list_deliveries(tx)
        customer = await for_email(tx, f"{slug}@example.com")
        own_cart = await open_own_cart(tx, customer.id, NewCart(source="web"))
    await quote(shop.engine, store, own_cart.id)
    found = {
        "order_id": order_id,
        "spare order_id": spare,
        "customer's cart_id": own_cart.id,
        "case_id": case_id,
        "delivery_id": deliveries[0].id,
        "sku": sku,
        "conversation_id": await first_id(shop, slug, "conversations"),
        "item_id": await first_id(shop, slug, "webhook-inbox"),
        "product_id": await first_id(shop, slug, "products"),
        "customer_id": await first_id(shop, slug, "customers"),
        "spare customer_id": await customer_id(shop, slug),
        "key_id": await key_id(shop, slug),
        "media_id": await media_id(shop, slug),
        "message_id": await message_id(shop, slug),
        "spare message_id": await message_id(shop, slug),
        "import_id": await import_id(shop, slug, sku),
        **await promotions_in(shop, slug),
        "file_id": await file_id(shop, slug),
        "token": token_for(shop.engine, store, order_id, "order"),
        **await carts_in(shop, slug, sku),
        **await goods_in(shop, slug),
        **await price_tables_in(shop, slug),
    }
    ids = {name: str(value) for name, value in found.items()}
    return {**ids, "id_or_handle": ids["product_id"], "action": "close", "deed": "note"}


async def order_in(shop: Shop, slug: str, sku: str) -> UUID:
    """An order for one unit, to be paid later."""
    store = shop.branches[slug].store
    async with shop.engine.database.transaction(store.id) as tx:
        cart = await add_sku(tx, NewCart(source="web", session_id=f"web:{slug}"), sku, 1)
        cart = await update(tx, cart, CartUpdate(email=f"{slug}@example.com"))
    return (await place(shop.engine, store, cart.id, "manual", "cash_on_delivery")).id


async def carts_in(shop: Shop, slug: str, sku: str) -> dict[str, str]:
    """Carts of guests with a line each: one is to be paid on delivery."""
    store, found = shop.branches[slug].store, dict[str, str]()
    headers = {"X-Publishable-Key": shop.branches[slug].publishable_key}
    async with shop.engine.database.transaction(store.id) as tx:
        query = "SELECT id FROM shop.variants WHERE store_id = $1 AND sku = $2"
        variant_id = str(await tx.fetchval(query, store.id, sku))

    async def post(path: str, body: dict[str, str]) -> Any:
        answer = await shop.client.post(f"/store/carts{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    for use in ("", "spare ", "ready ", "claimed "):
        cart = (await post("", {"email": f"{slug}@example.com"}))["cart"]
        cart = (await post(f"/{cart['id']}/line-items", {"variant_id": variant_id}))["cart"]
        found |= {f"{use}cart_id": cart["id"], f"{use}line_id": cart["lines"][0]["id"]}
    await post(f"/{found['ready cart_id']}/payment-sessions", {"provider_id": "manual"})
    path = f"/store/carts/{found['cart_id']}/shipping-options"
    options = (await shop.client.get(path, headers=headers)).json()["shipping_options"]
    return {**found, "variant_id": variant_id, "option_id": options[0]["id"]}


async def goods_in(shop: Shop, slug: str) -> dict[str, str]:
    """A category to keep and one to lose; a draft with a variant and its price."""
    found = dict[str, str]()
    for use in ("", "spare "):
        body = {"name": f"Shelf {use}of {slug}"}
        made = await shop.admin("POST", "/admin/categories", body, store=slug)
        found[f"{use}category_id"] = made["category"]["id"]
    prices = [{"currency": "EUR", "amount": 1}]
    variants = [
        {"sku": f"DRAFT-{size}", "options": {"size": size}, "prices": prices} for size in "SM"
    ]
    draft = {"title": f"Draft of {slug}", "options": [SIZES], "variants": variants}
    product = (await shop.admin("POST", "/admin/products", draft, store=slug))["product"]
    small, medium = product["variants"]
    return {
        **found,
        "location_id": str(await first_id(shop, slug, "stock-locations")),
        "price_id": small["prices"][0]["id"],
        "spare price_id": small["prices"][0]["id"],
        "spare product_id": product["id"],
        "spare variant_id": small["id"],
        "changed product_id": product["id"],
        "changed variant_id": medium["id"],
    }


async def promotions_in(shop: Shop, slug: str) -> dict[str, str]:
    """A promotion with its code, and one that may be archived."""
    found = {}
    for use in ("", "spare "):
        body = {"kind": "percentage", "value": 10, "code": f"CODE-{slug}-{use}".rstrip("- ")}
        made = await shop.admin("POST", "/admin/promotions", body, store=slug)
        found[f"{use}promotion_id"] = made["promotion"]["id"]
        found[f"{use}code"] = made["promotion"]["code"]
    return found


async def price_tables_in(shop: Shop, slug: str) -> dict[str, str]:
    """The region, and of taxes and deliveries one to keep and one to lose."""
    region_id = str(await first_id(shop, slug, "regions"))
    found = {"region_id": region_id}
    for use in ("", "spare "):
        tax = {"region_id": region_id, "rate": "0"}
        made = await shop.admin("POST", "/admin/tax-rates", tax, store=slug)
        found[f"{use}tax_rate_id"] = made["tax_rate"]["id"]
        option = {"region_id": region_id, "name": f"Way {use}of {slug}", "price": 100}
        made = await shop.admin("POST", "/admin/shipping-options", option, store=slug)
        found[f"{use}shipping_option_id"] = made["shipping_option"]["id"]
    return found


async def first_id(shop: Shop, slug: str, things: str) -> UUID:
    listed = await shop.admin("GET", f"/admin/{things}", store=slug)
    return UUID(next(iter(listed.values()))[0]["id"])


async def customer_id(shop: Shop, slug: str) -> UUID:
    """A customer who may be erased."""
    body = {"name": f"Spare of {slug}"}
    made = await shop.admin("POST", "/admin/customers", body, store=slug)
    return UUID(made["customer"]["id"])


async def key_id(shop: Shop, slug: str) -> UUID:
    """A key that may be revoked: nobody uses it."""
    await issue_key(shop.engine.database, shop.branches[slug].store, "publishable", "Spare")
    keys = (await shop.admin("GET", "/admin/api-keys", store=slug))["api_keys"]
    return UUID(next(key["id"] for key in keys if key["title"] == "Spare"))


async def media_id(shop: Shop, slug: str, kind: MediaKind = "picture") -> UUID:
    """A picture that no product shows."""
    database = shop.engine.database
    item = MediaItem(
        id=database.new_id(),
        kind=kind,
        key=f"public/{slug}/tea.jpg",
        digest=slug,
        name="tea.jpg",
        content_type="image/jpeg",
        bytes=1,
        created_at=database.clock.now(),
    )
    async with database.transaction(shop.branches[slug].store.id) as tx:
        return (await keep(tx, item))[0].id


async def message_id(shop: Shop, slug: str) -> UUID:
    """A message that brought a picture, which is kept."""
    database, store = shop.engine.database, shop.branches[slug].store
    sent = database.new_id()
    item = MediaItem(
        id=sent,
        kind="received",
        key=f"private/{store.id}/received/{sent}",
        digest="same",
        name="photo.jpg",
        content_type="image/jpeg",
        bytes=1,
        created_at=database.clock.now(),
    )
    await shop.engine.media.put(item.key, b"x", item.content_type)
    async with database.transaction(store.id) as tx:
        await keep_received(tx, item)
    return sent


async def import_id(shop: Shop, slug: str, sku: str) -> UUID:
    """An import with a row that was taken and one that was not."""
    headers = {"Authorization": f"Bearer {shop.branches[slug].secret_key}"}
    text = f"sku,on_hand\n{sku},99\nNONE,1\n"
    answer = await shop.client.post("/admin/imports?kind=stock", content=text, headers=headers)
    assert answer.is_success, answer.text
    return UUID(answer.json()["import"]["id"])


async def file_id(shop: Shop, slug: str) -> UUID:
    """A file of the first product."""
    store, database = shop.branches[slug].store, shop.engine.database
    file = ProductFile(
        id=database.new_id(),
        product_id=await first_id(shop, slug, "products"),
        media_id=await media_id(shop, slug, "file"),
        title="Book",
        days=1,
        downloads=1,
        created_at=database.clock.now(),
    )
    async with database.transaction(store.id) as tx:
        await add_file(tx, file)
    return file.id


def calls(shop: Shop) -> list[Call]:
    """Every call of the two APIs."""
    return sorted(set(walked(shop)))


def walked(shop: Shop) -> Iterator[Call]:
    for route in shop.app.routes:
        if not route.path.startswith(("/store/", "/admin/", "/dashboard/")):
            continue
        if route.path.startswith("/store/{slug"):
            continue  # hosted pages are opened by tokens, not by keys: test_hosted_pages.py
        parameters = tuple(route.path_parameters)
        path = route.path_format
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                for method in handler.http_methods - {"OPTIONS"}:
                    yield Call(handler.handler_name, str(method), path, parameters)


async def ask(shop: Shop, call: Call, ids: dict[str, str], slug: str) -> httpx.Response:
    branch = shop.branches[slug]
    use = SPARE.get(call.function)
    spared = {name: ids[f"{use} {name}"] for name in call.parameters if f"{use} {name}" in ids}
    ids = {**ids, **spared}
    if call.path.startswith("/dashboard"):
        return await ask_desk(shop, call, call.url(ids), slug)
    return await shop.client.request(
        call.method,
        call.url(ids),
        json=call.body(ids),
        headers={
            "X-Publishable-Key": branch.publishable_key,
            **await credentials(shop, call, slug),
        },
    )


async def credentials(shop: Shop, call: Call, slug: str) -> dict[str, str]:
    """The merchant's key, or a customer's session where a customer is asked for."""
    branch = shop.branches[slug]
    if not call.path.startswith("/store/"):
        return {"Authorization": f"Bearer {branch.secret_key}"}
    if not call.path.startswith("/store/customers/me") and call.function not in OF_CUSTOMERS:
        return {}
    async with shop.engine.database.transaction(branch.store.id) as tx:
        customer = await for_email(tx, f"{slug}@example.com")
        new = NewSession(kind="customer", store_id=branch.store.id, customer_id=customer.id)
        return {"Authorization": f"Bearer {(await open_session(tx, new)).token}"}


async def ask_desk(shop: Shop, call: Call, url: str, slug: str) -> httpx.Response:
    """The same of the dashboard, by an owner of the store."""
    database, store = shop.engine.database, shop.branches[slug].store
    email = f"owner@{slug}.example"
    account = await account_by_email(database, email)
    async with database.transaction(store.id) as tx:
        account = account or await create_account(tx, email)
        await put_member(tx, account.id, "owner", "test")
    opened = await open_session(database, NewSession(kind="staff", account_id=account.id))
    form = {"csrf": csrf_of(opened.token), "form_key": str(database.new_id()), "words": "done"}
    return await shop.client.request(
        call.method,
        url,
        data=form if call.method == "POST" else None,
        headers={"Cookie": f"{cookie_name(shop.engine)}={opened.token}"},
    )


def reached(call: Call, answer: httpx.Response) -> bool:
    """Whether an own object was found."""
    if call.path.startswith("/dashboard"):
        return answer.is_success or "/login" not in answer.headers.get("location", "/login")
    refused = answer.status_code == HTTPStatus.CONFLICT and answer.json()["code"]
    return answer.is_success or refused == REACHED.get(call.function)


async def test_own_objects_are_reached_and_foreign_ones_do_not_exist(sides: Sides) -> None:
    wanted = [call for call in calls(sides.shop) if set(call.parameters) - SHARED]
    assert len(wanted) > 10
    for call in wanted:
        assert set(call.parameters) <= set(sides.own), f"no id is known for {call}"
        foreign = await ask(sides.shop, call, sides.foreign, "demo")
        assert foreign.status_code == HTTPStatus.NOT_FOUND, (call, foreign.text)
        assert "second@example.com" not in foreign.text
    for call in wanted:
        own = await ask(sides.shop, call, sides.own, "demo")
        assert reached(call, own), (call, own.text)


async def test_a_refused_call_changed_nothing_of_the_other_store(sides: Sides) -> None:
    before = await everything(sides.shop, "second")
    for call in calls(sides.shop):
        if set(call.parameters) - SHARED:
            await ask(sides.shop, call, sides.foreign, "demo")
    assert await everything(sides.shop, "second") == before


async def test_no_list_names_anything_of_the_other_store(sides: Sides) -> None:
    lists = [call for call in calls(sides.shop) if call.method == "GET" and not call.parameters]
    assert len(lists) > 10
    words = {"sku", "action", "deed"}
    marks = {value for name, value in sides.foreign.items() if name not in words}
    for call in lists:
        own = await ask(sides.shop, call, {}, "demo")
        foreign = await ask(sides.shop, call, {}, "second")
        assert reached(call, own), (call, own.text)
        assert not [mark for mark in marks if mark in own.text], call
        if call.function in SHOWN:
            assert [mark for mark in marks if mark in foreign.text], call


async def everything(shop: Shop, slug: str) -> dict[str, Any]:
    """All that the lists of a store's admin API show, but who looked."""
    found = {}
    for call in calls(shop):
        page = call.path.startswith("/dashboard") or call.function == "list_audit"
        if call.method == "GET" and not call.parameters and not page:
            found[call.path] = (await ask(shop, call, {}, slug)).text
    return found
