"""Categories: a tree, as a flat list."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from tradewind.catalog import service
from tradewind.catalog.rules import KeptCategory
from tradewind.catalog.service import CategoryUpdate
from tradewind.database import Transaction
from tradewind.settings.service import audit
from tradewind_host.access import Access, GivenAccess
from tradewind_host.changes import changes
from tradewind_host.problems import reads, told, writes
from tradewind_host.shapes import Body


class CategoryInput(Body, frozen=True, kw_only=True):
    """A category to be created."""

    name: str
    parent_id: UUID | None = None
    handle: str | None = None
    position: int = 0


class CategoryChange(CategoryUpdate, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is left out stays. `parent_id` null moves it to the top."""


class AdminCategoryList(msgspec.Struct, frozen=True):
    """Every category, by position."""

    categories: Sequence[KeptCategory]
    next_cursor: str | None = None


class AdminCategoryAnswer(msgspec.Struct, frozen=True):
    """One category."""

    category: KeptCategory


_WRITES = told(writes(), {409: ("handle_taken",)})


@get("/categories", responses=reads())
async def list_categories(access: GivenAccess) -> AdminCategoryList:
    """Every category with the one it stands in, by position."""
    async with access.transaction() as tx:
        return AdminCategoryList(await service.list_kept_categories(tx))


@post("/categories", responses=_WRITES)
async def create_category(
    access: GivenAccess, data: JSONBody[CategoryInput]
) -> Response[AdminCategoryAnswer]:
    """Add a category."""
    async with access.transaction() as tx:
        made = await service.create_category(
            tx, data.name, parent_id=data.parent_id, handle=data.handle, position=data.position
        )
        detail = {"name": made.name, "handle": made.handle}
        await audit(tx, access.actor, "category.created", "category", str(made.id), detail)
        return await _answer(access, tx, made.id, 201)


@post("/categories/{category_id:uuid}", status_code=200, responses=_WRITES)
async def update_category(
    access: GivenAccess, category_id: FromPath[UUID], data: JSONBody[CategoryChange]
) -> Response[AdminCategoryAnswer]:
    """Rename, move or reorder a category."""
    async with access.transaction() as tx:
        before, after = await service.update_category(tx, category_id, data)
        detail = changes(before, after)
        await audit(tx, access.actor, "category.updated", "category", str(category_id), detail)
        return await _answer(access, tx, category_id, 200)


@delete(
    "/categories/{category_id:uuid}",
    status_code=200,
    responses=told(writes(), {409: ("category_not_empty",)}),
)
async def delete_category(
    access: GivenAccess, category_id: FromPath[UUID]
) -> Response[AdminCategoryAnswer]:
    """Delete a category in which no other one stands; its products stay in the shop."""
    async with access.transaction() as tx:
        gone = await service.delete_category(tx, category_id)
        detail = {"name": gone.name, "handle": gone.handle}
        await audit(tx, access.actor, "category.deleted", "category", str(category_id), detail)
        return await access.answer(tx, AdminCategoryAnswer(gone))


async def _answer(
    access: Access, tx: Transaction, category_id: UUID, status: int
) -> Response[AdminCategoryAnswer]:
    listed = await service.list_kept_categories(tx)
    found = next(one for one in listed if one.id == category_id)
    return await access.answer(tx, AdminCategoryAnswer(found), status)


ROUTES = (list_categories, create_category, update_category, delete_category)
