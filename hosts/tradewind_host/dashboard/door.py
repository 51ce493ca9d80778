"""The door of the dashboard: a session in, a `Desk` out. Who has none is asked to sign in.

Every request that changes something is checked here, before its route is called, against forgery
and against the role; so no page of the dashboard or of a plugin can forget to.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.types import ASGIApp, Receive, Scope, Send

from tradewind.contracts.errors import Forbidden
from tradewind.database import Transaction
from tradewind.settings.engine import Engine
from tradewind_host.dashboard import rendering
from tradewind_host.dashboard.extensions import Extensions, Link
from tradewind_host.idempotency import UNSAFE
from tradewind_host.signed_in import (
    CSRF_FIELD,
    SignedIn,
    refuse_beyond,
    refuse_forged,
    signed_in,
)

LOGIN = "/dashboard/login"
LONGEST = 4000
_OWN = ("/dashboard/logout", "/dashboard/account", "/dashboard/choose-store")
"""What is a person's own, whatever they may do in the store."""


class Desk:
    """One request of somebody who is signed in: who, where, and the way to the store's data."""

    def __init__(self, engine: Engine, staff: SignedIn, links: Sequence[Link]) -> None:
        self.engine = engine
        self.staff = staff
        self.links = links
        self.access = staff.access(engine)

    @property
    def store(self) -> Any:
        """The store that is looked at."""
        return self.staff.store

    @property
    def may_act(self) -> bool:
        """Whether the role lets them change anything."""
        return self.staff.role != "read_only"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """The transaction of this request's journey."""
        async with self.access.transaction() as tx:
            yield tx

    def page(self, template: str, *, here: str, status: int = 200, **shown: Any) -> Response[str]:
        """A page within the dashboard; `here` names the part of it that is open."""
        return rendering.page(self.engine, template, status=status, desk=self, here=here, **shown)

    def elsewhere(self, path: str) -> Response[None]:
        """Go on at another page of the dashboard."""
        return rendering.elsewhere(self.engine, path)


GivenDesk = NamedDependency[Desk]


def provide_desk(request: Request[Any, Any, Any]) -> Desk:
    """What the door found out before the route was called."""
    desk: Desk = request.scope["state"]["desk"]
    return desk


class DashboardDoor:
    """Lets staff in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in with its `Desk`. Raises Forbidden."""
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        state: Any = request.app.state
        engine: Engine = state["engine"]
        staff = await signed_in(engine, request.cookies)
        if staff is None:
            if request.method in UNSAFE:
                raise Forbidden("Sign in first.", code="signed_out")
            answer = rendering.elsewhere(engine, f"{LOGIN}?next={quote(_asked(request))}")
            await answer.to_asgi_response(None, request)(scope, receive, send)
            return
        if request.method in UNSAFE:
            form = await request.form()
            refuse_forged(request.headers, engine, staff.csrf, form.get(CSRF_FIELD, ""))
            if not request.url.path.startswith(_OWN):
                refuse_beyond(staff.role, request.method, request.url.path)
        extensions: Extensions = state["dashboard_extensions"]
        links = await extensions.links(engine, staff.store)
        scope["state"]["desk"] = Desk(engine, staff, links)
        await self._app(scope, receive, send)


def _asked(request: Request[Any, Any, Any]) -> str:
    query = request.url.query
    return f"{request.scope['path']}?{query}" if query else str(request.scope["path"])


def text(form: FormMultiDict, name: str) -> str:
    """One value of a form as it was typed, without blanks at its ends; nothing for a file."""
    value = form.get(name, "")
    return value.strip()[:LONGEST].replace("\0", "") if isinstance(value, str) else ""
