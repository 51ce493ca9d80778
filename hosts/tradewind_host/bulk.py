"""Imports and exports from the command line: a bar on a terminal, plain lines elsewhere."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tradewind.bulk.rules.runs import Counts, Import, Kind, RowError
from tradewind.bulk.service import importing, runs
from tradewind.bulk.service.exporting import export
from tradewind.bulk.service.importing import Desk
from tradewind.bulk.service.runs import File
from tradewind.database import directory
from tradewind_host.config import Config
from tradewind_host.local import database_for, engine_for

ACTOR = "operator"
_LINE_EVERY = 10_000
_SHOWN = 20
_PAGE = 1000
_WOULD = "This would happen"
_STRICT = "Nothing was imported. Without --strict this would happen"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with a file."""

    path: Path
    slug: str
    kind: Kind
    dry_run: bool = False
    strict: bool = False
    resume: bool = False
    report: Path | None = None


async def import_file(config: Config, wish: Wish, outcome: list[bool]) -> None:
    """Import a file; `outcome` is whether all of its rows went in.

    Raises NotFound, InvalidInput, Conflict.
    """
    async with _desk(config, wish.slug, wish.kind) as desk:
        file = await runs.look_at(desk, wish.path, wish.path.name)
        with _report(wish.report) as report:
            if wish.dry_run or (wish.strict and not wish.resume):
                counts = await _rehearse(desk, file, report)
                if wish.dry_run or counts.refused:
                    report.sum_up(counts, _WOULD if wish.dry_run else _STRICT)
                    outcome.append(not counts.refused)
                    return
            outcome.append(await _import(desk, file, report, resume=wish.resume))


async def export_file(config: Config, path: Path, slug: str, kind: Kind) -> None:
    """Write a store's products, prices or stock into a file, whole or not at all."""
    async with _desk(config, slug, kind) as desk:
        aside = path.with_name(f".{path.name}.new")
        with aside.open("wb") as file:
            async for part in export(desk.database, desk.store, kind):
                file.write(part)
        aside.rename(path)
    sys.stdout.write(f"Exported {kind} to {path}.\n")


@asynccontextmanager
async def _desk(config: Config, slug: str, kind: Kind) -> AsyncIterator[Desk]:
    async with database_for(config) as ready, engine_for(ready) as engine:
        store = await directory.store_by_slug(engine.database, slug)
        yield await importing.open_desk(engine.database, store, kind, ACTOR)


async def _rehearse(desk: Desk, file: File, report: "_Report") -> Counts:
    with _progress(file, Counts(), "Checking") as told:
        return await importing.rehearse(desk, file.path, told, report.add)


async def _import(desk: Desk, file: File, report: "_Report", *, resume: bool) -> bool:
    run = await runs.resume(desk, file) if resume else await runs.start(desk, file)
    try:
        with _progress(file, run.counts, "Importing") as told:
            run = await importing.go_on(desk, run, file.path, told, lambda: False)
    except asyncio.CancelledError:
        sys.stderr.write("Interrupted; --resume goes on from here.\n")
        raise
    await _refused(desk, run, report)
    report.sum_up(run.counts, "Imported" if run.state == "done" else run.error or run.state)
    return run.state == "done" and not run.refused


async def _refused(desk: Desk, run: Import, report: "_Report") -> None:
    """Report what was refused, also before the import was taken up again."""
    after = 0
    while True:
        async with desk.database.transaction(desk.store.id) as tx:
            page = await runs.errors(tx, run.id, after, _PAGE)
        if not page:
            return
        report.add(page)
        after = page[-1].number


# --- what is shown --------------------------------------------------------------------------------


@contextmanager
def _progress(file: File, done: Counts, word: str) -> Iterator[importing.Told]:
    """Shows how far it is."""
    if not sys.stderr.isatty():
        yield _lines(file, word)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,} rows"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(word, total=file.rows, completed=done.rows)
        yield lambda counts, _: progress.update(bar, completed=counts.rows)


def _lines(file: File, word: str) -> Callable[[Counts, int], None]:
    shown = [0]

    def told(counts: Counts, position: int) -> None:
        if counts.rows - shown[0] >= _LINE_EVERY or counts.rows == file.rows:
            shown[0] = counts.rows
            sys.stderr.write(f"{word}: {counts.rows} of {file.rows} rows\n")
            sys.stderr.flush()

    return told


class _Report:
    """What was refused: all of it in a file, or the first of it on standard error."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self._count = 0

    def add(self, errors: Sequence[RowError]) -> None:
        """Tell what is wrong with rows."""
        if self._file is not None:
            self._file.write(runs.errors_sheet(errors, header=not self._file.tell()))
        else:
            for one in errors[: max(_SHOWN - self._count, 0)]:
                place = f"row {one.row}" + (f", {one.column}" if one.column else "")
                sys.stderr.write(f"{place}: {one.message} ({one.code})\n")
        self._count += len(errors)

    def sum_up(self, counts: Counts, words: str) -> None:
        """The last line."""
        if self._file is None and self._count > _SHOWN:
            more = self._count - _SHOWN
            sys.stderr.write(f"… and {more} more; --report FILE writes them all down\n")
        sys.stdout.write(
            f"{words}: {counts.created} created, {counts.changed} changed, "
            f"{counts.unchanged} unchanged, {counts.refused} refused.\n"
        )


@contextmanager
def _report(path: Path | None) -> Iterator[_Report]:
    if path is None:
        yield _Report(None)
        return
    with path.open("wb") as file:
        report = _Report(file)
        report.add([])
        yield report
