"""What shoppers do most, answered without waking the framework: look at goods, add to a cart.

Only what is ordinary about them is answered here: a known key, plain parameters, products that are
there. Everything else, and every error, is left to the routes, which answer the same question.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

import msgspec
from litestar.types import Receive

from tradewind.catalog.rules import Where
from tradewind.catalog.service import Asked, Documents
from tradewind.checkout import service as checkout
from tradewind.contracts.errors import Limited
from tradewind.settings.engine import Engine
from tradewind_host.access import Access
from tradewind_host.auth import PUBLISHABLE_HEADER, StoreDoor
from tradewind_host.flags import flag_of
from tradewind_host.idempotency import again, read_body
from tradewind_host.keys import Keys
from tradewind_host.limits import Limiter, address_of
from tradewind_host.store_api.cart_view import cart_answer
from tradewind_host.store_api.carts import LineInput
from tradewind_host.store_api.catalog import written_list, written_product

_LIST = "/store/products"
_DETAIL = "/store/products/{id_or_handle:str}"
_NAME = re.compile(r"/store/products/([0-9a-z]+(?:-[0-9a-z]+)*)")
_KEY = PUBLISHABLE_HEADER.encode()
_LINES = "/store/carts/{cart_id:uuid}/line-items"
_ADDING = re.compile(r"/store/carts/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/line-items")
_LONGEST_BODY = 1_000
_LONGEST_QUESTION = 500
_UNUSUAL = frozenset((b"authorization", b"idempotency-key", b"transfer-encoding"))
_WHERE: Mapping[bytes, re.Pattern[bytes]] = {
    b"region_id": re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    b"currency_code": re.compile(rb"[A-Z]{3}"),
}
_PLAIN: Mapping[bytes, re.Pattern[bytes]] = {
    **_WHERE,
    b"limit": re.compile(rb"[1-9][0-9]?|1[0-9]{2}|200"),
    b"cursor": re.compile(rb"[0-9A-Za-z_-]{1,200}"),
    b"sort": re.compile(rb"oldest|newest"),
}

Question = Asked | tuple[str, Where]
"""A list, or a product by its id or handle."""


class Express:
    """Answers what is ordinary; None is what it leaves to the routes."""

    def __init__(self, engine: Engine, keys: Keys, limiter: Limiter, documents: Documents) -> None:
        self._engine = engine
        self._keys = keys
        self._limiter = limiter
        self._documents = documents

    async def answer(self, scope: Any, receive: Receive) -> tuple[bytes | None, Receive]:
        """The JSON of an answer whose status is 200, and the body of the request for the routes."""
        method, path = scope["method"], scope["path"]
        if method == "GET" and path.startswith(_LIST):
            return await self._shown(scope), receive
        cart = _ADDING.fullmatch(path) if method == "POST" else None
        if cart is not None and not scope["query_string"] and _is_short_json(scope["headers"]):
            body = await read_body(receive)
            return (None, _gone) if body is None else await self._added(scope, cart[1], body)
        return None, receive

    async def _shown(self, scope: Any) -> bytes | None:
        path, query = scope["path"], scope["query_string"]
        # What nobody has looked at yet is remembered: so it must not be of any length.
        asked = _asked(path, query) if len(path) + len(query) <= _LONGEST_QUESTION else None
        access = None if asked is None else self._admit(scope)
        if asked is None or access is None:
            return None
        try:
            if isinstance(asked, Asked):
                body = await written_list(access, self._documents, asked)
            else:
                body = await written_product(access, self._documents, *asked)
        except Exception:  # noqa: BLE001 - the route meets the same, and knows what to say
            self._uncount(scope, access)
            return None
        self._note(scope, access, _LIST if isinstance(asked, Asked) else _DETAIL)
        return body

    async def _added(self, scope: Any, cart_id: str, body: bytes) -> tuple[bytes | None, Receive]:
        """The cart with the line. What has failed is not tried again: it may have been done."""
        try:
            line = msgspec.json.decode(body, type=LineInput)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None, again(body)
        flag = flag_of(_LINES)
        access = self._admit(scope) if flag and self._engine.may_be_on(flag) else None
        if access is None:
            return None, again(body)
        try:
            asked = (access.store, UUID(cart_id), None, line.variant_id, line.quantity)
            cart = await checkout.add_line_at_once(self._engine, *asked, flag=flag)
        except Exception as error:  # noqa: BLE001 - told by the routes, who know how
            return None, partial(_raised, error)
        if cart is None:
            self._uncount(scope, access)
            return None, again(body)
        self._note(scope, access, _LINES)
        return msgspec.json.encode(cart_answer(cart)), _gone

    def _uncount(self, scope: Any, access: Access) -> None:
        self._limiter.give_back("store_address", address_of(scope))
        self._limiter.give_back("store_key", str(access.key.id))

    def _note(self, scope: Any, access: Access, route: str) -> None:
        scope["path_template"] = route
        # Which origins may read the answer is the key's to say.
        scope.setdefault("state", {})["access"] = access

    def _admit(self, scope: Any) -> Access | None:
        """Who asks, counted; None where that takes more than a look at what is remembered."""
        shown = b""
        for name, value in scope["headers"]:
            if name == _KEY:
                shown = value if not shown else b" "
            elif name in _UNUSUAL:
                return None
        key = self._keys.remembered(shown.decode("latin-1").strip())
        if key is None or key.kind != StoreDoor.kind:
            return None
        try:
            self._limiter.take("store_address", address_of(scope))
        except Limited:
            return None
        try:
            self._limiter.take("store_key", str(key.id))
        except Limited:
            self._limiter.give_back("store_address", address_of(scope))
            return None
        return Access(self._engine, key)


def _is_short_json(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a body is announced that is worth reading here."""
    kind, length = b"", b""
    for name, value in headers:
        if name == b"content-type":
            kind = value
        elif name == b"content-length":
            length = value
        elif name in _UNUSUAL:
            return False
    return kind == b"application/json" and length.isdigit() and int(length) <= _LONGEST_BODY


async def _gone() -> Any:
    return {"type": "http.disconnect"}


async def _raised(error: Exception) -> Any:
    """The body of a request that has failed already: whoever reads it fails, too."""
    raise error


@lru_cache(maxsize=20_000)
def _asked(path: str, query: bytes) -> Question | None:
    """What is asked for, where it is written as it mostly is."""
    if path == _LIST:
        given = _pairs(query, _PLAIN)
        return None if given is None else _list_asked(given)
    named = _NAME.fullmatch(path)
    given = _pairs(query, _WHERE)
    return None if named is None or given is None else (named[1], _where(given))


def _pairs(query: bytes, known: Mapping[bytes, re.Pattern[bytes]]) -> dict[bytes, str] | None:
    found: dict[bytes, str] = {}
    for pair in query.split(b"&") if query else ():
        name, _, value = pair.partition(b"=")
        if name in found or name not in known or not known[name].fullmatch(value):
            return None
        found[name] = value.decode("ascii")
    return found


def _list_asked(given: Mapping[bytes, str]) -> Asked:
    return Asked(
        where=_where(given),
        sort=given.get(b"sort"),
        limit=int(given.get(b"limit", 20)),
        cursor=given.get(b"cursor"),
    )


def _where(given: Mapping[bytes, str]) -> Where:
    region = given.get(b"region_id")
    return Where(None if region is None else UUID(region), given.get(b"currency_code"))
