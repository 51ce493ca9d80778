"""Browsing: products, categories, regions."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from tradewind.catalog import service
from tradewind.catalog.rules import Category, Kind, Product, Region, Variant
from tradewind.contracts.money import Money
from tradewind.database import Transaction
from tradewind.stores.service import settings_of
from tradewind_host.access import GivenAccess
from tradewind_host.media import absolute
from tradewind_host.problems import reads
from tradewind_host.shapes import Cursor, Limit

CurrencyCode = Annotated[
    str | None,
    QueryParameter(pattern="^[A-Z]{3}$", description="Prices in this currency, else the store's."),
]


class CategoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf; `products` counts the published products on it and on the shelves below."""

    id: UUID
    name: str
    handle: str
    parent_id: UUID | None
    products: int


class CategoryName(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf that a product stands on."""

    id: UUID
    name: str
    handle: str


class VariantView(msgspec.Struct, frozen=True, kw_only=True):
    """What is put in a cart; `available` is null where stock is not counted."""

    id: UUID
    sku: str
    title: str
    options: Mapping[str, str]
    price: Money | None
    available: int | None
    backorder: bool


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A published product; `images` are addresses."""

    id: UUID
    title: str
    handle: str
    kind: Kind
    description: str
    images: Sequence[str]
    categories: Sequence[CategoryName]
    variants: Sequence[VariantView]


class RegionView(msgspec.Struct, frozen=True, kw_only=True):
    """Where one currency and one tax rule hold; countries are ISO 3166 alpha-2, lower case."""

    id: UUID
    name: str
    currency: str
    countries: Sequence[str]


class ProductList(msgspec.Struct, frozen=True):
    """A page of products."""

    products: Sequence[ProductView]
    next_cursor: str | None


class ProductAnswer(msgspec.Struct, frozen=True):
    """One product."""

    product: ProductView


class CategoryList(msgspec.Struct, frozen=True):
    """Every category, in shelf order."""

    categories: Sequence[CategoryView]
    next_cursor: str | None = None


class RegionList(msgspec.Struct, frozen=True):
    """Every region, the default first."""

    regions: Sequence[RegionView]
    next_cursor: str | None = None


@get("/products", responses=reads(422))
async def list_products(
    access: GivenAccess,
    q: FromQuery[str | None] = None,
    category_id: FromQuery[UUID | None] = None,
    currency_code: CurrencyCode = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ProductList:
    """Published products, oldest first; with `q`, what sounds like it, best first.

    `category_id` includes the categories below it.
    """
    async with access.transaction() as tx:
        found = await service.list_products(
            tx,
            currency=currency_code or await default_currency(tx),
            query=q,
            category_id=category_id,
            limit=limit,
            cursor=cursor,
        )
    base = access.engine.public_url
    return ProductList([product_view(one, base) for one in found.items], found.next_cursor)


@get("/products/{id_or_handle:str}", responses=reads(404, 422))
async def get_product(
    access: GivenAccess, id_or_handle: FromPath[str], currency_code: CurrencyCode = None
) -> ProductAnswer:
    """One published product, by its id or its handle."""
    async with access.transaction() as tx:
        currency = currency_code or await default_currency(tx)
        found = await service.get_product(tx, id_or_handle, currency=currency)
    return ProductAnswer(product_view(found, access.engine.public_url))


@get("/categories", responses=reads())
async def list_categories(access: GivenAccess) -> CategoryList:
    """Every category."""
    async with access.transaction() as tx:
        return CategoryList([category_view(one) for one in await service.list_categories(tx)])


@get("/regions", responses=reads())
async def list_regions(access: GivenAccess) -> RegionList:
    """Every region."""
    async with access.transaction() as tx:
        return RegionList([region_view(one) for one in await service.list_regions(tx)])


async def default_currency(tx: Transaction) -> str:
    """The currency in which the store shows prices."""
    return (await settings_of(tx)).currency


def product_view(product: Product, base: str) -> ProductView:
    """A product as a storefront sees it."""
    return ProductView(
        id=product.id,
        title=product.title,
        handle=product.handle,
        kind=product.kind,
        description=product.description,
        images=[absolute(base, image) for image in product.images],
        categories=[
            CategoryName(id=one.id, name=one.name, handle=one.handle) for one in product.categories
        ],
        variants=[variant_view(one) for one in product.variants],
    )


def variant_view(variant: Variant) -> VariantView:
    """A variant as a storefront sees it."""
    return VariantView(
        id=variant.id,
        sku=variant.sku,
        title=variant.title,
        options=variant.options,
        price=variant.price,
        available=variant.available,
        backorder=variant.backorder,
    )


def category_view(category: Category) -> CategoryView:
    """A category as it travels."""
    return CategoryView(
        id=category.id,
        name=category.name,
        handle=category.handle,
        parent_id=category.parent_id,
        products=category.products,
    )


def region_view(region: Region) -> RegionView:
    """A region as a storefront sees it."""
    return RegionView(
        id=region.id, name=region.name, currency=region.currency, countries=region.countries
    )


ROUTES = (list_products, get_product, list_categories, list_regions)
