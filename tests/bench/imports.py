"""A catalog of a hundred thousand rows by `tradewind import`: products, then their stock.

The command is a process of its own; its peak of memory is told for a tenth of the rows as well.
Each size has a store of its own; products have two variants, two prices and a category each.
"""

import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.postgres import BenchPostgres, postgres
from tests.bench.support import CpuMeter, Line, each, say
from tests.support.shops import make_shop
from tradewind.catalog.rules import NewRegion
from tradewind.catalog.service import create_region
from tradewind.database import Database
from tradewind.settings.keyring import new_key
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import KEYS

SIZES = (10_000, 100_000)
_WORDS = "Woven Carved Painted Folded Striped Basket Kettle Lamp Notebook Blanket Bottle".split()


def imports(seconds: float) -> Line:
    """Rows of products per second; `seconds` does not matter, since the files are what they are."""
    with postgres() as server, server.database() as urls, tempfile.TemporaryDirectory() as folder:
        return _imports(server, urls, Path(folder))


def _imports(server: BenchPostgres, urls: DatabaseUrls, folder: Path) -> Line:
    meter = CpuMeter({"postgres": server.cpu})
    figures: dict[str, dict[str, float]] = {}
    for rows in SIZES:
        asyncio.run(_open_store(urls, f"shop-{rows}"))
        for kind, lines in (("products", _products(rows)), ("stock", _stock(rows))):
            say(f"import: {rows} rows of {kind}")
            path = folder / f"{kind}.csv"
            # A child's peak is never told below what its parent had when it was made.
            with path.open("w") as file:
                file.writelines(f"{line}\n" for line in lines)
            figures[f"{kind}_{rows}"] = _run(urls, folder, path, f"shop-{rows}", kind)
    used = meter.take()
    whole = figures[f"products_{SIZES[-1]}"]
    return Line(
        bench="import",
        figure=whole["rows_per_second"],
        unit="rows/s",
        clients=1,
        cpu_ms_per_op=each(used, 2 * sum(SIZES)),
        rows=asyncio.run(server.rows(urls)),
        detail=figures,
    )


async def _open_store(urls: DatabaseUrls, slug: str) -> None:
    database = Database(urls.app)
    await database.open()
    try:
        shop = await make_shop(database, slug)
        async with database.transaction(shop.store.id) as tx:
            await create_region(tx, NewRegion(name="Abroad", currency="USD", countries=["us"]))
    finally:
        await database.close()


def _run(urls: DatabaseUrls, folder: Path, path: Path, slug: str, kind: str) -> dict[str, float]:
    """Import a file; how long it took, how fast it was, and the most memory it had."""
    environment = {
        KEYS["database_url"]: urls.app,
        KEYS["secret_keys"]: new_key(),
        KEYS["data_dir"]: str(folder),
        KEYS["log_level"]: "warning",
    }
    program = str(Path(sys.executable).with_name("tradewind"))
    command = [program, "import", str(path), "--store", slug, "--kind", kind]
    began = time.perf_counter()
    with subprocess.Popen(command, env={**os.environ, **environment}) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("the import failed")
    seconds = time.perf_counter() - began
    rows = sum(1 for _ in path.open()) - 1
    return {
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
    }


def _products(rows: int) -> Iterator[str]:
    yield (
        "handle,title,description,status,categories,sku,option1_name,option1_value,"
        "price_KES,price_USD"
    )
    names = itertools.cycle(itertools.product(_WORDS, _WORDS))
    for number, (first, second) in zip(range(rows // 2), names, strict=False):
        handle = f"thing-{number}"
        title = f"{first} {second} {number}"
        about = f"{title} is made by hand in small numbers and packed without plastic."
        shelf = f"Home > {second}"
        for size in ("S", "L"):
            sku = f"T-{number}-{size}"
            price = f"{number % 900 + 1}.50"
            yield f"{handle},{title},{about},published,{shelf},{sku},Size,{size},{price},{price}"


def _stock(rows: int) -> Iterator[str]:
    yield "sku,on_hand"
    for number in range(rows // 2):
        yield from (f"T-{number}-{size},{number % 100}" for size in ("S", "L"))
