"""Keeping prices: in several currencies, for regions, for a time."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from tradewind.catalog import queries
from tradewind.catalog.rules import (
    AnyPrice,
    as_new_price,
    overlap_errors,
    refuse,
    region_errors_of,
)
from tradewind.contracts.errors import Conflict
from tradewind.database import Transaction


async def refuse_ambiguous(tx: Transaction, listed: Mapping[str, Sequence[AnyPrice]]) -> None:
    """Raises InvalidInput for prices of no region, of another currency, or that overlap.

    `listed` has the prices of each variant by the path where they stand.
    """
    parts = {path: [as_new_price(one, tx.now) for one in listed[path]] for path in listed}
    currencies = {}
    if any(one.region_id for prices in parts.values() for one in prices):
        currencies = {one.id: one.currency for one in await queries.regions(tx)}
    for path, prices in parts.items():
        refuse([*region_errors_of(path, prices, currencies), *overlap_errors(path, prices)])


async def write_prices(tx: Transaction, prices: Sequence[tuple[UUID, AnyPrice]]) -> None:
    """Set prices of variants beside those that are there.

    One of the same currency, region and beginning is replaced. Raises Conflict `price_overlaps`.
    """
    try:
        await queries.set_prices(
            tx, [(variant_id, as_new_price(one, tx.now)) for variant_id, one in prices]
        )
    except asyncpg.ExclusionViolationError:
        raise Conflict(
            "Another price counts at the same time; end it first.", code="price_overlaps"
        ) from None
