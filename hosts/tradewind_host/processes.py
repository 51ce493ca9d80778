"""The commands that run the host for good, and the one that prepares its database."""

import asyncio
from contextlib import AsyncExitStack, closing

import msgspec

from tradewind.database.migrate import migrate
from tradewind_host.app import create_app
from tradewind_host.config import BadConfig, Config
from tradewind_host.local import database_for, engine_for, plugin_apps
from tradewind_host.logs import logger
from tradewind_host.serving import bind, forever, port_of, serving, working
from tradewind_host.worker import Worker


async def serve_host(config: Config) -> None:
    """Serve until told to stop, with the worker in the same process unless that is switched off."""
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(closing(bind(config.host, config.port)))
        config = msgspec.structs.replace(config, port=port_of(listener))
        config = await stack.enter_async_context(database_for(config))
        engine = await stack.enter_async_context(engine_for(config))
        work = await stack.enter_async_context(working(Worker(engine))) if config.worker else None
        app = create_app(engine, config)
        await stack.enter_async_context(serving(app, listener))
        logger.info("serving", url=config.base_url, worker=config.worker)
        await (forever() if work is None else asyncio.shield(work))


async def run_worker(config: Config) -> None:
    """Work until told to stop."""
    async with (
        database_for(config) as ready,
        engine_for(ready) as engine,
        working(Worker(engine)) as work,
    ):
        logger.info("working")
        await asyncio.shield(work)


async def migrate_database(config: Config) -> None:
    """Run all migrations as the owner. Raises BadConfig without the owner's address."""
    if config.database_url is not None and config.owner_database_url is None:
        raise BadConfig("Migrations run as the owner: set TRADEWIND_OWNER_DATABASE_URL.")
    if config.owner_database_url is not None:
        await migrate(config.owner_database_url, plugin_apps())
        logger.info("the database is up to date")
        return
    async with database_for(config):
        logger.info("the embedded database is up to date")
