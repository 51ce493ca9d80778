"""API keys: listed, issued, revoked."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from tradewind.contracts.errors import Conflict
from tradewind.settings.service import audit
from tradewind.stores.service import issue_key
from tradewind_host.access import GivenAccess
from tradewind_host.keys import Keys, KeyView, list_keys, revoke_key
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body

Origin = Annotated[str, msgspec.Meta(pattern=r"^(\*|https?://[^/?#]+)$", max_length=300)]


class KeyInput(Body, frozen=True, kw_only=True):
    """A key to be issued; `origins` are the web pages whose browsers may use it."""

    kind: Literal["publishable", "secret"]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    origins: Sequence[Origin] = ()


class KeyList(msgspec.Struct, frozen=True):
    """The store's keys, newest first."""

    api_keys: Sequence[KeyView]
    next_cursor: str | None = None


class IssuedKey(msgspec.Struct, frozen=True):
    """A new key. It is shown this once."""

    key: str


@get("/api-keys", responses=reads())
async def list_api_keys(access: GivenAccess) -> KeyList:
    """The store's keys, without what is secret in them."""
    return KeyList(await list_keys(access.engine.database, access.store))


@post("/api-keys", responses=writes())
async def create_api_key(access: GivenAccess, data: JSONBody[KeyInput]) -> IssuedKey:
    """Issue a key; only its hash is kept."""
    if access.claim is not None:
        access.claim.private = True
    key = await issue_key(access.engine.database, access.store, data.kind, data.title, data.origins)
    async with access.transaction() as tx:
        detail = {"kind": data.kind, "title": data.title}
        await audit(tx, access.actor, "api_key.issued", "api_key", key[:6], detail)
    return IssuedKey(key)


@delete("/api-keys/{key_id:uuid}", responses=writes())
async def revoke_api_key(
    access: GivenAccess, keys: NamedDependency[Keys], key_id: FromPath[UUID]
) -> None:
    """Refuse a key from now on (other processes follow within seconds)."""
    if key_id == access.key.id:
        raise Conflict("Revoke a key with another one.", code="own_key")
    async with access.transaction() as tx:
        await revoke_key(tx, key_id)
        await audit(tx, access.actor, "api_key.revoked", "api_key", str(key_id))
    keys.forget()


ROUTES = (list_api_keys, create_api_key, revoke_api_key)
