"""The transactions of v3: every attempt to pay under one reference."""

from tradewind import Fact, Money, ProviderFault
from tradewind_flutterwave import amounts, wire
from tradewind_flutterwave.calls import Context, path
from tradewind_flutterwave.outcomes import moment, reason, status_of
from tradewind_flutterwave.v3.api import ask


async def listed(context: Context, tx_ref: str) -> list[wire.Transaction]:
    """Every attempt under a reference, as the list tells. Raises ProviderFault."""
    answer = await ask(context, "transactions", {"tx_ref": tx_ref}, list[wire.Transaction])
    return [one for one in answer or () if one.tx_ref == tx_ref]


async def found(context: Context, tx_ref: str, number: str | None) -> list[wire.Transaction]:
    """Every attempt under our reference; none before the payer has begun. Raises ProviderFault.

    The list is asked first, because verifying, by `number` or reference, tells of one alone.
    """
    all_of_them = await listed(context, tx_ref)
    if all_of_them:
        return all_of_them
    if number is None:
        where = path("transactions", "verify_by_reference")
        one = await ask(context, where, {"tx_ref": tx_ref}, wire.Transaction)
    else:
        one = await ask(context, path("transactions", number, "verify"), {}, wire.Transaction)
    return [one] if one is not None and one.tx_ref == tx_ref else []


def capture(context: Context, one: wire.Transaction) -> Fact:
    """The state of one attempt. Raises ProviderFault where it has no amount."""
    status = status_of(one.status)
    return Fact(
        kind="capture",
        object_id=str(one.id),
        status=status,
        amount=money(one),
        at=moment(one.created_at, context.clock.now()),
        fee=amounts.fee(one.app_fee, one.currency) if status == "succeeded" else None,
        code=reason(status, one.processor_response),
    )


def money(one: wire.Transaction) -> Money:
    """What an attempt brought, without what the payer was charged on top."""
    try:
        return amounts.money(one.amount, one.currency)
    except ValueError as odd:
        raise ProviderFault("Flutterwave tells no amount.", permanent=False) from odd
