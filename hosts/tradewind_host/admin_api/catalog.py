"""Keeping the catalog: products with their variants, prices and first stock; categories."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tradewind.catalog import service
from tradewind.catalog.rules import (
    Kind,
    NewProduct,
    NewVariant,
    Product,
    ProductStatus,
    ProductUpdate,
)
from tradewind.contracts.money import Money
from tradewind.database import Transaction
from tradewind.inventory.service import set_level
from tradewind.settings.service import audit
from tradewind_host.access import Access, GivenAccess
from tradewind_host.media import absolute, relative
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body, Cursor, Limit
from tradewind_host.store_api.catalog import (
    CategoryList,
    CategoryName,
    CategoryView,
    CurrencyCode,
    VariantView,
    category_view,
    default_currency,
    variant_view,
)

T = TypeVar("T")


class PriceInput(Body, frozen=True):
    """A price in minor units."""

    amount: int
    currency: str


class VariantInput(Body, frozen=True, kw_only=True):
    """A variant by its SKU; prices in minor units. `on_hand` is set when given."""

    sku: str
    title: str = ""
    options: Mapping[str, str] = {}
    prices: Sequence[PriceInput] = ()
    tax_class: str = "standard"
    tracked: bool | None = None
    on_hand: int | None = None
    backorder: bool | None = None


class ProductInput(Body, frozen=True, kw_only=True):
    """A product to be created; without a handle one is made of the title."""

    title: str
    handle: str | None = None
    kind: Kind = "physical"
    status: ProductStatus = "draft"
    description: str = ""
    images: Sequence[str] = ()
    category_ids: Sequence[UUID] = ()
    variants: Sequence[VariantInput] = ()


class ProductChange(Body, frozen=True, kw_only=True):
    """What to change. `variants`, when given, is the whole new list."""

    title: str | None = None
    handle: str | None = None
    kind: Kind | None = None
    status: ProductStatus | None = None
    description: str | None = None
    images: Sequence[str] | None = None
    category_ids: Sequence[UUID] | None = None
    variants: Sequence[VariantInput] | None = None


class CategoryInput(Body, frozen=True, kw_only=True):
    """A category to be created."""

    name: str
    parent_id: UUID | None = None
    handle: str | None = None
    position: int = 0


class AdminProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product as its keeper sees it."""

    id: UUID
    title: str
    handle: str
    kind: Kind
    status: ProductStatus
    description: str
    images: Sequence[str]
    categories: Sequence[CategoryName]
    variants: Sequence[VariantView]
    version: int


class AdminProductList(msgspec.Struct, frozen=True):
    """A page of products."""

    products: Sequence[AdminProductView]
    next_cursor: str | None


class AdminProductAnswer(msgspec.Struct, frozen=True):
    """One product."""

    product: AdminProductView


class CategoryAnswer(msgspec.Struct, frozen=True):
    """One category."""

    category: CategoryView


_WRITES = writes()


@get("/products", responses=reads(422))
async def list_products(
    access: GivenAccess,
    q: FromQuery[str | None] = None,
    category_id: FromQuery[UUID | None] = None,
    currency_code: CurrencyCode = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AdminProductList:
    """All products, drafts too, oldest first."""
    async with access.transaction() as tx:
        found = await service.list_products(
            tx,
            currency=currency_code or await default_currency(tx),
            query=q,
            category_id=category_id,
            limit=limit,
            cursor=cursor,
            published_only=False,
        )
    return AdminProductList([_view(access, one) for one in found.items], found.next_cursor)


@get("/products/{product_id:uuid}", responses=reads(404, 422))
async def get_product(
    access: GivenAccess, product_id: FromPath[UUID], currency_code: CurrencyCode = None
) -> AdminProductAnswer:
    """One product."""
    async with access.transaction() as tx:
        return AdminProductAnswer(_view(access, await _product(tx, product_id, currency_code)))


@post("/products", responses=_WRITES)
async def create_product(
    access: GivenAccess, data: JSONBody[ProductInput]
) -> Response[AdminProductAnswer]:
    """Add a product with its variants."""
    new = NewProduct(
        title=data.title,
        handle=data.handle,
        kind=data.kind,
        status=data.status,
        description=data.description,
        images=[relative(access.engine.public_url, one) for one in data.images],
        category_ids=data.category_ids,
        variants=[_variant(one) for one in data.variants],
    )
    async with access.transaction() as tx:
        product = await service.create_product(tx, new)
        return await _stocked(access, tx, product.id, data.variants, "product.created", 201)


@post("/products/{product_id:uuid}", status_code=200, responses=_WRITES)
async def update_product(
    access: GivenAccess, product_id: FromPath[UUID], data: JSONBody[ProductChange]
) -> Response[AdminProductAnswer]:
    """Change a product."""
    given: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(data).items()
        if value is not None and name != "variants"
    }
    if data.images is not None:
        given["images"] = [relative(access.engine.public_url, one) for one in data.images]
    if data.variants is not None:
        given["variants"] = [_variant(one) for one in data.variants]
    async with access.transaction() as tx:
        currency = await default_currency(tx)
        await service.update_product(tx, product_id, ProductUpdate(**given), currency=currency)
        return await _stocked(access, tx, product_id, data.variants or (), "product.updated", 200)


@get("/categories", responses=reads())
async def list_categories(access: GivenAccess) -> CategoryList:
    """Every category, in shelf order."""
    async with access.transaction() as tx:
        return CategoryList([category_view(one) for one in await service.list_categories(tx)])


@post("/categories", responses=_WRITES)
async def create_category(
    access: GivenAccess, data: JSONBody[CategoryInput]
) -> Response[CategoryAnswer]:
    """Add a category."""
    async with access.transaction() as tx:
        made = await service.create_category(
            tx, data.name, parent_id=data.parent_id, handle=data.handle, position=data.position
        )
        await audit(tx, access.actor, "category.created", "category", str(made.id))
        return await access.answer(tx, CategoryAnswer(category_view(made)), 201)


async def _stocked(
    access: Access,
    tx: Transaction,
    product_id: UUID,
    variants: Sequence[VariantInput],
    action: str,
    status: int,
) -> Response[AdminProductAnswer]:
    """Set the stock that came with the variants, and answer with the product as it then is."""
    for one in variants:
        if one.on_hand is not None or one.backorder is not None:
            await set_level(
                tx, one.sku, on_hand=one.on_hand, backorder=one.backorder, actor=access.actor
            )
    await audit(tx, access.actor, action, "product", str(product_id))
    product = await _product(tx, product_id, None)
    return await access.answer(tx, AdminProductAnswer(_view(access, product)), status)


async def _product(tx: Transaction, product_id: UUID, currency: str | None) -> Product:
    return await service.get_product(
        tx, str(product_id), currency=currency or await default_currency(tx), published_only=False
    )


def _variant(given: VariantInput) -> NewVariant:
    return NewVariant(
        sku=given.sku,
        title=given.title or " / ".join(given.options.values()),
        options=given.options,
        prices=[Money(one.amount, one.currency) for one in given.prices],
        tax_class=given.tax_class,
        tracked=given.tracked,
    )


def _view(access: Access, product: Product) -> AdminProductView:
    base = access.engine.public_url
    return AdminProductView(
        id=product.id,
        title=product.title,
        handle=product.handle,
        kind=product.kind,
        status=product.status,
        description=product.description,
        images=[absolute(base, image) for image in product.images],
        categories=[
            CategoryName(id=one.id, name=one.name, handle=one.handle) for one in product.categories
        ],
        variants=[variant_view(one) for one in product.variants],
        version=product.version,
    )


ROUTES = (
    list_products,
    get_product,
    create_product,
    update_product,
    list_categories,
    create_category,
)
