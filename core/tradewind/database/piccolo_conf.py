"""Piccolo's configuration for migrations alone; `migrate` fills in the owner's address."""

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine


class OwnerEngine(PostgresEngine):
    """Connects when a migration runs, never at import."""

    def __init__(self) -> None:
        super().__init__(config={}, extensions=())

    async def get_version(self) -> float:
        return 18.0

    async def prep_database(self) -> None:
        return


DB = OwnerEngine()
APP_REGISTRY = AppRegistry(apps=[])
