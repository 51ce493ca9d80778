"""The demo's parts on their own: its sandbox beside a host, its stores in another database."""

import sys
from contextlib import closing

import msgspec

from tradewind_host.config import Config
from tradewind_host.demo import seed
from tradewind_host.demo.accounts import Outside, accounts_in
from tradewind_host.demo.run import SPOKEN, outside_of, sandbox_config
from tradewind_host.local import database_for, engine_for
from tradewind_host.logs import logger
from tradewind_host.serving import bind, forever, port_of, serving
from tradewind_sandbox import create_app


async def run_sandbox(config: Config, port: int) -> None:
    """Stand in for the outside world of the demo stores until told to stop.

    Letters are taken one port further than `port`; port 0 takes two free ones.
    """
    data_dir = config.data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    outside = sandbox_config(accounts_in(data_dir), config, SPOKEN)
    with (
        closing(bind(config.host, port)) as listener,
        closing(bind(config.host, port and port + 1)) as letters,
    ):
        app = create_app(outside, mail_listener=letters)
        async with serving(app, listener):
            url = config.local_url(port_of(listener))
            logger.info("sandbox", url=url, mailbox=f"{url}/mail/", smtp_port=port_of(letters))
            await forever()


def beside(config: Config) -> Outside:
    """Where `run_sandbox` listens when nothing else is said: on the two ports after the host's."""
    return outside_of(config, config.port + 1, config.port + 2)


async def seed_stores(config: Config) -> None:
    """The demo's stores in the configured database, connected to a sandbox beside the host."""
    data_dir = config.data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    async with database_for(config) as ready, engine_for(ready) as engine:
        accounts = accounts_in(data_dir)
        await seed.seed(engine, data_dir)
        anew = await seed.register_keys(engine, accounts)
        await seed.connect_plugins(engine, accounts, beside(config), anew=anew)
    keys = {
        slug: {"publishable_key": one.publishable_key, "secret_key": one.secret_key}
        for slug, one in accounts.stores.items()
    }
    sys.stdout.write(msgspec.json.encode(keys).decode() + "\n")
