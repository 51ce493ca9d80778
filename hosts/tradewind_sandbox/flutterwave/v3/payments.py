"""Hosted links: `POST /payments`."""

from datetime import timedelta

from litestar import Response, post

from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.links import page_link
from tradewind_sandbox.flutterwave.methods import offered
from tradewind_sandbox.flutterwave.state import Checkout, Store, new_id
from tradewind_sandbox.flutterwave.v3.caller import (
    caller,
    check_address,
    check_email,
    check_payment,
)
from tradewind_sandbox.flutterwave.v3.requests import PaymentIn
from tradewind_sandbox.flutterwave.v3.shapes import success
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer, read

_LONGEST_SESSION = 1440


@post("/payments", status_code=200)
async def create_payment(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Make a link to a page on which the payer chooses how to pay."""
    store = caller(request, bank)
    body = await read(request, PaymentIn)
    check_payment(body.tx_ref, body.amount, body.currency)
    check_email(body.customer.email)
    check_address(body.redirect_url)
    if not 1 <= (body.session_duration or _LONGEST_SESSION) <= _LONGEST_SESSION:
        raise Refused("session_duration must be between 1 and 1440 minutes")
    if (body.max_retry_attempt or 0) < 0:
        raise Refused("max_retry_attempt is invalid")
    checkout = _checkout(bank, store, body)
    bank.open(checkout)
    return answer(success("Hosted Link", {"link": page_link(request, checkout.id)}))


def _checkout(bank: Bank, store: Store, body: PaymentIn) -> Checkout:
    customer = body.customer
    phone = customer.phonenumber or customer.phone_number
    minutes = body.session_duration or _LONGEST_SESSION
    title = body.customizations.title if body.customizations else None
    return Checkout(
        id=new_id(),
        store=store,
        tx_ref=body.tx_ref,
        amount=body.amount,
        currency=body.currency,
        redirect_url=body.redirect_url,
        payer=bank.state.payer(store, customer.email, customer.name, str(phone or "") or None),
        meta=body.meta,
        title=title or store.account.store_name,
        methods=offered(body.currency, body.payment_options or ""),
        expires_at=bank.state.now() + timedelta(minutes=minutes),
        retries=body.max_retry_attempt,
    )


HANDLERS = [create_payment]
