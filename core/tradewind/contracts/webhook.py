"""The webhook door: what the host hands a plugin and what the plugin hands back.

`accept` runs before anything is stored. It verifies the signature over the raw bytes, splits the
request into items and chooses the acknowledgement. Items are worked on later, one at a time.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

S = TypeVar("S", covariant=True)


class WebhookRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came in. Header names are lower case; `body` is the raw bytes."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    store_slug: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside world gets back."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One message, one status or one payment event.

    `dedupe_key` is unique per plugin and store: a second item with the same key is skipped.
    `lane` orders items: those of one lane are worked on one after another (for a chat, the
    identity of the person). Exactly one of `address` and `store_id` says whose it is.
    """

    dedupe_key: str
    lane: str
    body: bytes
    address: str = ""
    store_id: UUID | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The request is genuine; store these items, then answer."""

    items: Sequence[Item]
    answer: Answer = Answer()


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """A handshake that carries no items."""

    answer: Answer


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Not genuine or not readable; nothing is stored. `reason` goes to the log."""

    status: int
    reason: str


Decision = Accepted | Challenge | Refused


class Account(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """One store's account with a plugin: its address there and its decrypted settings."""

    store_id: UUID
    store_slug: str
    address: str
    settings: S


class Directory(Protocol[S]):
    """Whose accounts a plugin may consider. Reads only what the door needs."""

    async def by_address(self, address: str) -> Account[S] | None:
        """The account behind an address of the outside world, for example a phone number id."""
        ...

    async def by_slug(self, store_slug: str) -> Account[S] | None:
        """The account of the store that the URL names."""
        ...

    async def everyone(self) -> Sequence[Account[S]]:
        """Every account of this plugin, for requests that name neither."""
        ...
