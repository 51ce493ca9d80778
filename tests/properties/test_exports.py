"""Whatever a store holds: importing what was exported changes nothing."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.sheets_in import Office
from tests.support.shops import make_shop
from tradewind.bulk.rules.runs import KINDS, Counts
from tradewind.catalog.rules import NewProduct, NewVariant
from tradewind.catalog.service import create_category, create_product
from tradewind.contracts.money import Money
from tradewind.database import Database, Transaction
from tradewind.inventory.service import set_level

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
TITLES = TEXT.filter(lambda text: bool(text.strip()))
NAMES = TITLES.map(lambda text: f"{text}>|\\=")
OPTIONS = st.dictionaries(TITLES, TITLES, max_size=2)
PRICES = st.dictionaries(st.sampled_from(["KES", "UGX", "KWD"]), st.integers(0, 10**12), max_size=3)
START = datetime(2026, 1, 1, tzinfo=UTC)

variants: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    title=TEXT,
    options=OPTIONS,
    prices=PRICES,
    tax_class=st.sampled_from(["standard", "reduced"]),
    tracked=st.booleans(),
    weight_grams=st.none() | st.integers(0, 10_000),
    on_hand=st.none() | st.integers(0, 10**9),
    low_at=st.none() | st.integers(0, 9),
    dated=st.lists(st.integers(0, 10**9), max_size=2),
)
products: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    title=TITLES,
    kind=st.sampled_from(["physical", "digital", "service"]),
    description=TEXT,
    images=st.lists(st.sampled_from(["/media/a|b.jpg", "https://cdn.example/=1.png"]), max_size=2),
    shelves=st.lists(st.integers(0, 2), max_size=2, unique=True),
    variants=st.lists(variants, max_size=3),
)


@given(names=st.lists(NAMES, min_size=3, max_size=3), made=st.lists(products, max_size=4))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_what_was_exported_changes_nothing(
    database: Database, names: list[str], made: list[dict[str, Any]]
) -> None:
    shop = await make_shop(database, f"s-{database.new_id()}")
    async with database.transaction(shop.store.id) as tx:
        await furnish(tx, names, made)
    with tempfile.TemporaryDirectory() as folder:
        office = Office(database, shop.store, Path(folder))
        for kind in KINDS:
            text = await office.export(kind)
            said = await office.rehearse(kind, text)
            assert (said.counts, said.errors) == (Counts(unchanged=said.counts.rows), []), text
            rows = sum(max(1, len(one["variants"])) for one in made)
            assert kind != "products" or said.counts.rows == rows


async def furnish(tx: Transaction, names: list[str], made: list[dict[str, Any]]) -> None:
    """Make the products, on shelves that stand in one another."""
    shelves = list[Any]()
    for number, name in enumerate(names):
        parent = shelves[-1] if shelves else None
        shelf = await create_category(tx, name, parent_id=parent, handle=f"shelf-{number}")
        shelves.append(shelf.id)
    for number, one in enumerate(made):
        new = NewProduct(
            handle=f"product-{number}",
            variants=[variant(f"SKU-{number}-{n}", one, v) for n, v in enumerate(one["variants"])],
            category_ids=[shelves[index] for index in one["shelves"]],
            status="published" if any(v["prices"] for v in one["variants"]) else "draft",
            **{k: one[k] for k in ("title", "kind", "description", "images")},
        )
        product = await create_product(tx, new)
        for stored, wanted in zip(product.variants, one["variants"], strict=True):
            await date(tx, stored.id, wanted["dated"])
            if wanted["on_hand"] is not None:
                await set_level(tx, stored.sku, on_hand=wanted["on_hand"], low_at=wanted["low_at"])


def variant(sku: str, product: dict[str, Any], wanted: dict[str, Any]) -> NewVariant:
    prices = [Money(amount, currency) for currency, amount in wanted["prices"].items()]
    return NewVariant(
        sku=sku,
        prices=prices,
        options={**wanted["options"], "Number": sku},
        weight_grams=wanted["weight_grams"] if product["kind"] == "physical" else None,
        **{k: wanted[k] for k in ("title", "tax_class", "tracked")},
    )


async def date(tx: Transaction, variant_id: Any, amounts: list[int]) -> None:
    """Prices that run one after another, to the microsecond."""
    for number, amount in enumerate(amounts):
        starts = START + timedelta(days=number, microseconds=number)
        await tx.execute(
            """INSERT INTO shop.prices (store_id, id, variant_id, currency, amount, starts_at,
                                        ends_at, created_at)
               VALUES ($1, $2, $3, 'KES', $4, $5, $6, $5)""",
            tx.store_id,
            tx.new_id(),
            variant_id,
            amount,
            starts,
            None if number else starts + timedelta(hours=1),
        )
