"""Beginning to pay through v3: a hosted page, or a charge that rings the phone.

There are no idempotency keys; `tx_ref` is the one guard. Whatever could happen twice is looked up
first. Facts: Flutterwave, "Checkout" and "Direct charge" (v3, November 2026).
"""

from collections.abc import Mapping
from typing import Any

from tradewind import AwaitPhone, PaymentResult, ProviderFault, Redirect, StartPayment
from tradewind_flutterwave import amounts, methods, payers, wire
from tradewind_flutterwave.calls import WRITE_SECONDS, Answer, Call, Context, Lost, send
from tradewind_flutterwave.methods import FRANCO, Wallet
from tradewind_flutterwave.outcomes import (
    action,
    declined,
    is_page,
    reason,
    status_of,
    waiting,
)
from tradewind_flutterwave.payers import Phone
from tradewind_flutterwave.v3.api import call, words
from tradewind_flutterwave.v3.transactions import listed

_LINK_TRIES = 2
_LINK_SECONDS = 8.0


async def start(context: Context, payment: StartPayment) -> PaymentResult:
    """Make a hosted page, or ask a phone for the money."""
    if payment.method == methods.HOSTED:
        return await _start_page(context, payment)
    wallet = methods.wallet_of(context.settings, payment.method, payment.amount.currency)
    if wallet is None:
        return declined("method_not_offered", f"{payment.method} is not offered.")
    return await _start_charge(context, payment, wallet)


async def _start_page(context: Context, payment: StartPayment) -> PaymentResult:
    if not methods.hosted_here(context.settings, payment.amount.currency):
        return declined("method_not_offered", f"{payment.method} is not offered.")
    request = call(context, "POST", "payments", body=_page(context, payment), seconds=_LINK_SECONDS)
    try:
        answer = await _link(context, request)
    except Lost:
        return PaymentResult(status="unknown", code="no_answer")
    made = wire.read(answer.body, wire.Envelope[wire.Link])
    if answer.refused or made is None or made.data is None:
        return declined("refused", words(answer))
    if not is_page(made.data.link):
        raise ProviderFault("Flutterwave's answer cannot be read.", permanent=False)
    return waiting(payment, payment.operation_id, Redirect(url=made.data.link))


async def _link(context: Context, request: Call) -> Answer:
    """Ask for a link, twice if need be: a link moves no money, and both have the same reference."""
    for _ in range(_LINK_TRIES - 1):
        try:
            return await send(context, request)
        except Lost:
            continue
        except ProviderFault as fault:
            if fault.permanent:
                raise
    return await send(context, request)


def _page(context: Context, payment: StartPayment) -> Mapping[str, Any]:
    customer = {"email": payers.email(context, payment)}
    if payment.payer.phone:
        customer["phonenumber"] = payment.payer.phone
    if payment.payer.name:
        customer["name"] = payment.payer.name
    body = {
        "tx_ref": payment.operation_id,
        "amount": amounts.number(payment.amount),
        "currency": payment.amount.currency,
        "redirect_url": payment.return_url,
        "customer": customer,
        "session_duration": _minutes(context, payment),
        "customizations": {"title": context.store.name, "description": payment.description},
        "meta": {"payment_id": str(payment.payment_id)},
    }
    options = context.settings.payment_options.strip()
    return {**body, "payment_options": options} if options else body


def _minutes(context: Context, payment: StartPayment) -> int:
    chosen = context.settings.session_minutes
    if payment.expires_at is None:
        return chosen
    left = int((payment.expires_at - context.clock.now()).total_seconds() // 60)
    return max(1, min(chosen, left))


async def _start_charge(context: Context, payment: StartPayment, wallet: Wallet) -> PaymentResult:
    phone = payers.phone(payment, wallet, wallet.v3)
    if isinstance(phone, PaymentResult):
        return phone
    begun = await _begun_before(context, payment, phone)
    if begun is not None:
        return begun
    request = call(
        context,
        "POST",
        "charges",
        params={"type": wallet.v3_type},
        body=_charge(context, payment, wallet, phone),
        seconds=WRITE_SECONDS,
    )
    try:
        answer = await send(context, request)
    except Lost:
        return await _found_again(context, payment, phone)
    return await _charged(context, payment, phone, answer)


async def _begun_before(
    context: Context, payment: StartPayment, phone: Phone
) -> PaymentResult | None:
    """The charge of this payment, if it exists: a second one would ring the phone again."""
    found = await listed(context, payment.operation_id)
    if not found:
        return None
    return waiting(payment, str(found[0].id), action(None, phone.network), trusted=False)


async def _found_again(context: Context, payment: StartPayment, phone: Phone) -> PaymentResult:
    """A charge whose answer was lost, if Flutterwave knows it by now."""
    unknown = PaymentResult(status="unknown", code="no_answer")
    try:
        return await _begun_before(context, payment, phone) or unknown
    except ProviderFault:
        return unknown


def _charge(
    context: Context, payment: StartPayment, wallet: Wallet, phone: Phone
) -> Mapping[str, Any]:
    body = {
        "tx_ref": payment.operation_id,
        "amount": amounts.number(payment.amount),
        "currency": payment.amount.currency,
        "email": payers.email(context, payment),
        "phone_number": phone.international,
        "network": phone.network,
        "redirect_url": payment.return_url,
        "meta": {"payment_id": str(payment.payment_id)},
    }
    if payment.payer.name:
        body["fullname"] = payment.payer.name
    if wallet.v3_type == FRANCO:
        body["country"] = wallet.country.upper()
    return body


async def _charged(
    context: Context, payment: StartPayment, phone: Phone, answer: Answer
) -> PaymentResult:
    """What the answer to a charge means; some bring a page, some a transaction, some both."""
    charged = wire.read(answer.body, wire.Charged)
    if answer.refused or (charged and charged.status == "error"):
        return declined("refused", words(answer))
    if charged is None:
        return PaymentResult(status="unknown", code="unreadable")
    authorization = charged.meta.authorization if charged.meta else None
    next_step = action(authorization.page if authorization else None, phone.network)
    if charged.data is None or charged.data.id is None:
        return await _without_number(context, payment, next_step)
    number, status = str(charged.data.id), status_of(charged.data.status)
    if status in {"failed", "canceled"}:
        said = charged.data.processor_response
        code = reason(status, said)
        return declined(code, said or "The payment was declined.", provider_ref=number)
    return waiting(payment, number, next_step, trusted=status == "pending")


async def _without_number(
    context: Context, payment: StartPayment, next_step: Redirect | AwaitPhone
) -> PaymentResult:
    """A charge whose answer names no transaction: it is looked up by our reference."""
    try:
        found = await listed(context, payment.operation_id)
    except ProviderFault:
        found = []
    return waiting(payment, str(found[0].id) if found else payment.operation_id, next_step)
