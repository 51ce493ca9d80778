"""What bytes are, told by how they begin, and what a file is called that came without a name."""

from collections.abc import Sequence
from mimetypes import guess_extension
from uuid import UUID

from tradewind.contracts.channel import MediaContent

HEAD = 16
"""How many of the first bytes tell the type."""

SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Types that a page may show as a picture."""

UNKNOWN = "application/octet-stream"

_MEGABYTE = 1_000_000
_SIGNS: Sequence[tuple[int, bytes, str]] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"OggS", "audio/ogg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp3gp", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
)


def type_of(head: bytes, kind: str) -> str:
    """The media type of a file that begins so; `kind` is what the channel calls it.

    Voice messages and films come in the same container.
    """
    found = (media_type for at, sign, media_type in _SIGNS if head[at:].startswith(sign))
    media_type = next(found, UNKNOWN)
    return "audio/mp4" if (media_type, kind) == ("video/mp4", "audio") else media_type


def name_of(content: MediaContent, media_type: str) -> str:
    """The name that came with it, which may hold anything, or one made of its kind."""
    ending = "" if media_type == UNKNOWN else guess_extension(media_type) or ""
    return (content.filename or "")[:200] or f"{content.kind}{ending}"


def key_of(store_id: UUID, message_id: UUID) -> str:
    """Where the bytes lie, which nobody reads without leave."""
    return f"private/{store_id}/received/{message_id}"


def bytes_in(megabytes: int) -> int:
    """Megabytes in bytes."""
    return megabytes * _MEGABYTE
