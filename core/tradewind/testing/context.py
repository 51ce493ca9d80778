"""What a plugin receives, without a database: for tests of one plugin by itself."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar
from uuid import UUID

import httpx

from tradewind.contracts.context import Clock, Connection, Shop, StoreInfo
from tradewind.contracts.webhook import Account, Item
from tradewind.testing.clock import ManualClock

S = TypeVar("S")

STORE = StoreInfo(
    id=UUID("018f5b2e-0000-7000-8000-00000000cafe"),
    slug="store-under-test",
    name="Store under test",
    currency="KES",
    time_zone="Africa/Nairobi",
    locale="en",
)


class NotHere(LookupError):
    """A plugin reached for something that a test without a database does not have."""


class OutsideWorld(httpx.AsyncBaseTransport):
    """Hands requests to `transport` and remembers them; without one nobody answers."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self._transport is None:
            raise httpx.ConnectError("nobody answers in this test", request=request)
        return await self._transport.handle_async_request(request)


class NoLive:
    """Nobody listens."""

    async def publish(self, topic: str, data: Mapping[str, Any]) -> None:
        """Tell nobody."""

    def subscribe(
        self, topic: str, *, after: int | None = None
    ) -> AsyncIterator[tuple[int, Mapping[str, Any]]]:
        """Raises NotHere."""
        raise NotHere("there is no live board in this test")


class BareContext(Generic[S]):
    """A `StoreContext` of one store.

    Args:
        settings: What the plugin is configured with.
        clock: Stands still by default.
        transport: Who answers the plugin's calls; nobody by default.
        store: Whose context it is.

    `world.requests` are the calls that were made, `handed_in` the items given to `inbox`.
    """

    def __init__(
        self,
        settings: S,
        *,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        store: StoreInfo = STORE,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock: Clock = clock or ManualClock()
        self.world = OutsideWorld(transport)
        self.http = httpx.AsyncClient(transport=self.world)
        self.locale = store.locale
        self.public_url = "https://shop.example"
        self.live = NoLive()
        self.handed_in: list[Item] = []
        self._seen: set[str] = set()

    @property
    def shop(self) -> Shop:
        """Raises NotHere."""
        raise NotHere("there are no orders in this test")

    async def inbox(self, item: Item) -> None:
        """Remember an item."""
        self.handed_in.append(item)

    def tx(self) -> AbstractAsyncContextManager[Connection]:
        """Raises NotHere."""
        raise NotHere("there is no database in this test")

    async def first_time(self, key: str) -> bool:
        """True once per key."""
        first = key not in self._seen
        self._seen.add(key)
        return first


class Accounts(Generic[S]):
    """A `Directory` of the accounts that a test names, by their addresses."""

    def __init__(self, accounts: Mapping[str, S], store: StoreInfo = STORE) -> None:
        self._accounts = [
            Account(store_id=store.id, store_slug=store.slug, address=address, settings=settings)
            for address, settings in accounts.items()
        ]

    async def by_address(self, address: str) -> Account[S] | None:
        """The account behind an address."""
        found = (one for one in self._accounts if address and one.address == address)
        return next(found, None)

    async def by_slug(self, store_slug: str) -> Account[S] | None:
        """The store's account."""
        return next((one for one in self._accounts if one.store_slug == store_slug), None)

    async def everyone(self) -> Sequence[Account[S]]:
        """Every account."""
        return self._accounts
