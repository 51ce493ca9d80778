"""Where pictures and files are kept: the port that a host fills with a folder or a bucket.

A key has at least two parts, `public/<store slug>/<file>` or `private/<store id>/<file>`. What is
public is served to everybody under `/media/<store slug>/<file>`; what is private leaves the house
through a door that asks who wants it.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from tradewind.contracts.errors import InvalidInput

PUBLIC = "public/"
PRIVATE = "private/"
PREFIX = "/media/"
"""What stands before a public file in its address."""

_KEY = re.compile(r"(public|private)(/[A-Za-z0-9_][A-Za-z0-9_.~-]{0,199}){1,8}")


class MediaStore(Protocol):
    """Keeps bytes under keys. Every call raises MediaFault when the store cannot be reached."""

    async def put(self, key: str, content: bytes | Path, content_type: str) -> None:
        """Keep the bytes, or the file's; whoever reads the key sees all of them or none."""

    async def size(self, key: str) -> int | None:
        """How many bytes there are; None when there is no such key."""

    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`. Raises NotFound."""

    async def delete(self, key: str) -> None:
        """Remove the key, if it is there."""

    def signed_address(self, key: str, seconds: int, name: str, content_type: str) -> str | None:
        """Where anybody may fetch the file as `name` for so long; None when the host serves it."""

    async def close(self) -> None:
        """Give up connections."""


def checked(key: str) -> str:
    """The key, which leads nowhere else. Raises InvalidInput."""
    if not _KEY.fullmatch(key):
        raise InvalidInput("This is no name of a file.")
    return key


def address_of(key: str) -> str:
    """The address of a public file on this host, without the host's name."""
    return PREFIX + key.removeprefix(PUBLIC)


def key_of(address: str) -> str | None:
    """The key behind an address of this host; None when it is none of ours."""
    key = PUBLIC + address.removeprefix(PREFIX)
    return key if address.startswith(PREFIX) and _KEY.fullmatch(key) else None
