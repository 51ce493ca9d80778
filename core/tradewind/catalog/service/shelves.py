"""Keeping the shelves of the shop."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.catalog import queries
from tradewind.catalog.rules import Category, handle_of
from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.database import Transaction


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
    if not name.strip() or not address or handle_of(address) != address:
        raise InvalidInput(
            "A name is needed.", errors=[FieldError("name", "invalid", "1 to 100 characters.")]
        )
    if parent_id is not None:
        await known_categories(tx, [parent_id])
    category = Category(
        id=tx.new_id(), name=name, handle=address, parent_id=parent_id, position=position
    )
    if not await queries.insert_category(tx, category):
        raise Conflict(f"The handle {address} is taken.", code="handle_taken")
    return category


async def known_categories(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of these categories. Raises NotFound when one does not exist."""
    names = await queries.category_names(tx, ids)
    if set(ids) - set(names):
        raise NotFound("There is no such category.")
    return names
