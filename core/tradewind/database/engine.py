"""The only way to PostgreSQL: `Database.transaction(store)` for what a store owns.

Everything between acquire and release counts as a round trip, so a transaction opens with one
message (`BEGIN` and `SET LOCAL` together) and a released connection is not reset: nothing that
outlives a transaction is ever set on it.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Protocol, cast
from uuid import UUID

import asyncpg
import msgspec
from piccolo.engine.postgres import PostgresEngine

from tradewind.contracts.context import Clock
from tradewind.database.ids import Ids
from tradewind.database.pool import Pool


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


class Vault(Protocol):
    """What closes columns that are kept encrypted, and opens them again."""

    def encrypt(self, plain: bytes) -> bytes: ...
    def decrypt(self, cipher: bytes) -> bytes: ...


class Store(msgspec.Struct, frozen=True):
    """Which store a journey is about, as the directory resolved it."""

    id: UUID
    slug: str
    name: str


class TransactionEngine(PostgresEngine):
    """Lets Piccolo tables run on the open transaction, and nowhere else."""

    def __init__(self) -> None:
        super().__init__(config={}, extensions=())

    async def get_version(self) -> float:
        return 18.0

    async def prep_database(self) -> None:
        return

    async def _run_in_new_connection(self, query: str, args: Any = None) -> Any:
        raise RuntimeError("Piccolo query outside of database.transaction(store)")


TABLES = TransactionEngine()
_open: ContextVar["Transaction | None"] = ContextVar("tradewind_transaction", default=None)


class Transaction:
    """One open transaction on one store. Piccolo tables of the store run on it by themselves."""

    def __init__(
        self, store_id: UUID, connection: "asyncpg.Connection[Any]", database: "Database"
    ) -> None:
        self.store_id = store_id
        self.connection = connection
        self.database = database
        self.now = database.clock.now()
        self._after_commit: list[Callable[[], None]] = []

    def new_id(self) -> UUID:
        """A new UUIDv7."""
        return self.database.ids.new()

    @property
    def vault(self) -> Vault:
        """The keys of this process, for columns that are kept encrypted."""
        if self.database.vault is None:
            raise RuntimeError("this database was given no keys")
        return self.database.vault

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction is committed; it must not raise or block."""
        self._after_commit.append(action)

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of one statement."""
        return cast("list[asyncpg.Record]", await self.connection.fetch(query, *args))

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """The first row of one statement, or None."""
        return cast("asyncpg.Record | None", await self.connection.fetchrow(query, *args))

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first column of the first row of one statement, or None."""
        return await self.connection.fetchval(query, *args)

    async def execute(self, query: str, *args: Any) -> str:
        """Run one statement; returns its command tag."""
        return await self.connection.execute(query, *args)


class Database:
    """A pool of connections as the app's role, and the clock and ids that go with it."""

    def __init__(self, dsn: str, *, clock: Clock | None = None, prepared: bool = True) -> None:
        """`prepared` is false behind a pooler that cannot keep prepared statements."""
        self.dsn = dsn
        self.clock = clock or SystemClock()
        self.ids = Ids(self.clock)
        self.wake: Callable[[], None] = lambda: None
        """Called after a commit that left jobs; the worker sets it."""
        self.wake_relay: Callable[[], None] = lambda: None
        """Called after a commit that left events to relay; the worker sets it."""
        self.relayed: frozenset[str] | None = None
        """Event types somebody in this process wants delivered; None relays every type."""
        self.vault: Vault | None = None
        """The keys for what is kept encrypted; the engine sets it."""
        self.prepared = prepared
        self.name = secrets.token_hex(8)
        """What this process calls itself, so that it does not wake itself twice."""
        self._pool: Pool | None = None

    async def open(self, *, maximum: int = 10) -> None:
        """Connect. Raises asyncpg's errors when the server cannot be reached."""
        pool = Pool(self.dsn, most=maximum, prepared=self.prepared)
        pool.release(await pool.acquire())
        self._pool = pool

    async def close(self) -> None:
        """Give all connections back."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    @property
    def pool(self) -> Pool:
        """The open pool; for the directory, the worker and the queues, which know no store."""
        if self._pool is None:
            raise RuntimeError("the database is not open")
        return self._pool

    def new_id(self) -> UUID:
        """A new UUIDv7."""
        return self.ids.new()

    def transaction(self, store_id: UUID) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that sees this store and no other.

        Not nestable. Commits when the block ends, rolls back when it raises; the connection is
        given back in both cases, also when the commit itself fails.
        """
        return _Opened(self, store_id)

    async def call(self, query: str, store_id: UUID, *args: Any) -> list[asyncpg.Record]:
        """Call a function of `shop` that names its store itself, `$1`: one round trip.

        The call is a transaction of its own, after which nothing of it is left on the connection.
        """
        if _open.get() is not None:
            raise RuntimeError("a transaction is already open in this task")
        if not self.prepared:
            # Outside a transaction a pooler could run on one server what another one prepared.
            async with self.transaction(store_id) as tx:
                return await tx.fetch(query, store_id, *args)
        return await self.pool.fetch(query, store_id, *args)


class _Opened:
    """A transaction from its first message to its last; a class, for it is entered all the time."""

    def __init__(self, database: Database, store_id: UUID) -> None:
        self._database = database
        self._store_id = store_id

    async def __aenter__(self) -> Transaction:
        if _open.get() is not None:
            raise RuntimeError("a transaction is already open in this task")
        # Text that is no id is refused; what is one already is not read again.
        known = isinstance(self._store_id, UUID)
        store_id = self._store_id if known else UUID(str(self._store_id))
        self._pool = self._database.pool
        self._connection = await self._pool.acquire()
        self._tx = Transaction(self._store_id, self._connection, self._database)
        self._tokens = _open.set(self._tx), TABLES.current_transaction.set(cast("Any", self._tx))
        try:
            await self._connection.execute(f"BEGIN; SET LOCAL tradewind.store_id = '{store_id}'")
        except BaseException:
            await self._leave(clean=False)
            raise
        return self._tx

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        finished = False
        try:
            if error is None:
                finished = await self._connection.execute("COMMIT") == "COMMIT"
                if not finished:
                    raise RuntimeError("a statement failed in this transaction; nothing was kept")
        finally:
            await self._leave(clean=finished)
        if finished:
            for action in self._tx._after_commit:  # noqa: SLF001 - its own transaction
                action()

    async def _leave(self, *, clean: bool) -> None:
        opened, tables = self._tokens
        TABLES.current_transaction.reset(tables)
        _open.reset(opened)
        connection = self._connection
        try:
            if not clean and not connection.is_closed():
                await connection.execute("ROLLBACK")
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
            OSError,
        ):
            # One whose end is not known here yet takes nothing any more.
            connection.terminate()
        except BaseException:
            # Broken off once more: nobody knows whether its transaction has begun, or ended.
            connection.terminate()
            raise
        finally:
            self._pool.release(connection)
