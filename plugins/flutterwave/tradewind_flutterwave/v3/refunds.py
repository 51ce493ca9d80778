"""Giving money back through v3, once for each operation.

Flutterwave has no idempotency key for refunds. Ours carry the operation id in their comment, and
before a new one is asked for those that are known are read.
"""

from collections.abc import Sequence
from datetime import timedelta

from tradewind import Change, Fact, PaymentResult, ProviderFault
from tradewind_flutterwave import amounts, wire
from tradewind_flutterwave.calls import (
    WRITE_SECONDS,
    Context,
    Lost,
    path,
    read,
    send,
    understood,
)
from tradewind_flutterwave.outcomes import (
    declined,
    moment,
    refund_code,
    refund_status_of,
    refunded,
    status_of,
)
from tradewind_flutterwave.v3.api import ask, call, words
from tradewind_flutterwave.v3.transactions import listed

_PAGES = 10
_LOOK_BACK = timedelta(days=1)


async def refund(context: Context, change: Change) -> PaymentResult:
    """Give `change.amount` back of one transaction. Raises ProviderFault.

    A refusal, such as too little balance, is a result with status `failed`.
    """
    transaction = await _to_refund(context, change)
    if transaction is None:
        return declined("not_refundable", "Flutterwave knows no such successful transaction.")
    known, complete = await refunds_of(context, transaction)
    done = next((one for one in known if _mark(change) in one.note), None)
    if done is not None:
        return refunded(refund_fact(context, transaction, done), change.provider_ref)
    if not complete:
        raise ProviderFault("Too many refunds to tell whether this is done.", permanent=True)
    return await _ask_for(context, change, transaction)


async def refunds_of(
    context: Context, transaction: wire.Transaction
) -> tuple[list[wire.Refund], bool]:
    """What was given back of a transaction, and whether the list was read to its end.

    `id` narrows the list to the transaction; where it does not, it is read page by page.
    """
    number = str(transaction.id)
    since = moment(transaction.created_at, context.clock.now()) - _LOOK_BACK
    found: list[wire.Refund] = []
    for page in range(1, _PAGES + 1):
        params = {"id": number, "from": f"{since:%Y-%m-%d}", "page": str(page)}
        answer = await read(context, call(context, "GET", "refunds", params=params))
        if answer.refused:
            raise ProviderFault(words(answer), permanent=False)
        listing = understood(answer, wire.Envelope[list[wire.Refund]])
        found += [one for one in listing.data or () if one.of(number)]
        if listing.meta is None or page >= listing.meta.page_info.total_pages:
            return found, True
    return found, False


def refund_fact(context: Context, transaction: wire.Transaction, refund: wire.Refund) -> Fact:
    """The state of a refund; its currency is that of the transaction. Raises ProviderFault."""
    status = refund_status_of(refund.status)
    try:
        amount = amounts.money(refund.amount_refunded, transaction.currency)
    except ValueError as odd:
        raise ProviderFault("Flutterwave tells no amount.", permanent=False) from odd
    return Fact(
        kind="refund",
        object_id=str(refund.id),
        status=status,
        amount=amount,
        at=moment(refund.created_at, context.clock.now()),
        code=refund_code(status),
    )


async def _ask_for(
    context: Context, change: Change, transaction: wire.Transaction
) -> PaymentResult:
    where = path("transactions", str(transaction.id), "refund")
    comments = f"{_mark(change)} {change.reason or 'Refund'}"
    body = {"amount": amounts.number(change.amount), "comments": comments}
    request = call(context, "POST", where, body=body, seconds=WRITE_SECONDS)
    try:
        answer = await send(context, request)
    except Lost:
        return PaymentResult(status="unknown", code="no_answer")
    if answer.refused:
        return declined("refused", words(answer), change.provider_ref)
    done = wire.read(answer.body, wire.Envelope[wire.Refund])
    if done is None or done.data is None:
        return PaymentResult(status="unknown", code="unreadable")
    return refunded(refund_fact(context, transaction, done.data), change.provider_ref)


def _mark(change: Change) -> str:
    """Names the operation in a comment; the brackets keep one id from being part of another.

    It stands in front, so that a long reason that is cut does not lose it.
    """
    return f"[{change.operation_id}]"


async def _to_refund(context: Context, change: Change) -> wire.Transaction | None:
    """The captured transaction of this payment that the money goes back from."""
    number = change.object_id or (change.provider_ref if change.provider_ref.isdecimal() else "")
    if number:
        one = await ask(context, path("transactions", number, "verify"), {}, wire.Transaction)
        candidates: Sequence[wire.Transaction] = [] if one is None else [one]
    else:
        candidates = await listed(context, change.provider_ref or str(change.payment_id))
    fitting = [one for one in candidates if _fits(one, change)]
    enough = (one for one in fitting if one.amount >= change.amount.major())
    return next(enough, fitting[0] if fitting else None)


def _fits(one: wire.Transaction, change: Change) -> bool:
    ours = {change.provider_ref, str(change.payment_id)}
    of_payment = one.tx_ref in ours or str(one.id) == change.provider_ref
    succeeded = status_of(one.status) == "succeeded"
    return of_payment and succeeded and one.currency == change.amount.currency
