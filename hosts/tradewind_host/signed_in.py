"""Staff by their session: who is signed in, at which store, and what they may do there.

The cookie alone lets a browser read. Whatever changes something must also come from a page of ours:
it carries the session's word against forgery, and no `Origin` of another site.
"""

import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec
from litestar.datastructures import Cookie, Headers

from tradewind.contracts.errors import Forbidden
from tradewind.database import Database, Store
from tradewind.database.directory import ApiKey
from tradewind.database.sessions import LIVES, Session, csrf_of, find_session
from tradewind.settings.engine import Engine
from tradewind.stores import staff
from tradewind.stores.staff import Account, Role
from tradewind_host.access import Access
from tradewind_host.idempotency import UNSAFE

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
KIND = "staff"
_OWNERS = ("/admin/api-keys", "/admin/plugins", "/admin/store", "/admin/flags")
_OURS = frozenset(("same-origin", "none"))


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at one store's desk. They may go to `stores`; `csrf` goes into every form."""

    account: Account
    session: Session
    store: Store
    role: Role
    stores: Sequence[Store]
    csrf: str

    def access(self, engine: Engine) -> Access:
        """What the routes of the APIs receive; whoever acts is the account."""
        return Access(engine, ApiKey(self.account.id, KIND, self.role, (), self.store))


def cookie_name(engine: Engine) -> str:
    """Under https the name binds the cookie to this very host (RFC 6265bis, 4.1.3.2)."""
    return f"{'__Host-' if _is_https(engine) else ''}tradewind_staff"


def cookie(engine: Engine, token: str) -> Cookie:
    """The cookie of a session; without a token, the end of it."""
    life = LIVES["staff"].most if token else None
    return Cookie(
        cookie_name(engine),
        value=token,
        path="/",
        max_age=int(life.total_seconds()) if life else 0,
        httponly=True,
        secure=_is_https(engine),
        samesite="lax",
    )


def _is_https(engine: Engine) -> bool:
    return engine.public_url.startswith("https://")


async def signed_in(engine: Engine, cookies: Mapping[str, str]) -> SignedIn | None:
    """Who a browser's cookie stands for; None when nobody, or somebody of no store."""
    token = cookies.get(cookie_name(engine), "")
    session = await find_session(engine.database, "staff", token)
    if session is None or session.account_id is None:
        return None
    account = await staff.account_by_id(engine.database, session.account_id)
    stores = await staff.stores_of(engine.database, session.account_id)
    if account is None or not stores:
        return None
    store = next((one for one in stores if one.id == session.store_id), stores[0])
    role = await _role(engine.database, store, account)
    if role is None:
        return None
    return SignedIn(
        account=account,
        session=session,
        store=store,
        role=role,
        stores=stores,
        csrf=csrf_of(token),
    )


async def _role(database: Database, store: Store, account: Account) -> Role | None:
    async with database.transaction(store.id) as tx:
        return await staff.role_of(tx, account.id)


def refuse_forged(headers: Headers, engine: Engine, csrf: str, field: object = "") -> None:
    """Let only requests of our own pages change anything. Raises Forbidden `forged`.

    `csrf` is what the page was given; the request has it in a header or as a `field` of its form.
    """
    refuse_foreign(headers, engine)
    given = headers.get(CSRF_HEADER) or field
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), csrf.encode()):
        raise Forbidden("Open the page again, and try once more.", code="forged")


def refuse_foreign(headers: Headers, engine: Engine) -> None:
    """Refuse what a browser says comes from another site. Raises Forbidden `forged`."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    ours = {urlsplit(engine.public_url).netloc, headers.get("host", "")} - {""}
    foreign = origin is not None and origin.partition("://")[2] not in ours
    if foreign or (origin is None and site is not None and site not in _OURS):
        raise Forbidden("This came from another site.", code="forged")


def refuse_beyond(role: str, method: str, path: str) -> None:
    """Refuse what a role may not do. Raises Forbidden `read_only`, `owner_only`."""
    if method not in UNSAFE:
        return
    if role == "read_only":
        raise Forbidden("This role may only read.", code="read_only")
    if role == "staff" and path.startswith(_OWNERS):
        raise Forbidden("Only an owner may change this.", code="owner_only")
