"""How a page of the dashboard leaves the house: from its template, without any script."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response, Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from tradewind.contracts.errors import Forbidden
from tradewind.settings.engine import Engine
from tradewind_host.dashboard import words
from tradewind_host.problems import HANDLERS

_HERE = Path(__file__).parent
_FILES = _HERE / "static"
_PREFIX = "/static/dashboard"
_YEAR = 365 * 24 * 60 * 60
_VERSION = hashlib.sha256((_FILES / "dashboard.css").read_bytes()).hexdigest()[:12]

# `same-origin`, because under `no-referrer` browsers hide from us where a form was sent from.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

_pages = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.globals["words"] = words


def base(engine: Engine) -> str:
    """What stands before every path, where the shop does not live at the top of its host."""
    return urlsplit(engine.public_url).path


def page(engine: Engine, template: str, *, status: int = 200, **shown: Any) -> Response[str]:
    """A page; `shown` is what its template may name."""
    html = _pages.get_template(template).render(
        base=base(engine), files=f"{base(engine)}{_PREFIX}", version=_VERSION, **shown
    )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=dict(HEADERS))


def elsewhere(engine: Engine, path: str) -> Response[None]:
    """Send the browser to another page of ours, which it asks for anew."""
    headers = {**HEADERS, "Location": f"{base(engine)}{path}"}
    return Response(None, status_code=HTTPStatus.SEE_OTHER, headers=headers)


def files_router() -> Router:
    """The style sheet and icon; their address changes with them."""
    return create_static_files_router(
        _PREFIX,
        [_FILES],
        cache_control=CacheControlHeader(public=True, max_age=_YEAR, immutable=True),
        include_in_schema=False,
        name="dashboard",
    )


def _fault_page(handler: Any) -> Any:
    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
        """A page with the status of what the API would answer, and no more than is ours to say."""
        told: Response[bytes] = handler(request, error)
        status = told.status_code or HTTPStatus.INTERNAL_SERVER_ERROR
        code = error.reason if isinstance(error, Forbidden) else str(int(status))
        answered = page(
            request.app.state["engine"], "message.html", status=status, told=words.fault(code)
        )
        if "retry-after" in told.headers:
            answered.headers["Retry-After"] = told.headers["retry-after"]
        return answered

    return answer


FAULTS: dict[int | type[Exception], Any] = {
    kind: _fault_page(handler) for kind, handler in HANDLERS.items()
}
"""Errors of a page, as pages: the same statuses and logs as the APIs', no details."""
