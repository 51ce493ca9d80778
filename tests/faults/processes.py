"""Host and worker as processes that can be killed, and a Graph API that keeps count."""

import asyncio
import hashlib
import hmac
import importlib.util
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

from tests.support.shops import make_shop
from tradewind.database import Database, Store
from tradewind.hooks import Plugin
from tradewind.settings.keyring import new_key
from tradewind.settings.service import configure
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import Config
from tradewind_host.engine import close_engine, open_engine
from tradewind_whatsapp import plugin as whatsapp

NUMBER = "15550000000001"
SECRET = "secret-of-the-meta-app"
PATIENCE_SECONDS = 75.0

WITNESS = '''
import os, signal
from tradewind import MessageReceived, Plugin, hookimpl


class Witness(Plugin):
    """Writes down what it is told, and falls over once when a file asks it to."""

    name = "witness"
    requires = ">=0.1,<1"

    @hookimpl(events=[MessageReceived])
    async def on_event(self, event, context):
        with open(os.environ["WITNESS_LOG"], "a") as log:
            log.write(f"{event.id} {event.message_id}\\n")
        trap = os.environ["WITNESS_LOG"] + ".trap"
        if os.path.exists(trap):
            os.unlink(trap)
            os.kill(os.getpid(), signal.SIGKILL)


plugin = Witness()
'''


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(
    holds: Callable[[], Awaitable[bool]], what: str, *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until a condition holds; fails with `what` when it does not in time."""
    try:
        async with asyncio.timeout(seconds):
            while not await holds():  # noqa: ASYNC110 - another process makes it true
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"still not after {seconds} s: {what}") from None


class Graph:
    """Takes messages as Meta's Graph API does; `on_message` may break things before it answers."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.on_message: Callable[[dict[str, Any]], Awaitable[None]] | None = None
        self.port = 0
        self._count = itertools.count(1)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    def answers(self) -> list[str]:
        """Our own id of each message that arrived, in order; one id twice is a message twice."""
        return [str(message["biz_opaque_callback_data"]) for message in self.messages]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
                body = msgspec.json.decode(await reader.readexactly(length)) if length else {}
                answer = msgspec.json.encode(await self._taken(body))
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
                    + str(len(answer)).encode()
                    + b"\r\n\r\n"
                    + answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _taken(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("status") == "read":
            return {"success": True}
        self.messages.append(body)
        if self.on_message is not None:
            await self.on_message(body)
        who = body["to"].lstrip("+")
        ref = f"wamid.{next(self._count)}"
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": body["to"], "wa_id": who}],
            "messages": [{"id": ref}],
        }


class Process:
    """`tradewind serve` or `tradewind worker`; may be killed and started again."""

    def __init__(self, name: str, environment: dict[str, str], *arguments: str) -> None:
        self._name = name
        self._environment = environment
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; a process that was killed starts anew."""
        command = [sys.executable, "-m", "tradewind_host", *self._arguments]
        self._process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **self._environment}
        )

    async def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """An orderly end."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(self._process.wait(), 20)

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.returncode is None

    def __repr__(self) -> str:
        return f"<{self._name}>"


class World:
    """One store with a host and a worker of its own, and Meta around them."""

    def __init__(
        self,
        store: Store,
        database: Database,
        graph: Graph,
        environment: dict[str, str],
        port: int,
        log: Path,
    ) -> None:
        self.store = store
        self.database = database
        self.graph = graph
        self.log = log
        self.url = f"http://127.0.0.1:{port}"
        self.host = Process("host", environment, "serve", "--port", str(port))
        self.worker = Process("worker", environment, "worker")
        self._meta = httpx.AsyncClient(base_url=self.url, timeout=5)
        self._ids = itertools.count(1)

    async def open_host(self) -> None:
        """Start the host and wait until it is ready."""
        await self.host.start()
        await until(self._ready, "the host is ready")

    async def _ready(self) -> bool:
        try:
            return (await self._meta.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    def message(self, phone: str, text: str) -> bytes:
        """A webhook with one message that was never sent before."""
        ref = f"wamid.in.{next(self._ids)}"
        message = {"from": phone, "id": ref, "timestamp": str(int(time.time())), "type": "text"}
        message |= {"text": {"body": text}}  # type: ignore[dict-item]
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "1555", "phone_number_id": NUMBER},
            "contacts": [{"profile": {"name": "A"}, "wa_id": phone}],
            "messages": [message],
        }
        entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
        return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})

    async def deliver(self, body: bytes) -> None:
        """Deliver as Meta does: again and again until the answer is 200."""
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}

        async def taken() -> bool:
            try:
                answer = await self._meta.post("/webhooks/whatsapp", content=body, headers=headers)
            except httpx.TransportError:
                return False
            return answer.status_code == 200

        await until(taken, "the webhook is answered with 200")

    async def count(self, query: str) -> int:
        """One number out of the database, asked of this store."""
        async with self.database.transaction(self.store.id) as tx:
            return int(await tx.fetchval(query, self.store.id))

    async def close(self) -> None:
        """End everything."""
        await self._meta.aclose()
        await self.host.kill()
        await self.worker.kill()


def _install_witness(folder: Path) -> None:
    (folder / "tradewind_witness.py").write_text(WITNESS)
    info = folder / "tradewind_witness-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tradewind-witness\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tradewind]\nwitness = tradewind_witness:plugin\n")


def _loaded(folder: Path) -> Plugin:
    spec = importlib.util.spec_from_file_location("witness", folder / "tradewind_witness.py")
    if spec is None or spec.loader is None:
        raise ImportError("the witness is gone")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    plugin: Plugin = module.plugin
    return plugin


@asynccontextmanager
async def open_world(database_urls: DatabaseUrls, folder: Path) -> AsyncIterator[World]:
    """A store whose host and worker are not started yet."""
    key, port = new_key(), free_port()
    _install_witness(folder)
    config = Config(database_url=database_urls.app, secret_keys=(key,))
    witness = _loaded(folder)
    async with Graph() as graph:
        engine = await open_engine(config, extra_plugins=[whatsapp, witness], entry_points=())
        try:
            store = (await make_shop(engine.database, "demo")).store
            settings = {
                "phone_number_id": NUMBER,
                "access_token": "token",
                "app_secret": SECRET,
                "verify_token": "word",
                "api_base": f"http://127.0.0.1:{graph.port}",
            }
            for name, values in (("whatsapp", settings), ("witness", {})):
                await configure(
                    engine, store, name, settings=values, enabled=True, actor="t", operator=True
                )
            environment = {
                "TRADEWIND_DATABASE_URL": database_urls.app,
                "TRADEWIND_SECRET_KEY": key,
                "TRADEWIND_WORKER": "false",
                "TRADEWIND_DATA_DIR": str(folder),
                "PYTHONPATH": str(folder),
                "WITNESS_LOG": str(folder / "witness.log"),
            }
            world = World(store, engine.database, graph, environment, port, folder / "witness.log")
            try:
                yield world
            finally:
                await world.close()
        finally:
            await close_engine(engine)
