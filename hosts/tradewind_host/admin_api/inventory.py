"""Stock by SKU."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tradewind.inventory import service
from tradewind.inventory.rules import Level
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body, Cursor, Limit


class LevelView(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of a SKU; `available` is what is neither reserved nor held."""

    sku: str
    on_hand: int
    reserved: int
    held: int
    available: int
    backorder: bool


class LevelList(msgspec.Struct, frozen=True):
    """Stock in the order of SKUs."""

    inventory: Sequence[LevelView]
    next_cursor: str | None


class LevelChange(Body, frozen=True, kw_only=True):
    """Either a figure or a difference, and why."""

    on_hand: int | None = None
    adjust: int | None = None
    backorder: bool | None = None
    low_at: int | None = None
    reason: str = ""


@get("/inventory", responses=reads(422))
async def list_levels(
    access: GivenAccess,
    q: FromQuery[str | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> LevelList:
    """Stock by SKU; with `q`, only SKUs that contain it."""
    async with access.transaction() as tx:
        found = await service.list_levels(tx, query=q, limit=limit, cursor=cursor)
    return LevelList([_view(level) for level in found.items], found.next_cursor)


@get("/inventory/{sku:str}", responses=reads(404))
async def get_level(access: GivenAccess, sku: FromPath[str]) -> LevelView:
    """The stock of a SKU."""
    async with access.transaction() as tx:
        return _view(await service.levels(tx, sku))


@post(
    "/inventory/{sku:str}",
    status_code=200,
    responses=writes(),
)
async def set_level(
    access: GivenAccess, sku: FromPath[str], data: JSONBody[LevelChange]
) -> Response[LevelView]:
    """Set what is on hand, or change it; never below what is promised."""
    async with access.transaction() as tx:
        level = await service.set_level(
            tx,
            sku,
            on_hand=data.on_hand,
            adjust=data.adjust,
            backorder=data.backorder,
            low_at=data.low_at,
            reason=data.reason,
            actor=access.actor,
        )
        detail = {"on_hand": level.on_hand, "reason": data.reason}
        await audit(tx, access.actor, "inventory.set", "sku", level.sku, detail)
        return await access.answer(tx, _view(level))


def _view(level: Level) -> LevelView:
    return LevelView(
        sku=level.sku,
        on_hand=level.on_hand,
        reserved=level.reserved,
        held=level.held,
        available=level.available,
        backorder=level.backorder,
    )


ROUTES = (list_levels, get_level, set_level)
