"""What Flutterwave knows of a payment: every transaction under its reference."""

from tradewind import Fact, Money, PaymentResult, ProviderFault
from tradewind_flutterwave import amounts, outcomes, wire
from tradewind_flutterwave.calls import Context, path
from tradewind_flutterwave.v3.api import ask


async def fetch(context: Context, tx_ref: str, provider_ref: str | None) -> PaymentResult:
    """What all transactions under a reference come to.

    A direct charge, known by its transaction's number, fails when that has failed. On a hosted
    page the payer may try again, so that payment stays pending until its time is over.
    """
    number = provider_ref if provider_ref != tx_ref else None
    direct = number is not None
    found = await _transactions(context, tx_ref, number)
    captures = [_capture(context, one) for one in found]
    if not direct and any(one.code for one in captures):
        captures.append(_open_page(context, tx_ref, captures[0].amount))
    status = outcomes.status_from(captures, final=direct)
    failed = next((one.code for one in captures if one.code), "") if status == "failed" else ""
    return PaymentResult(
        status=status,
        provider_ref=provider_ref or (tx_ref if found else None),
        facts=captures,
        data={"tx_ref": tx_ref},
        code=failed,
    )


async def _transactions(
    context: Context, tx_ref: str, number: str | None
) -> list[wire.Transaction]:
    """Every attempt to pay under our reference; none before the payer has begun.

    The list is asked first, because verifying tells of one attempt only.
    """
    found = await listed(context, tx_ref)
    if found:
        return found
    if number is None:
        where = path("transactions", "verify_by_reference")
        one = await ask(context, where, {"tx_ref": tx_ref}, wire.Transaction)
    else:
        one = await ask(context, path("transactions", number, "verify"), {}, wire.Transaction)
    return [one] if one is not None and one.tx_ref == tx_ref else []


async def listed(context: Context, tx_ref: str) -> list[wire.Transaction]:
    """Every attempt under a reference, as the list tells. Raises ProviderFault."""
    answer = await ask(context, "transactions", {"tx_ref": tx_ref}, list[wire.Transaction])
    return [one for one in answer or () if one.tx_ref == tx_ref]


def _capture(context: Context, one: wire.Transaction) -> Fact:
    status = outcomes.status_of(one.status)
    return Fact(
        kind="capture",
        object_id=str(one.id),
        status=status,
        amount=_money(one),
        at=outcomes.moment(one.created_at, context.clock.now()),
        fee=amounts.fee(one.app_fee, one.currency) if status == "succeeded" else None,
        code=outcomes.reason(status, one.processor_response),
    )


def _open_page(context: Context, tx_ref: str, amount: Money) -> Fact:
    """The page itself, on which the payer may try again: an attempt that is not decided."""
    return outcomes.fact("capture", tx_ref, "pending", amount, context.clock.now())


def _money(one: wire.Transaction) -> Money:
    try:
        return amounts.money(one.amount, one.currency)
    except ValueError as odd:
        raise ProviderFault("Flutterwave tells no amount.", permanent=False) from odd
