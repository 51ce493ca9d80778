"""Orders: list, detail, money that came by another way, cancellation, notes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tradewind.checkout import service as checkout
from tradewind.database import Transaction
from tradewind.fulfillment.rules import Shipment
from tradewind.fulfillment.service import shipments_of
from tradewind.orders import service
from tradewind.orders.rules import FulfillmentStatus, Order, OrderFilter, OrderStatus, TimelineEntry
from tradewind.payments import service as payments
from tradewind.payments.rules import (
    Capture,
    CaptureStatus,
    Payment,
    PaymentState,
    Refund,
    RefundLine,
    RefundStatus,
)
from tradewind_host.access import Access, GivenAccess
from tradewind_host.order_view import OrderView, order_fields, order_view
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body, Cursor, Limit

Since = Annotated[datetime | None, QueryParameter(name="from", description="Created at or after.")]
Until = Annotated[datetime | None, QueryParameter(name="to", description="Created before.")]


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back. `code` says why it failed; `lines` are the units it went back for."""

    id: UUID
    status: RefundStatus
    amount: int
    currency: str
    provider_ref: str | None
    code: str
    reason: str
    lines: Sequence[RefundLine]
    created_at: datetime


class CaptureView(msgspec.Struct, frozen=True, kw_only=True):
    """Held money that was asked for. `code` says why it failed."""

    id: UUID
    status: CaptureStatus
    amount: int
    currency: str
    code: str
    created_at: datetime


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which money came or is to come; `data` is what the payer's client was given.

    What opens the payment to whoever has it is left out.
    """

    id: UUID
    provider_id: str
    method: str
    status: PaymentState
    amount: int
    authorized: int
    captured: int
    refunded: int
    currency: str
    created_at: datetime
    data: Mapping[str, Any]
    captures: Sequence[CaptureView]
    refunds: Sequence[RefundView]


class OrderDetail(OrderView, frozen=True, kw_only=True):
    """An order with its history, its payments and its shipments."""

    timeline: Sequence[TimelineEntry]
    payments: Sequence[PaymentView]
    shipments: Sequence[Shipment]


class OrderList(msgspec.Struct, frozen=True):
    """Orders, newest first."""

    orders: Sequence[OrderView]
    next_cursor: str | None


class OrderAnswer(msgspec.Struct, frozen=True):
    """One order."""

    order: OrderDetail


class MoneyCame(Body, frozen=True, kw_only=True):
    """What came, in minor units; without an amount, all that was due."""

    amount: Annotated[int, msgspec.Meta(gt=0)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=4000)] = ""


class MoneyTaken(Body, frozen=True, kw_only=True):
    """What is taken of held money, in minor units; without an amount, all that is due."""

    amount: Annotated[int, msgspec.Meta(gt=0)] | None = None


class UnitsBack(Body, frozen=True, kw_only=True):
    """Units of an order's line that money goes back for."""

    line_id: UUID
    quantity: Annotated[int, msgspec.Meta(gt=0)]


class MoneyBack(Body, frozen=True, kw_only=True):
    """What goes back, in minor units; without an amount, what the lines cost, or everything."""

    amount: Annotated[int, msgspec.Meta(gt=0)] | None = None
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    lines: Annotated[Sequence[UnitsBack], msgspec.Meta(max_length=500)] = ()


class Cancellation(Body, frozen=True, kw_only=True):
    """Why the order is called off."""

    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class NoteInput(Body, frozen=True, kw_only=True):
    """Words for the order's history."""

    note: str


_WRITES = writes(502)


@get("/orders", responses=reads(422))
async def list_orders(  # noqa: PLR0913 - each is a query parameter
    access: GivenAccess,
    q: FromQuery[str | None] = None,
    status: FromQuery[OrderStatus | None] = None,
    payment_status: FromQuery[PaymentState | None] = None,
    fulfillment_status: FromQuery[FulfillmentStatus | None] = None,
    source: FromQuery[str | None] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> OrderList:
    """Orders, newest first; `q` matches number, e-mail, phone and name."""
    wanted = OrderFilter(
        q=q,
        status=status,
        payment_status=payment_status,
        fulfillment_status=fulfillment_status,
        source=source,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
    )
    async with access.transaction() as tx:
        found = await service.list_orders(tx, wanted)
    return OrderList([order_view(order) for order in found.items], found.next_cursor)


@get("/orders/{order_id:uuid}", responses=reads(404))
async def get_order(access: GivenAccess, order_id: FromPath[UUID]) -> OrderAnswer:
    """One order with its history, payments and shipments."""
    async with access.transaction() as tx:
        return await _detail(tx, await service.get_order(tx, order_id))


@post("/orders/{order_id:uuid}/mark-paid", status_code=200, responses=_WRITES)
async def mark_paid(
    access: GivenAccess, order_id: FromPath[UUID], data: JSONBody[MoneyCame | None] = None
) -> OrderAnswer:
    """Record that money came by another way: cash, a transfer."""
    given = data or MoneyCame()
    await checkout.mark_paid(
        access.engine,
        access.store,
        order_id,
        access.actor,
        amount=given.amount,
        note=given.note,
        operation_id=str(access.claim.operation_id) if access.claim else None,
    )
    return await _after(access, order_id)


@post("/orders/{order_id:uuid}/capture", status_code=200, responses=_WRITES)
async def capture(
    access: GivenAccess, order_id: FromPath[UUID], data: JSONBody[MoneyTaken | None] = None
) -> OrderAnswer:
    """Take money that is held for an order, or a part of it.

    What the provider has not decided yet is `pending` and followed to its end. The same again
    within ten minutes, without an `Idempotency-Key`, is refused.
    """
    await checkout.capture_payment(
        access.engine,
        access.store,
        order_id,
        access.actor,
        data.amount if data else None,
        operation_id=str(access.claim.operation_id) if access.claim else None,
    )
    return await _after(access, order_id)


@post("/orders/{order_id:uuid}/refund", status_code=200, responses=_WRITES)
async def refund(
    access: GivenAccess, order_id: FromPath[UUID], data: JSONBody[MoneyBack | None] = None
) -> OrderAnswer:
    """Give money back by the way in which it came.

    What the provider has not decided yet is `pending` and followed to its end. The same again
    within ten minutes, without an `Idempotency-Key`, is refused.
    """
    given = data or MoneyBack()
    await checkout.refund_order(
        access.engine,
        access.store,
        order_id,
        access.actor,
        given.amount,
        given.reason,
        [RefundLine(line_id=one.line_id, quantity=one.quantity) for one in given.lines],
        str(access.claim.operation_id) if access.claim else None,
    )
    return await _after(access, order_id)


@post("/orders/{order_id:uuid}/cancel", status_code=200, responses=_WRITES)
async def cancel(
    access: GivenAccess, order_id: FromPath[UUID], data: JSONBody[Cancellation | None] = None
) -> OrderAnswer:
    """Call an order off and give its stock back."""
    reason = data.reason if data else ""
    await checkout.cancel_order(access.engine, access.store, order_id, access.actor, reason=reason)
    return await _after(access, order_id)


@post("/orders/{order_id:uuid}/notes", responses=_WRITES)
async def add_note(
    access: GivenAccess, order_id: FromPath[UUID], data: JSONBody[NoteInput]
) -> Response[OrderAnswer]:
    """Put a note on the order's history."""
    async with access.transaction() as tx:
        order = await service.add_note(tx, order_id, data.note, access.actor)
        return await access.answer(tx, await _detail(tx, order), 201)


async def _after(access: Access, order_id: UUID) -> OrderAnswer:
    async with access.transaction() as tx:
        return await _detail(tx, await service.get_order(tx, order_id))


async def _detail(tx: Transaction, order: Order) -> OrderAnswer:
    known = await service.payments_of(tx, order.id)
    data = await payments.session_data(tx, known)
    captures = await payments.captures_of(tx, known)
    refunds = await payments.refunds_of(tx, known)
    return OrderAnswer(
        OrderDetail(
            **order_fields(order),
            timeline=await service.timeline(tx, order.id),
            payments=[_payment(one, data.get(one.id, {}), captures, refunds) for one in known],
            shipments=await shipments_of(tx, order.id),
        )
    )


def _payment(
    payment: Payment,
    data: Mapping[str, Any],
    captures: Sequence[Capture],
    refunds: Sequence[Refund],
) -> PaymentView:
    return PaymentView(
        id=payment.id,
        provider_id=payment.provider,
        method=payment.method,
        status=payment.status,
        amount=payment.amount,
        authorized=payment.authorized,
        captured=payment.captured,
        refunded=payment.refunded,
        currency=payment.currency,
        created_at=payment.created_at,
        data={name: value for name, value in data.items() if "secret" not in name.lower()},
        captures=[_capture(one) for one in captures if one.payment_id == payment.id],
        refunds=[_refund(one) for one in refunds if one.payment_id == payment.id],
    )


def _capture(capture: Capture) -> CaptureView:
    fields = {name: getattr(capture, name) for name in CaptureView.__struct_fields__}
    return CaptureView(**fields)


def _refund(refund: Refund) -> RefundView:
    fields = {name: getattr(refund, name) for name in RefundView.__struct_fields__}
    return RefundView(**fields)


ROUTES = (list_orders, get_order, mark_paid, capture, refund, cancel, add_note)
