"""Carts as they are now: what is in them, what they come to, and why that may be in doubt.

The id of a guest's open cart is all that opens it, to act as its shopper. Somebody who may only
read must not get that far, and is not shown it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from tradewind.carts import service as carts
from tradewind.carts.desk import service
from tradewind.carts.desk.rules import CartFilter, CartRow, CartState
from tradewind.carts.rules import CartStatus
from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.settings.keyring import SecretUnreadable
from tradewind_host.access import Access, GivenAccess
from tradewind_host.problems import reads
from tradewind_host.shapes import Limit, page
from tradewind_host.store_api.cart_view import CartView, cart_answer

Begins = Annotated[
    str | None,
    QueryParameter(max_length=254, description="How an e-mail address or phone number begins."),
]
State = Annotated[CartState | None, QueryParameter(name="state")]
Place = Annotated[
    str | None, QueryParameter(description="`next_cursor` of the page before.", max_length=300)
]


class CartSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A cart in a list. `id` is null where it would let a reader act as the shopper.

    `total` (minor units) is that of the last quote; until the cart is `quoted`, what its lines cost
    in the catalog. `quote_flags` say why a quote is in doubt, such as `tax_failed:<plugin>`.
    """

    id: UUID | None
    status: CartStatus
    version: int
    currency: str
    total: int
    units: int
    quoted: bool
    quote_flags: Sequence[str]
    source: str
    email: str | None
    phone: str | None
    customer_id: UUID | None
    session_id: str | None
    merged_into: UUID | None
    abandoned_at: datetime | None
    expires_at: datetime
    created_at: datetime
    updated_at: datetime


class CartList(msgspec.Struct, frozen=True):
    """Carts, newest first."""

    carts: Sequence[CartSummary]
    next_cursor: str | None


class CartDetail(CartView, frozen=True, kw_only=True):
    """A cart with its lines. Its totals are those of the last quote, if it is `quoted`."""

    quoted: bool
    quote_flags: Sequence[str]
    source: str
    phone: str | None
    merged_into: UUID | None
    abandoned_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CartDetailAnswer(msgspec.Struct, frozen=True):
    """One cart."""

    cart: CartDetail


@get("/carts", responses=reads(422))
async def list_all_carts(
    access: GivenAccess,
    wanted_state: State = None,
    q: Begins = None,
    customer_id: FromQuery[UUID | None] = None,
    limit: Limit = 20,
    cursor: Place = None,
) -> CartList:
    """Carts, newest first; `abandoned` ones are open and were left alone."""
    wanted = CartFilter(
        state=wanted_state,
        q=q.strip() if q else None,
        customer_id=customer_id,
        before=_opened(access, cursor),
        limit=limit,
    )
    async with access.transaction() as tx:
        rows = await service.list_carts(tx, wanted)
    kept, following = page(rows, limit, lambda row: row.id)
    sealed = access.engine.keyring.encrypt(following.encode()).decode() if following else None
    return CartList([_summary(row, access) for row in kept], sealed)


@get("/carts/{cart_id:uuid}", responses=reads(404))
async def get_any_cart(access: GivenAccess, cart_id: FromPath[UUID]) -> CartDetailAnswer:
    """One cart with its lines, at the prices of this moment. Nothing is changed by looking."""
    async with access.transaction() as tx:
        row = await service.get_row(tx, cart_id)
        cart = await carts.get_cart(tx, cart_id)
    more: dict[str, Any] = {
        name: getattr(row, name) for name in ("merged_into", "abandoned_at", "updated_at")
    }
    for name in ("quoted", "quote_flags", "source", "phone", "created_at"):
        more[name] = getattr(cart, name)
    shown = msgspec.structs.asdict(cart_answer(cart).cart)
    return CartDetailAnswer(CartDetail(**shown, **more))


def _summary(row: CartRow, access: Access) -> CartSummary:
    fields = msgspec.structs.asdict(row)
    if row.secret and access.key.role == "read_only":
        fields["id"] = None
    return CartSummary(**fields)


def _opened(access: Access, cursor: str | None) -> UUID | None:
    """Where the last page ended; sealed, because it is the id of a cart. Raises InvalidInput."""
    if cursor is None:
        return None
    try:
        return UUID(access.engine.keyring.decrypt(cursor.encode()).decode())
    except (SecretUnreadable, ValueError):
        wrong = FieldError("cursor", "invalid", "Use next_cursor of the page before.")
        raise InvalidInput("This cursor does not belong here.", errors=[wrong]) from None


ROUTES = (list_all_carts, get_any_cart)
