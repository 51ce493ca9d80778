"""From a cart to an order on PostgreSQL: prices, refusals, one order per cart."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.roundtrips import count_round_trips
from tests.support.shops import add_variant
from tests.support.tills import Till, open_till
from tradewind.carts.rules import CartUpdate
from tradewind.carts.service import add_line, get_cart, update
from tradewind.catalog.rules import NewVariant, ProductUpdate
from tradewind.catalog.service import update_product
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    choose_shipping,
    complete,
    payment_methods,
    place,
    quote,
    shipping_options,
    start_payment,
)
from tradewind.checkout.shop import ShopReads
from tradewind.contracts.errors import Conflict, NotFound, OutOfStock
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.database import Database
from tradewind.inventory.service import levels, set_level
from tradewind.orders.rules import OrderFilter
from tradewind.orders.service import get_order, list_orders, order_by_number, timeline
from tradewind.pricing.rules import TaxZone
from tradewind.pricing.service import create_tax_rate

CASH = StartRequest(provider="manual", method="cash_on_delivery")
HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="1 Moi Avenue",
    city="Nairobi",
    country_code="ke",
)


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", 129_900)
        await opened.stock("TEE", 150_000)
        yield opened


async def test_a_cart_is_placed_with_its_lines_totals_stock_and_event(till: Till) -> None:
    cart = await till.cart(("MUG", 2), ("TEE", 1))
    order = await place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
    assert (order.status, order.payment_status) == ("processing", "awaiting")
    assert order.fulfillment_status == "unfulfilled"
    assert order.number == 1001
    assert [(line.sku, line.quantity, line.total) for line in order.lines] == [
        ("MUG", 2, 259_800),
        ("TEE", 1, 150_000),
    ]
    assert order.total == 409_800
    async with till.database.transaction(till.store.id) as tx:
        assert await get_order(tx, order.id) == order
        level = await levels(tx, "MUG")
        entries = await timeline(tx, order.id)
        assert (await get_cart(tx, cart.id)).status == "completed"
    assert (level.on_hand, level.reserved, level.held, level.available) == (100, 2, 0, 98)
    assert [entry.type for entry in entries] == ["order.placed"]
    events = await till.rows("SELECT type, aggregate FROM shop.events WHERE store_id = $1")
    assert [tuple(row) for row in events] == [("order.placed", f"order:{order.id}")]


async def test_placing_an_order_takes_at_most_six_round_trips(till: Till) -> None:
    warm = await till.cart(("MUG", 1), ("TEE", 1))
    await place(till.engine, till.store, warm.id, "manual", "cash_on_delivery")
    cart = await till.cart(("MUG", 1), ("TEE", 1))
    await start_payment(till.engine, till.store, cart.id, CASH)
    with count_round_trips(till.database) as counted:
        await complete(till.engine, till.store, cart.id)
    last = max(i for i, text in enumerate(counted.statements) if text.startswith("BEGIN"))
    placing = counted.statements[last:]
    assert placing[-1] == "COMMIT"
    assert len(placing) <= 6, placing
    other = await till.cart(("MUG", 1), ("TEE", 1))
    await quote(till.engine, till.store, other.id)
    with count_round_trips(till.database) as counted:
        await place(till.engine, till.store, other.id, "manual", "cash_on_delivery")
    assert counted.warm <= 6, counted.statements


async def test_the_statements_of_an_order_are_not_planned_for_each_order(till: Till) -> None:
    # PostgreSQL counts the elements of an array that is handed to unnest, so that a plan for this
    # one array looks cheaper than the one it keeps: it then plans anew each time.
    cart = await till.cart(("MUG", 1), ("TEE", 1))
    with count_round_trips(till.database) as counted:
        await quote(till.engine, till.store, cart.id)
    assert any("unnest($" in statement for statement in counted.statements)
    with count_round_trips(till.database) as counted:
        await place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
    assert any("unnest(" in statement for statement in counted.statements)
    assert not any("unnest($" in statement for statement in counted.statements)


async def test_tax_delivery_and_lines_add_up_to_the_total(database: Database) -> None:
    async with open_till(database, currency="USD", country="us", tax="10.75", delivery=644) as till:
        async with till.database.transaction(till.store.id) as tx:
            await add_variant(tx, "BOOK", 2499, currency="USD")
        cart = await till.cart(("BOOK", 1))
        cart = await choose_shipping(till.engine, till.store, cart.id, str(till.shop.delivery))
        assert (cart.subtotal, cart.shipping_total, cart.tax_total) == (2499, 644, 269)
        assert cart.total == 3412
        assert sum(line.total for line in cart.lines) + cart.shipping_total == cart.total
        [tax] = cart.lines[0].adjustments
        assert (tax.kind, tax.source, tax.amount) == ("tax", "tradewind", 269)
        order = await place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
        async with till.database.transaction(till.store.id) as tx:
            stored = await get_order(tx, order.id)
    assert stored.total == 3412
    assert [entry.amount for entry in stored.lines[0].adjustments] == [269]


async def test_a_quote_is_kept_until_the_cart_changes(till: Till) -> None:
    cart = await quote(till.engine, till.store, (await till.cart(("MUG", 1))).id)
    assert cart.quoted
    again = await quote(till.engine, till.store, cart.id)
    assert again.version == cart.version
    async with till.database.transaction(till.store.id) as tx:
        changed = await add_line(tx, again, again.lines[0].variant_id, 1)
    assert not changed.quoted
    assert changed.total == 259_800


async def test_payment_methods_name_provider_and_method(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    offered = await payment_methods(till.engine, till.store, cart.id)
    assert [(one.provider, one.method.id) for one in offered] == [
        ("manual", "cash_on_delivery"),
        ("push", "push"),
    ]


async def test_the_shops_own_delivery_is_offered_for_goods_alone(till: Till) -> None:
    await till.stock("EBOOK", 500, on_hand=None)
    goods = await till.cart(("MUG", 1))
    words = await till.cart(("EBOOK", 1))
    [option] = await shipping_options(till.engine, till.store, goods.id)
    assert (option.name, option.price, option.option_id) == (
        "Courier",
        30_000,
        str(till.shop.delivery),
    )
    assert await shipping_options(till.engine, till.store, words.id) == []
    with pytest.raises(NotFound):
        await choose_shipping(till.engine, till.store, goods.id, "nobody:fast")


async def test_goods_with_an_address_need_a_way_to_get_there(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    async with till.database.transaction(till.store.id) as tx:
        await update(tx, cart, CartUpdate(shipping_address=HOME))
    with pytest.raises(Conflict) as refused:
        await place(till.engine, till.store, cart.id, "manual")
    assert refused.value.reason == "missing_shipping_method"
    await choose_shipping(till.engine, till.store, cart.id, str(till.shop.delivery))
    order = await place(till.engine, till.store, cart.id, "manual")
    assert order.total == 159_900
    assert order.name == "Amina Otieno"


async def test_completing_without_a_payment_is_refused_and_keeps_the_cart(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    with pytest.raises(Conflict) as refused:
        await complete(till.engine, till.store, cart.id)
    assert refused.value.reason == "payment_not_completed"
    async with till.database.transaction(till.store.id) as tx:
        assert (await get_cart(tx, cart.id)).status == "open"


async def test_a_session_that_pays_later_is_completed_at_once(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, CASH)
    assert session.status == "open"
    assert session.action is not None
    order = await complete(till.engine, till.store, cart.id, expected_total=129_900)
    assert order.payment_status == "awaiting"
    assert await till.value("SELECT count(*) FROM shop.payments WHERE store_id = $1") == 1
    linked = await till.value("SELECT order_id FROM shop.payments WHERE store_id = $1")
    assert linked == order.id


async def test_a_completed_cart_gives_its_order_again(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    first = await place(till.engine, till.store, cart.id, "manual")
    assert await place(till.engine, till.store, cart.id, "manual") == first
    assert (await complete(till.engine, till.store, cart.id)).id == first.id


async def test_twenty_parallel_completes_of_one_cart_give_one_order(till: Till) -> None:
    cart = await till.cart(("MUG", 3))
    await start_payment(till.engine, till.store, cart.id, CASH)
    done = await asyncio.gather(*(complete(till.engine, till.store, cart.id) for _ in range(20)))
    assert len({order.id for order in done}) == 1
    assert await till.value("SELECT count(*) FROM shop.orders WHERE store_id = $1") == 1
    placed = "SELECT count(*) FROM shop.events WHERE store_id = $1 AND type = 'order.placed'"
    assert await till.value(placed) == 1
    async with till.database.transaction(till.store.id) as tx:
        assert (await levels(tx, "MUG")).reserved == 3


async def test_a_total_the_shopper_did_not_see_is_refused(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    await start_payment(till.engine, till.store, cart.id, CASH)
    with pytest.raises(Conflict) as refused:
        await complete(till.engine, till.store, cart.id, expected_total=1)
    assert refused.value.reason == "cart_changed"


async def test_a_cart_changed_after_its_session_began_is_refused(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    await start_payment(till.engine, till.store, cart.id, CASH)
    async with till.database.transaction(till.store.id) as tx:
        now = await get_cart(tx, cart.id)
        await add_line(tx, now, now.lines[0].variant_id, 1)
    with pytest.raises(Conflict) as refused:
        await complete(till.engine, till.store, cart.id)
    assert refused.value.reason == "cart_changed"


async def test_a_price_that_moved_after_its_session_began_is_refused(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    await start_payment(till.engine, till.store, cart.id, CASH)
    async with till.database.transaction(till.store.id) as tx:
        change = ProductUpdate(variants=[NewVariant(sku="MUG", prices=[Money(1, "KES")])])
        product_id = cart.lines[0].product_id
        await update_product(tx, product_id, change, currency="KES")
    with pytest.raises(Conflict) as refused:
        await complete(till.engine, till.store, cart.id)
    assert refused.value.reason == "cart_changed"
    await start_payment(till.engine, till.store, cart.id, CASH)
    assert (await complete(till.engine, till.store, cart.id)).total == 1


async def test_a_line_taken_off_sale_is_named_and_the_cart_kept(till: Till) -> None:
    cart = await till.cart(("MUG", 1), ("TEE", 1))
    await start_payment(till.engine, till.store, cart.id, CASH)
    async with till.database.transaction(till.store.id) as tx:
        change = ProductUpdate(status="draft")
        await update_product(tx, cart.lines[1].product_id, change, currency="KES")
    with pytest.raises(Conflict) as refused:
        await complete(till.engine, till.store, cart.id)
    assert refused.value.reason == "line_unavailable"
    assert refused.value.errors[0].path == f"lines.{cart.lines[1].id}"
    async with till.database.transaction(till.store.id) as tx:
        assert len((await get_cart(tx, cart.id)).lines) == 2


async def test_an_empty_or_nameless_cart_is_refused(till: Till) -> None:
    empty = await till.cart()
    nameless = await till.cart(("MUG", 1))
    async with till.database.transaction(till.store.id) as tx:
        await update(tx, nameless, CartUpdate(email=None))
    for cart, code in ((empty, "cart_empty"), (nameless, "missing_email")):
        with pytest.raises(Conflict) as refused:
            await place(till.engine, till.store, cart.id, "manual")
        assert refused.value.reason == code


async def test_a_cart_that_costs_nothing_needs_no_provider(till: Till) -> None:
    await till.stock("GIFT", 0)
    cart = await till.cart(("GIFT", 1))
    order = await complete(till.engine, till.store, cart.id)
    assert (order.total, order.payment_status, order.status) == (0, "paid", "processing")
    with pytest.raises(Conflict):
        await start_payment(till.engine, till.store, (await till.cart(("GIFT", 1))).id, CASH)


async def test_a_short_cart_is_refused_with_what_is_left_and_nothing_changes(till: Till) -> None:
    await till.stock("RARE", 1000, on_hand=2)
    first, second = await till.cart(("RARE", 2)), await till.cart(("MUG", 1), ("RARE", 1))
    await place(till.engine, till.store, first.id, "manual")
    with pytest.raises(OutOfStock) as refused:
        await place(till.engine, till.store, second.id, "manual")
    assert (refused.value.sku, refused.value.left) == ("RARE", 0)
    async with till.database.transaction(till.store.id) as tx:
        assert (await get_cart(tx, second.id)).status == "open"
        assert (await levels(tx, "MUG")).reserved == 0
    assert await till.value("SELECT count(*) FROM shop.orders WHERE store_id = $1") == 1


async def test_falling_to_the_threshold_is_told_once(till: Till) -> None:
    async with till.database.transaction(till.store.id) as tx:
        await set_level(tx, "MUG", on_hand=5, low_at=3)
    for _ in range(3):
        cart = await till.cart(("MUG", 1))
        await place(till.engine, till.store, cart.id, "manual")
    low = await till.rows(
        "SELECT payload FROM shop.events WHERE store_id = $1 AND type = 'stock.low'"
    )
    assert len(low) == 1
    assert '"available":3' in low[0]["payload"].replace(" ", "")


async def test_orders_are_found_by_number_email_and_name(till: Till) -> None:
    one = await till.cart(("MUG", 1), email="under_score@example.com")
    two = await till.cart(("MUG", 1), email="underXscore@example.com")
    first = await place(till.engine, till.store, one.id, "manual")
    second = await place(till.engine, till.store, two.id, "manual")
    async with till.database.transaction(till.store.id) as tx:
        newest = await list_orders(tx, OrderFilter(limit=1))
        rest = await list_orders(tx, OrderFilter(limit=1, cursor=newest.next_cursor))
        by_email = await list_orders(tx, OrderFilter(q="under_score"))
        by_number = await list_orders(tx, OrderFilter(q=f"#{second.number}"))
        canceled = await list_orders(tx, OrderFilter(status="canceled"))
        found = await order_by_number(tx, first.number)
    assert [order.id for order in newest.items] == [second.id]
    assert [order.id for order in rest.items] == [first.id]
    assert [order.id for order in by_email.items] == [first.id]
    assert [order.id for order in by_number.items] == [second.id]
    assert canceled.items == []
    assert found is not None
    assert found.id == first.id


async def test_another_stores_carts_and_orders_do_not_exist(database: Database) -> None:
    async with open_till(database) as mine, open_till(database, slug="theirs") as theirs:
        await theirs.stock("MUG")
        cart = await theirs.cart(("MUG", 1))
        for journey in (
            quote(mine.engine, mine.store, cart.id),
            shipping_options(mine.engine, mine.store, cart.id),
            payment_methods(mine.engine, mine.store, cart.id),
            start_payment(mine.engine, mine.store, cart.id, CASH),
            complete(mine.engine, mine.store, cart.id),
            place(mine.engine, mine.store, cart.id, "manual"),
        ):
            with pytest.raises(NotFound):
                await journey
        order = await place(theirs.engine, theirs.store, cart.id, "manual")
        async with database.transaction(mine.store.id) as tx:
            with pytest.raises(NotFound):
                await get_order(tx, order.id)
            assert await order_by_number(tx, order.number) is None


async def test_plugins_read_orders_and_ship_them(till: Till) -> None:
    cart = await till.cart(("MUG", 2))
    order = await place(till.engine, till.store, cart.id, "manual")
    shop = ShopReads(till.database, till.store)
    await shop.add_note(order.id, "Fragile")
    await shop.add_metadata(order.id, {"tracking_opt_in": "yes"})
    await shop.add_shipment(order.id, carrier="G4S", tracking_number="T1")
    with pytest.raises(Conflict):
        await shop.add_shipment(order.id, carrier="G4S", tracking_number="T2")
    seen = await shop.order(order.id)
    assert seen is not None
    assert (seen.number, seen.fulfillment_status) == (str(order.number), "shipped")
    assert seen.metadata == {"tracking_opt_in": "yes"}
    async with till.database.transaction(till.store.id) as tx:
        level = await levels(tx, "MUG")
        entries = await timeline(tx, order.id)
    assert (level.on_hand, level.reserved) == (98, 0)
    assert [entry.type for entry in entries] == [
        "order.placed",
        "note",
        "metadata",
        "fulfillment.shipped",
    ]


async def test_region_rates_of_another_province_do_not_apply(till: Till) -> None:
    async with till.database.transaction(till.store.id) as tx:
        await create_tax_rate(tx, till.shop.region.id, "10", zone=TaxZone(province="Mombasa"))
        await create_tax_rate(tx, till.shop.region.id, "16")
    cart = await quote(till.engine, till.store, (await till.cart(("MUG", 1))).id)
    assert cart.tax_total == 20_784
