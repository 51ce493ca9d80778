"""What v3 knows of a payment: its transactions, and what was given back of them."""

import logging
from collections.abc import Sequence

from tradewind import Fact, Money, PaymentResult, ProviderFault
from tradewind_flutterwave import wire
from tradewind_flutterwave.calls import Context
from tradewind_flutterwave.outcomes import REFUNDS_UNKNOWN, status_from, status_of
from tradewind_flutterwave.v3 import transactions
from tradewind_flutterwave.v3.refunds import refund_fact, refunds_of

_LOG = logging.getLogger(__name__)


async def fetch(context: Context, tx_ref: str, provider_ref: str | None) -> PaymentResult:
    """What all transactions under a reference come to. Raises ProviderFault.

    A direct charge, known by its transaction's number, fails when that has failed. On a hosted
    page the payer may try again, so that payment stays pending until its time is over. `unknown`,
    with the money that came, when what was given back cannot be told.
    """
    number = provider_ref if provider_ref != tx_ref else None
    found = await transactions.found(context, tx_ref, number)
    captures = [transactions.capture(context, one) for one in found]
    status = status_from(captures, final=number is not None)
    if number is None and status == "pending" and any(one.code for one in captures):
        captures.append(_open_page(context, tx_ref, captures[0].amount))
    code = next((one.code for one in captures if one.code), "") if status == "failed" else ""
    refunds = await _refunds(context, found)
    if refunds is None:
        status, code = "unknown", REFUNDS_UNKNOWN
    return PaymentResult(
        status=status,
        provider_ref=provider_ref or (tx_ref if found else None),
        facts=[*captures, *(refunds or ())],
        data={"tx_ref": tx_ref},
        code=code,
    )


def _open_page(context: Context, tx_ref: str, amount: Money) -> Fact:
    """The page itself, on which the payer may try again: an attempt that is not decided."""
    now = context.clock.now()
    return Fact(kind="capture", object_id=tx_ref, status="pending", amount=amount, at=now)


async def _refunds(context: Context, found: Sequence[wire.Transaction]) -> list[Fact] | None:
    """What was given back; None when it cannot be told, which hides no money that came."""
    facts: list[Fact] = []
    try:
        for one in found:
            if status_of(one.status) == "succeeded":
                known, complete = await refunds_of(context, one)
                if not complete:
                    return None
                facts += [refund_fact(context, one, refund) for refund in known]
    except ProviderFault as fault:
        _LOG.warning("refunds could not be looked up: %s", fault.detail)
        return None
    return facts
