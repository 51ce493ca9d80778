"""Imports as such: what file they are about, how they begin, and what became of them."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from tradewind.bulk.queries import runs as queries
from tradewind.bulk.queries.runs import NumberedError
from tradewind.bulk.rules.batches import Form, check_columns
from tradewind.bulk.rules.runs import MOST_WORDS, Import, RowError
from tradewind.bulk.rules.sheet import Sheet, written
from tradewind.bulk.service.importing import Desk, go_on, open_desk
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.database import Database, Store, Transaction
from tradewind.outbox import jobs
from tradewind.outbox.jobs import Job
from tradewind.outbox.rules import MAX_ATTEMPTS
from tradewind.settings.service import audit

IMPORT = "bulk.import"
"""The kind of job that works on an uploaded file."""
KEPT = timedelta(days=30)
_CHUNK = 256 * 1024
_TURN_SECONDS = 10.0
_FORGET = 100
ERROR_COLUMNS = ("row", "column", "code", "message")


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is known by, and how many rows it has."""

    path: Path
    name: str
    fingerprint: bytes
    size: int
    rows: int


async def look_at(desk: Desk, path: Path, name: str) -> File:
    """Read a file once, in a thread. Raises InvalidInput `unreadable_file`."""
    return await asyncio.to_thread(_look_at, desk.form, path, name)


def _look_at(form: Form, path: Path, name: str) -> File:
    with path.open("rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").digest()
        size = file.tell()
        file.seek(0)
        sheet = Sheet(file, form.canonical)
        check_columns(sheet, form)
        rows = sum(1 for _ in sheet)
    return File(path=path, name=name[:200], fingerprint=fingerprint, size=size, rows=rows)


async def start(desk: Desk, file: File) -> Import:
    """Begin to import a file from the command line.

    Raises Conflict `import_unfinished` when the same file was begun before and not finished.
    """
    async with desk.database.transaction(desk.store.id) as tx:
        if await queries.unfinished(tx, desk.kind, file.fingerprint) is not None:
            words = "An import of this file was not finished; go on with --resume."
            raise Conflict(words, code="import_unfinished")
        run = _new(tx, desk, file, dry_run=False)
        await queries.insert_import(tx, run, "command")
    return run


async def resume(desk: Desk, file: File) -> Import:
    """The import of this very file that was not finished.

    Raises Conflict `other_file` when another file's was left, NotFound when none was.
    """
    async with desk.database.transaction(desk.store.id) as tx:
        found = await queries.unfinished(tx, desk.kind, file.fingerprint)
        other = None if found else await queries.other_unfinished(tx, desk.kind)
    if found is not None:
        return found
    if other is not None:
        words = f"What was not finished is the import of {other}, and this is not that file."
        raise Conflict(words, code="other_file")
    raise NotFound("There is no unfinished import of this file.")


async def upload(tx: Transaction, desk: Desk, file: File, *, dry_run: bool) -> Import:
    """Keep a file and have the worker import it."""
    run = _new(tx, desk, file, dry_run=dry_run)
    await queries.insert_import(tx, run, "api")
    with file.path.open("rb") as opened:
        number = 0
        while data := await asyncio.to_thread(opened.read, _CHUNK):
            await queries.add_chunk(tx, run.id, number, data)
            number += 1
    detail = {"kind": run.kind, "file": run.file_name, "rows": run.rows, "dry_run": dry_run}
    await audit(tx, desk.actor, "import.begun", "import", str(run.id), detail)
    payload = {"import_id": str(run.id)}
    await jobs.enqueue_in(tx, Job(kind=IMPORT, payload=payload, store_id=tx.store_id))
    return run


def _new(tx: Transaction, desk: Desk, file: File, *, dry_run: bool) -> Import:
    return Import(
        id=tx.new_id(),
        kind=desk.kind,
        state="waiting",
        file_name=file.name,
        fingerprint=file.fingerprint,
        size=file.size,
        rows=file.rows,
        dry_run=dry_run,
        actor=desk.actor,
        created_at=tx.now,
    )


async def work_on(
    database: Database, store: Store, import_id: UUID, *, seconds: float = _TURN_SECONDS
) -> bool:
    """Work on an uploaded file for a while; says whether there is more to do.

    One that was given up is taken up again: whoever has its job run again wants that.
    """
    async with database.transaction(store.id) as tx:
        run = await queries.import_by_id(tx, import_id)
        if run is not None and run.state == "failed":
            run = await queries.reopen(tx, import_id)
    if run is None or not run.is_open:
        return False
    until = time.monotonic() + seconds
    desk = await open_desk(database, store, run.kind, run.actor)
    with tempfile.TemporaryDirectory(prefix="tradewind-import-") as folder:
        path = Path(folder) / "file.csv"
        await _fetch(database, store, import_id, path)
        run = await go_on(desk, run, path, _nobody_told, lambda: time.monotonic() >= until)
    return run.is_open


def _nobody_told(*_: object) -> None:
    """Whoever wants to know how far it is looks it up."""


async def _fetch(database: Database, store: Store, import_id: UUID, path: Path) -> None:
    with path.open("wb") as file:
        async with database.transaction(store.id) as tx:
            async for data in queries.chunks(tx, import_id):
                await asyncio.to_thread(file.write, data)


async def cancel(tx: Transaction, import_id: UUID, actor: str) -> Import:
    """Call an import off; what it has done stays.

    Raises NotFound, Conflict `import_finished`.
    """
    found = await queries.import_by_id(tx, import_id, lock=True)
    if found is None:
        raise NotFound("There is no such import.")
    ended = await queries.end(tx, import_id, "canceled")
    if ended is None:
        raise Conflict("This import is over.", code="import_finished")
    await audit(tx, actor, "import.canceled", "import", str(import_id), {"done": ended.done})
    return ended


async def give_up(tx: Transaction, import_id: UUID, reason: str) -> None:
    """End an import that cannot go on; what it has done stays, and so does its file.

    One that is over already is left as it is.
    """
    words = f"Given up after {MAX_ATTEMPTS} attempts; it can be resumed. {reason}"
    ended = await queries.fail(tx, import_id, words[:MOST_WORDS])
    if ended is not None:
        detail = {"file": ended.file_name, "kind": ended.kind, "done": ended.done}
        await audit(tx, ended.actor, "import.failed", "import", str(import_id), detail)


async def take_up(tx: Transaction, import_id: UUID, actor: str) -> Import:
    """Have the worker go on with an import that was given up, where it was.

    Raises NotFound, Conflict `import_not_resumable` for one that ended in another way.
    """
    await get(tx, import_id)
    reopened = await queries.reopen(tx, import_id)
    if reopened is None:
        words = "Only an import that was given up goes on; upload the file again."
        raise Conflict(words, code="import_not_resumable")
    await audit(tx, actor, "import.resumed", "import", str(import_id), {"done": reopened.done})
    payload = {"import_id": str(import_id)}
    await jobs.enqueue_in(tx, Job(kind=IMPORT, payload=payload, store_id=tx.store_id))
    return reopened


async def get(tx: Transaction, import_id: UUID) -> Import:
    """An import. Raises NotFound."""
    found = await queries.import_by_id(tx, import_id)
    if found is None:
        raise NotFound("There is no such import.")
    return found


async def listed(tx: Transaction, before: UUID | None, limit: int) -> list[Import]:
    """Imports, newest first."""
    return await queries.imports(tx, before, limit)


async def errors(tx: Transaction, import_id: UUID, after: int, limit: int) -> list[NumberedError]:
    """What was refused, in the order of the file. Raises NotFound."""
    await get(tx, import_id)
    return await queries.errors(tx, import_id, after, limit)


def errors_sheet(found: Sequence[RowError], *, header: bool = True) -> bytes:
    """What was refused, as CSV."""
    rows = [(str(one.row), one.column, one.code, one.message) for one in found]
    return written([ERROR_COLUMNS, *rows] if header else rows)


async def forget_old(database: Database, store: Store) -> None:
    """Remove imports that ended a month ago, with what was refused in them."""
    async with database.transaction(store.id) as tx:
        await queries.forget(tx, tx.now - KEPT, _FORGET)
