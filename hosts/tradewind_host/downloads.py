"""Fetching what was bought: the door of signed links, and how downloads are shown.

Whoever holds a link may fetch one file of one order, so often and until then. Programs that look
at links before people do get a page and use nothing up.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, Router, route
from litestar.params import FromPath

from tradewind.checkout.links import download_in
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.downloads import service as downloads
from tradewind.downloads.rules import Download
from tradewind.settings.engine import Engine
from tradewind_host.media.serving import Span, sent, span
from tradewind_host.operations import GivenEngine
from tradewind_host.quick_checkout.initiate import is_preview
from tradewind_host.storefront.reading import store_of
from tradewind_host.storefront.rendering import FAULTS, elsewhere, page
from tradewind_host.storefront.texts import preferred

_SIGNED_SECONDS = 60
_NEVER_KEPT = {"cache-control": "private, no-store", "x-robots-tag": "noindex, nofollow"}


@route("/store/{slug:str}/downloads/{token:str}", http_method=["GET", "HEAD"])
async def fetch(
    request: Request[Any, Any, Any],
    engine: GivenEngine,
    slug: FromPath[str],
    token: FromPath[str],
) -> Response[Any]:
    """One file, counted when it begins; from a bucket by an address that is valid for a minute."""
    store = await store_of(engine, slug)
    words = preferred(request.headers.get("accept-language", ""))
    download_id = download_in(engine, store, token)
    preview = is_preview(request.method, request.headers)
    try:
        async with engine.database.transaction(store.id) as tx:
            found = await downloads.find(tx, download_id)
        size = None if preview else await engine.media.size(found.key)
        if preview:
            return page(engine, "message.html", words, name="download")
        if size is None:
            raise NotFound("The file is gone.")
        part = span(request.headers.get("range"), size)
        async with engine.database.transaction(store.id) as tx:
            await downloads.count(tx, found, begins=part is None or part.start == 0)
    except Conflict as refused:
        return page(engine, "message.html", words, status=HTTPStatus.GONE, name=refused.reason)
    return _given(engine, found, size, part)


def _given(engine: Engine, found: Download, size: int, part: Span | None) -> Response[Any]:
    signed = engine.media.signed_address(found.key, _SIGNED_SECONDS, found.name, found.content_type)
    if signed is not None:
        return elsewhere(signed)
    headers = {
        **_NEVER_KEPT,
        "content-disposition": disposition(found.name),
        "content-type": found.content_type,
    }
    return sent(engine.media, found.key, size, part, headers)


def disposition(name: str) -> str:
    """Have a browser save a file under its name (RFC 6266), whatever stands in it."""
    plain = "".join(one if one.isascii() and one.isprintable() else "_" for one in name)
    plain = plain.replace("\\", "_").replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def downloads_router() -> Router:
    """The door; its faults are pages, for people."""
    return Router("/", route_handlers=[fetch], exception_handlers=FAULTS, include_in_schema=False)
