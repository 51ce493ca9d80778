"""The prices of a variant: in several currencies, for regions, for a time."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tradewind.catalog import service
from tradewind.catalog.rules import Price
from tradewind.catalog.service import Changed
from tradewind.database import Transaction
from tradewind_host.access import Access, GivenAccess
from tradewind_host.admin_api.catalog.bodies import PriceInput, new_price
from tradewind_host.admin_api.catalog.views import record
from tradewind_host.problems import reads, told, writes
from tradewind_host.shapes import Body


class PriceListInput(Body, frozen=True, kw_only=True):
    """All the prices of a variant; those that are not among them go."""

    prices: Sequence[PriceInput]


class PriceList(msgspec.Struct, frozen=True):
    """All the prices of a variant: those without a region and a time first."""

    prices: Sequence[Price]
    next_cursor: str | None = None


_WRITES = told(writes(), {409: ("price_overlaps", "nothing_to_sell")})


@get("/variants/{variant_id:uuid}/prices", responses=reads(404))
async def list_prices(access: GivenAccess, variant_id: FromPath[UUID]) -> PriceList:
    """Every price of a variant, those to come and those that ended too."""
    async with access.transaction() as tx:
        return PriceList((await service.kept_variant(tx, variant_id)).prices)


@post("/variants/{variant_id:uuid}/prices", status_code=200, responses=_WRITES)
async def set_price(
    access: GivenAccess, variant_id: FromPath[UUID], data: JSONBody[PriceInput]
) -> Response[PriceList]:
    """Set a price beside the others.

    One of the same currency, region and beginning is replaced; prices with a time may not overlap.
    """
    async with access.transaction() as tx:
        changed = await service.set_price(tx, variant_id, new_price(data))
        return await _done(access, tx, variant_id, changed)


@put("/variants/{variant_id:uuid}/prices", responses=_WRITES)
async def replace_prices(
    access: GivenAccess, variant_id: FromPath[UUID], data: JSONBody[PriceListInput]
) -> Response[PriceList]:
    """Make these all the prices of a variant."""
    async with access.transaction() as tx:
        prices = [new_price(one) for one in data.prices]
        changed = await service.replace_prices(tx, variant_id, prices)
        return await _done(access, tx, variant_id, changed)


@delete("/variants/{variant_id:uuid}/prices/{price_id:uuid}", status_code=200, responses=_WRITES)
async def delete_price(
    access: GivenAccess, variant_id: FromPath[UUID], price_id: FromPath[UUID]
) -> Response[PriceList]:
    """Take a price away."""
    async with access.transaction() as tx:
        changed = await service.delete_price(tx, variant_id, price_id)
        return await _done(access, tx, variant_id, changed)


async def _done(
    access: Access, tx: Transaction, variant_id: UUID, changed: Changed
) -> Response[PriceList]:
    await record(access, tx, "prices.updated", changed)
    found = next(one.prices for one in changed.after.variants if one.id == variant_id)
    return await access.answer(tx, PriceList(found))


ROUTES = (list_prices, set_price, replace_prices, delete_price)
