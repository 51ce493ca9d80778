"""The charges of v4: one to a payment, under our reference."""

from tradewind import Fact, ProviderFault
from tradewind_flutterwave import amounts, wire
from tradewind_flutterwave.calls import path
from tradewind_flutterwave.outcomes import moment, reason, status_of
from tradewind_flutterwave.v4.api import Api


async def found(api: Api, reference: str, charge_id: str | None) -> wire.Charge | None:
    """The charge of a payment, by its id or by our reference. Raises ProviderFault.

    One that carries another reference is not ours, whatever its id.
    """
    if charge_id is not None:
        one = await api.get(path("charges", charge_id), wire.Charge)
        return one if one is not None and one.reference == reference else None
    listed = await api.get("charges", list[wire.Charge], {"reference": reference})
    ours = [one for one in listed or () if one.reference == reference]
    return ours[0] if ours else None


def capture(api: Api, charge: wire.Charge) -> Fact:
    """The state of a charge. Raises ProviderFault where it has no amount."""
    status, said = status_of(charge.status), charge.processor_response
    try:
        amount = amounts.money(charge.amount, charge.currency)
    except ValueError as odd:
        raise ProviderFault("Flutterwave tells no amount.", permanent=False) from odd
    return Fact(
        kind="capture",
        object_id=charge.id,
        status=status,
        amount=amount,
        at=moment(charge.created_datetime, api.context.clock.now()),
        fee=amounts.fee(charge.fee, charge.currency) if status == "succeeded" else None,
        code=reason(status, said.type if said else None),
    )
