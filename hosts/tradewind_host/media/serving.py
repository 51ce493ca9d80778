"""The public door of pictures: `/media/<store slug>/<file>`, wherever they are kept."""

import mimetypes
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from litestar import MediaType, Response, Router, get, head
from litestar.params import FromPath
from litestar.response import Stream

from tradewind.contracts.errors import NotFound
from tradewind.contracts.media import MediaStore, key_of
from tradewind_host.operations import GivenEngine

_FOREVER = "public, max-age=31536000, immutable"
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


class Span(NamedTuple):
    """Which bytes of a file are sent, up to, not including, `end`."""

    start: int
    end: int


@get("/media/{path:path}", include_in_schema=False)
async def picture(engine: GivenEngine, path: FromPath[str]) -> Response[Any]:
    """One picture; a browser need not ask for it twice."""
    key, size = await _found(engine.media, path)
    headers = {"cache-control": _FOREVER, "content-length": str(size)}
    return Stream(engine.media.stream(key), media_type=_type(key), headers=headers)


@head("/media/{path:path}", include_in_schema=False)
async def picture_head(engine: GivenEngine, path: FromPath[str]) -> Response[None]:
    """What is known of a picture."""
    key, size = await _found(engine.media, path)
    headers = {
        "cache-control": _FOREVER,
        "content-length": str(size),
        "content-type": _type(key),
    }
    return Response(None, media_type=MediaType.TEXT, headers=headers)


async def _found(media: MediaStore, path: str) -> tuple[str, int]:
    key = key_of(f"/media/{path.lstrip('/')}")
    size = None if key is None else await media.size(key)
    if key is None or size is None:
        raise NotFound("There is no such picture.")
    return key, size


def _type(key: str) -> str:
    return mimetypes.guess_type(key)[0] or "application/octet-stream"


def span(header: str | None, size: int) -> Span | None:
    """The one span that a `Range` header asks for (RFC 9110, 14.2); None sends all.

    Several spans, other units and spans that are not there are answered with all.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        found = Span(max(0, size - int(match[2])), size)
    else:
        end = min(size, int(match[2]) + 1) if match[2] else size
        found = Span(int(match[1]), end)
    return found if found.start < found.end else None


def sent(
    media: MediaStore, key: str, size: int, part: Span | None, headers: Mapping[str, str]
) -> Response[Any]:
    """A file, or a part of it, a piece at a time."""
    start, end = part or Span(0, size)
    told = {**headers, "accept-ranges": "bytes", "content-length": str(end - start)}
    if part is not None:
        told["content-range"] = f"bytes {start}-{end - 1}/{size}"
    status = HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT
    return Stream(media.stream(key, start, end), status_code=status, headers=told)


def media_router() -> Router:
    """The door of pictures."""
    return Router("/", route_handlers=[picture, picture_head], include_in_schema=False)
