"""Whose session a browser brings to the hosted pages, in a cookie of its store alone."""

from typing import Any, Literal, NamedTuple
from urllib.parse import quote
from uuid import UUID

from litestar import Request
from litestar.datastructures import Cookie

from tradewind.database import Store
from tradewind.database.sessions import LIVES, Opened, Session, csrf_of, find_session
from tradewind.settings.engine import Engine
from tradewind_host.storefront.paths import base

COOKIE = "tradewind_session"


class Known(NamedTuple):
    """A signed-in customer. Their forms carry `csrf`."""

    customer_id: UUID
    session: Session
    csrf: str


async def customer_of(request: Request[Any, Any, Any], store: Store) -> Known | None:
    """Who is signed in at this store with this browser, or None."""
    token = request.cookies.get(COOKIE, "")
    engine: Engine = request.app.state["engine"]
    session = await find_session(engine.database, "customer", token) if token else None
    if session is None or session.store_id != store.id or session.customer_id is None:
        return None
    return Known(session.customer_id, session, csrf_of(token))


def kept(engine: Engine, store: Store, opened: Opened) -> Cookie:
    """The cookie by which a browser keeps a session; scripts and other sites cannot use it."""
    return _cookie(engine, store, opened.token, int(LIVES["customer"].most.total_seconds()))


def forgotten(engine: Engine, store: Store) -> Cookie:
    """What makes a browser forget its session."""
    return _cookie(engine, store, "", 0)


def _cookie(engine: Engine, store: Store, token: str, seconds: int) -> Cookie:
    lax: Literal["lax"] = "lax"
    return Cookie(
        key=COOKIE,
        value=token,
        path=f"{base(engine)}/store/{quote(store.slug)}",
        max_age=seconds,
        httponly=True,
        secure=engine.public_url.startswith("https://"),
        samesite=lax,
    )
