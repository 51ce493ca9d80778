"""What a load balancer, an orchestrator and Prometheus ask: alive, ready, how much."""

import asyncio
from typing import Literal

import asyncpg
import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from tradewind.database import directory
from tradewind.settings.engine import Engine
from tradewind_host.figures import exposition
from tradewind_host.problems import refusals

GivenEngine = NamedDependency[Engine]
_READY_SECONDS = 3


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class PluginFaultView(msgspec.Struct, frozen=True):
    """A plugin that was left out at start, and why."""

    name: str
    code: str
    message: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The host can serve: its database answers. Plugins left out do not make it unready."""

    status: Literal["ok"] = "ok"
    plugins: list[str]
    plugin_faults: list[PluginFaultView]


@get("/healthz", tags=["operations"], responses=refusals())
async def healthz() -> Health:
    """Whether the process answers at all."""
    return Health()


@get("/readyz", tags=["operations"], responses=refusals())
async def readyz(engine: GivenEngine) -> Readiness:
    """Whether the host can serve: the database must answer within three seconds."""
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await directory.ping(engine.database)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConnectionError("the database does not answer") from error
    return Readiness(
        plugins=sorted(engine.plugins.loaded),
        plugin_faults=[
            PluginFaultView(fault.name, fault.code, fault.message)
            for fault in engine.plugins.faults
        ],
    )


@get("/metrics", media_type="text/plain; version=0.0.4", tags=["operations"], responses=refusals())
async def metrics(engine: GivenEngine) -> Response[bytes]:
    """Figures for Prometheus."""
    return Response(await exposition(engine.database), media_type="text/plain; version=0.0.4")


ROUTES = (healthz, readyz, metrics)
