"""Pages of the catalog: which products stand on one, their versions and their stock, at once.

What stands in a product is looked up apart, and only where it is not known under that version.
Statements are put together from constants; values are always bound. The size of a page alone stands
in the text: where it is not known, a plan that is made once would be made for a tenth of the table.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.catalog.queries.counting import counting_price, may_count
from tradewind.catalog.queries.shown import Stock, add_level
from tradewind.catalog.rules import Cursor, Filters, Sort, Terms, Where
from tradewind.database import Transaction

MOST_CHOSEN_FROM = 1_000
"""So many products, the newest, say what can be chosen in a list of more."""
NARROW = 2_000
"""Up to so many products are gathered and sorted; more are met soon enough in the order itself."""

_ANY_TERMS = """
    SELECT coalesce(r.currency, s.currency) AS currency, r.id AS region_id
    FROM shop.store_settings s
    LEFT JOIN shop.regions r ON r.store_id = s.store_id AND r.id = s.default_region_id
    WHERE s.store_id = $1"""

_TERMS_OF_REGION = """
    SELECT r.currency, r.id AS region_id FROM shop.regions r
    WHERE r.store_id = $1 AND r.id = {region} AND ({currency} IS NULL OR r.currency = {currency})"""

_TERMS_OF_CURRENCY = """
    SELECT {currency} AS currency, (
        SELECT r.id FROM shop.regions r WHERE r.store_id = $1 AND r.currency = {currency}
        ORDER BY (r.id IS NOT DISTINCT FROM s.default_region_id) DESC, r.id LIMIT 1) AS region_id
    FROM shop.store_settings s WHERE s.store_id = $1"""

_TERMS: Mapping[str, str] = {"currency": "t.currency", "region": "t.region_id", "now": "{now}"}
_LIVE = counting_price("w.id", wanted="counting.id, counting.amount", **_TERMS)

# The lowest price of the product `p`: the same for everybody who asks for it in these terms.
_LOWEST = f"""(
    SELECT {{wanted}} FROM shop.variants w CROSS JOIN LATERAL {_LIVE} live
    WHERE w.store_id = $1 AND w.product_id = p.id AND w.archived_at IS NULL
    ORDER BY live.amount, w.id LIMIT 1)"""

_FREE = """(
    NOT w.tracked OR EXISTS (
        SELECT FROM shop.inventory_levels l WHERE l.store_id = $1 AND l.variant_id = w.id
        HAVING sum(l.on_hand - l.reserved - l.held) > 0 OR bool_or(l.backorder)))"""

_SHELVES = """
WITH RECURSIVE shelves AS (
    SELECT c.id FROM shop.categories c WHERE c.store_id = $1 AND c.id = {category}
    UNION
    SELECT c.id FROM shop.categories c JOIN shelves s ON c.parent_id = s.id WHERE c.store_id = $1
)"""

_ON_SHELVES = """
    SELECT pc.product_id FROM shelves s
    JOIN shop.product_categories pc ON pc.store_id = $1 AND pc.category_id = s.id"""

_NEWEST = f"""(
    SELECT p.id AS product_id FROM shop.products p
    WHERE p.store_id = $1 AND p.status = 'published' ORDER BY p.id DESC LIMIT {MOST_CHOSEN_FROM})"""

_NEWEST_ON_SHELVES = f"""(
    SELECT DISTINCT f.product_id FROM shelves s CROSS JOIN LATERAL (
        SELECT pc.product_id FROM shop.product_categories pc
        JOIN shop.products p ON p.store_id = $1 AND p.id = pc.product_id
        WHERE pc.store_id = $1 AND pc.category_id = s.id AND p.status = 'published'
        ORDER BY pc.product_id DESC LIMIT {MOST_CHOSEN_FROM}) f
    ORDER BY f.product_id DESC LIMIT {MOST_CHOSEN_FROM})"""

_PRICED_SO = f"""
    SELECT v.product_id FROM shop.prices pr
    JOIN shop.variants v ON v.store_id = $1 AND v.id = pr.variant_id
    WHERE pr.store_id = $1 AND {may_count("pr", **_TERMS)}"""

_PAGE = """{shelves}
SELECT t.currency, t.region_id, page.id, page.version, page.key, page.last, l.variant_id,
       l.on_hand - l.reserved - l.held AS available, l.backorder
FROM ({terms}) t
LEFT JOIN LATERAL ({page}) page ON true
LEFT JOIN shop.variants v ON v.store_id = $1 AND v.product_id = page.id
LEFT JOIN shop.inventory_levels l ON l.store_id = $1 AND l.variant_id = v.id
ORDER BY {order}"""

_ORDERS = {
    "oldest": ("NULL::bigint", "p.id", ""),
    "newest": ("NULL::bigint", "p.id", " DESC"),
    "title": ("p.title_key", "p.id", ""),
    "price": ("pr.amount", "pr.variant_id", ""),
    "-price": ("pr.amount", "pr.variant_id", " DESC"),
}
"""Sort → what it orders by, what then decides, and the direction."""

_INDEXED = {
    "title": ("p.title_key", "p.id"),
    "price": ("pr.store_id", "pr.currency", "pr.amount", "pr.variant_id"),
    "-price": ("pr.store_id", "pr.currency", "pr.amount", "pr.variant_id"),
}
_BY_AGE = frozenset(("oldest", "newest"))
_BY_PRICE = frozenset(("price", "-price"))


class Listed(msgspec.Struct):
    """A published product, with what a list goes on from."""

    id: UUID
    version: int
    key: str | int | None
    last: UUID


class Shelf(msgspec.Struct):
    """A page of the catalog, in its order, the terms that it was asked for, and its stock."""

    terms: Terms
    products: list[Listed]
    stock: Stock


class _Statement:
    """Numbers what is bound to a statement; `$1` is the store."""

    def __init__(self, tx: Transaction) -> None:
        self.args: list[Any] = [tx.store_id]
        self._tx = tx
        self._now = ""

    def bind(self, value: Any, kind: str) -> str:
        """The placeholder of a value of this SQL type."""
        self.args.append(value)
        return f"${len(self.args)}::{kind}"

    @property
    def now(self) -> str:
        """The placeholder of the transaction's time."""
        if not self._now:
            self._now = self.bind(self._tx.now, "timestamptz")
        return self._now

    def terms(self, where: Where) -> str:
        """The one row of currency and region, or none."""
        if where.region_id is None and where.currency is None:
            return _ANY_TERMS
        currency = self.bind(where.currency, "text")
        if where.region_id is None:
            return _TERMS_OF_CURRENCY.format(currency=currency)
        return _TERMS_OF_REGION.format(currency=currency, region=self.bind(where.region_id, "uuid"))


async def terms_of(tx: Transaction, where: Where) -> Terms | None:
    """In which terms to show prices; None where no region fits."""
    statement = _Statement(tx)
    row = await tx.fetchrow(statement.terms(where), *statement.args)
    return None if row is None else Terms(row["currency"], row["region_id"])


async def named(tx: Transaction, where: Where, name: UUID | str) -> Shelf | None:
    """One published product by its id or its handle; None where no region fits."""
    statement = _Statement(tx)
    column, kind = ("id", "uuid") if isinstance(name, UUID) else ("handle", "text")
    page = f"""
    SELECT p.id, p.version, NULL::bigint AS key, p.id AS last FROM shop.products p
    WHERE p.store_id = $1 AND p.{column} = {statement.bind(name, kind)} AND p.status = 'published'
    """
    return await _read(tx, statement, where, page, "page.id")


async def page(
    tx: Transaction,
    where: Where,
    filters: Filters,
    sort: Sort,
    after: Cursor | None,
    limit: int,
) -> Shelf | None:
    """Published products in an order, after the end of the page before; None: no region fits."""
    narrow = await _narrow(tx, where, filters, sort)
    statement = _Statement(tx)
    conditions = _conditions(statement, filters, sort, shelved=narrow or sort in _BY_AGE)
    order = _order(sort, "key", "last")
    size = f"{limit:d}"
    if narrow:
        source = _gathered(statement, filters)
        chosen = _select(statement, sort, filters, after, conditions, source)
        text = f"SELECT * FROM ({chosen} OFFSET 0) g ORDER BY {order} LIMIT {size}"
    elif filters.category_id is not None and sort in _BY_AGE:
        text = _merged(statement, sort, conditions, after, size)
    else:
        chosen = _select(statement, sort, filters, after, conditions)
        # Named in full, the columns of the index: by two of them alone it would not be walked.
        columns = _INDEXED.get(sort, _ORDERS[sort][1:2])
        by = ", ".join(f"{column}{_ORDERS[sort][2]}" for column in columns)
        text = f"{chosen} ORDER BY {by} LIMIT {size}"
    return await _read(tx, statement, where, text, _order(sort, "page.key", "page.last"), filters)


async def among(
    tx: Transaction,
    where: Where,
    ids: Sequence[UUID],
    filters: Filters,
    sort: Sort | None,
    after: Cursor | None,
    limit: int,
) -> Shelf | None:
    """Those of these products that fit, in an order or, without one, in that of the ids."""
    statement = _Statement(tx)
    conditions = _conditions(statement, filters, sort, shelved=False)
    size = f"{limit:d}"
    given = statement.bind(list(ids), "uuid[]")
    if sort is None:
        skip = statement.bind(after.last if after is not None else 0, "bigint")
        text = f"""
        SELECT p.id, p.version, f.place AS key, p.id AS last
        FROM unnest({given}) WITH ORDINALITY AS f (id, place)
        JOIN shop.products p ON p.store_id = $1 AND p.id = f.id
        WHERE {" AND ".join(conditions)} ORDER BY f.place OFFSET {skip} LIMIT {size}"""
        return await _read(tx, statement, where, text, "page.key", filters)
    source = f"SELECT f.id AS product_id FROM unnest({given}) AS f (id)"
    chosen = _select(statement, sort, filters, after, conditions, source)
    order = _order(sort, "key", "last")
    text = f"SELECT * FROM ({chosen} OFFSET 0) g ORDER BY {order} LIMIT {size}"
    return await _read(tx, statement, where, text, _order(sort, "page.key", "page.last"), filters)


async def choices(
    tx: Transaction, where: Where, filters: Filters, ids: Sequence[UUID] | None
) -> list[tuple[str, str]]:
    """Each option with each of its values among what fits, or among those of `ids` that do."""
    narrow = ids is None and await _narrow(tx, where, filters, "newest")
    statement = _Statement(tx)
    fitting = " AND ".join(_conditions(statement, filters, None, shelved=ids is None))
    if ids is not None:
        source = f"SELECT unnest({statement.bind(list(ids), 'uuid[]')}) AS product_id"
    elif narrow:
        gathered = _gathered(statement, filters)
        source = f"""(
            SELECT DISTINCT f.product_id FROM ({gathered}) f
            ORDER BY f.product_id DESC LIMIT {MOST_CHOSEN_FROM})"""
    else:
        source = _NEWEST_ON_SHELVES if filters.category_id is not None else _NEWEST
    text = f"""{_shelves(statement, filters)}
    SELECT DISTINCT o.key, o.value FROM (
        SELECT DISTINCT w.options
        FROM ({statement.terms(where)}) t CROSS JOIN LATERAL ({source} OFFSET 0) f
        CROSS JOIN LATERAL (
            SELECT p.id FROM shop.products p WHERE p.id = f.product_id AND {fitting} OFFSET 0) p
        CROSS JOIN LATERAL (
            SELECT w.options FROM shop.variants w
            WHERE w.store_id = $1 AND w.product_id = p.id AND w.archived_at IS NULL OFFSET 0) w
    ) w CROSS JOIN LATERAL jsonb_each_text(w.options) o"""
    return [(row["key"], row["value"]) for row in await tx.fetch(text, *statement.args)]


async def _narrow(tx: Transaction, where: Where, filters: Filters, sort: Sort) -> bool:
    """Whether so few products can fit that it is better to gather and sort them.

    In the order of making, a category is read from its own index, however large it is.
    """
    by_price = filters.by_price and sort not in _BY_PRICE
    by_shelf = filters.category_id is not None and sort not in _BY_AGE
    if not by_price and not by_shelf:
        return False
    statement = _Statement(tx)
    source = _gathered(statement, filters)
    shelves = _shelves(statement, filters)
    number = await tx.fetchval(
        f"""{shelves} SELECT count(*) FROM (SELECT FROM ({statement.terms(where)}) t
            CROSS JOIN LATERAL ({source}) f LIMIT {NARROW + 1:d}) counted""",
        *statement.args,
    )
    return bool(number <= NARROW)


def _gathered(statement: _Statement, filters: Filters) -> str:
    """Every product that may fit, some of them twice."""
    if filters.category_id is not None:
        return _ON_SHELVES
    priced = _PRICED_SO.format(now=statement.now)
    return " AND ".join([priced, *_amounts(statement, filters, "pr.amount")])


def _merged(
    statement: _Statement, sort: Sort, conditions: list[str], after: Cursor | None, size: str
) -> str:
    """The first of each shelf in the order of their making, and then the first of those."""
    _, _, direction = _ORDERS[sort]
    more = _after(statement, sort, after)
    return f"""
    SELECT DISTINCT f.id, f.version, NULL::bigint AS key, f.id AS last
    FROM shelves s CROSS JOIN LATERAL (
        SELECT p.id, p.version FROM shop.product_categories pc
        JOIN shop.products p ON p.store_id = $1 AND p.id = pc.product_id
        WHERE pc.store_id = $1 AND pc.category_id = s.id
          AND {" AND ".join([*conditions, *(one.replace("p.id", "pc.product_id") for one in more)])}
        ORDER BY pc.product_id{direction} LIMIT {size}) f
    ORDER BY f.id{direction} LIMIT {size}"""


def _select(
    statement: _Statement,
    sort: Sort,
    filters: Filters,
    after: Cursor | None,
    conditions: Sequence[str],
    source: str = "",
) -> str:
    """Products that fit, of `source` if there is one, with what they are ordered by.

    `OFFSET 0` keeps the planner from reading whole tables at once, which it likes to do for what
    is looked up row by row: a page needs few of them.
    """
    key, last, _ = _ORDERS[sort]
    by_price = sort in _BY_PRICE
    fitting = " AND ".join(conditions)
    beyond = [*_after(statement, sort, after)]
    if by_price:
        beyond += _amounts(statement, filters, "pr.amount")
    if source:
        tables = f"""(SELECT DISTINCT f.product_id FROM ({source}) f OFFSET 0) f
        CROSS JOIN LATERAL (
            SELECT p.* FROM shop.products p WHERE p.id = f.product_id AND {fitting} OFFSET 0) p"""
        if by_price:
            lowest = _LOWEST.format(wanted="live.amount, w.id AS variant_id", now=statement.now)
            tables += f" CROSS JOIN LATERAL {lowest} pr"
        beyond = beyond or ["true"]
    elif by_price:
        lowest = _LOWEST.format(wanted="live.id", now=statement.now)
        tables = f"""shop.prices pr
        CROSS JOIN LATERAL (
            SELECT v.product_id FROM shop.variants v
            WHERE v.store_id = $1 AND v.id = pr.variant_id OFFSET 0) v
        CROSS JOIN LATERAL (
            SELECT p.id, p.version FROM shop.products p
            WHERE p.id = v.product_id AND {fitting} AND pr.id = {lowest} OFFSET 0) p"""
        beyond += ["pr.store_id = $1", "pr.currency = t.currency"]
    else:
        tables, beyond = "shop.products p", [*conditions, *beyond]
    return f"""
    SELECT p.id, p.version, {key} AS key, {last} AS last FROM {tables}
    WHERE {" AND ".join(beyond)}"""


def _conditions(
    statement: _Statement, filters: Filters, sort: Sort | None, *, shelved: bool
) -> list[str]:
    """What a product must be like; `shelved` ones are known to stand in the category."""
    found = ["p.store_id = $1", "p.status = 'published'"]
    if filters.kind is not None:
        found.append(f"p.kind = {statement.bind(filters.kind, 'text')}")
    if filters.by_price and sort not in _BY_PRICE:
        lowest = _LOWEST.format(wanted="live.amount", now=statement.now)
        found += _amounts(statement, filters, lowest)
    if filters.available or filters.options:
        found.append(_has_variant(statement, filters))
    if filters.category_id is not None and not shelved:
        found.append(f"EXISTS ({_ON_SHELVES} AND pc.product_id = p.id OFFSET 0)")
    return found


def _has_variant(statement: _Statement, filters: Filters) -> str:
    wanted = [
        f"w.options ->> {statement.bind(name, 'text')} = ANY ({statement.bind(values, 'text[]')})"
        for name, values in filters.options.items()
    ]
    if filters.available:
        wanted.append(_FREE)
    return f"""EXISTS (
        SELECT FROM shop.variants w WHERE w.store_id = $1 AND w.product_id = p.id
          AND w.archived_at IS NULL AND {" AND ".join(wanted)} OFFSET 0)"""


def _amounts(statement: _Statement, filters: Filters, amount: str) -> list[str]:
    found = []
    if filters.min_price is not None:
        found.append(f"{amount} >= {statement.bind(filters.min_price, 'bigint')}")
    if filters.max_price is not None:
        found.append(f"{amount} <= {statement.bind(filters.max_price, 'bigint')}")
    return found


def _after(statement: _Statement, sort: Sort, after: Cursor | None) -> list[str]:
    if after is None:
        return []
    key, last, direction = _ORDERS[sort]
    beyond = "<" if direction else ">"
    if key.startswith("NULL"):
        return [f"{last} {beyond} {statement.bind(after.last, 'uuid')}"]
    kind = "text" if sort == "title" else "bigint"
    bound = f"{statement.bind(after.key, kind)}, {statement.bind(after.last, 'uuid')}"
    return [f"({key}, {last}) {beyond} ({bound})"]


def _order(sort: Sort, key: str, last: str) -> str:
    _, _, direction = _ORDERS[sort]
    return f"{key}{direction}, {last}{direction}"


def _shelves(statement: _Statement, filters: Filters | None) -> str:
    if filters is None or filters.category_id is None:
        return ""
    return _SHELVES.format(category=statement.bind(filters.category_id, "uuid"))


async def _read(
    tx: Transaction,
    statement: _Statement,
    where: Where,
    chosen: str,
    order: str,
    filters: Filters | None = None,
) -> Shelf | None:
    text = _PAGE.format(
        shelves=_shelves(statement, filters),
        terms=statement.terms(where),
        page=chosen,
        order=order,
    )
    return _shelf(await tx.fetch(text, *statement.args))


def _shelf(rows: Sequence[asyncpg.Record]) -> Shelf | None:
    """Rows of levels as products, in the order in which they came."""
    if not rows:
        return None
    products: list[Listed] = []
    stock: Stock = {}
    for _, _, product_id, version, key, last, variant_id, available, backorder in rows:
        if product_id is None:
            break
        if not products or product_id != products[-1].id:
            products.append(Listed(product_id, version, key, last))
        if variant_id is not None:
            add_level(stock, variant_id, available, backorder)
    return Shelf(Terms(rows[0]["currency"], rows[0]["region_id"]), products, stock)
