"""Reading the catalog. Every call takes the store's open transaction first."""

from uuid import UUID

from tradewind.catalog import queries
from tradewind.catalog.rules import Category, Page, Product, refuse
from tradewind.catalog.search import service as search
from tradewind.contracts.errors import FieldError, InvalidInput, NotFound
from tradewind.database import Transaction

MOST_PER_PAGE = 200
_SHORTEST_ID = 32


async def list_products(
    tx: Transaction,
    *,
    currency: str,
    query: str | None = None,
    category_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
    published_only: bool = True,
) -> Page[Product]:
    """A page of products, oldest first; with `query`, what it may mean, best first.

    `category_id` includes the categories below it. One round trip; with `query` two, or three with
    a category as well. Raises InvalidInput.
    """
    size = page_size(limit)
    words = (query or "").strip()
    if words:
        skip = offset_of(cursor)
        meaning = await search.meaning(tx, words, category_id)
        found = await queries.search(
            tx, currency, meaning, skip, size + 1, published_only=published_only
        )
        return Page(found[:size], str(skip + size) if len(found) > size else None)
    after = id_of(cursor)
    found = await queries.products(
        tx, currency, category_id, after, size + 1, published_only=published_only
    )
    return Page(found[:size], str(found[size - 1].id) if len(found) > size else None)


async def get_product(
    tx: Transaction, id_or_handle: str, *, currency: str, published_only: bool = True
) -> Product:
    """One product. Raises NotFound."""
    found = await queries.product(
        tx, currency, as_id(id_or_handle), id_or_handle, published_only=published_only
    )
    if found is None:
        raise NotFound("There is no such product.")
    return found


async def list_categories(tx: Transaction) -> list[Category]:
    """Every category, in shelf order, with counts of published products."""
    return await queries.categories(tx)


async def similar_skus(tx: Transaction, sku: str, limit: int = 3) -> list[str]:
    """SKUs a person may have meant."""
    return await queries.similar_skus(tx, sku, limit)


def as_id(text: str) -> UUID | None:
    """A product's id, where the text is one."""
    try:
        return UUID(text) if len(text) >= _SHORTEST_ID else None
    except ValueError:
        return None


def page_size(limit: int) -> int:
    """How many to return. Raises InvalidInput."""
    if not 1 <= limit <= MOST_PER_PAGE:
        message = f"From 1 to {MOST_PER_PAGE}."
        refuse([FieldError("limit", "out_of_range", message)])
    return limit


def id_of(cursor: str | None) -> UUID | None:
    """The id that a cursor stands for. Raises InvalidInput."""
    try:
        return None if cursor is None else UUID(cursor)
    except ValueError:
        raise _bad_cursor() from None


def offset_of(cursor: str | None) -> int:
    """The place that a cursor stands for. Raises InvalidInput."""
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 6:
        raise _bad_cursor()
    return int(cursor)


def _bad_cursor() -> InvalidInput:
    error = FieldError("cursor", "invalid", "Use next_cursor of the page before.")
    return InvalidInput("This cursor does not belong here.", errors=[error])
