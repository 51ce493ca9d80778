"""What the two stores of the journeys sell: little, but of every kind that a journey needs."""

from collections.abc import Sequence
from typing import NamedTuple

from tradewind.catalog import service as catalog
from tradewind.catalog.rules import NewProduct, NewVariant
from tradewind.contracts.money import Money
from tradewind.database import Transaction
from tradewind.inventory.service import set_level

PICTURE = "https://pictures.example/{}.jpg"


class Good(NamedTuple):
    """A product; `options` are SKU and title of its variants, one alone has no title."""

    title: str
    price: int
    options: Sequence[tuple[str, str]]
    on_hand: int = 100


MUGS = [Good(f"Mug number {n:02}", 90_000 + n * 100, [(f"MUG-{n:02}", "")]) for n in range(1, 13)]

KENYAN: dict[str, list[Good]] = {
    "Tea": [
        Good("Kericho black tea", 45_000, [("TEA-250", "250 g"), ("TEA-500", "500 g")]),
        Good("Purple tea", 80_000, [("TEA-PURPLE", "")]),
    ],
    "Coffee": [Good("Nyeri coffee", 120_000, [("COF-250", "")])],
    "Baskets": [Good("Kiondo basket", 350_000, [("KIONDO", "")], on_hand=3)],
    "Mugs": MUGS,
}
AMERICAN: dict[str, list[Good]] = {
    "Tea": [Good("Oregon mint tea", 1_299, [("TEA-250", "")])],
    "Caps": [Good("Portland cap", 2_500, [("CAP", "")])],
}


async def stock_up(tx: Transaction, shelves: dict[str, list[Good]], currency: str) -> None:
    """Create the categories, the products with a picture each, and their stock."""
    for name, goods in shelves.items():
        shelf = await catalog.create_category(tx, name)
        for good in goods:
            new = NewProduct(
                title=good.title,
                status="published",
                description=f"{good.title}, as our neighbours like it.",
                images=[PICTURE.format(good.options[0][0].lower())],
                category_ids=[shelf.id],
                variants=[
                    NewVariant(sku=sku, title=title, prices=[Money(good.price, currency)])
                    for sku, title in good.options
                ],
            )
            await catalog.create_product(tx, new)
            for sku, _ in good.options:
                await set_level(tx, sku, on_hand=good.on_hand, reason="first stock")
