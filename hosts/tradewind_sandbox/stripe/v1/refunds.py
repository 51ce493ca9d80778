"""Refunds, and the charges that they go back on."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.dependencies import GivenStripe
from tradewind_sandbox.stripe.errors import invalid
from tradewind_sandbox.stripe.state import Charge
from tradewind_sandbox.stripe.v1.calls import Call, asked, paged, told
from tradewind_sandbox.stripe.v1.known import changed, charge_of, named
from tradewind_sandbox.stripe.v1.requests import (
    ChargePage,
    NewMetadata,
    Nothing,
    RefundIn,
    RefundPage,
)
from tradewind_sandbox.stripe.wire import StripeRequest


@post("/refunds", status_code=200)
async def create_refund(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Give back all or a part of what was captured."""

    def work(call: Call, given: RefundIn) -> dict[str, Any]:
        metadata = changed({}, given.metadata)
        charge = _to_refund(call, given)
        refund = call.bank.refund(call.account, charge, given.amount, given.reason, metadata)
        return shapes.refund(refund)

    return await told(request, stripe, RefundIn, work)


@get("/refunds")
async def list_refunds(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Refunds, newest first."""

    def work(call: Call, page: RefundPage) -> dict[str, Any]:
        found = [
            one
            for one in call.account.refunds.values()
            if page.charge in {"", one.charge.id}
            and page.payment_intent in {"", one.charge.intent.id}
        ]
        return paged("/v1/refunds", page, found, shapes.refund)

    return await asked(request, stripe, RefundPage, work)


@get("/refunds/{name:str}")
async def read_refund(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """One refund."""

    def work(call: Call, _: Nothing) -> dict[str, Any]:
        return shapes.refund(named(call.account.refunds, name, "refund"))

    return await asked(request, stripe, Nothing, work)


@post("/refunds/{name:str}", status_code=200)
async def update_refund(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """Change the metadata of a refund."""

    def work(call: Call, given: NewMetadata) -> dict[str, Any]:
        refund = named(call.account.refunds, name, "refund")
        refund.metadata = changed(refund.metadata, given.metadata)
        return shapes.refund(refund)

    return await told(request, stripe, NewMetadata, work)


@get("/charges")
async def list_charges(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Charges, newest first; also those that failed."""

    def work(call: Call, page: ChargePage) -> dict[str, Any]:
        found = [
            one
            for one in call.account.charges.values()
            if page.payment_intent in {"", one.intent.id}
            and page.customer in {"", one.intent.customer.id if one.intent.customer else None}
        ]
        return paged("/v1/charges", page, found, shapes.charge)

    return await asked(request, stripe, ChargePage, work)


@get("/charges/{name:str}")
async def read_charge(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """One charge."""

    def work(call: Call, _: Nothing) -> dict[str, Any]:
        return shapes.charge(named(call.account.charges, name, "charge"))

    return await asked(request, stripe, Nothing, work)


def _to_refund(call: Call, given: RefundIn) -> Charge:
    if bool(given.charge) == bool(given.payment_intent):
        wrong = "One of the following params should be provided: payment_intent or charge."
        raise invalid(wrong, "payment_intent", "parameter_missing")
    if given.charge:
        charge = named(call.account.charges, given.charge, "charge", "charge")
        return charge if charge.amount_captured else charge_of(charge.intent)
    known = call.account.intents
    return charge_of(named(known, given.payment_intent, "payment_intent", "payment_intent"))


HANDLERS = [create_refund, list_refunds, read_refund, update_refund, list_charges, read_charge]
