"""Keeping the shelves of the shop: a tree that nobody can tie into a ring, also not two at once."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.catalog import queries
from tradewind.catalog.rules import (
    Category,
    KeptCategory,
    handle_of,
    name_errors,
    place_errors,
    position_errors,
    refuse,
)
from tradewind.contracts.errors import Conflict, FieldError, NotFound
from tradewind.database import Database, Transaction
from tradewind.outbox import jobs
from tradewind.outbox.jobs import Job
from tradewind.settings.service import pricing_changed

TOUCH_SHELF = "catalog.touch_shelf"
"""The kind of job that goes on behind a product of a shelf that was changed."""
EMPTY_SHELF = "catalog.empty_shelf"
"""The kind of job that takes the products off a shelf that is being deleted."""
_AT_ONCE = 1000


class CategoryUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a category; what is left unset stays. `parent_id` None is the top."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    parent_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    handle: str | msgspec.UnsetType = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET


async def list_kept_categories(tx: Transaction) -> list[KeptCategory]:
    """Every category, in shelf order, with counts of published products and of drafts."""
    return await queries.kept_categories(tx)


async def create_category(
    tx: Transaction,
    name: str,
    *,
    parent_id: UUID | None = None,
    handle: str | None = None,
    position: int = 0,
) -> Category:
    """Add a category. Raises InvalidInput, NotFound (parent), Conflict `handle_taken`."""
    address = handle or handle_of(name)
    refuse(_field_errors(name, address, position))
    parents = await queries.lock_shelves(tx) if parent_id is not None else {}
    _refuse_place(parents, None, parent_id)
    category = Category(
        id=tx.new_id(), name=name, handle=address, parent_id=parent_id, position=position
    )
    if not await queries.insert_category(tx, category):
        raise _handle_taken(address)
    return category


async def update_category(
    tx: Transaction, category_id: UUID, change: CategoryUpdate
) -> tuple[KeptCategory, KeptCategory]:
    """Rename, move or reorder a category; what it was and what it is.

    The products on it get a new version: a thousand at once, the others by the worker, so that
    nobody waits for a whole large shelf. Raises NotFound, InvalidInput, Conflict `handle_taken`.
    """
    parents = await queries.lock_shelves(tx)
    old = await queries.category(tx, category_id)
    if old is None or old.deleting:
        raise _no_category()
    new = msgspec.structs.replace(old, **_given(change))
    refuse(_field_errors(new.name, new.handle, new.position))
    if new.parent_id != old.parent_id:
        _refuse_place(parents, category_id, new.parent_id)
    if not await queries.update_category(tx, new):
        raise _handle_taken(new.handle)
    await touch_shelf(tx, category_id, None)
    if new.parent_id != old.parent_id:
        await pricing_changed(tx)
    return old, new


async def touch_shelf(tx: Transaction, category_id: UUID, after: UUID | None) -> None:
    """Give products on a shelf, behind one of them, a new version; the worker does what is left."""
    last = await queries.touch_products_on(tx, category_id, after, _AT_ONCE)
    if last is not None:
        payload = {"category_id": str(category_id), "after": str(last)}
        await jobs.enqueue_in(tx, Job(kind=TOUCH_SHELF, payload=payload, store_id=tx.store_id))


async def delete_category(tx: Transaction, category_id: UUID) -> KeptCategory:
    """Take an empty shelf away; its products stay in the shop, and on their other shelves.

    A thousand products are taken off at once, the others by the worker. Until it is done the shelf
    is there for whoever reads and `deleting`; nothing is put on it any more. Raises NotFound,
    Conflict `category_not_empty` while other categories stand in it.
    """
    parents = await queries.lock_shelves(tx)
    old = await queries.category(tx, category_id)
    if old is None:
        raise _no_category()
    if category_id in parents.values():
        raise _not_empty()
    if not old.deleting and await _emptied(tx, category_id):
        return old
    await queries.mark_deleted(tx, category_id)
    payload = {"category_id": str(category_id)}
    job = Job(kind=EMPTY_SHELF, payload=payload, store_id=tx.store_id, dedupe_key=str(category_id))
    await jobs.enqueue_in(tx, job)
    return msgspec.structs.replace(old, deleting=True)


async def empty_shelf(database: Database, store_id: UUID, category_id: UUID) -> bool:
    """Take the next products off a shelf that is being deleted; whether some may be left."""
    async with database.transaction(store_id) as tx:
        return not await _emptied(tx, category_id)


async def _emptied(tx: Transaction, category_id: UUID) -> bool:
    """Take some products off a shelf, and behind the last one the shelf itself; whether it went."""
    taken = await queries.take_off(tx, category_id, _AT_ONCE)
    gone = taken < _AT_ONCE and await queries.drop_category(tx, category_id)
    await pricing_changed(tx)
    return gone


async def known_categories(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of these categories.

    Raises NotFound when one does not exist or is being deleted.
    """
    names = await queries.category_names(tx, ids)
    if set(ids) - set(names):
        raise _no_category()
    return names


def _field_errors(name: str, handle: str, position: int) -> list[FieldError]:
    errors = [*name_errors(name), *position_errors("position", position)]
    if not handle or handle_of(handle) != handle:
        path = "handle" if handle else "name"
        errors.append(FieldError(path, "invalid", "Use lower case letters, digits and dashes."))
    return errors


def _refuse_place(
    parents: dict[UUID, UUID | None], moved: UUID | None, parent_id: UUID | None
) -> None:
    if parent_id is not None and parent_id not in parents:
        raise _no_category()
    refuse(place_errors(parents, moved, parent_id))


def _given(change: CategoryUpdate) -> dict[str, object]:
    fields = msgspec.structs.asdict(change)
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


def _no_category() -> NotFound:
    return NotFound("There is no such category.")


def _not_empty() -> Conflict:
    return Conflict("Other categories stand in it; move them first.", code="category_not_empty")


def _handle_taken(handle: str) -> Conflict:
    return Conflict(f"The handle {handle} is taken.", code="handle_taken")
