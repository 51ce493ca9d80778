"""What a merchant may do to an order: which of it is offered, and how each is done."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from tradewind.checkout import service as checkout
from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.contracts.money import from_major
from tradewind.orders import service as orders
from tradewind.orders.rules import TRANSITIONS, Order
from tradewind.payments.rules import refundable
from tradewind_host.dashboard.door import Desk
from tradewind_host.dashboard.reading import OrderKnown
from tradewind_host.idempotency import Claim, keep_answer

_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,3})?")


class Filled(NamedTuple):
    """What was entered: an amount in minor units, and words."""

    amount: int | None = None
    words: str = ""


Do = Callable[[Desk, UUID, Filled, Claim], Awaitable[str]]
"""Does it; returns what is to be told of it."""


class Deed(NamedTuple):
    """One thing that may be done.

    `words` names what may be written beside it, `most` is the largest amount in minor units; a deed
    has not always either.
    """

    name: str
    title: str
    button: str
    explained: str
    words: str
    grave: bool
    do: Do
    most: int | None = None


async def _refund(desk: Desk, order_id: UUID, filled: Filled, claim: Claim) -> str:
    made = await checkout.refund_order(
        desk.engine,
        desk.store,
        order_id,
        desk.access.actor,
        filled.amount,
        filled.words,
        (),
        str(claim.operation_id),
    )
    return "refund-refused" if any(one.status == "failed" for one in made) else "refund"


async def _cancel(desk: Desk, order_id: UUID, filled: Filled, claim: Claim) -> str:
    await checkout.cancel_order(
        desk.engine, desk.store, order_id, desk.access.actor, reason=filled.words
    )
    return "cancel"


async def _mark_paid(desk: Desk, order_id: UUID, filled: Filled, claim: Claim) -> str:
    await checkout.mark_paid(
        desk.engine,
        desk.store,
        order_id,
        desk.access.actor,
        amount=filled.amount,
        note=filled.words,
        operation_id=str(claim.operation_id),
    )
    return "mark-paid"


async def _capture(desk: Desk, order_id: UUID, filled: Filled, claim: Claim) -> str:
    made = await checkout.capture_payment(
        desk.engine,
        desk.store,
        order_id,
        desk.access.actor,
        filled.amount,
        operation_id=str(claim.operation_id),
    )
    return "capture-refused" if any(one.status == "failed" for one in made) else "capture"


async def note(desk: Desk, order_id: UUID, filled: Filled, claim: Claim) -> str:
    """Put a note on the order's history, in one transaction with the mark that it was."""
    async with desk.transaction() as tx:
        await orders.add_note(tx, order_id, filled.words, desk.access.actor)
        await keep_answer(tx, claim, 200, b"note")
    return "note"


MARK_PAID = Deed(
    name="mark-paid",
    title="Mark as paid",
    button="Mark as paid",
    explained="For money that came by another way, such as cash or a transfer.",
    words="Note",
    grave=False,
    do=_mark_paid,
)
REFUND = Deed(
    name="refund",
    title="Refund",
    button="Give the money back",
    explained="The money goes back by the way in which it came. This cannot be undone.",
    words="Reason",
    grave=True,
    do=_refund,
)
CANCEL = Deed(
    name="cancel",
    title="Cancel order",
    button="Cancel the order",
    explained="The order is called off and its stock is free again. This cannot be undone.",
    words="Reason",
    grave=True,
    do=_cancel,
)
CAPTURE = Deed(
    name="capture",
    title="Capture",
    button="Take the money",
    explained="Takes money that the shopper's bank or card holds for this order.",
    words="",
    grave=False,
    do=_capture,
)
DEEDS: Mapping[str, Deed] = {one.name: one for one in (CAPTURE, MARK_PAID, REFUND, CANCEL)}
WITH_AMOUNT = frozenset(("capture", "mark-paid", "refund"))


def offered(desk: Desk, known: OrderKnown) -> list[Deed]:
    """What may be done to the order now, by whoever looks at it."""
    if not desk.may_act:
        return []
    order, found = known.order, list[Deed]()
    takeable = min(_takeable(desk, known), order.due)
    if takeable > 0 and not order.closed:
        found.append(CAPTURE._replace(most=takeable))
    if order.due and not order.closed:
        found.append(MARK_PAID._replace(most=order.due))
    returnable = _returnable(desk, known)
    if returnable > 0:
        found.append(REFUND._replace(most=returnable))
    if _is_cancelable(order):
        found.append(CANCEL)
    return found


def _takeable(desk: Desk, known: OrderKnown) -> int:
    """What is held by providers that can give it later, unless some of it is being taken now."""
    if any(one.status == "pending" for payment in known.payments for one in payment.captures):
        return 0
    providers = desk.engine.plugins.providers
    return sum(
        one.payment.held
        for one in known.payments
        if (provider := providers.get(one.payment.provider)) and provider.capabilities.capture
    )


def _returnable(desk: Desk, known: OrderKnown) -> int:
    """What came by ways that can give it back, and neither went nor was decided to go."""
    providers, left = desk.engine.plugins.providers, 0
    for one in known.payments:
        provider = providers.get(one.payment.provider)
        if provider is not None and provider.capabilities.refund:
            sources = refundable(one.facts, one.refunds, known.order.currency)
            left += sum(source.left for source in sources)
    return left


def _is_cancelable(order: Order) -> bool:
    paid = order.paid_total > order.refunded_total
    left = any(line.fulfilled for line in order.lines)
    return (order.status, "cancel") in TRANSITIONS and not paid and not left


def amount_of(text: str, currency: str) -> int:
    """Minor units from what somebody typed, such as 1250.50. Raises InvalidInput."""
    plain = text.replace(" ", "")
    wrong = FieldError("amount", "invalid", "Enter an amount such as 1250.50.")
    refusal = InvalidInput("This is no amount.", errors=[wrong])
    if not _AMOUNT.fullmatch(plain):
        raise refusal
    try:
        return from_major(plain, currency).amount
    except ValueError:
        raise refusal from None
