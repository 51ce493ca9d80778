"""The physical limit beside which orders are placed: `pgbench` on the same server.

`limit/limit_order.sql` is the least possible order, one transaction of eight statements;
`limit/limit_order_cte.sql` does the same in a single statement, which is prepared.
"""

import re
import resource
import subprocess
import tempfile
from pathlib import Path

import msgspec

from tests.bench.postgres import BenchPostgres
from tests.bench.support import ms, percentile

SCRIPTS = Path(__file__).parent / "limit"
EIGHT = ("limit_order.sql", "simple")
"""A script and how its statements are sent; these have no types to be prepared with."""
ONE = ("limit_order_cte.sql", "prepared")
_SPEED = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


class Stretch(msgspec.Struct, kw_only=True):
    """What one stretch of placing orders came to."""

    per_second: float
    p50_ms: float
    p99_ms: float
    postgresql_ms: float
    """CPU per order, as is `client_ms`."""
    client_ms: float


class Limit:
    """A database of its own with the least possible schema."""

    def __init__(self, server: BenchPostgres) -> None:
        self._server = server
        self._url = server.cluster.dsn(server.create(migrated=False).name)
        schema = str(SCRIPTS / "limit_schema.sql")
        self._run("psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", schema, self._url)

    def measure(self, order: tuple[str, str], clients: int, seconds: float) -> Stretch:
        """Place orders for whole seconds, the way of EIGHT or of ONE."""
        script, mode = order
        threads, length = min(clients, 2), max(round(seconds), 1)
        postgresql, client = self._server.cpu(), _of_children()
        with tempfile.TemporaryDirectory() as folder:
            # fmt: off
            said = self._run(
                "pgbench", "-n", "-M", mode, "-c", str(clients), "-j", str(threads),
                "-T", str(length), "-f", str(SCRIPTS / script),
                "-l", "--log-prefix", f"{folder}/log", self._url,
            )
            # fmt: on
            times = _times(Path(folder))
        found = _SPEED.search(said)
        if found is None:
            raise RuntimeError(f"pgbench told no speed: {said}")
        return Stretch(
            per_second=round(float(found[1]), 1),
            p50_ms=ms(percentile(times, 0.5)),
            p99_ms=ms(percentile(times, 0.99)),
            postgresql_ms=ms((self._server.cpu() - postgresql) / len(times)),
            client_ms=ms((_of_children() - client) / len(times)),
        )

    def _run(self, program: str, *arguments: str) -> str:
        command = [self._server.program(program), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _times(folder: Path) -> list[float]:
    """Seconds of each transaction: the third column of pgbench's log, in microseconds."""
    return [
        int(line.split()[2]) / 1e6
        for log in folder.iterdir()
        for line in log.read_text().splitlines()
    ]
