"""The account page: sign in with a code, see one's orders, sign out.

Whether an address or number is known here is not to be learned: the page says the same to all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import PermissionDeniedException
from litestar.params import FromPath, FromQuery

from tradewind.carts.rules import Cart
from tradewind.contracts.errors import InvalidInput, Limited
from tradewind.credits.rules import Grant
from tradewind.credits.service import credits_of
from tradewind.customers import service as customers
from tradewind.customers.codes.rules import LIFE
from tradewind.customers.rules import Customer
from tradewind.database import Transaction
from tradewind.database.sessions import end_session
from tradewind.messaging import codes
from tradewind.messaging.codes import Claimed
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind_host import sign_in
from tradewind_host.limits import GivenLimiter, Limiter, address_of
from tradewind_host.operations import GivenEngine
from tradewind_host.shapes import page as cut
from tradewind_host.sign_in import SignedIn
from tradewind_host.storefront import forms, paths, redeeming, visitor
from tradewind_host.storefront.rendering import SHOPPING, elsewhere, page
from tradewind_host.storefront.visit import AnyRequest, Visit, from_here, kept, visit
from tradewind_host.storefront.visitor import Known, customer_of

_MOST = 20
_MINUTES = int(LIFE.total_seconds() // 60)


class Row(NamedTuple):
    """An order in the list; its link opens it."""

    url: str
    number: str
    when: str
    total: str
    status: str


class Own(NamedTuple):
    """What is a customer's own: one order more than fit the page, and all their credits."""

    customer: Customer
    orders: Sequence[Order]
    grants: Sequence[Grant]


class Trouble(NamedTuple):
    """Why a form is shown again: its status, a text, and seconds to wait if that helps."""

    status: int
    text: str
    wait: int = 0


@get("/{slug:str}/account")
async def account_page(
    request: AnyRequest, engine: GivenEngine, slug: FromPath[str], before: FromQuery[str] = ""
) -> Response[Any]:
    """The orders of whoever is signed in, newest first, or the way to sign in."""
    seen = await visit(engine, request, slug)
    known = await customer_of(request, seen.store)
    if known is None:
        return _asked(seen, "")
    async with engine.database.transaction(seen.store.id) as tx:
        customer = await customers.get_customer(tx, known.customer_id)
        grants = await credits_of(tx, known.customer_id)
        rows = await orders.orders_for(tx, known.customer_id, before=_id(before), limit=_MOST + 1)
    return _account(seen, known, Own(customer, rows, grants))


@post("/{slug:str}/account", status_code=200)
async def ask_for_code(
    request: AnyRequest, engine: GivenEngine, limiter: GivenLimiter, slug: FromPath[str]
) -> Response[Any]:
    """Have a code sent, and show where to enter it."""
    from_here(engine, request)
    seen = await visit(engine, request, slug)
    identity = forms.text(await request.form(), "identity")
    try:
        sign_in.count_address(limiter, address_of(request.scope))
        async with engine.database.transaction(seen.store.id) as tx:
            claimed = await _claimed(tx, identity)
            sign_in.count_asking(limiter, tx, claimed)
            await codes.ask(tx, claimed, seen.words.language)
    except InvalidInput:
        return _asked(seen, identity, Trouble(422, seen.words("account.unclear")))
    except Limited as error:
        return _asked(seen, identity, _often(seen, error))
    return _entered(seen, identity)


@post("/{slug:str}/account/code", status_code=200)
async def enter_code(
    request: AnyRequest, engine: GivenEngine, limiter: GivenLimiter, slug: FromPath[str]
) -> Response[Any]:
    """Sign in with a code."""
    from_here(engine, request)
    seen = await visit(engine, request, slug)
    form: Mapping[str, Any] = await request.form()
    identity = forms.text(form, "identity")
    try:
        found = await _redeemed(request, seen, limiter, identity, forms.text(form, "code"))
    except InvalidInput:
        return _asked(seen, identity, Trouble(422, seen.words("account.unclear")))
    except Limited as error:
        return _entered(seen, identity, _often(seen, error))
    if found is None:
        return _entered(seen, identity, Trouble(422, seen.words("account.wrong")))
    signed_in, cart = found
    cookies = [visitor.kept(engine, seen.store, signed_in.opened)]
    if cart is not None:
        cookies.append(kept(engine, seen.store, cart.id))
    there = "cart" if cart is not None and cart.notes else "account"
    return elsewhere(f"{seen.shop.top}/{there}", *cookies)


@post("/{slug:str}/account/sign-out", status_code=200)
async def sign_out(request: AnyRequest, engine: GivenEngine, slug: FromPath[str]) -> Response[Any]:
    """End the session of this browser."""
    from_here(engine, request)
    seen = await visit(engine, request, slug)
    known = await customer_of(request, seen.store)
    if known is not None:
        if not known.session.allows(forms.text(await request.form(), "csrf")):
            raise PermissionDeniedException
        await end_session(engine.database, known.session.token_hash)
    return elsewhere(f"{seen.shop.top}/account", visitor.forgotten(engine, seen.store))


async def _claimed(tx: Transaction, identity: str) -> Claimed:
    """What was typed is an address if it has an at sign. Raises InvalidInput."""
    if "@" in identity:
        return sign_in.claim_email(identity)
    return await sign_in.claim_phone(tx, identity)


async def _redeemed(
    request: AnyRequest, seen: Visit, limiter: Limiter, identity: str, code: str
) -> tuple[SignedIn, Cart | None] | None:
    """Who signed in, and the cart they go on with: theirs, with what this browser had filled."""
    sign_in.count_address(limiter, address_of(request.scope))
    agent = request.headers.get("user-agent", "")
    filled = seen.cart.id if seen.cart else None
    async with seen.engine.database.transaction(seen.store.id) as tx:
        claimed = await _claimed(tx, identity)
        found = await sign_in.sign_in(seen.engine, tx, claimed, code, agent)
        return (found, await sign_in.cart_of(tx, found, filled)) if found else None


def _often(seen: Visit, error: Limited) -> Trouble:
    return Trouble(429, seen.words("account.often"), round(error.after))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _asked(seen: Visit, identity: str, trouble: Trouble | None = None) -> Response[Any]:
    """The form for an address or number."""
    return _form(seen, "sign_in.html", identity, trouble)


def _entered(seen: Visit, identity: str, trouble: Trouble | None = None) -> Response[Any]:
    """The form for the code."""
    return _form(seen, "code.html", identity, trouble)


def _form(seen: Visit, template: str, identity: str, trouble: Trouble | None) -> Response[Any]:
    shown = page(
        seen.engine,
        template,
        seen.words,
        status=trouble.status if trouble else 200,
        headers=SHOPPING,
        shop=seen.shop,
        identity=identity,
        minutes=_MINUTES,
        trouble=trouble.text if trouble else "",
    )
    if trouble and trouble.wait:
        shown.headers["Retry-After"] = str(trouble.wait)
    return shown


def _account(seen: Visit, known: Known, own: Own) -> Response[Any]:
    kept, following = cut(own.orders, _MOST, lambda order: order.id)
    customer = own.customer
    return page(
        seen.engine,
        "account.html",
        seen.words,
        headers=SHOPPING,
        shop=seen.shop,
        who=customer.name or customer.email or customer.phone or "",
        credits=redeeming.left(own.grants, seen),
        rows=[_row(seen, order) for order in kept],
        older=f"{seen.shop.top}/account?before={following}" if following else "",
        csrf=known.csrf,
    )


def _row(seen: Visit, order: Order) -> Row:
    return Row(
        url=paths.order_of(seen.engine, seen.store, order),
        number=str(order.number),
        when=seen.words.when(order.placed_at or order.created_at, seen.zone),
        total=order.money(order.total).text(),
        status=seen.words(f"status.{order.status}"),
    )


ROUTES = (account_page, ask_for_code, enter_code, sign_out)
