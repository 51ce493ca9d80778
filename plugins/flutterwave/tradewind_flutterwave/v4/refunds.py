"""Giving money back through v4; the idempotency key makes it once for each operation."""

from datetime import timedelta

from tradewind import Change, Fact, PaymentResult, ProviderFault
from tradewind_flutterwave import amounts, wire
from tradewind_flutterwave.calls import WRITE_SECONDS, Lost
from tradewind_flutterwave.outcomes import moment, refund_code, refund_status_of, refunded
from tradewind_flutterwave.v4.api import Api, key, refusal

_REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})
_PAGES = 5
_PAGE_SIZE = 50
_LOOK_BACK = timedelta(days=1)


async def refund(api: Api, change: Change) -> PaymentResult:
    """Give `change.amount` back of a charge. Raises ProviderFault.

    A refusal, such as too little balance, is a result with status `failed`.
    """
    body = {
        "charge_id": change.object_id or change.provider_ref,
        "amount": amounts.number(change.amount),
        "reason": change.reason if change.reason in _REASONS else "requested_by_customer",
    }
    try:
        answer = await api.post("refunds", body, key(change.operation_id, "refund"), WRITE_SECONDS)
    except Lost:
        return PaymentResult(status="unknown", code="no_answer")
    if answer.refused:
        return refusal(answer, change.provider_ref)
    done = wire.read(answer.body, wire.Envelope[wire.ChargeRefund])
    if done is None or done.data is None:
        return PaymentResult(status="unknown", code="unreadable")
    return refunded(_fact(api, done.data, change.amount.currency), change.provider_ref)


async def refunds_of(api: Api, charge: wire.Charge) -> list[Fact]:
    """What was given back of a charge; the list has no filter, its newest entries come first.

    Raises ProviderFault.
    """
    since = moment(charge.created_datetime, api.context.clock.now()) - _LOOK_BACK
    facts: list[Fact] = []
    for page in range(1, _PAGES + 1):
        params = {"from": f"{since:%Y-%m-%dT%H:%M:%SZ}", "page": str(page), "size": str(_PAGE_SIZE)}
        listed = await api.get("refunds", list[wire.ChargeRefund], params)
        if not listed:
            break
        ours = [one for one in listed if one.charge_id == charge.id]
        facts += [_fact(api, one, charge.currency) for one in ours]
        if len(listed) < _PAGE_SIZE:
            break
    return facts


def _fact(api: Api, refund: wire.ChargeRefund, currency: str) -> Fact:
    status = refund_status_of(refund.status)
    try:
        amount = amounts.money(refund.amount_refunded, currency)
    except ValueError as odd:
        raise ProviderFault("Flutterwave tells no amount.", permanent=False) from odd
    return Fact(
        kind="refund",
        object_id=refund.id,
        status=status,
        amount=amount,
        at=moment(refund.created_datetime, api.context.clock.now()),
        code=refund_code(status),
    )
