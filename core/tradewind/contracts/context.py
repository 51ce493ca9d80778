"""What a plugin receives with every call: one store, its settings, and a few shared tools."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec

from tradewind.contracts.money import Money
from tradewind.contracts.webhook import Item

if TYPE_CHECKING:
    import httpx

S = TypeVar("S", covariant=True)


class Clock(Protocol):
    """The only source of time; tests and the sandbox may move it."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...


class StoreInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The store a call is about."""

    id: UUID
    slug: str
    name: str
    currency: str
    time_zone: str
    locale: str


class LineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order as it was sold. Amounts are minor units of the order's currency."""

    id: UUID
    variant_id: UUID
    sku: str
    title: str
    quantity: int
    unit_price: int
    total: int


class OrderInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An order, as plugins see it."""

    id: UUID
    number: str
    status: str
    payment_status: str
    fulfillment_status: str
    source: str
    currency: str
    total: Money
    email: str | None
    customer_id: UUID | None
    lines: tuple[LineInfo, ...]
    metadata: Mapping[str, Any]
    created_at: datetime


class ProductInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A product, as plugins see it."""

    id: UUID
    title: str
    handle: str
    kind: str
    skus: tuple[str, ...]


class CustomerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A customer, as plugins see them. `identities` are (channel, identity) pairs."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    identities: tuple[tuple[str, str], ...]


class Shop(Protocol):
    """Typed reads of the store and the few writes a plugin may make."""

    async def order(self, order_id: UUID) -> OrderInfo | None:
        """One order of this store."""
        ...

    async def product(self, product_id: UUID) -> ProductInfo | None:
        """One product of this store."""
        ...

    async def customer(self, customer_id: UUID) -> CustomerInfo | None:
        """One customer of this store."""
        ...

    async def add_note(self, order_id: UUID, text: str) -> None:
        """Put a note on an order's timeline. Raises NotFound."""
        ...

    async def add_metadata(self, order_id: UUID, values: Mapping[str, str]) -> None:
        """Merge values into an order's metadata. Raises NotFound."""
        ...

    async def add_shipment(
        self, order_id: UUID, *, carrier: str, tracking_number: str, tracking_url: str = ""
    ) -> UUID:
        """Record a shipment of everything not yet shipped. Raises NotFound, Conflict."""
        ...


class Live(Protocol):
    """Messages between processes, for pages that update themselves. Resumable by cursor."""

    async def publish(self, topic: str, data: Mapping[str, Any]) -> None:
        """Tell everyone who listens to `topic` in this store."""
        ...

    def subscribe(
        self, topic: str, *, after: int | None = None
    ) -> AsyncIterator[tuple[int, Mapping[str, Any]]]:
        """What is published from now on, or since the cursor `after`."""
        ...


class Connection(Protocol):
    """The part of an asyncpg connection that plugins may rely on."""

    async def execute(self, query: str, *args: Any) -> str: ...
    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...


class StoreContext(Protocol[S]):
    """One store, seen by one plugin. Never a dict, never a global."""

    @property
    def store(self) -> StoreInfo: ...
    @property
    def settings(self) -> S: ...
    @property
    def http(self) -> "httpx.AsyncClient": ...
    @property
    def clock(self) -> Clock: ...
    @property
    def locale(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def shop(self) -> Shop: ...
    @property
    def live(self) -> Live: ...

    async def inbox(self, item: Item) -> None:
        """Hand in an inbound item that came by another way than a webhook."""
        ...

    def tx(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction on this store for the plugin's own tables."""
        ...

    async def first_time(self, key: str) -> bool:
        """True once per key, plugin and store: lets a subscriber ignore a redelivered event."""
        ...


class AppContext(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """What `open` and `close` receive: the process, no store."""

    clock: Any
    http: "httpx.AsyncClient"
    public_url: str
    environment: Literal["development", "production"] = "production"
