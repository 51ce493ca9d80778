"""Signing in and out.

Whatever is wrong with a name or password, the answer is the same and takes as long. A session that
came with the request is never taken over: signing in always begins a new one.
"""

import secrets
import unicodedata
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie

from tradewind.contracts.errors import Limited
from tradewind.database.sessions import (
    NewSession,
    csrf_of,
    end_session,
    find_session,
    open_session,
)
from tradewind.settings.engine import Engine
from tradewind.settings.service import audit
from tradewind.stores import staff
from tradewind.stores.staff import Account
from tradewind_host import passwords
from tradewind_host.dashboard import words
from tradewind_host.dashboard.door import GivenDesk, text
from tradewind_host.dashboard.rendering import elsewhere, page
from tradewind_host.limits import Limiter, address_of
from tradewind_host.operations import GivenEngine
from tradewind_host.signed_in import (
    CSRF_FIELD,
    cookie,
    cookie_name,
    refuse_forged,
    signed_in,
)

HOME = "/dashboard/orders"
_HOUR = 3600


@get("/login")
async def login_page(request: Request[Any, Any, Any], engine: GivenEngine) -> Response[Any]:
    """The form; who is signed in already goes on."""
    wanted = request.query_params.get("next", "")
    if await signed_in(engine, request.cookies) is not None:
        return elsewhere(engine, safe_next(wanted))
    return _form(request, engine, wanted)


@post("/login", status_code=200)
async def login(request: Request[Any, Any, Any], engine: GivenEngine) -> Response[Any]:
    """Sign in. Raises Forbidden when the form was not ours."""
    form = await request.form()
    visit = request.cookies.get(_visit_name(engine), "")
    expected = csrf_of(visit) if visit else secrets.token_hex()
    refuse_forged(request.headers, engine, expected, form.get(CSRF_FIELD, ""))
    email, wanted = text(form, "email"), text(form, "next")
    try:
        _count(request, email[: staff.LONGEST_EMAIL])
    except Limited as limited:
        answer = _form(request, engine, wanted, email, trouble="often", status=429)
        answer.headers["Retry-After"] = str(max(1, round(limited.after)))
        return answer
    account = await _account(engine, email, form.get("password", ""))
    if account is None:
        return _form(request, engine, wanted, email, trouble="wrong", status=403)
    return await _begin(request, engine, account, safe_next(wanted))


def _count(request: Request[Any, Any, Any], email: str) -> None:
    """Count an attempt by whom it is for and where it comes from. Raises Limited.

    Attempts from elsewhere count less, so that they do not keep people out of their own accounts.
    """
    limiter: Limiter = request.app.state["limiter"]
    who, address = _folded(email), address_of(request.scope)
    limiter.take("sign_in_address", f"staff:{address}")
    limiter.take("sign_in_identity", f"staff:{who}:{address}")
    limiter.take("sign_in_account", who)


def _folded(email: str) -> str:
    """One spelling for all that the database takes for the same address: it has its own way."""
    letters = unicodedata.normalize("NFKD", email).casefold()
    return "".join(one for one in letters if not unicodedata.combining(one))


async def _account(engine: Engine, email: str, password: object) -> Account | None:
    account = await staff.account_by_email(engine.database, email[: staff.LONGEST_EMAIL])
    typed = password if isinstance(password, str) else ""
    good = await passwords.fits(typed, account.password_hash if account else None)
    return account if good else None


async def _begin(
    request: Request[Any, Any, Any], engine: Engine, account: Account, path: str
) -> Response[Any]:
    """A session of its own for this browser, whatever it had before, on the oldest store."""
    stores = await staff.stores_of(engine.database, account.id)
    if not stores:
        return page(engine, "message.html", status=403, told=words.fault("no_store"))
    before = request.cookies.get(cookie_name(engine), "")
    old = await find_session(engine.database, "staff", before)
    if old is not None:
        await end_session(engine.database, old.token_hash)
    agent = request.headers.get("user-agent", "")
    oldest = min(store.id for store in stores)
    new = NewSession(kind="staff", account_id=account.id, store_id=oldest, agent=agent)
    opened = await open_session(engine.database, new)
    for store in stores:
        async with engine.database.transaction(store.id) as tx:
            actor = f"account:{account.id}"
            await audit(tx, actor, "account.signed_in", "account", str(account.id))
    answer = elsewhere(engine, path)
    answer.set_cookie(cookie(engine, opened.token))
    return answer


@post("/logout", status_code=200)
async def logout(desk: GivenDesk) -> Response[Any]:
    """End this browser's session."""
    await end_session(desk.engine.database, desk.staff.session.token_hash)
    answer = elsewhere(desk.engine, "/dashboard/login")
    answer.set_cookie(cookie(desk.engine, ""))
    return answer


def safe_next(wanted: str) -> str:
    """A page of the dashboard to go on at; anything else is its first page."""
    inside = wanted == "/dashboard" or wanted.startswith(("/dashboard/", "/dashboard?"))
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    steps = ".." in wanted.partition("?")[0] or "//" in wanted.partition("?")[0]
    outside = wanted.startswith(("/dashboard/login", "/dashboard/logout"))
    return wanted if inside and plain and not steps and not outside else HOME


def _form(
    request: Request[Any, Any, Any],
    engine: Engine,
    wanted: str,
    email: str = "",
    *,
    trouble: str = "",
    status: int = 200,
) -> Response[Any]:
    visit = request.cookies.get(_visit_name(engine), "") or secrets.token_urlsafe()
    answer = page(
        engine,
        "login.html",
        status=status,
        csrf=csrf_of(visit),
        next=safe_next(wanted),
        email=email,
        trouble=trouble,
    )
    answer.set_cookie(
        Cookie(
            _visit_name(engine),
            value=visit,
            path="/",
            max_age=_HOUR,
            httponly=True,
            secure=engine.public_url.startswith("https://"),
            samesite="strict",
        )
    )
    return answer


def _visit_name(engine: Engine) -> str:
    """The cookie that ties the form to the browser it was shown to."""
    return cookie_name(engine).replace("_staff", "_visit")
