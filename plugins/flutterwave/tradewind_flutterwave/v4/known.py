"""What v4 knows of a payment: its charge, and what was given back of it."""

import logging

from tradewind import Fact, PaymentResult, ProviderFault
from tradewind_flutterwave import wire
from tradewind_flutterwave.outcomes import REFUNDS_UNKNOWN, status_from
from tradewind_flutterwave.v4 import charges
from tradewind_flutterwave.v4.api import Api
from tradewind_flutterwave.v4.refunds import refunds_of

_LOG = logging.getLogger(__name__)


async def fetch(api: Api, reference: str, provider_ref: str | None) -> PaymentResult:
    """What the charge under our reference comes to. Raises ProviderFault.

    `unknown`, with the money that came, when what was given back cannot be told.
    """
    data = {"tx_ref": reference}
    charge = await charges.found(api, reference, provider_ref)
    if charge is None:
        return PaymentResult(status="pending", provider_ref=provider_ref, data=data)
    capture = charges.capture(api, charge)
    status, code = status_from([capture], final=True), capture.code
    refunds = await _refunds(api, charge) if status == "succeeded" else []
    if refunds is None:
        status, code = "unknown", REFUNDS_UNKNOWN
    return PaymentResult(
        status=status,
        provider_ref=charge.id,
        facts=[capture, *(refunds or ())],
        data=data,
        code=code,
    )


async def _refunds(api: Api, charge: wire.Charge) -> list[Fact] | None:
    """What was given back; None when it cannot be told, which hides no money that came."""
    try:
        return await refunds_of(api, charge)
    except ProviderFault as fault:
        _LOG.warning("refunds could not be looked up: %s", fault.detail)
        return None
