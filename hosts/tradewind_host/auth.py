"""The doors of the two APIs: a key in, an `Access` out. What fails here reaches no route."""

from abc import ABC, abstractmethod
from typing import Any, Literal

from litestar import Request
from litestar.datastructures import Headers
from litestar.types import ASGIApp, Receive, Scope, Send

from tradewind.contracts.errors import Limited, Unauthorized
from tradewind.database.directory import ApiKey
from tradewind.database.sessions import find_session
from tradewind_host.access import Access
from tradewind_host.idempotency import UNSAFE
from tradewind_host.limits import Limiter, address_of
from tradewind_host.signed_in import refuse_beyond, refuse_forged, signed_in

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

    def admit(self, limiter: Limiter, by: str, key: str) -> None:
        """Count the request of a caller, known `by` address or key. Raises Limited."""
        return

    async def recognize(self, access: Access, headers: Headers) -> None:
        """Note who asks, beside the key. Raises Unauthorized."""
        return

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in with its `Access`. Raises Unauthorized, Forbidden, Limited."""
        state: Any = scope["litestar_app"].state
        headers = Headers.from_scope(scope)
        key = await self._key(state, scope, self.presented(headers)[:_LONGEST])
        if key is None or key.kind != self.kind:
            raise Unauthorized("This key is not known, or was revoked.")
        access = Access(state.engine, key)
        scope["state"]["access"] = access
        self.admit(state.limiter, "key", str(key.id))
        refuse_beyond(key.role, scope["method"], scope["path"])  # type: ignore[typeddict-item]
        await self.recognize(access, headers)
        await self._app(scope, receive, send)

    async def _key(self, state: Any, scope: Scope, shown: str) -> ApiKey | None:
        if not shown:
            raise Unauthorized(self.missing)
        try:
            self.admit(state.limiter, "address", address_of(scope))
        except Limited:
            # A browser lets its page read the refusal only where the key lists the page's origin.
            known = state.api_keys.remembered(shown)
            scope["state"]["access"] = Access(state.engine, known) if known else None
            raise
        found: ApiKey | None = await state.api_keys.find(shown)
        return found


class StoreDoor(_Door):
    """The store API: `X-Publishable-Key`, in the open, in every storefront's source.

    A signed-in customer's session comes beside it, as `Authorization: Bearer`.
    """

    kind = "publishable"
    missing = "Send the store's publishable key as X-Publishable-Key."

    def presented(self, headers: Headers) -> str:
        return headers.get(PUBLISHABLE_HEADER, "").strip()

    def admit(self, limiter: Limiter, by: str, key: str) -> None:
        limiter.take(f"store_{by}", key)

    async def recognize(self, access: Access, headers: Headers) -> None:
        if "authorization" not in headers:
            return
        session = await find_session(access.engine.database, "customer", _bearer(headers))
        if session is None or session.store_id != access.store.id:
            raise Unauthorized("This session is not known, or is over: sign in again.")
        access.session, access.customer_id = session, session.customer_id


class AdminDoor(_Door):
    """The admin API: `Authorization: Bearer sk_…`, or somebody signed in to the dashboard."""

    kind = "secret"
    missing = "Send a secret key as Authorization: Bearer."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in with its `Access`. Raises Unauthorized, Forbidden."""
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        engine = request.app.state["engine"]
        named = "authorization" in request.headers
        staff = None if named else await signed_in(engine, request.cookies)
        if staff is None:
            await super().__call__(scope, receive, send)
            return
        refuse_beyond(staff.role, scope["method"], scope["path"])  # type: ignore[typeddict-item]
        if scope["method"] in UNSAFE:  # type: ignore[typeddict-item]
            refuse_forged(request.headers, engine, staff.csrf)
        scope["state"]["access"] = staff.access(engine)
        await self._app(scope, receive, send)

    def presented(self, headers: Headers) -> str:
        return _bearer(headers)


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
