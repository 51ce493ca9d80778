"""Products: list, add, change, publish, archive."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tradewind.catalog import service
from tradewind.catalog.rules import Kind, NewProduct, ProductStatus, ProductUpdate, Sought
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.admin_api.catalog.bodies import (
    OptionInput,
    VariantInput,
    new_variant,
    options_of,
)
from tradewind_host.admin_api.catalog.views import (
    AdminProductView,
    product_view,
    record,
    showing,
    stock,
)
from tradewind_host.media import relative
from tradewind_host.problems import reads, told, writes
from tradewind_host.shapes import Body, Cursor, Limit
from tradewind_host.store_api.catalog import CurrencyCode


class ProductInput(Body, frozen=True, kw_only=True):
    """A product to be created; without a handle one is made of the title.

    Without `options`, the variants' own say what there is to choose.
    """

    title: str
    handle: str | None = None
    kind: Kind = "physical"
    status: ProductStatus = "draft"
    description: str = ""
    images: Sequence[str] = ()
    category_ids: Sequence[UUID] = ()
    options: Sequence[OptionInput] = ()
    metadata: Mapping[str, Any] = {}
    variants: Sequence[VariantInput] = ()


class ProductChange(Body, frozen=True, kw_only=True):
    """What to change; what is left out stays. `variants`, when given, is the whole new list.

    `metadata` is merged key by key. With `version`, nothing is changed if another has changed the
    product since.
    """

    title: str | None = None
    handle: str | None = None
    kind: Kind | None = None
    status: ProductStatus | None = None
    description: str | None = None
    images: Sequence[str] | None = None
    category_ids: Sequence[UUID] | None = None
    options: Sequence[OptionInput] | None = None
    metadata: Mapping[str, Any] | None = None
    variants: Sequence[VariantInput] | None = None
    version: int | None = None


class BulkChange(Body, frozen=True, kw_only=True):
    """Products that are all to be in one state; at most 200."""

    ids: Sequence[UUID]
    status: ProductStatus


class AdminProductList(msgspec.Struct, frozen=True):
    """A page of products."""

    products: Sequence[AdminProductView]
    next_cursor: str | None


class AdminProductAnswer(msgspec.Struct, frozen=True):
    """One product."""

    product: AdminProductView


_WRITES = told(
    writes(),
    {409: ("handle_taken", "sku_taken", "price_overlaps", "nothing_to_sell", "product_changed")},
)


@get("/products", responses=reads(422))
async def list_products(  # noqa: PLR0913 - each is a query parameter
    access: GivenAccess,
    q: FromQuery[str | None] = None,
    status: FromQuery[ProductStatus | None] = None,
    kind: FromQuery[Kind | None] = None,
    category_id: FromQuery[UUID | None] = None,
    sku: FromQuery[str | None] = None,
    currency_code: CurrencyCode = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AdminProductList:
    """Products, oldest first, without a `status` all but archived ones.

    With `q`, what sounds like it, best first. `category_id` includes the categories below it; `sku`
    names a variant exactly, archived or not, in any case.
    """
    sought = Sought(
        status=status, kind=kind, category_id=category_id, sku=sku, words=(q or "").strip()
    )
    async with access.transaction() as tx:
        found = await service.list_kept(tx, sought, limit=limit, cursor=cursor)
        how = await showing(access, tx, currency_code)
    return AdminProductList([product_view(one, how) for one in found.items], found.next_cursor)


@get("/products/{product_id:uuid}", responses=reads(404, 422))
async def get_product(
    access: GivenAccess, product_id: FromPath[UUID], currency_code: CurrencyCode = None
) -> AdminProductAnswer:
    """One product, in any state."""
    async with access.transaction() as tx:
        found = await service.kept_product(tx, product_id)
        return AdminProductAnswer(product_view(found, await showing(access, tx, currency_code)))


@post("/products", responses=_WRITES)
async def create_product(
    access: GivenAccess, data: JSONBody[ProductInput]
) -> Response[AdminProductAnswer]:
    """Add a product with its variants."""
    fields = {name: getattr(data, name) for name in data.__struct_fields__}
    base = access.engine.public_url
    fields["images"] = [relative(base, one) for one in data.images]
    fields["options"] = options_of(data.options)
    fields["variants"] = [new_variant(one, one.sku, base) for one in data.variants]
    async with access.transaction() as tx:
        made = await service.create_product(tx, NewProduct(**fields))
        await stock(access, tx, {one.sku: one for one in data.variants})
        product = await service.kept_product(tx, made.id)
        detail = {"title": product.title, "skus": [one.sku for one in product.live]}
        await audit(tx, access.actor, "product.created", "product", str(product.id), detail)
        view = product_view(product, await showing(access, tx))
        return await access.answer(tx, AdminProductAnswer(view), 201)


@post("/products/{product_id:uuid}", status_code=200, responses=_WRITES)
async def update_product(
    access: GivenAccess, product_id: FromPath[UUID], data: JSONBody[ProductChange]
) -> Response[AdminProductAnswer]:
    """Change a product."""
    given: dict[str, Any] = {
        name: getattr(data, name)
        for name in data.__struct_fields__
        if getattr(data, name) is not None
    }
    base = access.engine.public_url
    if data.images is not None:
        given["images"] = [relative(base, one) for one in data.images]
    if data.options is not None:
        given["options"] = options_of(data.options)
    if data.variants is not None:
        given["variants"] = [new_variant(one, one.sku, base) for one in data.variants]
    async with access.transaction() as tx:
        changed = await service.change_product(tx, product_id, ProductUpdate(**given))
        await stock(access, tx, {one.sku: one for one in data.variants or ()})
        await record(access, tx, "product.updated", changed)
        product = changed.after
        if data.variants:
            product = await service.kept_product(tx, product_id)
        view = product_view(product, await showing(access, tx))
        return await access.answer(tx, AdminProductAnswer(view))


@delete("/products/{product_id:uuid}", status_code=200, responses=writes())
async def archive_product(
    access: GivenAccess, product_id: FromPath[UUID]
) -> Response[AdminProductAnswer]:
    """Archive a product: it is sold no more, and its orders keep their lines."""
    async with access.transaction() as tx:
        changed = await service.archive_product(tx, product_id)
        await record(access, tx, "product.archived", changed)
        view = product_view(changed.after, await showing(access, tx))
        return await access.answer(tx, AdminProductAnswer(view))


@post("/products/bulk", status_code=200, responses=told(writes(), {409: ("nothing_to_sell",)}))
async def change_products(
    access: GivenAccess, data: JSONBody[BulkChange]
) -> Response[AdminProductList]:
    """Publish, withdraw or archive several products: all of them, or none."""
    async with access.transaction() as tx:
        done = await service.set_status(tx, data.ids, data.status)
        for changed in done:
            if changed.before.status != changed.after.status:
                await record(access, tx, "product.updated", changed)
        how = await showing(access, tx)
        views = [product_view(changed.after, how) for changed in done]
        return await access.answer(tx, AdminProductList(views, None))


ROUTES = (
    list_products,
    get_product,
    create_product,
    update_product,
    archive_product,
    change_products,
)
