"""Browsing: products, categories, regions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response.base import ASGIResponse

from tradewind.catalog import service
from tradewind.catalog.rules import (
    MOST_OPTIONS,
    OPTION,
    Category,
    Filters,
    Kind,
    Product,
    Region,
    Sort,
    Variant,
    Where,
    options_of,
)
from tradewind.catalog.service import Asked, Documents, Writer, list_documents, product_document
from tradewind.contracts.money import Money
from tradewind.database import Transaction
from tradewind.stores.service import settings_of
from tradewind_host.access import Access, GivenAccess, provide_access
from tradewind_host.media import absolute
from tradewind_host.problems import reads
from tradewind_host.shapes import Cursor, Limit

CurrencyCode = Annotated[
    str | None,
    QueryParameter(
        pattern="^[A-Z]{3}$",
        description="Prices of the first region with this currency, else of the default region.",
    ),
]
RegionId = Annotated[UUID | None, QueryParameter(description="Prices of this region.")]
Amount = Annotated[
    int | None, QueryParameter(ge=0, le=10**15, description="Of the lowest price, in minor units.")
]
Options = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=OPTION)]] | None,
    QueryParameter(
        max_items=MOST_OPTIONS,
        description="Such as `Color:Red`; of several values of one option, any will do.",
    ),
]
Order = FromQuery[Sort | None]
_GAP = b"\0"
_HOLE: Any = msgspec.Raw(_GAP)


GivenDocuments = NamedDependency[Documents]

AnyRequest = Request[Any, Any, Any]
GivenFilters = NamedDependency[Filters]


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
    """What is put in a cart; `available` is null where stock is not counted.

    `original_price` is the price without the one that runs for a time, where that is lower.
    """

    id: UUID
    sku: str
    title: str
    options: Mapping[str, str]
    price: Money | None
    original_price: Money | None
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


@get("/products", responses=reads(404, 422))
async def list_products(
    request: AnyRequest,
    filters: GivenFilters,
    region_id: RegionId = None,
    currency_code: CurrencyCode = None,
    q: FromQuery[str | None] = None,
    sort: Order = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[ProductList]:
    """Published products that fit every filter, oldest first; with `q`, best first.

    `category_id` includes the categories below it. Of a product with several prices the lowest
    counts; in an order by price, what has no price in the currency is left out.
    """
    asked = Asked(
        where=Where(region_id, currency_code),
        query=q or "",
        filters=filters,
        sort=sort,
        limit=limit,
        cursor=cursor,
    )
    return _Written(await written_list(provide_access(request), _documents(request), asked))


async def written_list(access: Access, documents: Documents, asked: Asked) -> bytes:
    """A `ProductList` as JSON. Raises InvalidInput, NotFound."""
    written, after = await list_documents(access.engine.database, access.store.id, documents, asked)
    more = b"null" if after is None else b'"%s"' % after.encode()
    return b'{"products":[%s],"next_cursor":%s}' % (b",".join(written), more)


@get("/products/{id_or_handle:str}", responses=reads(404, 422))
async def get_product(
    request: AnyRequest,
    id_or_handle: FromPath[str],
    region_id: RegionId = None,
    currency_code: CurrencyCode = None,
) -> Response[ProductAnswer]:
    """One published product, by its id or its handle."""
    where = Where(region_id, currency_code)
    access, documents = provide_access(request), _documents(request)
    return _Written(await written_product(access, documents, id_or_handle, where))


async def written_product(
    access: Access, documents: Documents, id_or_handle: str, where: Where
) -> bytes:
    """A `ProductAnswer` as JSON. Raises InvalidInput, NotFound."""
    database = access.engine.database
    written = await product_document(database, access.store.id, documents, id_or_handle, where)
    return b'{"product":%s}' % written


class _Written(Response[Any]):
    """An answer that is written out already; nothing about it depends on the request."""

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return ASGIResponse(body=self.content, media_type="application/json")


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


def provide_filters(
    category_id: FromQuery[UUID | None] = None,
    kind: FromQuery[Kind | None] = None,
    min_price: Amount = None,
    max_price: Amount = None,
    available: FromQuery[bool] = False,  # noqa: FBT002 - a parameter of the query
    options: Options = None,
) -> Filters:
    """Which products are asked for."""
    return Filters(
        category_id=category_id,
        kind=kind,
        min_price=min_price,
        max_price=max_price,
        available=available,
        options=options_of(options or ()),
    )


def product_writer(base: str) -> Writer:
    """Writes products out as a storefront sees them, with gaps for their stock."""

    def write(product: Product) -> Sequence[bytes]:
        return msgspec.json.encode(_gapped(product, base)).split(_GAP)

    return write


def _documents(request: AnyRequest) -> Documents:
    found: Documents = request.app.state["documents"]
    return found


def _gapped(product: Product, base: str) -> ProductView:
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
        variants=[
            msgspec.structs.replace(variant_view(one), available=_HOLE, backorder=_HOLE)
            for one in product.variants
        ],
    )


def variant_view(variant: Variant) -> VariantView:
    """A variant as a storefront sees it."""
    return VariantView(
        id=variant.id,
        sku=variant.sku,
        title=variant.title,
        options=variant.options,
        price=variant.price,
        original_price=variant.original_price,
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
