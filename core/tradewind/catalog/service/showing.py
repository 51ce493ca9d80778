"""What shoppers are shown of the catalog, quickly: each product is written out once per version.

Stock is read with every request, and so is the version under which a product is known. A document
is used only while that version and its prices hold, so nobody is shown less than the database says.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID

import msgspec

from tradewind.catalog import queries
from tradewind.catalog.queries import Listed, Plain, Shelf, Stock
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
from tradewind.database import Database, Transaction

MOST_FOUND = 200
"""So many products sound like a query; what else is asked of them decides among those."""
_MOST_BYTES = 96 * 2**20
_OVERHEAD = 1_000
_BY_LIKENESS = "best"

_MOST_TERMS = 10_000
_NOTHING = (0, False)

F = TypeVar("F")
Key = tuple[UUID, UUID, str, UUID | None]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is asked for. With `query`, `sort` None is best first; otherwise oldest first."""

    where: Where = Where()
    query: str = ""
    filters: Filters = Filters()
    sort: str | None = None
    limit: int = 20
    cursor: str | None = None

    @property
    def plain(self) -> bool:
        """Whether every product is asked for, in the order of their making or against it."""
        by_age = self.sort in {None, "oldest", "newest"}
        return by_age and not self.query.strip() and self.filters == _EVERYTHING


_EVERYTHING = Filters()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A product written out. Stock goes between the pieces: free units, then backorder, in turn.

    `slots` are the variants in the order of their gaps, with whether their stock is counted.
    """

    version: int
    since: datetime
    until: datetime | None
    pieces: Sequence[bytes]
    slots: Sequence[tuple[UUID, bool]]


Known = dict[UUID, Document | None]

Writer = Callable[[Product], Sequence[bytes]]
"""Writes a product out: two gaps for each variant, in their order."""


class Documents:
    """The products that this process has written out; what was used least lately goes first.

    Terms are kept beside them: they hold as long as the store's price tables do.
    """

    def __init__(self, write: Writer, most: int = _MOST_BYTES) -> None:
        self._write = write
        self._left = most
        self._kept: OrderedDict[Key, Document] = OrderedDict()
        self._terms: OrderedDict[tuple[UUID, Where], tuple[int, Terms]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def terms(self, store_id: UUID, where: Where, pricing_version: int | None) -> Terms | None:
        """What prices are asked in, if it is known for this state of the price tables."""
        found = self._terms.get((store_id, where))
        return found[1] if found is not None and found[0] == pricing_version else None

    def keep_terms(
        self, store_id: UUID, where: Where, pricing_version: int | None, terms: Terms
    ) -> None:
        """Know terms that were read under this state of the price tables or a later one."""
        if pricing_version is not None:
            self._terms[store_id, where] = pricing_version, terms
            if len(self._terms) > _MOST_TERMS:
                self._terms.popitem(last=False)

    def find(
        self, store_id: UUID, terms: Terms, product_id: UUID, version: int, now: datetime
    ) -> Document | None:
        """The document of a product, if it says what the database says now."""
        key = (store_id, product_id, terms.currency, terms.region_id)
        found = self._kept.get(key)
        if found is None or found.version != version or found.since > now:
            return None
        if found.until is not None and found.until <= now:
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
    database: Database, store_id: UUID, documents: Documents, asked: Asked
) -> tuple[list[bytes], str | None]:
    """A page of products written out, and the cursor of what follows.

    One round trip where nothing is filtered and every product is known. Raises InvalidInput,
    NotFound (region).
    """
    if asked.plain:
        return await _plain_list(database, store_id, documents, asked)
    async with database.transaction(store_id) as tx:
        shelf, after = await _shelf(tx, asked)
        wanted = [(one.id, one.version) for one in shelf.products]
        found = _known(documents, store_id, shelf.terms, wanted, tx.now)
        await _add_unknown(tx, documents, shelf.terms, found, shelf.stock)
        return _filled_all(found, shelf.stock), after


async def product_document(
    database: Database, store_id: UUID, documents: Documents, id_or_handle: str, where: Where
) -> bytes:
    """One product written out, in one round trip where it is known. Raises InvalidInput, NotFound.

    The text of an id may be a handle, too.
    """
    product_id = as_id(id_or_handle)
    name = id_or_handle if product_id is None else product_id
    plain = await queries.plain_product(database, store_id, name)
    if product_id is not None and not plain.products:
        plain = await queries.plain_product(database, store_id, id_or_handle)
    written = await _plainly(database, store_id, documents, where, plain)
    if not written:
        raise NotFound("There is no such product.")
    return written[0]


async def _plain_list(
    database: Database, store_id: UUID, documents: Documents, asked: Asked
) -> tuple[list[bytes], str | None]:
    size, order = page_size(asked.limit), asked.sort or "oldest"
    after = read_cursor(asked.cursor, order)
    last = None if after is None else cast("UUID", after.last)
    plain = await queries.plain_page(
        database, store_id, newest=order == "newest", after=last, limit=size + 1
    )
    more = len(plain.products) > size
    if more:
        plain = msgspec.structs.replace(plain, products=plain.products[:size])
    written = await _plainly(database, store_id, documents, asked.where, plain)
    return written, write_cursor(Cursor(order, None, plain.products[-1][0])) if more else None


async def _plainly(
    database: Database, store_id: UUID, documents: Documents, where: Where, plain: Plain
) -> list[bytes]:
    """These products written out; the database is asked only for what is not known yet."""
    terms = documents.terms(store_id, where, plain.pricing_version)
    now = database.clock.now()
    if terms is not None:
        found = _known(documents, store_id, terms, plain.products, now)
        if None not in found.values():
            return _filled_all(found, plain.stock)
    async with database.transaction(store_id) as tx:
        terms = _fitting(await queries.terms_of(tx, where), where)
        documents.keep_terms(store_id, where, plain.pricing_version, terms)
        found = _known(documents, store_id, terms, plain.products, tx.now)
        await _add_unknown(tx, documents, terms, found, plain.stock)
    return _filled_all(found, plain.stock)


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


def _known(
    documents: Documents,
    store_id: UUID,
    terms: Terms,
    wanted: Sequence[tuple[UUID, int]],
    now: datetime,
) -> Known:
    """Each product with its document, if that holds."""
    return {one: documents.find(store_id, terms, one, version, now) for one, version in wanted}


async def _add_unknown(
    tx: Transaction, documents: Documents, terms: Terms, found: Known, stock: Stock
) -> None:
    """Write out what is not known. What was withdrawn since stays without a document."""
    unknown = [one for one, document in found.items() if document is None]
    for product in await queries.shown(tx, terms, unknown) if unknown else ():
        found[product.id] = documents.write(tx, terms, product)
        stock |= {one.id: (one.available or 0, one.backorder) for one in product.variants}


def _filled_all(found: Known, stock: Stock) -> list[bytes]:
    return [_filled(one, stock) for one in found.values() if one is not None]


def _filled(document: Document, stock: Stock) -> bytes:
    parts = [document.pieces[0]]
    following = iter(document.pieces[1:])
    for variant_id, tracked in document.slots:
        free, backorder = stock.get(variant_id, _NOTHING)
        parts += (b"%d" % free if tracked else b"null", next(following))
        parts += (b"true" if backorder else b"false", next(following))
    return b"".join(parts)


async def _shown(tx: Transaction, terms: Terms, products: Sequence[Listed]) -> list[Product]:
    return await queries.shown(tx, terms, [one.id for one in products]) if products else []


def _fitting(found: F | None, where: Where) -> F:
    """What is priced where it was asked. Raises InvalidInput or NotFound where nothing can be."""
    if found is not None:
        return found
    if where.currency is not None:
        wrong = FieldError("currency_code", "unknown", "The region sells in another currency.")
        raise InvalidInput("Another currency is needed.", errors=[wrong])
    raise NotFound("There is no such region.")
