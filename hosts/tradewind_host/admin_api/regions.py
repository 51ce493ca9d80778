"""Where a store sells: regions, their taxes, and the store's own ways to deliver."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery, JSONBody

from tradewind.catalog import service
from tradewind.catalog.rules import NewRegion, Region, Rounding
from tradewind.database import Transaction
from tradewind.pricing import service as pricing
from tradewind.pricing.rules import BuiltInShipping, TaxRate
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body


class RegionInput(Body, frozen=True, kw_only=True):
    """A region to be created; countries are ISO 3166 alpha-2 in lower case."""

    name: str
    currency: str
    countries: Sequence[str]
    tax_inclusive: bool = False
    rounding: Rounding = "line"


class TaxRateInput(Body, frozen=True, kw_only=True):
    """A tax to be added; `rate` is percent as decimal text."""

    region_id: UUID
    rate: str
    name: str = "Tax"
    tax_class: str = "standard"
    tax_shipping: bool = False
    province: str | None = None


class ShippingRules(Body, frozen=True, kw_only=True):
    """For which subtotals (minor units) the option is offered."""

    minimum: int | None = None
    maximum: int | None = None


class ShippingInput(Body, frozen=True, kw_only=True):
    """A way to deliver; `price` in minor units of the region's currency."""

    region_id: UUID
    name: str
    price: int
    estimate: str = ""
    rules: ShippingRules = ShippingRules()
    position: int = 0


class TaxRateView(msgspec.Struct, frozen=True, kw_only=True):
    """A tax; `rate` is percent as decimal text."""

    id: UUID
    region_id: UUID
    name: str
    rate: str
    tax_class: str
    tax_shipping: bool
    province: str | None


class AdminRegionAnswer(msgspec.Struct, frozen=True):
    """One region."""

    region: Region


class AdminRegionList(msgspec.Struct, frozen=True):
    """Every region, the default first."""

    regions: Sequence[Region]
    next_cursor: str | None = None


class TaxRateAnswer(msgspec.Struct, frozen=True):
    """One tax."""

    tax_rate: TaxRateView


class TaxRateList(msgspec.Struct, frozen=True):
    """Taxes, by region."""

    tax_rates: Sequence[TaxRateView]
    next_cursor: str | None = None


class ShippingAnswer(msgspec.Struct, frozen=True):
    """One way to deliver."""

    shipping_option: BuiltInShipping


class ShippingList(msgspec.Struct, frozen=True):
    """Ways to deliver, by region."""

    shipping_options: Sequence[BuiltInShipping]
    next_cursor: str | None = None


_READS = reads(404, 422)
_WRITES = writes()


@get("/regions", responses=reads())
async def list_regions(access: GivenAccess) -> AdminRegionList:
    """Every region."""
    async with access.transaction() as tx:
        return AdminRegionList(await service.list_regions(tx))


@post("/regions", responses=_WRITES)
async def create_region(
    access: GivenAccess, data: JSONBody[RegionInput]
) -> Response[AdminRegionAnswer]:
    """Add a region; the first one becomes the store's default."""
    new = NewRegion(**_fields(data))
    async with access.transaction() as tx:
        region = await service.create_region(tx, new)
        await audit(tx, access.actor, "region.created", "region", str(region.id))
        return await access.answer(tx, AdminRegionAnswer(region), 201)


@get("/tax-rates", responses=_READS)
async def list_tax_rates(
    access: GivenAccess, region_id: FromQuery[UUID | None] = None
) -> TaxRateList:
    """The taxes of a region, or of all."""
    async with access.transaction() as tx:
        ids = await _region_ids(tx, region_id)
        found = [tax for one in ids for tax in await pricing.list_tax_rates(tx, one)]
    return TaxRateList([_tax_view(tax) for tax in found])


@post("/tax-rates", responses=_WRITES)
async def create_tax_rate(
    access: GivenAccess, data: JSONBody[TaxRateInput]
) -> Response[TaxRateAnswer]:
    """Add a tax to a region."""
    async with access.transaction() as tx:
        tax = await pricing.create_tax_rate(tx, **_fields(data))
        await audit(tx, access.actor, "tax_rate.created", "tax_rate", str(tax.id))
        return await access.answer(tx, TaxRateAnswer(_tax_view(tax)), 201)


@get("/shipping-options", responses=_READS)
async def list_shipping_options(
    access: GivenAccess, region_id: FromQuery[UUID | None] = None
) -> ShippingList:
    """The store's own ways to deliver in a region, or in all."""
    async with access.transaction() as tx:
        ids = await _region_ids(tx, region_id)
        found = [way for one in ids for way in await pricing.list_shipping_options(tx, one)]
    return ShippingList(found)


@post("/shipping-options", responses=_WRITES)
async def create_shipping_option(
    access: GivenAccess, data: JSONBody[ShippingInput]
) -> Response[ShippingAnswer]:
    """Add a way to deliver."""
    given = _fields(data)
    rules: ShippingRules = given.pop("rules")
    async with access.transaction() as tx:
        option = await pricing.create_shipping_option(
            tx, **given, minimum=rules.minimum, maximum=rules.maximum
        )
        await audit(tx, access.actor, "shipping_option.created", "option", str(option.id))
        return await access.answer(tx, ShippingAnswer(option), 201)


async def _region_ids(tx: Transaction, region_id: UUID | None) -> list[UUID]:
    if region_id is not None:
        return [(await service.region_for(tx, region_id)).id]
    return [region.id for region in await service.list_regions(tx)]


def _fields(data: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(data)


def _tax_view(tax: TaxRate) -> TaxRateView:
    return TaxRateView(
        id=tax.id,
        region_id=tax.region_id,
        name=tax.name,
        rate=format(tax.rate.normalize(), "f"),
        tax_class=tax.tax_class,
        tax_shipping=tax.tax_shipping,
        province=tax.province,
    )


ROUTES = (
    list_regions,
    create_region,
    list_tax_rates,
    create_tax_rate,
    list_shipping_options,
    create_shipping_option,
)
