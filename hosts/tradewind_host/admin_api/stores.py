"""The store itself: what its merchant has decided for all of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, put
from litestar.params import JSONBody

from tradewind.contracts.settings import form
from tradewind.stores import service
from tradewind.stores.service import StoreSettings
from tradewind_host.access import Access, GivenAccess
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """A store; `settings_schema` is the JSON schema of its settings."""

    id: UUID
    slug: str
    name: str
    settings: StoreSettings
    settings_schema: Mapping[str, Any]


class StoreAnswer(msgspec.Struct, frozen=True):
    """The store of this key."""

    store: StoreView


class StoreChange(Body, frozen=True, kw_only=True):
    """Settings are laid over the present ones; null takes one back to its default."""

    settings: Mapping[str, Any]


@get("/store", responses=reads(404))
async def get_store(access: GivenAccess) -> StoreAnswer:
    """The store and its settings."""
    async with access.transaction() as tx:
        return _answer(access, await service.settings_of(tx))


@put("/store", responses=writes())
async def put_store(access: GivenAccess, data: JSONBody[StoreChange]) -> Response[StoreAnswer]:
    """Change settings of the store."""
    async with access.transaction() as tx:
        settings = await service.change_settings(tx, data.settings, access.actor)
        return await access.answer(tx, _answer(access, settings))


def _answer(access: Access, settings: StoreSettings) -> StoreAnswer:
    store = access.store
    view = StoreView(
        id=store.id,
        slug=store.slug,
        name=store.name,
        settings=settings,
        settings_schema=form(StoreSettings),
    )
    return StoreAnswer(view)


ROUTES = (get_store, put_store)
