"""`tradewind seed --products --orders`: the rows it writes are what services would have written."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.integration.host.conftest import Shop
from tradewind.catalog.service import list_products
from tradewind.database import Transaction
from tradewind.ledger.service import balances
from tradewind.payments import queries as payment_rows
from tradewind.payments.rules import fold, status_of
from tradewind.payments.service import payments_of
from tradewind.settings.engine import Engine
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind_host.config import Config
from tradewind_host.engine import close_engine, open_engine
from tradewind_host.volume.run import Added, Wanted, seed
from tradewind_manual import plugin as manual

SOME = Wanted(products=200, orders=300, seed=7)

# Whatever is found by one of these does not add up.
BOOKS = {
    "orders are the sum of their lines": """
        SELECT o.id FROM shop.orders o JOIN shop.order_lines l
            ON l.store_id = o.store_id AND l.order_id = o.id
        WHERE o.store_id = $1 GROUP BY o.store_id, o.id
        HAVING (sum(l.subtotal), sum(l.discount), sum(l.tax), sum(l.total) + o.shipping_total)
            <> (o.subtotal, o.discount_total, o.tax_total, o.total)""",
    "lines are their price times their quantity": """
        SELECT id FROM shop.order_lines
        WHERE store_id = $1 AND subtotal <> unit_price * quantity""",
    "every tax is told on its line": """
        SELECT l.id FROM shop.order_lines l WHERE l.store_id = $1 AND l.tax <> coalesce((
            SELECT sum(a.amount) FROM shop.line_adjustments a
            WHERE a.store_id = $1 AND a.line_id = l.id AND a.kind = 'tax'), 0)""",
    "orders say what their payments brought": """
        SELECT o.id FROM shop.orders o JOIN shop.payments p
            ON p.store_id = o.store_id AND p.order_id = o.id
        WHERE o.store_id = $1 GROUP BY o.store_id, o.id
        HAVING (sum(p.captured), sum(p.refunded)) <> (o.paid_total, o.refunded_total)""",
    "payments are what the ledger says": """
        SELECT p.id FROM shop.payments p WHERE p.store_id = $1 AND (p.captured, p.refunded) <> (
            SELECT coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0),
                   coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)
            FROM shop.ledger_transfers t WHERE t.store_id = $1 AND t.payment_id = p.id)""",
    "refunds are what payments gave back": """
        SELECT p.id FROM shop.payments p WHERE p.store_id = $1 AND p.refunded <> coalesce((
            SELECT sum(amount) FROM shop.refunds r
            WHERE r.store_id = $1 AND r.payment_id = p.id AND r.status = 'succeeded'), 0)""",
    "stock is what was moved": """
        SELECT l.sku FROM shop.inventory_levels l WHERE l.store_id = $1
        AND (l.on_hand, l.reserved, l.held) <> (
            SELECT coalesce(sum(m.on_hand), 0), coalesce(sum(m.reserved), 0),
                   coalesce(sum(m.held), 0)
            FROM shop.stock_movements m
            WHERE m.store_id = $1 AND m.variant_id = l.variant_id
              AND m.location_id = l.location_id)""",
    "nothing left before it came": """
        SELECT v FROM (
            SELECT m.variant_id AS v, sum(m.on_hand) OVER (
                PARTITION BY m.variant_id ORDER BY m.created_at, m.id) AS there
            FROM shop.stock_movements m WHERE m.store_id = $1) AS journal
        WHERE there < 0""",
    "what is reserved is what orders wait for": """
        SELECT l.sku FROM shop.inventory_levels l WHERE l.store_id = $1 AND l.reserved <> coalesce((
            SELECT sum(i.quantity - i.fulfilled) FROM shop.order_lines i
            JOIN shop.orders o ON o.store_id = $1 AND o.id = i.order_id
                AND o.status IN ('processing', 'completed')
            WHERE i.store_id = $1 AND i.variant_id = l.variant_id), 0)""",
    "versions count the history": """
        SELECT o.id FROM shop.orders o WHERE o.store_id = $1 AND o.version <> (
            SELECT max(e.sequence) FROM shop.order_events e
            WHERE e.store_id = $1 AND e.order_id = o.id)""",
    "nobody is told": "SELECT id FROM shop.events WHERE store_id = $1",
    "every product is indexed": """
        SELECT p.id FROM shop.products p LEFT JOIN shop.product_search s
            ON s.store_id = p.store_id AND s.product_id = p.id
        WHERE p.store_id = $1 AND s.version IS DISTINCT FROM p.version""",
    "orders are as old as their ids": """
        SELECT id FROM shop.orders WHERE store_id = $1
        AND ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint
            <> floor(extract(epoch FROM created_at) * 1000)::bigint""",
}


@pytest_asyncio.fixture
async def engine(config: Config, clock: ManualClock) -> AsyncIterator[Engine]:
    opened = await open_engine(config, clock=clock, entry_points=(), extra_plugins=[manual])
    yield opened
    await close_engine(opened)


def silent(what: str, done: int, of: int) -> None:
    """For those who do not want to know how far it is."""


async def amiss(tx: Transaction) -> dict[str, int]:
    """How many rows break each rule of the books."""
    found = {rule: len(await tx.fetch(query, tx.store_id)) for rule, query in BOOKS.items()}
    return {rule: rows for rule, rows in found.items() if rows}


async def test_what_is_seeded_adds_up_and_is_sold_on(
    engine: Engine, shop: Shop, client: httpx.AsyncClient
) -> None:
    assert await amiss_of_nothing(engine, shop) == {}
    added = await seed(engine, shop.store, SOME, silent)
    assert added == Added(200, 300)
    async with engine.database.transaction(shop.store.id) as tx:
        assert await amiss(tx) == {}
        assert sum(one.debit - one.credit for one in await balances(tx)) == 0
        await facts_fold_to_what_payments_say(tx)
        query = "SELECT status, count(*) FROM shop.orders WHERE store_id = $1 GROUP BY 1"
        statuses = {row["status"]: row["count"] for row in await tx.fetch(query, tx.store_id)}
    assert set(statuses) == {"completed", "processing", "canceled", "expired"}
    assert statuses["completed"] > 200
    await sells_a_seeded_product(engine, shop, client)
    async with engine.database.transaction(shop.store.id) as tx:
        assert set(await amiss(tx)) <= {"nobody is told"}


async def test_what_sold_out_was_delivered_before_it_left(engine: Engine, shop: Shop) -> None:
    await seed(engine, shop.store, Wanted(products=3, orders=150, seed=7), silent)
    async with engine.database.transaction(shop.store.id) as tx:
        assert await amiss(tx) == {}


async def amiss_of_nothing(engine: Engine, shop: Shop) -> dict[str, int]:
    async with engine.database.transaction(shop.store.id) as tx:
        return await amiss(tx)


async def facts_fold_to_what_payments_say(tx: Transaction) -> None:
    ids = await tx.fetch("SELECT id FROM shop.orders WHERE store_id = $1 LIMIT 60", tx.store_id)
    for row in ids:
        for payment in await payments_of(tx, row["id"]):
            totals = fold(await payment_rows.facts(tx, payment.id), payment.currency)
            assert (totals.captured, totals.refunded) == (payment.captured, payment.refunded)
            assert status_of(totals, payment.amount) == payment.status


async def sells_a_seeded_product(engine: Engine, shop: Shop, client: httpx.AsyncClient) -> None:
    await configure(engine, shop.store, "manual", actor="test", enabled=True, settings={})

    async def ask(method: str, path: str, body: Any = None) -> Any:
        answer = await client.request(method, path, json=body, headers=shop.publishable)
        assert answer.is_success, answer.text
        return answer.json()

    listed = await ask("GET", "/store/products?q=S7-0000")
    chosen = next(one for one in listed["products"] if one["kind"] == "physical")
    cart = (await ask("POST", "/store/carts", {"email": "amina@example.com"}))["cart"]
    path, line = f"/store/carts/{cart['id']}", {"variant_id": chosen["variants"][0]["id"]}
    await ask("POST", f"{path}/line-items", {**line, "quantity": 2})
    await ask("POST", f"{path}/payment-sessions", {"provider_id": "manual"})
    order = (await ask("POST", f"{path}/complete"))["order"]
    assert order["status"] == "processing"
    listed = await client.get("/admin/orders?limit=100", headers=shop.secret)
    numbers = [one["number"] for one in listed.json()["orders"]]
    assert len(numbers) == 100
    assert order["number"] in numbers
    shown = await client.get(
        f"/admin/orders/{listed.json()['orders'][5]['id']}", headers=shop.secret
    )
    assert shown.status_code == 200, shown.text


async def test_repeated_it_adds_what_is_missing_and_another_seed_more(
    engine: Engine, shop: Shop
) -> None:
    told: list[tuple[str, int, int]] = []
    first = await seed(engine, shop.store, Wanted(30, 20, 1), lambda *one: told.append(one))
    again = await seed(engine, shop.store, Wanted(30, 20, 1), silent)
    larger = await seed(engine, shop.store, Wanted(40, 25, 1), silent)
    other = await seed(engine, shop.store, Wanted(10, 5, 2), silent)
    assert [first, again, larger, other] == [
        *(Added(30, 20), Added(0, 0), Added(10, 5), Added(10, 5))
    ]
    assert told == [("products", 30, 30), ("orders", 20, 20)]
    async with engine.database.transaction(shop.store.id) as tx:
        assert await amiss(tx) == {}


async def test_the_same_seed_makes_the_same_goods(
    engine: Engine, shop: Shop, other_shop: Shop
) -> None:
    titles = []
    for one in (shop, other_shop):
        await seed(engine, one.store, Wanted(20, 0, 3), silent)
        async with engine.database.transaction(one.store.id) as tx:
            page = await list_products(tx, currency="KES", query="S3-0", limit=50)
            titles.append([found.title for found in page.items])
    assert len(titles[0]) > 15
    assert titles[0] == titles[1]


@pytest.mark.parametrize(
    ("rule", "breach"),
    [
        ("orders are the sum of their lines", "UPDATE shop.order_lines SET total = total + 1"),
        ("orders say what their payments brought", "UPDATE shop.payments SET captured = 1"),
        ("stock is what was moved", "UPDATE shop.inventory_levels SET on_hand = on_hand + 1"),
    ],
)
async def test_a_rule_that_is_broken_would_be_noticed(
    engine: Engine, shop: Shop, rule: str, breach: str
) -> None:
    await seed(engine, shop.store, Wanted(5, 5, 1), silent)
    async with engine.database.transaction(shop.store.id) as tx:
        await tx.execute(f"{breach} WHERE store_id = $1", tx.store_id)
        assert rule in await amiss(tx)
