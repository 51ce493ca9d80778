"""Where a store sells: regions, their taxes, and the store's own ways to deliver."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tradewind.catalog import service
from tradewind.catalog.rules import NewRegion, Region, RegionUpdate, Rounding
from tradewind.database import Transaction
from tradewind.pricing import service as pricing
from tradewind.pricing.rules import (
    BuiltInShipping,
    ShippingRules,
    ShippingUpdate,
    TaxRate,
    TaxRateUpdate,
    TaxZone,
    WeightBand,
)
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.changes import changes
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body


class RegionInput(NewRegion, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A region to be created; countries are ISO 3166 alpha-2 in lower case."""

    rounding: Rounding = "line"


class RegionChange(RegionUpdate, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a region; what is left out stays. The currency of a region stays."""

    rounding: Rounding | msgspec.UnsetType = msgspec.UNSET


class TaxRateInput(Body, frozen=True, kw_only=True):
    """A tax to be added; `rate` is percent as decimal text.

    It holds in the whole region, or where country, province and beginning of the postal code fit.
    """

    region_id: UUID
    rate: str
    name: str = "Tax"
    tax_class: str = "standard"
    tax_shipping: bool = False
    country_code: str | None = None
    province: str | None = None
    postal_prefix: str | None = None


class TaxRateChange(Body, frozen=True, kw_only=True):
    """What to change of a tax; what is left out stays."""

    rate: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    tax_class: str | msgspec.UnsetType = msgspec.UNSET
    tax_shipping: bool | msgspec.UnsetType = msgspec.UNSET
    country_code: str | msgspec.UnsetType | None = msgspec.UNSET
    province: str | msgspec.UnsetType | None = msgspec.UNSET
    postal_prefix: str | msgspec.UnsetType | None = msgspec.UNSET


class WeightBandInput(WeightBand, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a parcel costs (minor units) of more than `over_grams` and at most `up_to_grams`."""


class ShippingRulesInput(ShippingRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For which subtotals (minor units) and countries it is offered, and from where it is free.

    With `weight_bands` it costs what the band of the cart's weight says, and `price` while that
    weight is not known.
    """

    weight_bands: Sequence[WeightBandInput] = ()


class ShippingInput(Body, frozen=True, kw_only=True):
    """A way to deliver; `price` in minor units of the region's currency."""

    region_id: UUID
    name: str
    price: int
    estimate: str = ""
    rules: ShippingRulesInput = ShippingRulesInput()
    position: int = 0


class ShippingChange(Body, frozen=True, kw_only=True):
    """What to change of a way to deliver; what is left out stays, `rules` are set as a whole."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    price: int | msgspec.UnsetType = msgspec.UNSET
    estimate: str | msgspec.UnsetType = msgspec.UNSET
    rules: ShippingRulesInput | msgspec.UnsetType = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET


class TaxRateView(msgspec.Struct, frozen=True, kw_only=True):
    """A tax; `rate` is percent as decimal text."""

    id: UUID
    region_id: UUID
    name: str
    rate: str
    tax_class: str
    tax_shipping: bool
    country_code: str | None
    province: str | None
    postal_prefix: str | None


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
    async with access.transaction() as tx:
        region = await service.create_region(tx, data)
        await audit(tx, access.actor, "region.created", "region", str(region.id))
        return await access.answer(tx, AdminRegionAnswer(region), 201)


@post("/regions/{region_id:uuid}", status_code=200, responses=_WRITES)
async def update_region(
    access: GivenAccess, region_id: FromPath[UUID], data: JSONBody[RegionChange]
) -> Response[AdminRegionAnswer]:
    """Change a region; open carts are quoted anew."""
    async with access.transaction() as tx:
        before, after = await service.change_region(tx, region_id, data)
        detail = changes(before, after)
        await audit(tx, access.actor, "region.updated", "region", str(region_id), detail)
        return await access.answer(tx, AdminRegionAnswer(after))


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
    """Add a tax to a region, or to a zone of it."""
    given = _fields(data)
    zone = TaxZone(**{name: given.pop(name) for name in TaxZone.__struct_fields__})
    async with access.transaction() as tx:
        tax = await pricing.create_tax_rate(tx, **given, zone=zone)
        await audit(tx, access.actor, "tax_rate.created", "tax_rate", str(tax.id))
        return await access.answer(tx, TaxRateAnswer(_tax_view(tax)), 201)


@post("/tax-rates/{tax_rate_id:uuid}", status_code=200, responses=_WRITES)
async def update_tax_rate(
    access: GivenAccess, tax_rate_id: FromPath[UUID], data: JSONBody[TaxRateChange]
) -> Response[TaxRateAnswer]:
    """Change a tax; open carts are quoted anew, orders stay as they are."""
    change = TaxRateUpdate(**_fields(data))
    async with access.transaction() as tx:
        before, after = await pricing.change_tax_rate(tx, tax_rate_id, change)
        detail = changes(_tax_view(before), _tax_view(after))
        await audit(tx, access.actor, "tax_rate.updated", "tax_rate", str(tax_rate_id), detail)
        return await access.answer(tx, TaxRateAnswer(_tax_view(after)))


@delete("/tax-rates/{tax_rate_id:uuid}", status_code=200, responses=_WRITES)
async def delete_tax_rate(
    access: GivenAccess, tax_rate_id: FromPath[UUID]
) -> Response[TaxRateAnswer]:
    """Remove a tax; orders keep what they were taxed."""
    async with access.transaction() as tx:
        gone = _tax_view(await pricing.delete_tax_rate(tx, tax_rate_id))
        detail = {"name": gone.name, "rate": gone.rate}
        await audit(tx, access.actor, "tax_rate.deleted", "tax_rate", str(tax_rate_id), detail)
        return await access.answer(tx, TaxRateAnswer(gone))


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
    given = {**_fields(data), "rules": _rules(data.rules)}
    async with access.transaction() as tx:
        option = await pricing.create_shipping_option(tx, **given)
        await audit(tx, access.actor, "shipping_option.created", "option", str(option.id))
        return await access.answer(tx, ShippingAnswer(option), 201)


@post("/shipping-options/{shipping_option_id:uuid}", status_code=200, responses=_WRITES)
async def update_shipping_option(
    access: GivenAccess, shipping_option_id: FromPath[UUID], data: JSONBody[ShippingChange]
) -> Response[ShippingAnswer]:
    """Change a way to deliver; open carts are quoted anew."""
    given = _fields(data)
    if data.rules is not msgspec.UNSET:
        given["rules"] = _rules(data.rules)
    async with access.transaction() as tx:
        before, after = await pricing.change_shipping_option(
            tx, shipping_option_id, ShippingUpdate(**given)
        )
        detail, named = changes(before, after), str(shipping_option_id)
        await audit(tx, access.actor, "shipping_option.updated", "option", named, detail)
        return await access.answer(tx, ShippingAnswer(after))


@delete("/shipping-options/{shipping_option_id:uuid}", status_code=200, responses=_WRITES)
async def archive_shipping_option(
    access: GivenAccess, shipping_option_id: FromPath[UUID]
) -> Response[ShippingAnswer]:
    """Offer a way to deliver no longer; carts that chose it choose anew."""
    async with access.transaction() as tx:
        gone = await pricing.archive_shipping_option(tx, shipping_option_id)
        detail, named = {"name": gone.name}, str(shipping_option_id)
        await audit(tx, access.actor, "shipping_option.archived", "option", named, detail)
        return await access.answer(tx, ShippingAnswer(gone))


async def _region_ids(tx: Transaction, region_id: UUID | None) -> list[UUID]:
    if region_id is not None:
        return [(await service.region_for(tx, region_id)).id]
    return [region.id for region in await service.list_regions(tx)]


def _fields(data: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(data)


def _rules(data: ShippingRulesInput) -> ShippingRules:
    bands = tuple(WeightBand(**_fields(band)) for band in data.weight_bands)
    return ShippingRules(**{**_fields(data), "weight_bands": bands})


def _tax_view(tax: TaxRate) -> TaxRateView:
    return TaxRateView(
        id=tax.id,
        region_id=tax.region_id,
        name=tax.name,
        rate=format(tax.rate.normalize(), "f"),
        tax_class=tax.tax_class,
        tax_shipping=tax.tax_shipping,
        country_code=tax.country_code,
        province=tax.province,
        postal_prefix=tax.postal_prefix,
    )


ROUTES = (
    list_regions,
    create_region,
    update_region,
    list_tax_rates,
    create_tax_rate,
    update_tax_rate,
    delete_tax_rate,
    list_shipping_options,
    create_shipping_option,
    update_shipping_option,
    archive_shipping_option,
)
