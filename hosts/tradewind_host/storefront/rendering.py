"""How a page leaves the house: from its template, with headers that keep its address to itself."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response, Router
from litestar.datastructures import CacheControlHeader, Cookie
from litestar.static_files import create_static_files_router

from tradewind.media.rules import page_sizes
from tradewind.settings.engine import Engine
from tradewind_host.problems import HANDLERS
from tradewind_host.storefront.paths import base
from tradewind_host.storefront.texts import Words, preferred

_HERE = Path(__file__).parent
_FILES = _HERE / "static"
_PREFIX = "/static/storefront"
_YEAR = 365 * 24 * 60 * 60
_VERSION = hashlib.sha256((_FILES / "pages.css").read_bytes()).hexdigest()[:12]

PRIVATE: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

SHOPPING: Mapping[str, str] = {**PRIVATE, "Referrer-Policy": "same-origin"}
"""Headers of pages whose address is no secret; their forms say where they come from."""

PUBLIC: Mapping[str, str] = {
    name: value for name, value in SHOPPING.items() if name != "X-Robots-Tag"
}
"""Headers of pages that a search engine may show."""

_pages = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def srcset(address: str) -> str:
    """The sizes of a picture that a browser may choose from; empty where there is one alone."""
    return ", ".join(f"{one.address} {one.width}w" for one in page_sizes(address))


_pages.filters["srcset"] = srcset


def page(
    engine: Engine,
    template: str,
    words: Words,
    *,
    status: int = 200,
    headers: Mapping[str, str] = PRIVATE,
    refresh: int | str = 0,
    **shown: Any,
) -> Response[str]:
    """A page in one language; `shown` is what its template may name.

    `refresh` is when the browser looks again by itself, in seconds, and where.
    """
    html = _pages.get_template(template).render(
        words=words,
        files=f"{base(engine)}{_PREFIX}",
        version=_VERSION,
        refresh=refresh,
        listed="X-Robots-Tag" not in headers,
        **shown,
    )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)


def elsewhere(url: str, *cookies: Cookie) -> Response[None]:
    """Send the browser to another page of ours, which it asks for anew."""
    return Response(
        None,
        status_code=HTTPStatus.SEE_OTHER,
        headers={**PRIVATE, "Location": url},
        cookies=cookies,
    )


def files_router() -> Router:
    """The style sheet and icon; their address changes with them."""
    return create_static_files_router(
        _PREFIX,
        [_FILES],
        cache_control=CacheControlHeader(public=True, max_age=_YEAR, immutable=True),
        include_in_schema=False,
        name="storefront",
    )


_FAULT_PAGES: Mapping[int, str] = {404: "missing", 429: "busy"}


def _fault_page(handler: Any) -> Any:
    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
        """A page with the status, and nothing else, of what the APIs would answer."""
        told: Response[bytes] = handler(request, error)
        status = told.status_code or HTTPStatus.INTERNAL_SERVER_ERROR
        engine: Engine = request.app.state["engine"]
        name = _FAULT_PAGES.get(status, "broken")
        words = preferred(request.headers.get("accept-language", ""))
        answered = page(engine, "message.html", words, status=status, name=name)
        if "Retry-After" in told.headers:
            answered.headers["Retry-After"] = told.headers["Retry-After"]
        return answered

    return answer


FAULTS: dict[int | type[Exception], Any] = {
    kind: _fault_page(handler) for kind, handler in HANDLERS.items()
}
"""Errors of a page, as pages: the same statuses and logs as the APIs', no details."""
