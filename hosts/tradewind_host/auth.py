"""The doors of the two APIs: a key in, an `Access` out. What fails here reaches no route."""

from abc import ABC, abstractmethod
from typing import Any, Literal

from litestar.datastructures import Headers
from litestar.types import ASGIApp, Receive, Scope, Send

from tradewind.contracts.errors import Forbidden, Unauthorized
from tradewind_host.access import Access
from tradewind_host.idempotency import UNSAFE

PUBLISHABLE_HEADER = "x-publishable-key"
_LONGEST = 200


class _Door(ABC):
    """Reads the credential of one API."""

    kind: Literal["publishable", "secret"]
    missing: str

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    @abstractmethod
    def presented(self, headers: Headers) -> str:
        """What the caller showed, or nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in with its `Access`. Raises Unauthorized, Forbidden."""
        state: Any = scope["litestar_app"].state
        shown = self.presented(Headers.from_scope(scope))
        if not shown:
            raise Unauthorized(self.missing)
        key = await state.api_keys.find(shown) if len(shown) <= _LONGEST else None
        if key is None or key.kind != self.kind:
            raise Unauthorized("This key is not known, or was revoked.")
        if key.role == "read_only" and scope["method"] in UNSAFE:  # type: ignore[typeddict-item]
            raise Forbidden("This key may only read.", code="read_only")
        scope["state"]["access"] = Access(state.engine, key)
        await self._app(scope, receive, send)


class StoreDoor(_Door):
    """The store API: `X-Publishable-Key`, in the open, in every storefront's source."""

    kind = "publishable"
    missing = "Send the store's publishable key as X-Publishable-Key."

    def presented(self, headers: Headers) -> str:
        return headers.get(PUBLISHABLE_HEADER, "").strip()


class AdminDoor(_Door):
    """The admin API: `Authorization: Bearer sk_…`."""

    kind = "secret"
    missing = "Send a secret key as Authorization: Bearer."

    def presented(self, headers: Headers) -> str:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
