"""A plugin with a secret, an operator's setting and a route of its own; one that only listens."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import get

from tradewind import (
    Event,
    OperatorOnly,
    OrderPlaced,
    Plugin,
    Secret,
    StoreContext,
    hookimpl,
)


class ParcelSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    account: Annotated[str, msgspec.Meta(min_length=1)]
    token: Secret
    api_base: OperatorOnly = "https://parcels.example"


@get("/ping", sync_to_thread=False)
def ping() -> dict[str, str]:
    """Answer, to show that the route is mounted."""
    return {"parcels": "here"}


class Parcels(Plugin):
    name = "parcels"
    requires = ">=0.1,<0.2"
    settings_type = ParcelSettings

    @hookimpl
    def http_routes(self) -> Sequence[Any]:
        return [ping]


class Listener(Plugin):
    """Is told of placed orders and does nothing about them."""

    name = "listener"
    requires = ">=0.1,<0.2"

    @hookimpl(events=[OrderPlaced])
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None:
        return
