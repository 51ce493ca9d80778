"""Run the migrations of the core and of plugins, as the owner, one process at a time.

Piccolo keeps the record of what ran; the statements themselves are hand-written SQL. Piccolo takes
no lock of its own and prints to standard output, so both are seen to here.
"""

import contextlib
import io
import logging
import os
from collections.abc import Sequence

import asyncpg
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.conf.apps import AppRegistry

from tradewind.database import piccolo_conf

_LOG = logging.getLogger(__name__)
_LOCK = 0x7472616465  # "trade"
CORE_APP = "tradewind.database.piccolo_app"


class MigrationFailed(RuntimeError):
    """A migration could not be run; the database is as it was before that migration."""


async def migrate(owner_dsn: str, plugin_apps: Sequence[str] = ()) -> None:
    """Bring the database up to date.

    `owner_dsn` is the role that owns the tables; `plugin_apps` are import paths of plugins'
    Piccolo apps. Waits while another process migrates. Raises MigrationFailed.
    """
    guard = await asyncpg.connect(owner_dsn)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        for app in (CORE_APP, *plugin_apps):
            await _run(owner_dsn, app)
    finally:
        await guard.close()


async def _run(owner_dsn: str, app: str) -> None:
    os.environ["PICCOLO_CONF"] = "tradewind.database.piccolo_conf"
    piccolo_conf.APP_REGISTRY = AppRegistry(apps=list(dict.fromkeys((CORE_APP, app))))
    piccolo_conf.DB.config = {"dsn": owner_dsn}
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            result = await ForwardsMigrationManager(app_name=app_name_of(app)).run()
    except (asyncpg.PostgresError, OSError, ImportError) as error:
        raise MigrationFailed(f"{app_name_of(app)}: {error}") from error
    finally:
        _LOG.debug("migrations of %s: %s", app, said.getvalue())
    if not result.success:
        raise MigrationFailed(result.message or app)


def app_name_of(app: str) -> str:
    """The Piccolo app name behind an import path."""
    module = __import__(app, fromlist=["APP_CONFIG"])
    return str(module.APP_CONFIG.app_name)
