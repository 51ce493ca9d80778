"""What is a person's own: which store they look at, and where they are signed in."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromQuery

from tradewind.contracts.errors import NotFound
from tradewind.database.sessions import end_session, end_sessions_of, sessions_of
from tradewind.stores.staff import choose_store
from tradewind_host.dashboard import words
from tradewind_host.dashboard.door import Desk, GivenDesk, text
from tradewind_host.dashboard.reading import zone_of

HERE = "/dashboard/account"


@get("/account")
async def account_page(desk: GivenDesk, told: FromQuery[str] = "") -> Response[Any]:
    """Where the account is signed in, and what it may do where."""
    found = await sessions_of(desk.engine.database, account_id=desk.staff.account.id)
    async with desk.transaction() as tx:
        zone = await zone_of(tx)
    return desk.page(
        "account.html", here="account", sessions=found, zone=zone, done=words.done(told)
    )


@post("/account/end-session", status_code=200)
async def end_one(request: Request[Any, Any, Any], desk: GivenDesk) -> Response[Any]:
    """End one of the account's own sessions. Raises NotFound."""
    wanted = text(await request.form(), "session")
    own = await sessions_of(desk.engine.database, account_id=desk.staff.account.id)
    found = next((one for one in own if one.token_hash.hex() == wanted), None)
    if found is None:
        raise NotFound("There is no such session.")
    await end_session(desk.engine.database, found.token_hash)
    return _back(desk, "ended")


@post("/account/end-others", status_code=200)
async def end_others(desk: GivenDesk) -> Response[Any]:
    """End every session of the account but this one."""
    mine = desk.staff.session.token_hash
    await end_sessions_of(desk.engine.database, account_id=desk.staff.account.id, keep=mine)
    return _back(desk, "others")


@post("/choose-store", status_code=200)
async def choose(request: Request[Any, Any, Any], desk: GivenDesk) -> Response[Any]:
    """Look at another store of one's own. Raises NotFound."""
    wanted = text(await request.form(), "store")
    found = next((one for one in desk.staff.stores if one.slug == wanted), None)
    if found is None:
        raise NotFound("There is no such store.")
    await choose_store(desk.engine.database, desk.staff.session.token_hash, found.id)
    return desk.elsewhere("/dashboard/orders")


def _back(desk: Desk, told: str) -> Response[Any]:
    return desk.elsewhere(f"{HERE}?told={told}")
