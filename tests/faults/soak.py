"""`make soak`: the fault run for as long as it takes; ends with 1 when the books disagree."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.bench.postgres import postgres
from tests.faults import storm


def main() -> int:
    """Run the storm over a PostgreSQL of its own, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=240)
    parser.add_argument("--at-once", type=int, default=10)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with postgres() as server, server.database() as urls, tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(
            storm.run(
                urls,
                Path(folder),
                orders=given.orders,
                at_once=given.at_once,
                kills=given.kills,
                seed=given.seed,
            )
        )
    sys.stdout.write(f"{report}\n")
    return 1 if report.reckoning.differences else 0


if __name__ == "__main__":
    sys.exit(main())
