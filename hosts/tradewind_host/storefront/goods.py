"""Products and cart lines in words and figures, as the pages of the shop show them. Pure."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

from tradewind.carts.rules import Cart, CartLine
from tradewind.catalog.rules import Category, Product, Variant
from tradewind.contracts.money import Money
from tradewind_host.storefront.paths import Shop
from tradewind_host.storefront.texts import Words
from tradewind_host.storefront.view import Figure, discounts

FEW = 5
"""From how many units downwards it is said how many are left."""


class Card(NamedTuple):
    """A product in a list; `image` is empty where there is none."""

    title: str
    url: str
    image: str
    price: str
    was: str
    note: str


class Choice(NamedTuple):
    """A variant to choose; `note` says how many are left, when that matters."""

    id: UUID
    title: str
    price: str
    note: str
    sold_out: bool


class Row(NamedTuple):
    """A line of a cart."""

    id: UUID
    title: str
    url: str
    image: str
    each: str
    quantity: int
    total: str
    sellable: bool
    discounts: Sequence[Figure]


class Shelf(NamedTuple):
    """A category to choose."""

    name: str
    url: str
    here: bool


def card(product: Product, shop: Shop, words: Words) -> Card:
    """A product in a list."""
    return Card(
        product.title,
        product_url(shop, product.handle),
        picture(shop, product.images),
        price(product, words),
        was(product, words),
        words("goods.sold_out") if all(map(sold_out, product.variants)) else "",
    )


def price(product: Product, words: Words) -> str:
    """What a product costs; where variants differ, what the cheapest does."""
    cheapest = _cheapest(product)
    if cheapest is None or cheapest.price is None:
        return ""
    lowest = _unbroken(cheapest.price)
    several = len({one.price.amount for one in product.variants if one.price}) > 1
    return words("goods.from", price=lowest) if several else lowest


def was(product: Product, words: Words) -> str:
    """What the cheapest variant costs at other times, while it is on sale for less."""
    cheapest = _cheapest(product)
    if cheapest is None or cheapest.original_price is None:
        return ""
    return words("goods.was", price=_unbroken(cheapest.original_price))


def _cheapest(product: Product) -> Variant | None:
    priced = [(one.price.amount, place) for place, one in enumerate(product.variants) if one.price]
    return product.variants[min(priced)[1]] if priced else None


def _unbroken(money: Money) -> str:
    return money.text().replace(" ", "\N{NO-BREAK SPACE}")


def choices(product: Product, words: Words) -> list[Choice]:
    """What can be chosen of a product."""
    return [
        Choice(
            one.id,
            _variant_title(one, product),
            one.price.text() if one.price else "",
            _left(one, words),
            sold_out(one),
        )
        for one in product.variants
    ]


def _variant_title(variant: Variant, product: Product) -> str:
    return variant.title or " / ".join(variant.options.values()) or product.title


def sold_out(variant: Variant) -> bool:
    """Whether nobody can buy it now."""
    gone = variant.available is not None and variant.available <= 0 and not variant.backorder
    return gone or variant.price is None


def _left(variant: Variant, words: Words) -> str:
    if sold_out(variant):
        return words("goods.sold_out")
    if variant.available is None or variant.available > FEW:
        return ""
    if variant.available <= 0:
        return words("goods.to_order")
    return words("goods.left", count=variant.available)


def shelves(categories: Sequence[Category], chosen: Category | None, shop: Shop) -> list[Shelf]:
    """The shelves to choose from: the top ones, then those beside or below the chosen one."""
    if chosen is None:
        shown = [one for one in categories if one.parent_id is None]
    else:
        family = {None, chosen.id, chosen.parent_id}
        shown = [one for one in categories if one.parent_id in family]
    return [
        Shelf(one.name, f"{shop.top}?category={quote(one.handle)}", one == chosen)
        for one in shown
        if one.products
    ]


def rows(cart: Cart, shop: Shop, words: Words) -> list[Row]:
    """The lines of a cart."""
    return [_row(line, cart, shop, words) for line in cart.lines]


def _row(line: CartLine, cart: Cart, shop: Shop, words: Words) -> Row:
    return Row(
        line.id,
        line.title,
        product_url(shop, str(line.product_id)),
        picture(shop, [line.image] if line.image else []),
        Money(line.unit_price, cart.currency).text(),
        line.quantity,
        Money(line.subtotal, cart.currency).text(),
        line.sellable,
        discounts(line.adjustments, cart.currency, words),
    )


def product_url(shop: Shop, handle: str) -> str:
    """The page of a product, by its handle or id."""
    return f"{shop.top}/products/{quote(handle, safe='')}"


def picture(shop: Shop, images: Sequence[str]) -> str:
    """The first picture that this host serves: pages load nothing from elsewhere."""
    return next((f"{shop.base}{one}" for one in images if one.startswith("/")), "")
