"""The variants of a product, one by one. Each answer is the product as it then is."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response, delete, post
from litestar.params import FromPath, JSONBody

from tradewind.catalog import service
from tradewind.catalog.rules import KeptProduct, KeptVariant, NewVariant
from tradewind.catalog.service import Changed
from tradewind.contracts.errors import NotFound
from tradewind.database import Transaction
from tradewind.inventory.service import rename_sku
from tradewind_host.access import Access, GivenAccess
from tradewind_host.admin_api.catalog.bodies import (
    PriceInput,
    VariantChange,
    VariantDetails,
    VariantEntry,
    new_price,
    new_variant,
)
from tradewind_host.admin_api.catalog.products import AdminProductAnswer
from tradewind_host.admin_api.catalog.views import product_view, record, showing, stock
from tradewind_host.problems import told, writes
from tradewind_host.shapes import Body


class VariantPattern(Body, frozen=True, kw_only=True):
    """What generated variants have in common; `sku` is the beginning of theirs."""

    sku: str
    prices: Sequence[PriceInput] = ()
    tax_class: str | msgspec.UnsetType = msgspec.UNSET
    tracked: bool | None = None
    weight_grams: int | msgspec.UnsetType | None = msgspec.UNSET


_WRITES = told(
    writes(), {409: ("sku_taken", "price_overlaps", "nothing_to_sell", "product_changed")}
)


@post("/products/{product_id:uuid}/variants", responses=_WRITES)
async def create_variant(
    access: GivenAccess, product_id: FromPath[UUID], data: JSONBody[VariantEntry]
) -> Response[AdminProductAnswer]:
    """Add a variant to a product, behind the others unless it says where."""
    async with access.transaction() as tx:
        new = new_variant(data, data.sku, access.engine.public_url)
        changed = await service.create_variant(tx, product_id, new, data.version)
        return await _done(access, tx, "variant.created", changed, {data.sku: data}, 201)


@post("/products/{product_id:uuid}/generate-variants", responses=_WRITES)
async def generate_variants(
    access: GivenAccess, product_id: FromPath[UUID], data: JSONBody[VariantPattern]
) -> Response[AdminProductAnswer]:
    """Add a variant for each choice of the product's options that has none yet.

    Their SKUs are the beginning that was sent and the values: `TEE-S-BLUE`.
    """
    pattern = NewVariant(
        sku=data.sku,
        prices=[new_price(one) for one in data.prices],
        tax_class=data.tax_class,
        tracked=data.tracked,
        weight_grams=data.weight_grams,
    )
    async with access.transaction() as tx:
        changed = await service.generate_variants(tx, product_id, pattern)
        return await _done(access, tx, "variant.created", changed, {}, 201)


@post("/products/{product_id:uuid}/variants/{variant_id:uuid}", status_code=200, responses=_WRITES)
async def update_variant(
    access: GivenAccess,
    product_id: FromPath[UUID],
    variant_id: FromPath[UUID],
    data: JSONBody[VariantChange],
) -> Response[AdminProductAnswer]:
    """Change a variant; what is left out stays. One that was archived is on sale again."""
    async with access.transaction() as tx:
        present = _variant(await service.kept_product(tx, product_id), variant_id)
        sku = present.sku if isinstance(data.sku, msgspec.UnsetType) else data.sku
        entry = new_variant(data, sku, access.engine.public_url)
        changed = await service.update_variant(tx, product_id, variant_id, entry, data.version)
        if sku != present.sku:
            await rename_sku(tx, variant_id, sku)
        return await _done(access, tx, "variant.updated", changed, {sku: data})


@delete(
    "/products/{product_id:uuid}/variants/{variant_id:uuid}", status_code=200, responses=_WRITES
)
async def archive_variant(
    access: GivenAccess, product_id: FromPath[UUID], variant_id: FromPath[UUID]
) -> Response[AdminProductAnswer]:
    """Archive a variant: it is sold no more. It keeps its SKU, its stock and its orders."""
    async with access.transaction() as tx:
        changed = await service.archive_variant(tx, product_id, variant_id)
        return await _done(access, tx, "variant.archived", changed, {})


async def _done(
    access: Access,
    tx: Transaction,
    action: str,
    changed: Changed,
    given: Mapping[str, VariantDetails],
    status: int = 200,
) -> Response[AdminProductAnswer]:
    await stock(access, tx, given)
    await record(access, tx, action, changed)
    product = await service.kept_product(tx, changed.after.id) if given else changed.after
    view = product_view(product, await showing(access, tx))
    return await access.answer(tx, AdminProductAnswer(view), status)


def _variant(product: KeptProduct, variant_id: UUID) -> KeptVariant:
    for one in product.variants:
        if one.id == variant_id:
            return one
    raise NotFound("There is no such variant.")


ROUTES = (create_variant, generate_variants, update_variant, archive_variant)
