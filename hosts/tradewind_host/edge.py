"""What every request passes on its way in and out: size limit, headers, CORS, log, figures."""

import logging
import re
import time
from collections.abc import Iterable
from typing import Any

from litestar.datastructures import Headers
from litestar.types import ASGIApp, Message, Receive, Send

from tradewind.contracts.errors import TooLarge
from tradewind_host.config import Config
from tradewind_host.figures import answered
from tradewind_host.keys import Keys
from tradewind_host.limits import Proxies
from tradewind_host.logs import logger
from tradewind_host.store_api.express import Express

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
_JSON = (b"content-type", b"application/json")
_HTTPS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_LOG = logging.getLogger("tradewind")
_UPLOADS = re.compile(
    r"/admin/media|/admin/imports|/dashboard/files|/admin/products/[0-9a-f-]{36}/files"
)
_STORE = "/store/"
_SHOPS = (_STORE, "/api/")
_METHODS = b"GET, POST, PUT, PATCH, DELETE"
_ALLOWED = b"Authorization, Content-Type, Idempotency-Key, X-Publishable-Key"
_EXPOSED = b"Idempotency-Replayed, Retry-After"
_PREFLIGHT_SECONDS = b"600"

Pairs = list[tuple[bytes, bytes]]


def _origin(scope: Any) -> str | None:
    return next((v.decode("latin-1") for name, v in scope["headers"] if name == b"origin"), None)


class Edge:
    """The outermost layer of the host."""

    def __init__(
        self, app: ASGIApp, config: Config, keys: Keys, proxies: Proxies, express: Express
    ) -> None:
        self._app = app
        self._express = express
        self._limit = config.body_limit
        self._upload_limit = config.upload_limit
        self._keys = keys
        self._proxies = proxies
        https = config.base_url.startswith("https://")
        self._headers = (*_HEADERS, _HTTPS) if https else _HEADERS

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["client"] = self._proxies.client(scope)
        origin = _origin(scope) if scope["path"].startswith(_SHOPS) else None
        if origin and scope["method"] == "OPTIONS":
            await self._preflight(origin, send)
            return
        exchange = _Exchange(scope, send, self._headers, origin)
        if scope["path"].startswith(_STORE):
            body, receive = await self._express.answer(scope, receive)
            if body is not None:
                await exchange.answer(body)
                return
        headers = Headers.from_scope(scope)
        limited = _Limited(receive, self._most(scope, headers), headers.get("content-length", ""))
        try:
            await self._app(scope, limited, exchange.send)
        finally:
            exchange.note()

    def _most(self, scope: Any, headers: Headers) -> int:
        """How large a body may be. A named request is read whole, so it is never an upload."""
        upload = scope["method"] == "POST" and _UPLOADS.fullmatch(scope["path"])
        return self._upload_limit if upload and "idempotency-key" not in headers else self._limit

    async def _preflight(self, origin: str, send: Send) -> None:
        """Say what a browser may ask; whose key it is shows only in the request itself."""
        headers: Pairs = [(b"vary", b"Origin")]
        if await self._keys.knows_origin(origin):
            headers += [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", _ALLOWED),
                (b"access-control-max-age", _PREFLIGHT_SECONDS),
            ]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Limited:
    """A `receive` that refuses to take in more than the limit."""

    def __init__(self, receive: Receive, limit: int, announced: str) -> None:
        self._receive = receive
        self._left = limit
        self._too_long = announced.isdecimal() and int(announced) > limit

    async def __call__(self) -> Any:
        """The next message. Raises TooLarge."""
        if self._too_long:
            raise TooLarge("The body is larger than this host takes.")
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message["body"])
            if self._left < 0:
                raise TooLarge("The body is larger than this host takes.")
        return message


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, scope: Any, send: Send, headers: Iterable[tuple[bytes, bytes]], origin: str | None
    ) -> None:
        self._scope = scope
        self._send = send
        self._headers = headers
        self._origin = origin
        self._started = time.perf_counter()
        self._status = 500

    async def answer(self, body: bytes) -> None:
        """Answer with this JSON, and note it."""
        length = (b"content-length", b"%d" % len(body))
        headers = [_JSON, length, *self._headers, *self._cors()]
        self._status = 200
        try:
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send({"type": "http.response.body", "body": body, "more_body": False})
        finally:
            self.note()

    async def send(self, message: Message) -> None:
        """Pass an answer on, with our headers where the route has not set its own."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            given: Pairs = list(message["headers"])
            names = {name.lower() for name, _ in given}
            given += [pair for pair in self._headers if pair[0] not in names]
            message["headers"] = [*given, *self._cors()]
        await self._send(message)

    def _cors(self) -> Pairs:
        if not self._origin:
            return []
        access = self._scope.get("state", {}).get("access")
        listed = access.key.origins if access is not None else ()
        if self._origin not in listed and "*" not in listed:
            return [(b"vary", b"Origin")]
        return [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", self._origin.encode("latin-1")),
            (b"access-control-expose-headers", _EXPOSED),
        ]

    def note(self) -> None:
        """Count and log the request by its route: a path may hold what nobody should read."""
        seconds = time.perf_counter() - self._started
        route = str(self._scope.get("path_template") or "unknown")
        method = self._scope["method"]
        answered(method, route, self._status, seconds)
        if not _LOG.isEnabledFor(logging.INFO):
            return
        logger.info(
            "request",
            method=method,
            route=route,
            status=self._status,
            milliseconds=round(seconds * 1000, 1),
        )
