"""What v4 knows of a payment: its charge, and what was given back of it."""

import logging

from tradewind import Fact, PaymentResult, ProviderFault
from tradewind_flutterwave import wire
from tradewind_flutterwave.outcomes import status_from
from tradewind_flutterwave.v4 import charges
from tradewind_flutterwave.v4.api import Api
from tradewind_flutterwave.v4.refunds import refunds_of

_LOG = logging.getLogger(__name__)


async def fetch(api: Api, reference: str, provider_ref: str | None) -> PaymentResult:
    """What the charge under our reference comes to. Raises ProviderFault."""
    data = {"tx_ref": reference}
    charge = await charges.found(api, reference, provider_ref)
    if charge is None:
        return PaymentResult(status="pending", provider_ref=provider_ref, data=data)
    capture = charges.capture(api, charge)
    status = status_from([capture], final=True)
    refunds = await _refunds(api, charge) if status == "succeeded" else []
    return PaymentResult(
        status=status,
        provider_ref=charge.id,
        facts=[capture, *refunds],
        data=data,
        code=capture.code,
    )


async def _refunds(api: Api, charge: wire.Charge) -> list[Fact]:
    """What was given back; that it cannot be told keeps nobody from knowing that money came."""
    try:
        return await refunds_of(api, charge)
    except ProviderFault as fault:
        _LOG.warning("refunds could not be looked up: %s", fault.detail)
        return []
