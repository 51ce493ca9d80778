"""`tradewind import` and `export`: what they say, how they end, and a kill in the middle."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.host.test_imports_api import mugs
from tests.support.shops import make_shop
from tests.support.waiting import held_up, until_waiting
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.database import Database, Store
from tradewind.settings.keyring import new_key
from tradewind.testing.database import DatabaseUrls
from tradewind_host.bulk import Wish, export_file, import_file
from tradewind_host.config import Config


class Place(NamedTuple):
    """A store, its host's configuration, and a folder for files."""

    store: Store
    config: Config
    database: Database
    folder: Path

    def file(self, text: str) -> Path:
        path = self.folder / "mugs.csv"
        path.write_text(text)
        return path

    async def takes_in(self, text: str, **wish: bool | Path) -> bool:
        """Import a text; whether all of it went in."""
        outcome: list[bool] = []
        given = Wish(path=self.file(text), slug="shop", kind="products", **wish)  # type: ignore[arg-type]
        await import_file(self.config, given, outcome)
        return outcome == [True]

    async def products(self) -> int:
        async with self.database.transaction(self.store.id) as tx:
            return int(await tx.fetchval("SELECT count(*) FROM shop.products"))


@pytest_asyncio.fixture
async def place(
    database: Database, database_urls: DatabaseUrls, tmp_path: Path
) -> AsyncIterator[Place]:
    config = Config(database_url=database_urls.app, secret_keys=(new_key(),), data_dir=tmp_path)
    yield Place((await make_shop(database)).store, config, database, tmp_path)


async def test_a_summary_is_printed_and_errors_are_told_or_written_down(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    text = mugs(2) + "mug-x,,=MUG,1\n"
    assert not await place.takes_in(text)
    printed = capsys.readouterr()
    assert printed.out == "Imported: 2 created, 0 changed, 0 unchanged, 1 refused.\n"
    assert "row 4, title: This is needed. (required)" in printed.err
    assert "Importing: 3 of 3 rows" in printed.err
    report = place.folder / "errors.csv"
    assert not await place.takes_in(text, report=report)
    assert capsys.readouterr().out == ("Imported: 0 created, 0 changed, 2 unchanged, 1 refused.\n")
    assert report.read_text().splitlines() == [
        "row,column,code,message",
        "4,title,required,This is needed.",
    ]
    assert await place.takes_in(mugs(2))


async def test_a_dry_run_and_a_strict_one_that_is_refused_import_nothing(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    text = mugs(2) + "mug-x,,MUG-X,1\n"
    assert not await place.takes_in(text, dry_run=True)
    assert capsys.readouterr().out == (
        "This would happen: 2 created, 0 changed, 0 unchanged, 1 refused.\n"
    )
    assert not await place.takes_in(text, strict=True)
    assert capsys.readouterr().out.startswith(
        "Nothing was imported. Without --strict this would happen: 2 created"
    )
    assert await place.products() == 0
    assert await place.takes_in(mugs(2), strict=True)
    assert await place.products() == 2


async def test_what_is_exported_is_taken_back(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    await place.takes_in(mugs(3))
    path = place.folder / "out.csv"
    await export_file(place.config, path, "shop", "products")
    assert capsys.readouterr().out.endswith(f"Exported products to {path}.\n")
    assert await place.takes_in(path.read_text())
    assert "3 unchanged" in capsys.readouterr().out
    with pytest.raises(NotFound):
        await export_file(place.config, path, "nowhere", "products")


@pytest.mark.slow
@pytest.mark.faults
async def test_after_a_kill_an_import_goes_on_with_nothing_lost_and_nothing_twice(
    place: Place, owner: "asyncpg.Connection[Any]", capsys: pytest.CaptureFixture[str]
) -> None:
    text = mugs(1200)
    words = [sys.executable, "-m", "tradewind_host", "import", str(place.file(text))]
    words += ["--store", "shop", "--kind", "products"]
    environment = {
        "TRADEWIND_DATABASE_URL": str(place.config.database_url),
        "TRADEWIND_SECRET_KEY": place.config.secret_keys[0],
    }
    async with held_up(owner, "shop.products", "BEFORE INSERT", "new.handle = 'mug-700'"):
        process = await asyncio.create_subprocess_exec(
            *words, env=environment, cwd=place.folder, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await until_waiting(owner)
        finally:
            process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    assert await place.products() == 500
    with pytest.raises(Conflict, match="--resume"):
        await place.takes_in(text)
    assert await place.takes_in(text, resume=True)
    said = "Imported: 1200 created, 0 changed, 0 unchanged, 0 refused.\n"
    assert capsys.readouterr().out == said
    assert await place.products() == 1200
