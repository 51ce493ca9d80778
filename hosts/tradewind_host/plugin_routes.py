"""Routes that plugins bring, each under `/plugins/<name>`: who calls, and about which store.

The store is that of the key or session that came, or the one that `?store=<slug>` names. A route
that asks for `context` is there only in stores that have enabled its plugin.
"""

from typing import Any, Literal, NamedTuple

from litestar import Request, Router
from litestar.di import Provide
from litestar.types import ASGIApp, Receive, Scope, Send

from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import NotFound, Unauthorized
from tradewind.database import Store
from tradewind.database.directory import store_by_slug
from tradewind.settings.engine import Engine
from tradewind_host.auth import PUBLISHABLE_HEADER
from tradewind_host.idempotency import UNSAFE
from tradewind_host.signed_in import CSRF_FIELD, refuse_beyond, refuse_forged, signed_in

Role = Literal["owner", "staff", "read_only", "shopper", "anyone"]
"""Staff by key or session; `shopper` came with a publishable key, `anyone` with nothing."""

_LONGEST = 200


class Caller(NamedTuple):
    """Who calls a plugin's route, about which store."""

    role: Role
    store: Store | None


class PluginDoor:
    """Finds out who calls, and refuses forged and forbidden changes before the plugin is asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in. Raises Unauthorized, Forbidden, NotFound."""
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        caller = await _by_key(request) or await _by_session(request) or await _by_name(request)
        refuse_beyond(caller.role, request.method, scope["path"])
        scope["state"]["plugin_caller"] = caller
        await self._app(scope, receive, send)


async def _by_key(request: Request[Any, Any, Any]) -> Caller | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    public = request.headers.get(PUBLISHABLE_HEADER, "").strip()
    shown = token.strip() if scheme.lower() == "bearer" and token.startswith("sk_") else public
    if not shown:
        return None
    key = await request.app.state["api_keys"].find(shown[:_LONGEST])
    if key is None or key.kind != ("publishable" if shown == public else "secret"):
        raise Unauthorized("This key is not known, or was revoked.")
    return Caller("shopper" if shown == public else key.role, key.store)


async def _by_session(request: Request[Any, Any, Any]) -> Caller | None:
    engine: Engine = request.app.state["engine"]
    staff = await signed_in(engine, request.cookies)
    if staff is None:
        return None
    if request.method in UNSAFE:
        form = await request.form()
        refuse_forged(request.headers, engine, staff.csrf, form.get(CSRF_FIELD, ""))
    return Caller(staff.role, staff.store)


async def _by_name(request: Request[Any, Any, Any]) -> Caller:
    slug = request.query_params.get("store", "")
    if not slug:
        return Caller("anyone", None)
    if not (slug.isascii() and slug.isprintable()):
        raise NotFound("There is no such store.")
    return Caller("anyone", await store_by_slug(request.app.state["engine"].database, slug))


def plugin_routers(engine: Engine) -> list[Router]:
    """The routes of every plugin."""
    return [
        Router(
            f"/plugins/{answer.plugin}",
            route_handlers=list(answer.value),
            middleware=[PluginDoor],
            dependencies={
                "context": Provide(_context_of(answer.plugin)),
                "role": Provide(_role, sync_to_thread=False),
            },
        )
        for answer in engine.plugins.http_routes().answers
    ]


def _context_of(plugin: str) -> Any:
    async def context(request: Request[Any, Any, Any]) -> StoreContext[Any]:
        """The plugin's view of the store. Raises NotFound."""
        engine: Engine = request.app.state["engine"]
        caller: Caller = request.scope["state"]["plugin_caller"]
        found = await engine.context(caller.store, plugin) if caller.store else None
        if found is None:
            raise NotFound("There is no such page in this store.")
        return found

    return context


def _role(request: Request[Any, Any, Any]) -> Role:
    caller: Caller = request.scope["state"]["plugin_caller"]
    return caller.role
