"""Where the store sells."""

from uuid import UUID

import msgspec

from tradewind.catalog import queries
from tradewind.catalog.rules import NewRegion, Region, RegionUpdate, refuse, region_errors
from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.database import Transaction
from tradewind.settings.service import pricing_changed


async def list_regions(tx: Transaction) -> list[Region]:
    """Every region, the store's default first."""
    return await queries.regions(tx)


async def region_for(
    tx: Transaction, region_id: UUID | None = None, currency: str | None = None
) -> Region:
    """The region asked for, else the first with this currency, else the store's default.

    Raises NotFound for an unknown region, InvalidInput for a currency that no region has or for a
    region with another currency.
    """
    regions = await queries.regions(tx)
    if region_id is not None:
        regions = [one for one in regions if one.id == region_id]
        if not regions:
            raise NotFound("There is no such region.")
    if currency is not None:
        regions = [one for one in regions if one.currency == currency]
        if not regions:
            wrong = FieldError("currency_code", "unknown", f"Nothing is sold here in {currency}.")
            raise InvalidInput("Another currency is needed.", errors=[wrong])
    if not regions:
        raise Conflict("The store has no region yet.", code="no_region")
    return regions[0]


async def create_region(tx: Transaction, new: NewRegion) -> Region:
    """Add a region; the store's first one becomes its default. Raises InvalidInput."""
    region = _region(tx.new_id(), new)
    await queries.insert_region(tx, region)
    await pricing_changed(tx)
    return region


async def change_region(
    tx: Transaction, region_id: UUID, change: RegionUpdate
) -> tuple[Region, Region]:
    """Change a region; returns it before and after. Raises InvalidInput, NotFound."""
    before = await region_for(tx, region_id)
    kept = msgspec.structs.asdict(before)
    kept.pop("id")
    fields = msgspec.structs.asdict(change)
    given = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
    after = _region(region_id, NewRegion(**{**kept, **given}))
    if after != before:
        await queries.update_region(tx, after)
        await pricing_changed(tx)
    return before, after


def _region(region_id: UUID, new: NewRegion) -> Region:
    refuse(region_errors(new))
    return Region(
        id=region_id,
        name=new.name,
        currency=new.currency,
        countries=list(new.countries),
        tax_inclusive=new.tax_inclusive,
        rounding="unit" if new.rounding == "unit" else "line",
    )
