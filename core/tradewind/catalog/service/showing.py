"""What shoppers are shown of the catalog, quickly: each product is written out once per version.

Stock is read with every request, and so is the version under which a product is known. A document
is used only while that version and its prices hold, so nobody is shown less than the database says.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tradewind.catalog import queries
from tradewind.catalog.queries import Shelf, Stocked
from tradewind.catalog.rules import (
    Cursor,
    Filters,
    Page,
    Product,
    Sort,
    Terms,
    Where,
    read_cursor,
    sort_of,
    write_cursor,
)
from tradewind.catalog.search import service as search
from tradewind.catalog.service.browsing import as_id, page_size
from tradewind.contracts.errors import FieldError, InvalidInput, NotFound
from tradewind.database import Transaction

MOST_FOUND = 200
"""So many products sound like a query; what else is asked of them decides among those."""
_MOST_BYTES = 96 * 2**20
_OVERHEAD = 1_000
_BY_LIKENESS = "best"

Key = tuple[UUID, UUID, str, UUID | None]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is asked for. With `query`, `sort` None is best first; otherwise oldest first."""

    where: Where = Where()
    query: str = ""
    filters: Filters = Filters()
    sort: str | None = None
    limit: int = 20
    cursor: str | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A product written out. Stock goes between the pieces: free units, then backorder, in turn.

    `slots` are the variants in the order of their gaps, with whether their stock is counted.
    """

    version: int
    since: datetime
    until: datetime | None
    pieces: Sequence[bytes]
    slots: Sequence[tuple[UUID, bool]]


Writer = Callable[[Product], Sequence[bytes]]
"""Writes a product out: two gaps for each variant, in their order."""


class Documents:
    """The products that this process has written out; what was used least lately goes first."""

    def __init__(self, write: Writer, most: int = _MOST_BYTES) -> None:
        self._write = write
        self._left = most
        self._kept: OrderedDict[Key, Document] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, tx: Transaction, terms: Terms, one: Stocked) -> Document | None:
        """The document of a product, if it says what the database says now."""
        key = (tx.store_id, one.id, terms.currency, terms.region_id)
        found = self._kept.get(key)
        if found is None or found.version != one.version or found.since > tx.now:
            return None
        if found.until is not None and found.until <= tx.now:
            return None
        self._kept.move_to_end(key)
        return found

    def write(self, tx: Transaction, terms: Terms, product: Product) -> Document:
        """Write a product out and keep it."""
        times = [one.price_until for one in product.variants if one.price_until is not None]
        document = Document(
            version=product.version,
            since=tx.now,
            until=min(times, default=None),
            pieces=self._write(product),
            slots=[(one.id, one.tracked) for one in product.variants],
        )
        self._keep((tx.store_id, product.id, terms.currency, terms.region_id), document)
        return document

    def _keep(self, key: Key, document: Document) -> None:
        replaced = self._kept.pop(key, None)
        self._left += 0 if replaced is None else _size(replaced)
        self._kept[key] = document
        self._left -= _size(document)
        while self._left < 0 and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._left += _size(dropped)


def _size(document: Document) -> int:
    return _OVERHEAD + sum(len(piece) for piece in document.pieces)


async def list_documents(
    tx: Transaction, documents: Documents, asked: Asked
) -> tuple[list[bytes], str | None]:
    """A page of products written out, and the cursor of what follows.

    One round trip where every product is known. Raises InvalidInput, NotFound (region).
    """
    shelf, after = await _shelf(tx, asked)
    return await _written(tx, documents, shelf), after


async def product_document(
    tx: Transaction, documents: Documents, id_or_handle: str, where: Where
) -> bytes:
    """One product written out. Raises InvalidInput, NotFound."""
    written = await _written(tx, documents, await _named(tx, id_or_handle, where))
    if not written:
        raise NotFound("There is no such product.")
    return written[0]


async def shown_product(tx: Transaction, id_or_handle: str, where: Where) -> Product:
    """One published product. Raises InvalidInput, NotFound."""
    shelf = await _named(tx, id_or_handle, where)
    found = await _shown(tx, shelf.terms, shelf.products)
    if not found:
        raise NotFound("There is no such product.")
    return found[0]


async def browse(tx: Transaction, asked: Asked) -> Page[Product]:
    """A page of products, as `list_documents`. Raises InvalidInput, NotFound (region)."""
    shelf, after = await _shelf(tx, asked)
    found = {one.id: one for one in await _shown(tx, shelf.terms, shelf.products)}
    return Page([found[one.id] for one in shelf.products if one.id in found], after)


async def _shelf(tx: Transaction, asked: Asked) -> tuple[Shelf, str | None]:
    size = page_size(asked.limit)
    words = asked.query.strip()
    sort = None if asked.sort is None else sort_of(asked.sort)
    if words:
        return await _sounding(tx, asked, words, sort, size)
    order: Sort = sort or "oldest"
    after = read_cursor(asked.cursor, order)
    shelf = await queries.page(tx, asked.where, asked.filters, order, after, size + 1)
    return _cut(_fitting(shelf, asked.where), order, size)


async def _sounding(
    tx: Transaction, asked: Asked, words: str, sort: Sort | None, size: int
) -> tuple[Shelf, str | None]:
    after = read_cursor(asked.cursor, sort or _BY_LIKENESS)
    ids = await search.find(tx, words, asked.filters.category_id, MOST_FOUND)
    shelf = await queries.among(tx, asked.where, ids, asked.filters, sort, after, size + 1)
    fitting = _fitting(shelf, asked.where)
    if sort is not None:
        return _cut(fitting, sort, size)
    skipped = after.last if after is not None and isinstance(after.last, int) else 0
    more = len(fitting.products) > size
    del fitting.products[size:]
    return fitting, write_cursor(Cursor(_BY_LIKENESS, None, skipped + size)) if more else None


def _cut(shelf: Shelf, sort: Sort, size: int) -> tuple[Shelf, str | None]:
    """The page without the entry that shows whether there is another one."""
    more = len(shelf.products) > size
    del shelf.products[size:]
    last = shelf.products[-1] if more else None
    return shelf, None if last is None else write_cursor(Cursor(sort, last.key, last.last))


async def _named(tx: Transaction, id_or_handle: str, where: Where) -> Shelf:
    product_id = as_id(id_or_handle)
    if product_id is not None:
        shelf = await queries.named(tx, where, product_id)
        if shelf is None or shelf.products:
            return _fitting(shelf, where)
    return _fitting(await queries.named(tx, where, id_or_handle), where)


async def _written(tx: Transaction, documents: Documents, shelf: Shelf) -> list[bytes]:
    found = {one.id: documents.find(tx, shelf.terms, one) for one in shelf.products}
    missing = [one for one in shelf.products if found[one.id] is None]
    if missing:
        read = {one.id: one for one in await queries.shown(tx, shelf.terms, _ids(missing))}
        for one in missing:
            product = read.get(one.id)
            # Whatever was withdrawn since the page was read is not shown.
            if product is not None:
                found[one.id] = documents.write(tx, shelf.terms, product)
                one.stock = {v.id: (v.available or 0, v.backorder) for v in product.variants}
    return [
        _filled(document, one.stock)
        for one in shelf.products
        if (document := found[one.id]) is not None
    ]


def _filled(document: Document, stock: dict[UUID, tuple[int, bool]]) -> bytes:
    parts = [document.pieces[0]]
    following = iter(document.pieces[1:])
    for variant_id, tracked in document.slots:
        free, backorder = stock.get(variant_id, (0, False))
        parts += (b"%d" % free if tracked else b"null", next(following))
        parts += (b"true" if backorder else b"false", next(following))
    return b"".join(parts)


async def _shown(tx: Transaction, terms: Terms, products: Sequence[Stocked]) -> list[Product]:
    return await queries.shown(tx, terms, _ids(products)) if products else []


def _ids(products: Sequence[Stocked]) -> list[UUID]:
    return [one.id for one in products]


def _fitting(shelf: Shelf | None, where: Where) -> Shelf:
    if shelf is not None:
        return shelf
    if where.currency is not None:
        wrong = FieldError("currency_code", "unknown", "The region sells in another currency.")
        raise InvalidInput("Another currency is needed.", errors=[wrong])
    raise NotFound("There is no such region.")
