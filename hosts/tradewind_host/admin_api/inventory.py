"""Stock: levels by SKU, what is running out, the journal, and the places where goods lie."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tradewind.inventory import service
from tradewind.inventory.rules import Level, Movement, Place, PlaceLevel
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.changes import changes
from tradewind_host.problems import reads, told, writes
from tradewind_host.shapes import Body, Cursor, Limit, id_cursor, page


class LevelView(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of a SKU; `available` is what is neither reserved nor held.

    `low` says that at one place no more than its `low_at` is left; the highest one is told.
    """

    sku: str
    on_hand: int
    reserved: int
    held: int
    available: int
    backorder: bool
    low_at: int | None
    low: bool


class LevelDetail(LevelView, frozen=True, kw_only=True):
    """The same, place by place, in the order in which they are taken from."""

    locations: Sequence[PlaceLevel]


class LevelList(msgspec.Struct, frozen=True):
    """Stock in the order of SKUs."""

    inventory: Sequence[LevelView]
    next_cursor: str | None


class LevelChange(Body, frozen=True, kw_only=True):
    """Either a figure or a difference, and why; at the first stock location unless one is named."""

    on_hand: int | None = None
    adjust: int | None = None
    backorder: bool | None = None
    low_at: int | None = None
    location_id: UUID | None = None
    reason: str = ""


class MovementView(msgspec.Struct, frozen=True, kw_only=True):
    """By how much each figure was changed, when, why, by whom, and for which order."""

    id: UUID
    location_id: UUID
    kind: str
    on_hand: int
    reserved: int
    held: int
    order_id: UUID | None
    reason: str
    actor: str
    created_at: datetime


class MovementList(msgspec.Struct, frozen=True):
    """The journal of a SKU, newest first."""

    movements: Sequence[MovementView]
    next_cursor: str | None


class LocationInput(Body, frozen=True, kw_only=True):
    """A place where goods lie; those of the lowest priority are taken from first."""

    name: str
    priority: int = 0


class LocationChange(Body, frozen=True, kw_only=True):
    """What to change; what is left out stays."""

    name: str | None = None
    priority: int | None = None


class LocationList(msgspec.Struct, frozen=True):
    """The places where goods lie, in the order in which they are taken from."""

    stock_locations: Sequence[Place]
    next_cursor: str | None = None


class LocationAnswer(msgspec.Struct, frozen=True):
    """One place where goods lie."""

    stock_location: Place


@get("/inventory", responses=reads(422))
async def list_levels(
    access: GivenAccess,
    q: FromQuery[str | None] = None,
    low: FromQuery[bool | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> LevelList:
    """Stock by SKU; with `q`, only SKUs that contain it; with `low`, only what is running out."""
    async with access.transaction() as tx:
        found = await service.list_levels(tx, query=q, low=bool(low), limit=limit, cursor=cursor)
    return LevelList([_view(level) for level in found.items], found.next_cursor)


@get("/inventory/{sku:str}", responses=reads(404))
async def get_level(access: GivenAccess, sku: FromPath[str]) -> LevelDetail:
    """The stock of a SKU."""
    async with access.transaction() as tx:
        level = await service.levels(tx, sku)
        places = await service.place_levels(tx, level.variant_id)
    return LevelDetail(**msgspec.structs.asdict(_view(level)), locations=places)


@post(
    "/inventory/{sku:str}",
    status_code=200,
    responses=told(writes(), {409: ("stock_promised",)}),
)
async def set_level(
    access: GivenAccess, sku: FromPath[str], data: JSONBody[LevelChange]
) -> Response[LevelView]:
    """Set what is on hand, or change it; never below what is promised."""
    async with access.transaction() as tx:
        before = _view(await service.levels(tx, sku))
        level = await service.set_level(
            tx,
            sku,
            on_hand=data.on_hand,
            adjust=data.adjust,
            backorder=data.backorder,
            low_at=data.low_at,
            location_id=data.location_id,
            reason=data.reason,
            actor=access.actor,
        )
        detail = {**changes(before, _view(level)), "reason": data.reason}
        await audit(tx, access.actor, "inventory.set", "sku", level.sku, detail)
        return await access.answer(tx, _view(level))


@get("/inventory/{sku:str}/movements", responses=reads(404, 422))
async def list_movements(
    access: GivenAccess, sku: FromPath[str], limit: Limit = 50, cursor: Cursor = None
) -> MovementList:
    """The journal of a SKU, newest first: its figures add up to the stock."""
    async with access.transaction() as tx:
        found = await service.list_movements(tx, sku, before=id_cursor(cursor), limit=limit + 1)
    rows, further = page(found, limit, lambda one: one.id)
    return MovementList([_movement(one) for one in rows], further)


@get("/stock-locations", responses=reads())
async def list_locations(access: GivenAccess) -> LocationList:
    """The places where goods lie."""
    async with access.transaction() as tx:
        return LocationList(await service.list_places(tx))


@post("/stock-locations", responses=writes())
async def create_location(
    access: GivenAccess, data: JSONBody[LocationInput]
) -> Response[LocationAnswer]:
    """Add a place where goods lie."""
    async with access.transaction() as tx:
        made = await service.create_place(tx, data.name, data.priority)
        detail = {"name": made.name, "priority": made.priority}
        await audit(
            tx, access.actor, "stock_location.created", "stock_location", str(made.id), detail
        )
        return await access.answer(tx, LocationAnswer(made), 201)


@post("/stock-locations/{location_id:uuid}", status_code=200, responses=writes())
async def update_location(
    access: GivenAccess, location_id: FromPath[UUID], data: JSONBody[LocationChange]
) -> Response[LocationAnswer]:
    """Rename a place, or change when it is taken from."""
    async with access.transaction() as tx:
        old, new = await service.update_place(tx, location_id, data.name, data.priority)
        detail = changes(old, new)
        await audit(
            tx, access.actor, "stock_location.updated", "stock_location", str(new.id), detail
        )
        return await access.answer(tx, LocationAnswer(new))


def _view(level: Level) -> LevelView:
    return LevelView(
        sku=level.sku,
        on_hand=level.on_hand,
        reserved=level.reserved,
        held=level.held,
        available=level.available,
        backorder=level.backorder,
        low_at=level.low_at,
        low=level.low,
    )


def _movement(one: Movement) -> MovementView:
    return MovementView(**msgspec.structs.asdict(one))


ROUTES = (
    list_levels,
    get_level,
    set_level,
    list_movements,
    list_locations,
    create_location,
    update_location,
)
