"""Working through a file: a batch of rows in each transaction, and how far it came with it.

Whoever is killed in the middle loses the batch it was at and nothing else; whoever goes on begins
behind the last batch that was kept. Nothing is locked for longer than one batch takes.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from tradewind.bulk.queries import prices, products, runs, stock
from tradewind.bulk.queries.stock import LevelAppeared
from tradewind.bulk.rules.batches import Batch, Form, Group, batches, check_columns
from tradewind.bulk.rules.prices import form as price_form
from tradewind.bulk.rules.prices import plan_prices
from tradewind.bulk.rules.product_plan import plan_products
from tradewind.bulk.rules.products import FORM as PRODUCT_FORM
from tradewind.bulk.rules.products import pictures_of, sku_of
from tradewind.bulk.rules.runs import Counts, Import, Kind, Outcome, RowError, row_error
from tradewind.bulk.rules.sheet import Sheet
from tradewind.bulk.rules.shelves import Shelves
from tradewind.bulk.rules.stock import FORM as STOCK_FORM
from tradewind.bulk.rules.stock import plan_stock
from tradewind.catalog.pictures import service as pictures
from tradewind.catalog.search import service as search
from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.database import Database, Store, Transaction
from tradewind.database.ids import Ids
from tradewind.settings.service import audit, pricing_changed
from tradewind.stores.service import settings_of

_TRIES = 3
_REFUSED = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
_AGAIN = (*_REFUSED, asyncpg.DeadlockDetectedError, LevelAppeared)

Told = Callable[[Counts, int], None]
"""Is told what became of the rows so far, and the byte of the file behind them."""
Refused = Callable[[Sequence[RowError]], None]
"""Is told what is wrong with rows."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Where files of one kind are worked on for a store, and for whom."""

    database: Database
    store: Store
    kind: Kind
    actor: str
    zone: ZoneInfo
    ids: Ids

    @property
    def form(self) -> Form:
        """What the files look like."""
        if self.kind == "prices":
            return price_form(self.zone)
        return PRODUCT_FORM if self.kind == "products" else STOCK_FORM


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of rows; to be written, or only to be worked out. `comma`: amounts may have one."""

    groups: Sequence[Group]
    comma: bool
    write: bool

    @property
    def skus(self) -> list[str]:
        """What its rows are about, in upper case, where they can be read."""
        sound = (row for group in self.groups if not group.errors for row in group.rows)
        return sorted({sku_of(row).upper() for row in sound} - {""})


class Plan(Protocol):
    """What rows change."""

    @property
    def outcome(self) -> Outcome: ...


async def open_desk(database: Database, store: Store, kind: Kind, actor: str) -> Desk:
    """Get ready to work on files of a kind."""
    async with database.transaction(store.id) as tx:
        zone = ZoneInfo((await settings_of(tx)).time_zone)
    # Ids of its own: they are minted in a thread.
    ids = Ids(database.clock)
    return Desk(database=database, store=store, kind=kind, actor=actor, zone=zone, ids=ids)


async def rehearse(desk: Desk, path: Path, told: Told, refused: Refused) -> Counts:
    """Say what importing a file would do, and write nothing. Raises InvalidInput."""
    counts = Counts()
    async with aclosing(_batches(desk, path, 0)) as found:
        async for batch, comma in found:
            portion = Portion(groups=batch.groups, comma=comma, write=False)
            async with desk.database.transaction(desk.store.id) as tx:
                await runs.plan_afresh(tx)
                plan = await _WORK[desk.kind](tx, desk, portion)
            counts += plan.outcome.counts
            refused(plan.outcome.errors)
            told(counts, batch.end)
    return counts


async def go_on(
    desk: Desk, run: Import, path: Path, told: Told, enough: Callable[[], bool]
) -> Import:
    """Work on an import from where it is until its end, or until it is `enough` after a batch.

    Raises Conflict `import_taken` when somebody else works on it.
    """
    try:
        async with aclosing(_batches(desk, path, run.position)) as found:
            async for batch, comma in found:
                run = await _keep(desk, run, batch, comma=comma)
                told(run.counts, run.position)
                if not run.is_open or enough():
                    return run
    except InvalidInput as refused:
        return await _end(desk, run, refused)
    return await _end(desk, run)


async def _batches(desk: Desk, path: Path, position: int) -> AsyncGenerator[tuple[Batch, bool]]:
    """The file's batches, read in a thread, and whether its amounts may have a comma."""
    form = desk.form
    with path.open("rb") as file:
        sheet = await asyncio.to_thread(Sheet, file, form.canonical)
        check_columns(sheet, form)
        found = batches(sheet, form, position)
        while (batch := await asyncio.to_thread(next, found, None)) is not None:
            yield batch, sheet.decimal_comma


async def _keep(desk: Desk, run: Import, batch: Batch, *, comma: bool) -> Import:
    """Write a batch. What the database will not have is found out group by group."""
    for _ in range(_TRIES):
        try:
            return await _write(desk, run, batch, comma=comma)
        except _AGAIN:
            continue
    start = batch.start
    for group in batch.groups:
        end = group.rows[-1].end
        run = await _keep_alone(desk, run, Batch([group], start, end), comma=comma)
        if not run.is_open:
            break
        start = end
    return run


async def _keep_alone(desk: Desk, run: Import, batch: Batch, *, comma: bool) -> Import:
    try:
        return await _write(desk, run, batch, comma=comma)
    except _REFUSED:
        group = batch.groups[0]
        words = "The database refuses this; it contradicts something that is stored."
        wrong = row_error(group.rows[0].number, FieldError("", "refused", words))
        outcome = Outcome(Counts(refused=group.size), [wrong])
        async with desk.database.transaction(desk.store.id) as tx:
            return await runs.advance(tx, await _ours(tx, run, batch), batch.end, outcome)


async def _write(desk: Desk, run: Import, batch: Batch, *, comma: bool) -> Import:
    async with desk.database.transaction(desk.store.id) as tx:
        current = await _ours(tx, run, batch)
        if not current.is_open:
            return current
        await runs.plan_afresh(tx)
        portion = Portion(groups=batch.groups, comma=comma, write=not current.dry_run)
        plan = await _WORK[desk.kind](tx, desk, portion)
        return await runs.advance(tx, current, batch.end, plan.outcome)


async def _ours(tx: Transaction, run: Import, batch: Batch) -> Import:
    """The import as it is, with nobody else working on it until the transaction ends."""
    current = await runs.import_by_id(tx, run.id, lock=True)
    if current is None:
        raise NotFound("There is no such import.")
    if current.is_open and current.position != batch.start:
        raise Conflict("Somebody else works on this import.", code="import_taken")
    return current


async def _end(desk: Desk, run: Import, refused: InvalidInput | None = None) -> Import:
    words = [refused.detail, *(one.message for one in refused.errors)] if refused else []
    async with desk.database.transaction(desk.store.id) as tx:
        ended = await runs.end(tx, run.id, "failed" if refused else "done", " ".join(words))
        if ended is None:
            return await runs.import_by_id(tx, run.id) or run
        detail = {"file": ended.file_name, "kind": ended.kind, "dry_run": ended.dry_run}
        counts = msgspec.structs.asdict(ended.counts)
        await audit(tx, desk.actor, f"import.{ended.state}", "import", str(run.id), detail | counts)
        return ended


async def _products(tx: Transaction, desk: Desk, portion: Portion) -> Plan:
    groups = [group for group in portion.groups if not group.errors]
    handles = sorted({group.rows[0].get("handle").strip() for group in groups})
    sound = [row for group in groups for row in group.rows]
    known = await products.known(tx, handles, portion.skus, lock=portion.write)
    copies = await pictures.kept(tx, [url for row in sound for url in pictures_of(row)])
    known = msgspec.structs.replace(known, copies=copies)
    shelves = Shelves(await products.shelves(tx), desk.ids.new)
    plan = await asyncio.to_thread(
        plan_products, portion.groups, known, shelves, desk.ids.new, comma=portion.comma
    )
    if portion.write:
        await products.write(tx, plan)
        await pictures.want(tx, plan.pictures)
        if plan.recounts:
            await pricing_changed(tx)
        await search.index(tx, plan.touched)
    return plan


async def _prices(tx: Transaction, desk: Desk, portion: Portion) -> Plan:
    known = await prices.known(tx, portion.skus, lock=portion.write)
    plan = await asyncio.to_thread(
        plan_prices, portion.groups, known, desk.ids.new, desk.zone, comma=portion.comma
    )
    if portion.write:
        await prices.write(tx, plan)
    return plan


async def _stock(tx: Transaction, desk: Desk, portion: Portion) -> Plan:
    if portion.write:
        await stock.make_location(tx)
    known = await stock.known(tx, portion.skus, lock=portion.write)
    plan = await asyncio.to_thread(plan_stock, portion.groups, known)
    if portion.write:
        await stock.write(tx, plan, desk.actor)
    return plan


_WORK: Mapping[Kind, Callable[[Transaction, Desk, Portion], Awaitable[Plan]]] = {
    "products": _products,
    "prices": _prices,
    "stock": _stock,
}
