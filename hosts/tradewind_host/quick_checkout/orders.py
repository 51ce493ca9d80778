"""Order in one call, and see how the order is getting on."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tradewind.checkout.links import bearer_token, checkout_url, opens, order_url
from tradewind.checkout.service import Item, QuickOrder, look_up_order, place_quickly
from tradewind.contracts.errors import FieldError, InvalidInput, NotFound
from tradewind.contracts.payment import Redirect
from tradewind.orders import service as orders
from tradewind.orders.rules import Order, OrderStatus
from tradewind.payments import service as payments
from tradewind.payments.rules import PaymentState
from tradewind_host.access import Access, GivenAccess
from tradewind_host.config import Config
from tradewind_host.limits import Limiter, address_of
from tradewind_host.problems import reads, told, writes
from tradewind_host.quick_checkout.returning import check_returns, known_origins
from tradewind_host.shapes import Body

MOST_ITEMS = 100
RULE = "quick_checkout"
_ANSWERS = told(
    writes(502),
    {
        403: ["channel_disabled"],
        404: ["unknown_sku", "unknown_variant"],
        409: [
            "out_of_stock",
            "promotion_exhausted",
            "line_unavailable",
            "too_many_holds",
            "too_many_unpaid",
            "provider_unavailable",
        ],
    },
)
Text = Annotated[str, msgspec.Meta(max_length=200)]
Address = Annotated[str, msgspec.Meta(max_length=2000)]


class Buyer(Body, frozen=True, kw_only=True):
    """Who orders."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    name: Text = ""
    phone: Text | None = None


class QuickCheckout(Body, frozen=True, kw_only=True):
    """What is ordered, by whom, and where the payer goes afterwards.

    The two addresses are on origins that the key lists. Without `provider_id` the first provider
    that has a page of its own is taken.
    """

    items: Annotated[Sequence[Item], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]
    customer: Buyer
    provider_id: Text | None = None
    success_url: Address | None = None
    cancel_url: Address | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The order; `token` opens it, and lets it be paid. `url` is where it is paid."""

    order_id: UUID
    token: str
    url: str


class QuickView(msgspec.Struct, frozen=True, kw_only=True):
    """How an order is getting on; `total` in minor units."""

    id: UUID
    number: str
    status: OrderStatus
    payment_status: PaymentState
    total: int
    currency: str


@post("/checkout", responses=_ANSWERS)
async def place_order(
    request: Request[Any, Any, Any], access: GivenAccess, data: JSONBody[QuickCheckout]
) -> Placed:
    """Order in one call; the order waits for its money for as long as the store says."""
    limiter: Limiter = request.app.state["limiter"]
    limiter.take(RULE, address_of(request.scope))
    returns = {"success_url": data.success_url or "", "cancel_url": data.cancel_url or ""}
    config: Config = request.app.state["config"]
    check_returns(returns, known_origins(access.engine, config, access.key.origins))
    asked = access.claim.operation_id if access.claim else access.engine.database.new_id()
    wanted = QuickOrder(
        session_id=f"web:{asked}",
        items=data.items,
        email=data.customer.email,
        name=data.customer.name.strip(),
        phone=data.customer.phone,
        customer_id=access.customer_id,
        provider=data.provider_id,
        return_url=returns["success_url"],
        cancel_url=returns["cancel_url"],
        network_address=address_of(request.scope),
        metadata={name: url for name, url in returns.items() if url},
    )
    try:
        order = await place_quickly(access.engine, access.store, wanted)
    except InvalidInput as wrong:
        raise _named(wrong) from None
    token = bearer_token(access.engine, access.store, order.id, "pay")
    return Placed(order_id=order.id, token=token, url=await _page(access, order))


def _named(wrong: InvalidInput) -> InvalidInput:
    """The refusal, with its fields as they are called here."""
    errors = [
        FieldError(f"customer.{one.path}", one.code, one.message)
        if one.path in {"email", "phone"}
        else one
        for one in wrong.errors
    ]
    return InvalidInput(wrong.detail, code=wrong.reason, errors=errors)


async def _page(access: Access, order: Order) -> str:
    """The provider's page, or ours where it has none or did not answer."""
    async with access.transaction() as tx:
        session = await payments.session_of_order(tx, order.id)
    if session is not None and session.status == "open" and isinstance(session.action, Redirect):
        return session.action.url
    if order.status == "pending":
        return checkout_url(access.engine, access.store, order)
    return order_url(access.engine, access.store, order.id)


@get("/orders/{order_id:uuid}", responses=reads(404, 429))
async def get_order(
    access: GivenAccess, order_id: FromPath[UUID], token: FromQuery[str] = ""
) -> QuickView:
    """How an order is getting on. While it waits, its provider is asked, though not too often."""
    engine, store = access.engine, access.store
    if not opens(engine, store, order_id, "order", token):
        raise NotFound("There is no such order.")
    order = await _order(access, order_id)
    if order.status == "pending":
        await look_up_order(engine, store, order_id)
        order = await _order(access, order_id)
    return QuickView(
        id=order.id,
        number=str(order.number),
        status=order.status,
        payment_status=order.payment_status,
        total=order.total,
        currency=order.currency,
    )


async def _order(access: Access, order_id: UUID) -> Order:
    async with access.transaction() as tx:
        return await orders.get_order(tx, order_id)
