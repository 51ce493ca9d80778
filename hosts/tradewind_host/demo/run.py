"""The demo: a whole shop with the outside world beside it, in one process, from nothing."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tradewind.contracts.errors import TradewindError
from tradewind.database.embedded.files import open_private, write_private
from tradewind.settings.engine import Engine
from tradewind_host.app import create_app
from tradewind_host.config import Config
from tradewind_host.demo import seed
from tradewind_host.demo.accounts import NUMBERS, DemoAccounts, accounts_in
from tradewind_host.demo.catalog import STORES
from tradewind_host.demo.welcome import Ready
from tradewind_host.local import database_for, engine_for
from tradewind_host.serving import bind, bind_near, port_of, serving, working
from tradewind_sandbox import (
    OffsetClock,
    SandboxConfig,
    WhatsAppAccount,
)
from tradewind_sandbox import (
    create_app as create_sandbox,
)


class AlreadyRunning(TradewindError):
    """Another demo has this data folder."""

    code = "already_running"


async def run_demo(config: Config, show: Callable[[Ready], None]) -> None:
    """Run until told to stop; `show` is called once with the `Ready` line.

    Raises PortInUse, AlreadyRunning, EmbeddedUnavailable, EmbeddedFailed.
    """
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(closing(bind(config.host, config.port)))
        port = port_of(listener)
        beside = bind_near(config.host, port + 1) if config.port else bind(config.host, 0)
        stack.enter_context(closing(beside))
        data_dir = config.data_dir.absolute()
        data_dir.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_alone_in(data_dir))
        config = msgspec.structs.replace(
            config, port=port, data_dir=data_dir, environment="development"
        )
        unfinished = data_dir / "seeding"
        config = await stack.enter_async_context(database_for(config, anew=unfinished.exists()))
        clock = OffsetClock()
        engine = await stack.enter_async_context(engine_for(config, clock))
        accounts = accounts_in(data_dir)
        sandbox_url = config.local_url(port_of(beside))
        await _furnish(engine, accounts, data_dir, unfinished, sandbox_url)
        sandbox = create_sandbox(_sandbox_config(engine, accounts, config), clock=clock)
        await stack.enter_async_context(serving(sandbox, beside))
        worker = await stack.enter_async_context(working(engine))
        app = create_app(engine, config)
        await stack.enter_async_context(serving(app, listener, config.trusted_proxies))
        show(_ready(engine, accounts, config, sandbox_url))
        await asyncio.shield(worker)


@contextmanager
def _alone_in(data_dir: Path) -> Iterator[None]:
    """Hold the folder; the kernel frees it when this process dies, however it does."""
    lock = open_private(data_dir / "demo.lock")
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Another demo runs in {data_dir}: stop it, or choose another --data-dir."
            ) from None
        yield
    finally:
        os.close(lock)


async def _furnish(
    engine: Engine, accounts: DemoAccounts, data_dir: Path, unfinished: Path, sandbox_url: str
) -> None:
    """Seed on first start; a start that was killed meanwhile is begun again from nothing."""
    if await seed.missing(engine):
        write_private(unfinished, "")
        await seed.seed(engine, data_dir)
    anew = await seed.register_keys(engine, accounts)
    await seed.connect_plugins(engine, accounts, sandbox_url, anew=anew)
    await asyncio.to_thread(unfinished.unlink, missing_ok=True)


def _sandbox_config(engine: Engine, accounts: DemoAccounts, config: Config) -> SandboxConfig:
    """The business numbers that Meta's stand-in knows: none when nothing here speaks WhatsApp."""
    return SandboxConfig(
        accounts=sandbox_accounts(accounts, config.local_url(config.port))
        if "whatsapp" in engine.plugins.loaded
        else [],
        host=config.host,
    )


def sandbox_accounts(accounts: DemoAccounts, host_url: str) -> list[WhatsAppAccount]:
    """The demo's numbers as Meta has them; webhooks go to the host at `host_url`."""
    return [
        WhatsAppAccount(
            **msgspec.structs.asdict(NUMBERS[plan.slug]),
            app_secret=accounts.app_secret,
            verify_token=accounts.verify_token,
            access_token=accounts.stores[plan.slug].whatsapp_token,
            webhook_url=f"{host_url}/webhooks/whatsapp",
            store_name=plan.name,
        )
        for plan in STORES
    ]


def _ready(engine: Engine, accounts: DemoAccounts, config: Config, sandbox_url: str) -> Ready:
    sandbox = {"base_url": sandbox_url}
    if "whatsapp" in engine.plugins.loaded:
        sandbox["phone"] = f"{sandbox_url}/phone/"
    return Ready(
        base_url=config.local_url(config.port),
        stores=[_store(plan.slug, accounts, engine.plugins.loaded) for plan in STORES],
        sandbox=sandbox,
        database_url=config.database_url or "",
    )


def _store(slug: str, accounts: DemoAccounts, plugins: Mapping[str, object]) -> dict[str, Any]:
    keys = accounts.stores[slug]
    store: dict[str, Any] = {
        "slug": slug,
        "publishable_key": keys.publishable_key,
        "secret_key": keys.secret_key,
    }
    if "whatsapp" in plugins:
        store["whatsapp"] = {
            "phone_number_id": NUMBERS[slug].phone_number_id,
            "verify_token": accounts.verify_token,
            "app_secret": accounts.app_secret,
        }
    return store
