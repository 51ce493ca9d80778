"""Pictures of a store: uploaded, listed, removed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from tradewind.catalog.pictures import service as pictures
from tradewind.catalog.pictures.rules import ForeignPicture, State
from tradewind.catalog.queries.pictures import shows
from tradewind.contracts.errors import Conflict
from tradewind.contracts.media import address_of
from tradewind.media import service as media
from tradewind.media.rules import MediaItem, MediaVariant
from tradewind.settings.service import audit
from tradewind_host.access import Access, GivenAccess
from tradewind_host.media import absolute
from tradewind_host.media.fetching import fetched
from tradewind_host.media.incoming import UploadOperation, incoming
from tradewind_host.media.keeping import drop, picture_of
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body, Cursor, Limit, id_cursor, page

GivenState = Annotated[State | None, QueryParameter(name="state")]
Name = Annotated[
    str, QueryParameter(max_length=500, description="The file's name, for a body without one.")
]


class PictureAddress(Body, frozen=True):
    """Where a picture lies."""

    url: Annotated[str, msgspec.Meta(max_length=2000)]


class MediaSize(msgspec.Struct, frozen=True, kw_only=True):
    """One size of a picture, in pixels and bytes."""

    url: str
    content_type: str
    width: int
    height: int
    bytes: int


class MediaView(msgspec.Struct, frozen=True, kw_only=True):
    """A picture: `url` is the largest size, `variants` are narrower ones and one for chats."""

    id: UUID
    url: str
    name: str
    content_type: str
    width: int | None
    height: int | None
    bytes: int
    created_at: datetime
    variants: Sequence[MediaSize]


class FetchView(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of another host that a product names.

    `media_url` is our own copy of one that is `kept`, `error` what was wrong last,
    `next_attempt_at` when one that is `waiting` is tried next.
    """

    id: UUID
    product_id: UUID
    url: str
    state: State
    media_url: str | None
    error: str
    attempts: int
    next_attempt_at: datetime | None


class FetchList(msgspec.Struct, frozen=True):
    """A page of pictures of other hosts, newest first."""

    fetches: Sequence[FetchView]
    next_cursor: str | None


class MediaAnswer(msgspec.Struct, frozen=True):
    """One picture."""

    media: MediaView


class MediaList(msgspec.Struct, frozen=True):
    """A page of pictures, newest first."""

    media: Sequence[MediaView]
    next_cursor: str | None


@post("/media", operation_class=UploadOperation, responses=writes())
async def upload_picture(
    access: GivenAccess, request: Request[Any, Any, Any], name: Name = ""
) -> Response[MediaAnswer]:
    """Keep a picture. The same bytes are the same picture; its type is that of its content.

    Send a form with a part `file`, or the bytes as the body.
    """
    async with incoming(request, name) as file:
        drawn = await picture_of(access.engine, access.store, file)
    return await _kept(access, drawn)


@post("/media/fetch", responses=writes())
async def fetch_picture(
    access: GivenAccess, data: JSONBody[PictureAddress]
) -> Response[MediaAnswer]:
    """Keep a copy of a picture that lies at a public https address elsewhere."""
    async with fetched(access.engine.http, data.url) as file:
        drawn = await picture_of(access.engine, access.store, file)
    return await _kept(access, drawn)


@get("/media", responses=reads(422))
async def list_pictures(access: GivenAccess, limit: Limit = 50, cursor: Cursor = None) -> MediaList:
    """The store's pictures, newest first."""
    before = id_cursor(cursor)
    async with access.transaction() as tx:
        found = await media.list_items(tx, "picture", before, limit + 1)
    rows, following = page(found, limit, lambda one: one.id)
    return MediaList([_view(access, one) for one in rows], following)


@get("/media/fetches", responses=reads(422))
async def list_fetches(
    access: GivenAccess,
    fetch_state: GivenState = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> FetchList:
    """Pictures of other hosts that products name, newest first, and what became of each."""
    before = id_cursor(cursor)
    async with access.transaction() as tx:
        found = await pictures.listed(tx, fetch_state, before, limit + 1)
    rows, following = page(found, limit, lambda one: one.id)
    return FetchList([_fetch_view(access, one) for one in rows], following)


@delete("/media/{media_id:uuid}", responses=writes())
async def delete_picture(access: GivenAccess, media_id: FromPath[UUID]) -> None:
    """Remove a picture that no product shows."""
    async with access.transaction() as tx:
        item = await media.get_item(tx, media_id, lock=True)
        if item.kind != "picture" or await shows(tx, address_of(item.key)):
            raise Conflict("Take it off its product first.", code="media_in_use")
        await media.forget(tx, item)
        await pictures.forget_kept_at(tx, address_of(item.key))
        await audit(tx, access.actor, "media.deleted", "media", str(item.id), {"name": item.name})
    await drop(access.engine, item)


async def _kept(access: Access, drawn: MediaItem) -> Response[MediaAnswer]:
    async with access.transaction() as tx:
        item, new = await media.keep(tx, drawn)
        if new:
            await audit(tx, access.actor, "media.kept", "media", str(item.id))
        return await access.answer(tx, MediaAnswer(_view(access, item)), 201)


def _view(access: Access, item: MediaItem) -> MediaView:
    base = access.engine.public_url
    return MediaView(
        id=item.id,
        url=absolute(base, address_of(item.key)),
        name=item.name,
        content_type=item.content_type,
        width=item.width,
        height=item.height,
        bytes=item.bytes,
        created_at=item.created_at,
        variants=[_size(base, one) for one in item.variants],
    )


def _fetch_view(access: Access, one: ForeignPicture) -> FetchView:
    base = access.engine.public_url
    return FetchView(
        id=one.id,
        product_id=one.product_id,
        url=one.url,
        state=one.state,
        media_url=None if one.address is None else absolute(base, one.address),
        error=one.error,
        attempts=one.attempts,
        next_attempt_at=one.due_at if one.state == "waiting" else None,
    )


def _size(base: str, one: MediaVariant) -> MediaSize:
    return MediaSize(
        url=absolute(base, address_of(one.key)),
        content_type=one.content_type,
        width=one.width,
        height=one.height,
        bytes=one.bytes,
    )


ROUTES = (upload_picture, fetch_picture, list_pictures, list_fetches, delete_picture)
