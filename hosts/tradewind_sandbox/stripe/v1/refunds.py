"""Refunds and disputes, and the charges that they go back on."""

from typing import Any

from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.errors import invalid
from tradewind_sandbox.stripe.state import Charge
from tradewind_sandbox.stripe.v1.calls import Call, Route, paged
from tradewind_sandbox.stripe.v1.known import changed, charge_of, named
from tradewind_sandbox.stripe.v1.requests import (
    ChargePage,
    NewMetadata,
    Nothing,
    RefundIn,
    RefundPage,
)


def create_refund(call: Call, given: RefundIn) -> dict[str, Any]:
    """Give back all or a part of what was captured."""
    metadata = changed({}, given.metadata)
    charge = _to_refund(call, given)
    refund = call.bank.refund(call.account, charge, given.amount, given.reason, metadata)
    return shapes.refund(refund)


def list_refunds(call: Call, page: RefundPage) -> dict[str, Any]:
    """Refunds, newest first."""
    found = [one for one in call.account.refunds.values() if _about(one.charge, page)]
    return paged("/v1/refunds", page, found, shapes.refund)


def read_refund(call: Call, _: Nothing) -> dict[str, Any]:
    """One refund."""
    return shapes.refund(named(call.account.refunds, call.name, "refund"))


def update_refund(call: Call, given: NewMetadata) -> dict[str, Any]:
    """Change the metadata of a refund."""
    refund = named(call.account.refunds, call.name, "refund")
    refund.metadata = changed(refund.metadata, given.metadata)
    return shapes.refund(refund)


def list_charges(call: Call, page: ChargePage) -> dict[str, Any]:
    """Charges, newest first; also those that failed."""
    found = [
        one
        for one in call.account.charges.values()
        if page.payment_intent in {"", one.intent.id}
        and page.customer in {"", one.intent.customer.id if one.intent.customer else None}
    ]
    return paged("/v1/charges", page, found, shapes.charge)


def read_charge(call: Call, _: Nothing) -> dict[str, Any]:
    """One charge."""
    return shapes.charge(named(call.account.charges, call.name, "charge"))


def list_disputes(call: Call, page: RefundPage) -> dict[str, Any]:
    """Disputes, newest first."""
    found = [one for one in call.account.disputes.values() if _about(one.charge, page)]
    return paged("/v1/disputes", page, found, shapes.dispute)


def read_dispute(call: Call, _: Nothing) -> dict[str, Any]:
    """One dispute."""
    return shapes.dispute(named(call.account.disputes, call.name, "dispute"))


def _about(charge: Charge, page: RefundPage) -> bool:
    return page.charge in {"", charge.id} and page.payment_intent in {"", charge.intent.id}


def _to_refund(call: Call, given: RefundIn) -> Charge:
    if bool(given.charge) == bool(given.payment_intent):
        wrong = "One of the following params should be provided: payment_intent or charge."
        raise invalid(wrong, "payment_intent", "parameter_missing")
    if given.charge:
        charge = named(call.account.charges, given.charge, "charge", "charge")
        return charge if charge.amount_captured else charge_of(charge.intent)
    known = call.account.intents
    return charge_of(named(known, given.payment_intent, "payment_intent", "payment_intent"))


ROUTES = [
    Route("POST", "/refunds", RefundIn, create_refund),
    Route("GET", "/refunds", RefundPage, list_refunds),
    Route("GET", "/refunds/{name}", Nothing, read_refund),
    Route("POST", "/refunds/{name}", NewMetadata, update_refund),
    Route("GET", "/disputes", RefundPage, list_disputes),
    Route("GET", "/disputes/{name}", Nothing, read_dispute),
    Route("GET", "/charges", ChargePage, list_charges),
    Route("GET", "/charges/{name}", Nothing, read_charge),
]
