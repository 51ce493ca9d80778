"""Everything a plugin can bring when the process starts, apart from channels and providers."""

from collections.abc import Sequence
from typing import Any

import typer
from litestar import get

from tradewind import AppContext, Plugin, hookimpl

commands = typer.Typer(help="Who came by.")


@commands.command()
def count() -> None:
    """Print how many came by in this process."""
    typer.echo(str(plugin.seen))


@get("/hello", sync_to_thread=False)
def hello() -> dict[str, int]:
    """Answer at `/plugins/visitors/hello`."""
    plugin.seen += 1
    return {"seen": plugin.seen}


class Visitors(Plugin):
    """Counts requests for as long as the process lives."""

    name = "visitors"
    requires = ">=0.1,<0.2"

    def __init__(self) -> None:
        self.seen = 0

    @hookimpl
    def open(self, app: AppContext[Any]) -> None:
        """Begin to count."""
        self.seen = 0

    @hookimpl
    def close(self, app: AppContext[Any]) -> None:
        """Nothing to give back."""

    @hookimpl
    def http_routes(self) -> Sequence[Any]:
        """One route."""
        return [hello]

    @hookimpl
    def cli_commands(self) -> Sequence[Any]:
        """One command."""
        return [commands]


plugin = Visitors()
