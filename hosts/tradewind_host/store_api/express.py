"""The two questions that shoppers ask most, answered without waking the framework.

Only what is ordinary about them is answered here: a known key, plain parameters, products that are
there. Everything else, and every error, is left to the routes, which answer the same question.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from tradewind.catalog.rules import Where
from tradewind.catalog.service import Asked, Documents
from tradewind.contracts.errors import Limited
from tradewind.settings.engine import Engine
from tradewind_host.access import Access
from tradewind_host.auth import PUBLISHABLE_HEADER, StoreDoor
from tradewind_host.keys import Keys
from tradewind_host.limits import Limiter, address_of
from tradewind_host.store_api.catalog import written_list, written_product

PREFIX = "/store/products"
_DETAIL = "/store/products/{id_or_handle:str}"
_NAME = re.compile(r"/store/products/([0-9a-z]+(?:-[0-9a-z]+)*)")
_KEY = PUBLISHABLE_HEADER.encode()
_UNUSUAL = frozenset((b"authorization", b"idempotency-key"))
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

    async def answer(self, scope: Any) -> bytes | None:
        """The body of the answer to a GET below `PREFIX`; its status is 200, and it is JSON."""
        asked = _asked(scope["path"], scope["query_string"])
        access = None if asked is None else self._admit(scope)
        if asked is None or access is None:
            return None
        try:
            body = await self._body(access, asked)
        except Exception:  # noqa: BLE001 - the route meets the same, and knows what to say
            self._limiter.give_back("store_address", address_of(scope))
            self._limiter.give_back("store_key", str(access.key.id))
            return None
        scope["path_template"] = PREFIX if isinstance(asked, Asked) else _DETAIL
        # Which origins may read the answer is the key's to say.
        scope.setdefault("state", {})["access"] = access
        return body

    async def _body(self, access: Access, asked: Question) -> bytes:
        if isinstance(asked, Asked):
            return await written_list(access, self._documents, asked)
        return await written_product(access, self._documents, *asked)

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
        access = Access(self._engine, key)
        try:
            self._limiter.take("store_address", address_of(scope))
        except Limited:
            return None
        try:
            self._limiter.take("store_key", str(key.id))
        except Limited:
            self._limiter.give_back("store_address", address_of(scope))
            return None
        return access


@lru_cache(maxsize=20_000)
def _asked(path: str, query: bytes) -> Question | None:
    """What is asked for, where it is written as it mostly is."""
    if path == PREFIX:
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
