"""Taking in an upload: from the line to a file of our own, piece by piece.

Two forms are understood: `multipart/form-data` with a part `file`, and the bytes themselves as the
body with `?name=` in the address.
"""

import asyncio
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Request
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from tradewind.contracts.errors import FieldError, InvalidInput

PART = "file"
_MOST_PARTS = 20
_LONGEST_NAME = 200
_NAMELESS = "file"
_UNWANTED = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")


class Incoming(NamedTuple):
    """An upload that has come in whole; `digest` is its SHA-256 in hex, `size` in bytes."""

    path: Path
    name: str
    digest: str
    size: int


@dataclass
class UploadOperation(Operation):
    """Says in the OpenAPI document what an upload looks like."""

    def __post_init__(self) -> None:
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, properties={PART: file}, required=[PART])
        self.request_body = RequestBody(
            required=True,
            content={
                "multipart/form-data": OpenAPIMediaType(schema=form),
                "application/octet-stream": OpenAPIMediaType(schema=file),
            },
        )


@asynccontextmanager
async def incoming(request: Request[Any, Any, Any], name: str) -> AsyncIterator[Incoming]:
    """An upload in a file that is gone afterwards. `name` is for a body without one of its own.

    Raises InvalidInput where nothing came, or a form that cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="tradewind-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as file:
            taking = _Taking(file)
            try:
                name = await _take(request, taking) or name
            except MultipartError:
                raise _missing("The form cannot be read.") from None
        if not taking.size:
            raise _missing("A file is needed.")
        yield Incoming(path, named(name), taking.digest.hexdigest(), taking.size)


def named(name: str) -> str:
    """A name that any system takes for a file, whatever was sent: no folders, no surprises."""
    base = re.split(r"[/\\]", name)[-1]
    plain = " ".join(_UNWANTED.sub(" ", base).split()).lstrip(".").strip()
    stem, dot, ending = plain.rpartition(".")
    if len(plain) > _LONGEST_NAME:
        room = _LONGEST_NAME - len(ending) - 1
        plain = f"{stem[:room]}{dot}{ending}" if dot and room > 0 else plain[:_LONGEST_NAME]
    return plain or _NAMELESS


class _Taking:
    """A file that is being written, and what is known of it so far."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, piece: bytes | bytearray) -> None:
        self._file.write(piece)
        self.digest.update(piece)
        self.size += len(piece)


async def _take(request: Request[Any, Any, Any], taking: _Taking) -> str:
    """Take in the body; returns the name that came within it, if any."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data":
        async for piece in request.stream():
            await asyncio.to_thread(taking.write, piece)
        return ""
    boundary = options.get("boundary", "")
    if not boundary:
        raise _missing("The form cannot be read.")
    return await _take_form(request, boundary, taking)


async def _take_form(request: Request[Any, Any, Any], boundary: str, taking: _Taking) -> str:
    name, ours = "", False
    with PushMultipartParser(boundary, max_segment_count=_MOST_PARTS) as parser:
        async for piece in request.stream():
            for event in parser.parse(piece):
                if isinstance(event, MultipartSegment):
                    ours = event.name == PART and not taking.size
                    name = event.filename or name if ours else name
                elif event and ours:
                    await asyncio.to_thread(taking.write, event)
    return name


def _missing(words: str) -> InvalidInput:
    return InvalidInput(words, errors=[FieldError(PART, "required", words)])
