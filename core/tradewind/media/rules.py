"""The names of pictures: what a picture's address says of the sizes that were made of it.

A picture that was uploaded is `<digest>-<width>x<height>.jpg` (or `.png`, where it has transparent
parts). Beside it lie narrower ones for pages and one for channels, so that whoever has the address
of a picture knows those too and asks nobody.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

PAGE_WIDTHS = (320, 640, 1280)
"""What pages choose from, in pixels."""
CHANNEL_SIDE = 1024
"""The longer side of what goes into a chat, in pixels."""
LONGEST_SIDE = 2048
"""The longer side of the largest size that is kept, in pixels."""

MediaKind = Literal["picture", "file", "received"]

_PICTURE = re.compile(r"(.*/[0-9a-f]{32}-(\d{1,5})x(\d{1,5}))\.(jpg|png)")


class Sized(NamedTuple):
    """A picture at one width, in pixels."""

    address: str
    width: int


class MediaVariant(msgspec.Struct, frozen=True, kw_only=True):
    """One size of a picture, in pixels and bytes."""

    key: str
    content_type: str
    width: int
    height: int
    bytes: int


class MediaItem(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or file that a store keeps; `digest` is the SHA-256 of what came, in hex."""

    id: UUID
    kind: MediaKind
    key: str
    digest: str
    name: str
    content_type: str
    bytes: int
    created_at: datetime
    width: int | None = None
    height: int | None = None
    variants: Sequence[MediaVariant] = ()

    @property
    def keys(self) -> list[str]:
        """Everything that lies in the media store for it."""
        return [self.key, *(one.key for one in self.variants)]


def stem_of(digest: str, width: int, height: int) -> str:
    """The name of a picture without its ending."""
    return f"{digest[:32]}-{width}x{height}"


def page_sizes(address: str) -> list[Sized]:
    """The sizes of a picture for a page, narrowest first; none where it was not uploaded."""
    match = _PICTURE.fullmatch(address)
    if match is None:
        return []
    whole = int(match[2])
    narrower = [Sized(f"{match[1]}-{width}.webp", width) for width in page_widths(whole)]
    return [*narrower, Sized(address, whole)]


def page_widths(width: int) -> list[int]:
    """The widths that are made of a picture for pages: those narrower than itself."""
    return [one for one in PAGE_WIDTHS if one < width]


def for_channel(address: str) -> str:
    """The size of a picture that goes into a chat; the picture itself where it was not uploaded."""
    match = _PICTURE.fullmatch(address)
    return f"{match[1]}-channel.jpg" if match else address


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size whose longer side is `side` at most, of the same proportions."""
    most = max(width, height)
    if most <= side:
        return width, height
    return max(1, round(width * side / most)), max(1, round(height * side / most))


def narrowed(width: int, height: int, to: int) -> tuple[int, int]:
    """The size of this width, of the same proportions."""
    return to, max(1, round(height * to / width))
