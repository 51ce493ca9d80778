"""Files for imports, and everything that a store has, to compare."""

from pathlib import Path
from typing import Any, NamedTuple

from tradewind.bulk.rules.runs import Counts, Import, Kind, RowError
from tradewind.bulk.service import importing, runs
from tradewind.bulk.service.exporting import export
from tradewind.database import Database, Store, Transaction


class Said(NamedTuple):
    """What an import came to, and what it refused by row and code."""

    counts: Counts
    errors: list[tuple[int, str, str]]


class Office:
    """Imports and exports files of a store, in a folder."""

    def __init__(self, database: Database, store: Store, folder: Path) -> None:
        self.database = database
        self.store = store
        self.folder = folder

    def file(self, text: str | bytes, name: str = "file.csv") -> Path:
        """A file with this text."""
        path = self.folder / name
        raw = text if isinstance(text, bytes) else text.encode()
        # Somebody may be reading the very same file.
        if not path.exists() or path.read_bytes() != raw:
            path.write_bytes(raw)
        return path

    async def rehearse(self, kind: Kind, text: str | bytes) -> Said:
        """What importing a text would do."""
        desk = await importing.open_desk(self.database, self.store, kind, "test")
        found: list[RowError] = []
        path = self.file(text)
        counts = await importing.rehearse(desk, path, lambda *_: None, found.extend)
        return Said(counts, [(one.row, one.column, one.code) for one in found])

    async def take_in(self, kind: Kind, text: str | bytes) -> Said:
        """Import a text; it must come to its end."""
        run = await self.begin(kind, text)
        run = await self.go_on(run, text)
        assert run.state == "done", run.error
        return Said(run.counts, await self.errors(run))

    async def begin(self, kind: Kind, text: str | bytes) -> Import:
        """Begin to import a text."""
        desk = await importing.open_desk(self.database, self.store, kind, "test")
        return await runs.start(desk, await runs.look_at(desk, self.file(text), "file.csv"))

    async def go_on(self, run: Import, text: str | bytes, batches: int = 10**9) -> Import:
        """Go on with an import, for so many batches at most."""
        desk = await importing.open_desk(self.database, self.store, run.kind, "test")
        left = iter(range(batches - 1))
        path = self.file(text)
        return await importing.go_on(
            desk, run, path, lambda *_: None, lambda: next(left, None) is None
        )

    async def errors(self, run: Import) -> list[tuple[int, str, str]]:
        """What an import refused."""
        async with self.database.transaction(self.store.id) as tx:
            found = await runs.errors(tx, run.id, 0, 10_000)
        return [(one.row, one.column, one.code) for one in found]

    async def export(self, kind: Kind) -> bytes:
        """The whole file."""
        return b"".join([part async for part in export(self.database, self.store, kind)])

    async def everything(self) -> dict[str, list[Any]]:
        """All rows of the tables that an import could write to."""
        async with self.database.transaction(self.store.id) as tx:
            return {name: await _rows(tx, name) for name in TABLES}


TABLES = (
    "products variants prices categories product_categories product_search inventory_levels "
    "stock_movements stock_locations imports import_errors import_chunks audit_log"
).split()


async def _rows(tx: Transaction, table: str) -> list[Any]:
    rows = await tx.fetch(
        f"SELECT to_jsonb(t) FROM shop.{table} t WHERE store_id = $1", tx.store_id
    )
    return sorted(row[0] for row in rows)
