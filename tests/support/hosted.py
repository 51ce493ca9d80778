"""The hosted pages of a shop with a shirt, a mug and a provider with pages of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx

from tests.support.channels import Wire
from tests.support.sheets import Sheet, Visitor, site_of
from tests.support.thirdparty.cashier import CashierPlugin, Counter
from tests.support.tills import Till, open_till
from tradewind import Capabilities, ChatLink, NoSettings, Plugin, hookimpl
from tradewind.catalog.rules import NewProduct, NewVariant
from tradewind.catalog.service import create_category, create_product
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.database import Database
from tradewind.inventory.service import set_level
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order

AMINA = {
    "email": "amina@example.com",
    "phone": "0712 345 678",
    "first_name": "Amina",
    "last_name": "Otieno",
    "address_1": "1 Moi Avenue",
    "city": "Nairobi",
    "country_code": "ke",
}


HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="Oginga Street",
    city="Kisumu",
    country_code="ke",
)


class House(NamedTuple):
    """A till with its pages, a provider with pages of its own, and a visitor with a browser."""

    till: Till
    counter: Counter
    client: httpx.AsyncClient
    visitor: Visitor

    async def adds(self, handle: str = "mug", quantity: int = 2) -> Sheet:
        """Put something in the cart from its page; the cart."""
        product = await self.visitor.opens(f"/store/shop/products/{handle}")
        return await self.visitor.sends(product.form("Add to cart"), quantity=str(quantity))

    async def reviews(self) -> Sheet:
        """Two mugs in the cart, to be sent to Amina: the page on which they are paid."""
        cart = await self.adds()
        details = await self.visitor.opens(cart.link("Go to checkout"))
        return await self.visitor.sends(details.form("Continue"), **AMINA)

    async def orders(self) -> list[Order]:
        rows = await self.till.rows("SELECT id FROM shop.orders WHERE store_id = $1 ORDER BY id")
        async with self.till.database.transaction(self.till.store.id) as tx:
            return [await get_order(tx, row["id"]) for row in rows]

    async def attempts(self, status: str = "%") -> int:
        query = """SELECT count(*) FROM shop.payment_sessions
                   WHERE store_id = $1 AND status LIKE $2"""
        return int(await self.till.value(query, status))


class Parrot(Wire):
    """A channel with links that begin a chat."""

    name = "parrot"
    session_prefix = "pt"
    settings_type = NoSettings  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(Capabilities(chat_links=True))
        self.base = "https://parrot.example/"

    def address(self, settings: Any) -> str:
        return ""

    def chat_link(self, settings: NoSettings, text: str) -> ChatLink:
        return ChatLink(title="Parrot", url=f"{self.base}?{urlencode({'text': text})}")


class Linking(Plugin):
    """Brings it."""

    name = "parrot"
    requires = ">=0.1"

    def __init__(self) -> None:
        self.parrot = Parrot()

    @hookimpl
    def channels(self) -> Sequence[Parrot]:
        return [self.parrot]


@asynccontextmanager
async def opened(
    database: Database, data_dir: Path, counter: Counter, *more: Plugin
) -> AsyncIterator[House]:
    """The house with these plugins as well."""
    async with open_till(database, CashierPlugin(counter), *more) as till:
        await _furnish(till)
        async with site_of(till.engine, data_dir) as client:
            yield House(till, counter, client, Visitor(client))


async def _furnish(till: Till) -> None:
    """A shirt in two sizes, one of them sold out, on a shelf of its own; and a mug."""
    async with till.database.transaction(till.store.id) as tx:
        mug = NewProduct(
            title="Mug",
            handle="mug",
            status="published",
            variants=[NewVariant(sku="MUG", prices=[Money(129_900, "KES")])],
        )
        await create_product(tx, mug)
        await set_level(tx, "MUG", on_hand=5)
        wear = await create_category(tx, "Things to wear", handle="wear")
        shirt = NewProduct(
            title="Shirt",
            handle="shirt",
            status="published",
            description="Cotton.\nFrom Thika.",
            images=["https://cdn.example/shirt.jpg", "/media/shop/shirt.jpg"],
            category_ids=[wear.id],
            variants=[
                NewVariant(sku="SHIRT-S", title="Small", prices=[Money(90_000, "KES")]),
                NewVariant(sku="SHIRT-L", title="Large", prices=[Money(95_000, "KES")]),
            ],
        )
        await create_product(tx, shirt)
        await set_level(tx, "SHIRT-L", on_hand=3)
