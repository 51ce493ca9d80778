"""Features that a store or the operator switches off while the host runs, door by door."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from tradewind.contracts.errors import Forbidden
from tradewind_host.access import Access
from tradewind_host.agreement import FLAG

DOORS: Mapping[str, str] = {
    "/store/carts": "USE_NEW_CHECKOUT",
    "/store/whatsapp-checkout": FLAG,
    "/api/checkout": "ENABLE_LEGACY_CHECKOUT",
}
"""Beginning of a route → the flag that must be on. Orders that were begun are seen and paid on."""


class FlagDoor:
    """The ASGI layer that closes what is switched off; stands behind the credentials.

    It stands before `Idempotency`: a refusal is not the answer to a named request, which may be
    sent again once the feature is on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass unless its feature is off. Raises Forbidden `channel_disabled`."""
        flag = flag_of(str(scope.get("path_template") or ""))
        if flag is not None:
            state: Any = scope["state"]
            access: Access = state["access"]
            if not await access.engine.flag(access.store, flag):
                raise Forbidden("This store does not offer that now.", code="channel_disabled")
        await self._app(scope, receive, send)


@lru_cache
def flag_of(route: str) -> str | None:
    """The flag that a route depends on, by its path as it was declared."""
    for door, flag in DOORS.items():
        if route == door or route.startswith(f"{door}/"):
            return flag
    return None
