"""Promotions in a till's shop, and what became of them."""

from decimal import Decimal
from typing import Any

from tests.support.tills import Till
from tradewind.carts.rules import Cart, CartUpdate
from tradewind.carts.service import add_code, get_cart, update
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import place, quote
from tradewind.orders.rules import Order
from tradewind.pricing.promotions.rules import NewPromotion
from tradewind.pricing.promotions.service import create_promotion, get_promotion, promotions_in
from tradewind.pricing.rules import Promotion

PRICE = 10_000
"""What a mug costs."""


async def make(till: Till, code: str | None = "TENTH", **fields: Any) -> Promotion:
    """A promotion of ten percent, unless told otherwise."""
    given = {"kind": "percentage", "value": Decimal(10), "title": "A tenth off", **fields}
    async with till.database.transaction(till.store.id) as tx:
        return (await create_promotion(tx, NewPromotion(code=code, **given))).promotion


async def used(till: Till, promotion: Promotion) -> tuple[int, int]:
    """How often a promotion was used: by its uses, and as it is counted where it is limited."""
    async with till.database.transaction(till.store.id) as tx:
        uses = (await get_promotion(tx, promotion.id)).promotion.used
        counted = await tx.fetchval(
            "SELECT used FROM shop.promotions WHERE store_id = $1 AND id = $2",
            tx.store_id,
            promotion.id,
        )
    return uses, counted


async def cart_with(
    till: Till, *codes: str, email: str = "amina@example.com", quantity: int = 1
) -> Cart:
    """A cart of mugs with codes, quoted."""
    cart = await till.cart(("MUG", quantity), email=email)
    await enter(till, cart, *codes)
    return await quote(till.engine, till.store, cart.id)


async def enter(till: Till, cart: Cart, *codes: str) -> None:
    """Enter codes on a cart."""
    async with till.database.transaction(till.store.id) as tx:
        for code in codes:
            await add_code(tx, await get_cart(tx, cart.id), code)


async def told(till: Till, cart: Cart, **contact: Any) -> None:
    """Change who buys."""
    async with till.database.transaction(till.store.id) as tx:
        await update(tx, await get_cart(tx, cart.id), CartUpdate(**contact))


async def buy(till: Till, cart: Cart, provider: str = "manual") -> Order:
    """Order a cart: to be paid on delivery, or by a push that is not answered yet."""
    request = StartRequest(provider=provider, inputs={"phone": "+254700000001"})
    return await place(till.engine, till.store, cart.id, provider, request=request)


def discounted(orders: list[Order | BaseException]) -> list[Order]:
    """The orders to which a promotion gave something."""
    return [one for one in orders if isinstance(one, Order) and promotions_in(one.entries)]
