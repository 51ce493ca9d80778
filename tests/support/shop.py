"""The whole house in one process: host, worker, WhatsApp's stand-in, two stores and their shoppers.

No network, no waiting: the host and the sandbox call each other in memory, time stands still until
it is moved, and `settle` runs everything that is due.
"""

import hashlib
import hmac
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx
import msgspec
from litestar import Litestar

from tests.integration.sandbox.world import running
from tests.support.apps import host_app, sandbox_app
from tests.support.goods import AMERICAN, KENYAN, Good, stock_up
from tests.support.shops import make_shop
from tradewind.database import Store
from tradewind.hooks import Plugin
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import new_key
from tradewind.settings.rules import FLAGS
from tradewind.settings.service import configure, set_flag
from tradewind.stores.service import issue_key
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import Config
from tradewind_host.engine import close_engine, open_engine
from tradewind_host.worker import Worker
from tradewind_manual import plugin as manual
from tradewind_sandbox import SandboxConfig, WhatsAppAccount
from tradewind_sandbox.app import furnish
from tradewind_sandbox.whatsapp.bubbles import Option, draw
from tradewind_sandbox.whatsapp.carrier import Carrier
from tradewind_whatsapp import plugin as whatsapp

AMINA = "254700000101"
BRIAN = "254700000102"
APP_SECRET = "secret-of-the-meta-app"
VERIFY_TOKEN = "word-of-the-meta-app"

SHOP, GRAPH = "shop.test", "graph.test"
SITE = "https://site.example"
NUMBERS = {"demo": "15550000000001", "second": "15550000000002"}
PHONES = {"demo": "+254 711 000 001", "second": "+1 503 555 0102"}
WABAS = {"demo": "25550000000001", "second": "25550000000002"}


Fault = Callable[[httpx.Request], Awaitable[httpx.Response | None]]


class Network(httpx.AsyncBaseTransport):
    """The hosts of the world by name, all in this process; nobody else can be reached."""

    def __init__(self) -> None:
        self.hosts: dict[str, Any] = {}
        self.fault: Fault | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand the request over, or let `fault` answer it first or raise."""
        answer = await self.fault(request) if self.fault else None
        if answer is not None:
            return answer
        app = self.hosts.get(request.url.host)
        if app is None:
            raise httpx.ConnectError("nobody answers there", request=request)
        return await httpx.ASGITransport(app=app).handle_async_request(request)


class Branch(NamedTuple):
    """One store with its WhatsApp number and its API keys."""

    store: Store
    number: str
    secret_key: str
    publishable_key: str


class Failed(AssertionError):
    """Work failed that no test expected to fail."""


class Shop:
    """Two stores, `demo` (KES) and `second` (USD), and everybody around them."""

    def __init__(
        self,
        engine: Engine,
        app: Litestar,
        sandbox: Litestar,
        network: Network,
        clock: ManualClock,
        branches: Mapping[str, Branch],
    ) -> None:
        self.engine = engine
        self.app = app
        self.network = network
        self.clock = clock
        self.branches = branches
        self.carrier: Carrier = sandbox.state.carrier
        self.worker = Worker(engine)
        self.client = httpx.AsyncClient(transport=network, base_url=f"http://{SHOP}")
        self.sandbox = httpx.AsyncClient(transport=network, base_url=f"http://{GRAPH}")
        self._read: dict[tuple[str, str], int] = defaultdict(int)

    # --- shoppers ----------------------------------------------------------------------------

    async def says(self, phone: str, text: str, store: str = "demo") -> None:
        """Type a text, and let everything happen that follows."""
        await self.sends(phone, text_message(text), store)

    async def sends(self, phone: str, message: Mapping[str, Any], store: str = "demo") -> None:
        """Send any `messages[]` object of WhatsApp, and let everything happen that follows."""
        await self.arrives(phone, message, store)
        await self.settle()

    async def arrives(self, phone: str, message: Mapping[str, Any], store: str = "demo") -> None:
        """Bring any `messages[]` object to the webhook door; nothing is run."""
        body = {"phone_number_id": self.branches[store].number, "from": phone, "message": message}
        answer = await self.sandbox.post("/whatsapp/inbound", json=body)
        assert answer.json() == {"status": 200}, answer.text

    async def taps(self, phone: str, wanted: str, store: str = "demo") -> None:
        """Tap the latest button or row with this id or title, and let everything happen."""
        await self.tapped(phone, wanted, store)
        await self.settle()

    async def tapped(self, phone: str, wanted: str, store: str = "demo") -> None:
        """Tap the latest button or row with this id or title; nothing is run."""
        account = self.branches[store].number
        message_id, option = self._find(phone, wanted, account)
        body = {"account": account, "shopper": phone, "message_id": message_id}
        body |= {"kind": option.kind, "id": option.id}
        answer = await self.sandbox.post("/phone/tap", json=body)
        assert answer.json() == {"status": 200}, answer.text

    def thread(self, phone: str, store: str = "demo") -> Sequence[Any]:
        """The chat as the person's phone shows it, oldest first."""
        shopper = self.carrier.state.people.find(phone)
        return self.carrier.state.thread(self.branches[store].number, shopper)

    def _find(self, phone: str, wanted: str, account: str) -> tuple[str, Option]:
        shopper = self.carrier.state.people.find(phone)
        seen: list[str] = []
        for message in reversed(self.carrier.state.thread(account, shopper)):
            for option in () if message.from_shopper else options(message):
                if wanted in {option.id, option.title}:
                    return message.id, option
                seen.append(option.title)
        raise LookupError(f"nothing to tap is called {wanted!r}, only {seen}")

    async def hears(self, phone: str, store: str | None = None) -> list[dict[str, Any]]:
        """The bodies that arrived at the Graph API for this person since the last time."""
        fresh: list[dict[str, Any]] = []
        for slug in [store] if store else self.branches:
            wanted = {"to": phone, "phone_number_id": self.branches[slug].number}
            found = (await self.sandbox.get("/whatsapp/messages", params=wanted)).json()
            fresh += found[self._read[phone, slug] :]
            self._read[phone, slug] = len(found)
        return fresh

    async def hears_text(self, phone: str, store: str | None = None) -> str:
        """The words of the one message that came since the last time."""
        bodies = await self.hears(phone, store)
        assert len(bodies) == 1, [words(body) for body in bodies]
        return words(bodies[0])

    async def talks(self, phone: str, *texts: str, store: str = "demo") -> str:
        """Say these one after another; the words of the last answer."""
        for text in texts:
            await self.hears(phone, store)
            await self.says(phone, text, store)
        return await self.hears_text(phone, store)

    # --- everybody else ----------------------------------------------------------------------

    async def admin(
        self, method: str, path: str, json: Any = None, *, store: str = "demo"
    ) -> dict[str, Any]:
        """Call the admin API as the merchant of a store; the answer must be a success."""
        headers = {"Authorization": f"Bearer {self.branches[store].secret_key}"}
        answer = await self.client.request(method, path, json=json, headers=headers)
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        await self.settle()
        return cast("dict[str, Any]", answer.json())

    async def messages(self, phone: str, store: str = "demo") -> list[dict[str, Any]]:
        """The conversation with a person as the merchant's inbox has it, oldest first."""
        talks = (await self.admin("GET", "/admin/conversations", store=store))["conversations"]
        own = next(talk for talk in talks if talk["identity"] == phone)
        path = f"/admin/conversations/{own['id']}/messages?limit=100"
        listed = (await self.admin("GET", path, store=store))["messages"]
        return cast("list[dict[str, Any]]", listed[::-1])

    async def deliver(
        self, body: Any, *, secret: str = APP_SECRET, path: str = "/webhooks/whatsapp"
    ) -> httpx.Response:
        """Bring a webhook to the door as Meta would, signed with `secret`; nothing is run."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.client.post(path, content=raw, headers={SIGNATURE: sign(raw, secret)})

    # --- time --------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Run everything that is due, until nothing is. Raises Failed when something failed."""
        while await self._due():
            await self.worker.work_off()
        faults = await self.faults()
        if faults:
            raise Failed("\n".join(faults))

    async def _due(self) -> bool:
        await self.carrier.deliveries.settle()
        found = await self.engine.database.pool.fetchval(
            """SELECT EXISTS (SELECT FROM control.outbox_pointers) OR EXISTS (
                   SELECT FROM control.jobs WHERE state = 'ready' AND run_at <= $1)""",
            self.clock.now(),
        )
        return bool(found)

    async def faults(self) -> Sequence[str]:
        """What went wrong and waits for another attempt, or was given up."""
        rows = await self.engine.database.pool.fetch(
            """SELECT kind || ': ' || error FROM control.jobs WHERE error <> ''
               UNION ALL
               SELECT lane || ': ' || error FROM control.webhook_inbox WHERE error <> ''"""
        )
        return [row[0] for row in rows]

    async def close(self) -> None:
        """Hang up."""
        await self.client.aclose()
        await self.sandbox.aclose()


SIGNATURE = "X-Hub-Signature-256"


def sign(raw: bytes, secret: str = APP_SECRET) -> str:
    """The signature that Meta sends with a body."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def text_message(text: str) -> dict[str, Any]:
    """A `messages[]` object with typed words."""
    return {"type": "text", "text": {"body": text}}


def options(message: Any) -> Iterator[Option]:
    """The buttons and rows of a message, by its state in the sandbox."""
    bubble = draw(message)
    yield from bubble.buttons
    for section in bubble.sections:
        yield from section.rows


def words(body: Mapping[str, Any]) -> str:
    """The text of a message as it was handed to the Graph API."""
    if body["type"] == "text":
        return str(body["text"]["body"])
    return str(body[body["type"]].get("body", {}).get("text", body["type"]))


def titles(body: Mapping[str, Any]) -> list[str]:
    """The titles of a message's buttons or rows."""
    action = body.get("interactive", {}).get("action", {})
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    return [str(one["title"]) for one in [*(b["reply"] for b in action.get("buttons", ())), *rows]]


@asynccontextmanager
async def open_shop(
    database_urls: DatabaseUrls,
    *,
    clock: ManualClock | None = None,
    plugins: Sequence[Plugin] = (),
    prepared: bool = True,
    **sandbox: Any,
) -> AsyncIterator[Shop]:
    """Open the house on a fresh database, with `plugins` besides WhatsApp and manual payments.

    `prepared` is false behind a pooler that keeps no prepared statements.
    `sandbox` changes the configuration of WhatsApp's stand-in.
    """
    clock, network = clock or ManualClock(), Network()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        config = Config(
            database_url=database_urls.app,
            secret_keys=(new_key(),),
            public_url=f"http://{SHOP}",
            data_dir=Path(folder),
            prepared_statements=prepared,
        )
        brought = [whatsapp, manual, *plugins]
        engine = await open_engine(
            config, clock=clock, extra_plugins=brought, entry_points=(), transport=network
        )
        stack.push_async_callback(close_engine, engine)
        branches = {
            "demo": await _branch(engine, "demo", KENYAN, currency="KES", country="ke"),
            "second": await _branch(engine, "second", AMERICAN, currency="USD", country="us"),
        }
        # The pictures of the goods wait to be fetched; nobody here has them.
        await engine.database.pool.execute("DELETE FROM control.jobs")
        app = host_app(engine, config)
        world = sandbox_app(furnish(_outside(sandbox), clock=clock, transport=network))
        network.hosts = {SHOP: app, GRAPH: world}
        await stack.enter_async_context(running(app))
        await stack.enter_async_context(running(world))
        shop = Shop(engine, app, world, network, clock, branches)
        stack.push_async_callback(shop.close)
        yield shop


async def _branch(
    engine: Engine, slug: str, shelves: dict[str, list[Good]], *, currency: str, country: str
) -> Branch:
    database = engine.database
    made = await make_shop(database, slug, currency=currency, country=country)
    store = made.store
    async with database.transaction(store.id) as tx:
        await stock_up(tx, shelves, currency)
    for flag in FLAGS:
        await set_flag(engine, store, flag, enabled=True, actor="test")
    for plugin, settings in (("whatsapp", _account(slug)), ("manual", {})):
        await configure(
            engine, store, plugin, settings=settings, enabled=True, actor="test", operator=True
        )
    return Branch(
        store=store,
        number=NUMBERS[slug],
        secret_key=await issue_key(database, store, "secret", "Office"),
        publishable_key=await issue_key(database, store, "publishable", "Site", [SITE]),
    )


def _account(slug: str) -> dict[str, str]:
    return {
        "phone_number_id": NUMBERS[slug],
        "display_phone_number": PHONES[slug],
        "waba_id": WABAS[slug],
        "access_token": f"token-of-{slug}",
        "app_secret": APP_SECRET,
        "verify_token": VERIFY_TOKEN,
        "api_base": f"http://{GRAPH}",
    }


def _outside(changes: Mapping[str, Any]) -> SandboxConfig:
    accounts = []
    for slug in NUMBERS:
        known = {name: value for name, value in _account(slug).items() if name != "api_base"}
        url = f"http://{SHOP}/webhooks/whatsapp"
        accounts.append(WhatsAppAccount(**known, webhook_url=url, store_name=slug.title()))
    return SandboxConfig(accounts=accounts, **{"retry_delays": (), "pair_burst": 500, **changes})
