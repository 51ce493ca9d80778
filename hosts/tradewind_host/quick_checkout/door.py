"""Who may call quick checkout: a publishable key, or for reading the token of an order alone."""

from typing import Any
from urllib.parse import parse_qs

from litestar.types import Scope

from tradewind.checkout.links import slug_in
from tradewind.contracts.errors import NotFound, Unauthorized
from tradewind.database.directory import ApiKey, store_by_slug
from tradewind_host.auth import StoreDoor
from tradewind_host.idempotency import UNSAFE
from tradewind_host.limits import address_of


class TokenDoor(StoreDoor):
    """The store API's door, which also lets in whoever reads with a token that names its store.

    Whether the token opens anything is for the route to find out.
    """

    async def _key(self, state: Any, scope: Scope, shown: str) -> ApiKey | None:
        slug = slug_in(_token(scope))
        if shown or scope["method"] in UNSAFE:  # type: ignore[typeddict-item]
            return await super()._key(state, scope, shown)
        if not slug:
            raise Unauthorized("Send the order's whole token as ?token=, as it was given.")
        self.admit(state.limiter, "address", address_of(scope))
        if not (slug.isascii() and slug.isprintable()):
            raise NotFound("There is no such order.")
        database = state.engine.database
        store = await store_by_slug(database, slug)
        origins = await state.api_keys.origins_of(store.id)
        return ApiKey(store.id, "publishable", "read_only", tuple(origins), store)


def _token(scope: Scope) -> str:
    given = parse_qs(scope["query_string"].decode("latin-1"))
    return next(iter(given.get("token", [])), "")
