"""The command that fills a store, and what it shows meanwhile."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from tradewind.database import directory
from tradewind_host.config import Config
from tradewind_host.demo.seed import draw_pictures
from tradewind_host.local import database_for, engine_for
from tradewind_host.media import media_folder
from tradewind_host.volume.run import Told, Wanted, seed

_EVERY = 5000


async def fill_store(config: Config, slug: str, wanted: Wanted) -> None:
    """Fill a store; prints as JSON what was added. Raises NotFound, Conflict."""
    async with database_for(config) as ready, engine_for(ready) as engine:
        store = await directory.store_by_slug(engine.database, slug)
        if wanted.products and config.media_url is None:
            await asyncio.to_thread(draw_pictures, media_folder(config.data_dir.absolute()))
        with _progress() as told:
            added = await seed(engine, store, wanted, told)
    sys.stdout.write(msgspec.json.encode(added._asdict()).decode() + "\n")


@contextmanager
def _progress() -> Iterator[Told]:
    """A bar for each kind on a terminal; a line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,}"),
        TimeRemainingColumn(),
    )
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def told(what: str, done: int, of: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what.title(), total=of)
            progress.update(bars[what], completed=done)

        yield told


def _line(what: str, done: int, of: int) -> None:
    if done % _EVERY == 0 or done == of:
        sys.stderr.write(f"{what}: {done:,} of {of:,}\n")
