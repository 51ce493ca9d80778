"""A stall: a till with its pages on a port of this machine, and a provider's page on another."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from litestar import Litestar, MediaType, Response, get, post
from litestar.params import FromPath

from tests.support.shops import add_variant
from tests.support.thirdparty.cashier import CARD, CashierPlugin, Counter
from tests.support.tills import Till, open_till
from tradewind.carts.rules import CartUpdate
from tradewind.carts.service import update
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import choose_shipping, place
from tradewind.contracts.pricing import Address
from tradewind.database import Database
from tradewind.orders.rules import Order
from tradewind.stores.service import StoreSettings, save_settings
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.app import create_app
from tradewind_host.config import Config
from tradewind_host.serving import bind, port_of, serving

T = TypeVar("T")
HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="Kenyatta Avenue 12",
    city="Nairobi",
    postal_code="00100",
    country_code="ke",
    phone="+254712345678",
)
GOODS = {"TEA": ("Purple leaf tea, 250 g", 85_000), "CUP": ("Stoneware cup, sand", 129_900)}


class Stall:
    """What a test of a browser asks of the shop; its loop runs in a thread of its own."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, till: Till, counter: Counter, clock: ManualClock
    ) -> None:
        self._loop = loop
        self.till = till
        self.counter = counter
        self.clock = clock

    @property
    def base(self) -> str:
        """Where the shop lives."""
        return self.till.engine.public_url

    def does(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the shop's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def order(self, request: StartRequest) -> Order:
        """An order for two packets of tea and a cup, sent to Amina."""
        return self.does(self._order(request))

    async def _order(self, request: StartRequest) -> Order:
        engine, store = self.till.engine, self.till.store
        cart = await self.till.cart(("TEA", 2), ("CUP", 1))
        async with engine.database.transaction(store.id) as tx:
            await update(tx, cart, CartUpdate(shipping_address=HOME))
        await choose_shipping(engine, store, cart.id, str(self.till.shop.delivery))
        return await place(engine, store, cart.id, request.provider, request.method, request)


def provider_page(counter: Counter, clock: ManualClock) -> Litestar:
    """The page on which a payer pays: two buttons, and the way back."""

    @get("/slips/{slip:str}", media_type=MediaType.HTML)
    async def show(slip: FromPath[str]) -> str:
        amount = counter.slips[slip].amount.text()
        buttons = "".join(
            f'<form method="post" action="/slips/{slip}/{state}"><button>{words}</button></form>'
            for state, words in (("paid", "Pay now"), ("declined", "No money"))
        )
        return f"<!doctype html><title>Cashier</title><h1>{amount}</h1>{buttons}"

    @post("/slips/{slip:str}/{outcome:str}", status_code=303)
    async def decide(
        slip: FromPath[str], outcome: FromPath[Literal["paid", "declined"]]
    ) -> Response[None]:
        clock.advance(10)
        decided = counter.decide(slip, outcome, clock.now())
        url = f"{decided.return_url}&status=successful&tx_ref={slip}"
        return Response(None, status_code=303, headers={"Location": url})

    @post("/redirects/{slip:str}", status_code=303)
    async def redirect(slip: FromPath[str]) -> Response[None]:
        """What answering a form of the shop with a redirect would look like."""
        return Response(None, status_code=303, headers={"Location": f"{counter.page}/{slip}"})

    return Litestar([show, decide, redirect], openapi_config=None, logging_config=None)


@contextmanager
def open_stall(urls: DatabaseUrls, data_dir: Path) -> Iterator[Stall]:
    """A stall for as long as the block lasts."""
    ready: Future[Stall] = Future()
    ended = threading.Event()
    thread = threading.Thread(target=_run, args=(urls, data_dir, ready, ended))
    thread.start()
    try:
        yield ready.result(60)
    finally:
        ended.set()
        thread.join()


def _run(urls: DatabaseUrls, data_dir: Path, ready: Future[Stall], ended: threading.Event) -> None:
    async def stay() -> None:
        async with _open(urls, data_dir) as stall:
            ready.set_result(stall)
            await asyncio.to_thread(ended.wait)

    try:
        asyncio.run(stay())
    except BaseException as error:
        if not ready.done():
            ready.set_exception(error)
            return
        raise


@asynccontextmanager
async def _open(urls: DatabaseUrls, data_dir: Path) -> AsyncIterator[Stall]:
    clock, counter = ManualClock(), Counter()
    counter.offered = (CARD,)
    database = Database(urls.app, clock=clock)
    await database.open()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        shop, provider = (stack.enter_context(closing(bind("127.0.0.1", 0))) for _ in range(2))
        counter.page = f"http://127.0.0.1:{port_of(provider)}/slips"
        till = await stack.enter_async_context(
            open_till(database, CashierPlugin(counter), slug="amani")
        )
        till.engine.public_url = f"http://127.0.0.1:{port_of(shop)}"
        await _furnish(till)
        app = create_app(till.engine, Config(data_dir=data_dir, public_url=till.engine.public_url))
        await stack.enter_async_context(serving(app, shop))
        await stack.enter_async_context(serving(provider_page(counter, clock), provider))
        yield Stall(asyncio.get_running_loop(), till, counter, clock)


async def _furnish(till: Till) -> None:
    async with till.database.transaction(till.store.id) as tx:
        await save_settings(tx, StoreSettings(currency="KES", time_zone="Africa/Nairobi"))
        for sku, (title, price) in GOODS.items():
            await add_variant(tx, sku, price, title=title)
