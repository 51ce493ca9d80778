"""Signing in: a code by e-mail or chat, and a session for whoever reads it out.

What is answered is the same for everybody, whether the store knows them or not.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.params import JSONBody

from tradewind.contracts.errors import FieldError, InvalidInput, Unauthorized
from tradewind.customers.codes.rules import LIFE
from tradewind.customers.rules import Customer
from tradewind.database import Transaction
from tradewind.database.sessions import end_session
from tradewind.messaging import codes
from tradewind.messaging.codes import Claimed
from tradewind_host import sign_in
from tradewind_host.access import Access, GivenAccess
from tradewind_host.limits import GivenLimiter, address_of
from tradewind_host.problems import writes
from tradewind_host.shapes import Body
from tradewind_host.sign_in import claim_email, claim_phone
from tradewind_host.storefront.texts import spoken

_Short = Annotated[str, msgspec.Meta(max_length=300)]


class Identity(Body, frozen=True, kw_only=True):
    """Who signs in: one of the two."""

    email: _Short | None = None
    phone: _Short | None = None


class Proof(Body, frozen=True, kw_only=True):
    """Who signs in, the code that was sent, and the cart that they have filled as a guest."""

    email: _Short | None = None
    phone: _Short | None = None
    code: Annotated[str, msgspec.Meta(max_length=40)]
    cart_id: UUID | None = None


class CodeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A code is on its way, if that address or number can be reached; seconds until it is void."""

    expires_in: int


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as they see themselves."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    locale: str | None
    country: str | None


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A session; its token is shown once and goes into `Authorization: Bearer`.

    `cart_id` is the customer's open cart, if there is one.
    """

    token: str
    expires_at: datetime
    customer: CustomerView
    cart_id: UUID | None


def customer_view(customer: Customer) -> CustomerView:
    """A customer as it travels."""
    return CustomerView(**msgspec.structs.asdict(customer))


async def _claimed(tx: Transaction, told: Identity | Proof) -> Claimed:
    if (told.email is None) == (told.phone is None):
        wrong = FieldError("email", "required", "Send an e-mail address or a phone number.")
        raise InvalidInput("Send one of email and phone.", errors=[wrong])
    if told.email is not None:
        return claim_email(told.email)
    return await claim_phone(tx, told.phone or "")


@post("/auth/code", status_code=202, responses=writes())
async def ask_for_code(
    access: GivenAccess,
    limiter: GivenLimiter,
    request: Request[Any, Any, Any],
    data: JSONBody[Identity],
) -> Response[CodeAsked]:
    """Have a six-digit code sent, by e-mail or in the chat with a phone number.

    A new code takes the place of all before it. Whether anybody is known by it is not told.
    """
    sign_in.count_address(limiter, address_of(request.scope))
    async with access.transaction() as tx:
        claimed = await _claimed(tx, data)
        sign_in.count_asking(limiter, tx, claimed)
        await codes.ask(tx, claimed, spoken(request.headers.get("accept-language", "")))
        answer = CodeAsked(expires_in=int(LIFE.total_seconds()))
        return await access.answer(tx, answer, status=202)


@post("/auth/verify", status_code=200, responses=writes())
async def verify_code(
    access: GivenAccess,
    limiter: GivenLimiter,
    request: Request[Any, Any, Any],
    data: JSONBody[Proof],
) -> SessionAnswer:
    """Sign in with a code: it is good for ten minutes, five tries and one session.

    A guest's `cart_id` becomes the customer's cart, or goes into the open one that they have.
    """
    sign_in.count_address(limiter, address_of(request.scope))
    if access.claim is not None:
        access.claim.private = True
    agent = request.headers.get("user-agent", "")
    async with access.transaction() as tx:
        claimed = await _claimed(tx, data)
        found = await sign_in.sign_in(access.engine, tx, claimed, data.code, agent)
        cart = await sign_in.cart_of(tx, found, data.cart_id) if found else None
    if found is None:
        raise Unauthorized("The code is wrong, or not good any more.", code="wrong_code")
    return SessionAnswer(
        token=found.opened.token,
        expires_at=found.opened.session.expires_at,
        customer=customer_view(found.customer),
        cart_id=cart.id if cart else None,
    )


@post("/auth/logout", status_code=204, responses=writes())
async def log_out(access: GivenAccess) -> None:
    """End the session that was sent with the request."""
    await _end(access)


async def _end(access: Access) -> None:
    access.signed_in()
    if access.session is not None:
        await end_session(access.engine.database, access.session.token_hash)


ROUTES = [ask_for_code, verify_code, log_out]
