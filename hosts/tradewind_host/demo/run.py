"""The demo: a whole shop with the outside world beside it, in one process, from nothing."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tradewind.contracts.errors import TradewindError
from tradewind.database.embedded.files import open_private, write_private
from tradewind.settings.engine import Engine
from tradewind_host.app import create_app
from tradewind_host.config import Config
from tradewind_host.demo import seed
from tradewind_host.demo.accounts import NUMBERS, OWNER, DemoAccounts, Outside, accounts_in
from tradewind_host.demo.catalog import STORES
from tradewind_host.demo.welcome import Ready
from tradewind_host.local import database_for, engine_for
from tradewind_host.serving import bind, bind_near, port_of, serving, working
from tradewind_host.worker import Worker
from tradewind_sandbox import (
    FlutterwaveAccount,
    OffsetClock,
    SandboxConfig,
    StripeAccount,
    WhatsAppAccount,
)
from tradewind_sandbox import (
    create_app as create_sandbox,
)


class AlreadyRunning(TradewindError):
    """Another demo has this data folder."""

    code = "already_running"


ROOMY = {
    "store_rate_per_address": 2_000,
    "store_rate_per_key": 5_000,
    "forms_per_address": 2_000,
    "sign_ins_per_identity": 30,
    "sign_ins_per_address": 10_000,
    "quick_checkouts_per_address": 100_000,
    "wrong_codes_per_address": 100_000,
}
"""A demo is tried out, and measured, by programs on one machine."""


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
            config, port=port, data_dir=data_dir, environment="development", **ROOMY
        )
        unfinished = data_dir / "seeding"
        config = await stack.enter_async_context(database_for(config, anew=unfinished.exists()))
        clock = OffsetClock()
        engine = await stack.enter_async_context(engine_for(config, clock))
        accounts = accounts_in(data_dir)
        letters = stack.enter_context(closing(bind(config.host, 0)))
        outside = outside_of(config, port_of(beside), port_of(letters))
        await _furnish(engine, accounts, data_dir, unfinished, outside)
        sandbox = create_sandbox(
            sandbox_config(accounts, config, engine.plugins.loaded),
            clock=clock,
            mail_listener=letters,
        )
        await stack.enter_async_context(serving(sandbox, beside))
        worker = Worker(engine)
        clock.on_advance(worker.wake)
        work = await stack.enter_async_context(working(worker))
        app = create_app(engine, config)
        await stack.enter_async_context(serving(app, listener))
        show(_ready(engine, accounts, config, outside.url))
        await asyncio.shield(work)


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


def outside_of(config: Config, port: int, mail_port: int) -> Outside:
    """The outside world on these ports of this machine."""
    url = config.local_url(port)
    return Outside(url=url, host=urlsplit(url).hostname or "", mail_port=mail_port)


async def _furnish(
    engine: Engine, accounts: DemoAccounts, data_dir: Path, unfinished: Path, outside: Outside
) -> None:
    """Seed on first start; a start that was killed meanwhile is begun again from nothing."""
    if await seed.missing(engine):
        write_private(unfinished, "")
        await seed.seed(engine, data_dir)
    anew = await seed.register_keys(engine, accounts)
    await seed.register_owner(engine, accounts, anew=anew)
    await seed.connect_plugins(engine, accounts, outside, anew=anew)
    await asyncio.to_thread(unfinished.unlink, missing_ok=True)


SPOKEN = frozenset(("flutterwave", "stripe", "whatsapp"))
"""Plugins whose services the sandbox stands in for with accounts of the demo's stores."""


def sandbox_config(accounts: DemoAccounts, config: Config, speaks: Container[str]) -> SandboxConfig:
    """The accounts that the outside world knows: none of a service that no plugin here speaks."""
    host_url = config.local_url(config.port)
    return SandboxConfig(
        accounts=sandbox_accounts(accounts, host_url) if "whatsapp" in speaks else [],
        flutterwave=flutterwave_accounts(accounts, host_url) if "flutterwave" in speaks else [],
        stripe=stripe_accounts(accounts, host_url) if "stripe" in speaks else [],
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


def flutterwave_accounts(accounts: DemoAccounts, host_url: str) -> list[FlutterwaveAccount]:
    """The stores' accounts as Flutterwave has them."""
    return [
        FlutterwaveAccount(
            **msgspec.structs.asdict(accounts.stores[plan.slug].flutterwave),
            webhook_url=f"{host_url}/webhooks/flutterwave/{plan.slug}",
            store_name=plan.name,
        )
        for plan in STORES
    ]


def stripe_accounts(accounts: DemoAccounts, host_url: str) -> list[StripeAccount]:
    """The stores' accounts as Stripe has them."""
    return [
        StripeAccount(
            **msgspec.structs.asdict(accounts.stores[plan.slug].stripe),
            webhook_url=f"{host_url}/webhooks/stripe/{plan.slug}",
            store_name=plan.name,
            country=plan.country.upper(),
            currency=plan.currency.lower(),
        )
        for plan in STORES
    ]


def _ready(engine: Engine, accounts: DemoAccounts, config: Config, sandbox_url: str) -> Ready:
    sandbox = {"base_url": sandbox_url}
    if "whatsapp" in engine.plugins.loaded:
        sandbox["phone"] = f"{sandbox_url}/phone/"
    if "email" in engine.plugins.loaded:
        sandbox["mailbox"] = f"{sandbox_url}/mail/"
    return Ready(
        base_url=config.local_url(config.port),
        stores=[_store(plan.slug, accounts, engine.plugins.loaded) for plan in STORES],
        storefront=f"{config.local_url(config.port)}/store/{STORES[0].slug}",
        dashboard={
            "url": f"{config.local_url(config.port)}/dashboard",
            "email": OWNER,
            "password": accounts.owner_password,
        },
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
    if "stripe" in plugins:
        store["stripe"] = {
            "webhook_secret": keys.stripe.webhook_secret,
            "publishable_key": keys.stripe.publishable_key,
        }
    if "flutterwave" in plugins:
        store["flutterwave"] = {"secret_hash": keys.flutterwave.secret_hash}
    return store
