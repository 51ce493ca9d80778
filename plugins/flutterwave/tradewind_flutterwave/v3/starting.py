"""Beginning to pay through v3: a hosted page, or a charge that rings the phone.

There are no idempotency keys; `tx_ref` is the one guard. Whatever could happen twice is looked up
first. Facts: Flutterwave, "Checkout" and "Direct charge" (v3, November 2026).
"""

from collections.abc import Mapping
from typing import Any

from tradewind import AwaitPhone, PaymentResult, ProviderFault, Redirect, StartPayment
from tradewind_flutterwave import amounts, methods, outcomes, payers, wire
from tradewind_flutterwave.calls import WRITE_SECONDS, Answer, Call, Context, Lost, send
from tradewind_flutterwave.methods import Wallet
from tradewind_flutterwave.outcomes import declined
from tradewind_flutterwave.v3.api import call, words
from tradewind_flutterwave.v3.known import listed

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
    link = made.data.link
    if not link.startswith(("https://", "http://")):
        raise ProviderFault("Flutterwave's answer cannot be read.", permanent=False)
    return PaymentResult(
        status="pending",
        provider_ref=payment.operation_id,
        action=Redirect(url=link),
        data={"tx_ref": payment.operation_id, "link": link},
    )


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
    network = payers.network(payment, wallet.v3)
    number = payers.national_number(_phone(payment), wallet)
    if network is None or number is None:
        code = "unknown_network" if network is None else "invalid_phone"
        return declined(code, "Please check the phone number and the network.")
    begun = await _begun_before(context, payment, network)
    if begun is not None:
        return begun
    request = call(
        context,
        "POST",
        "charges",
        params={"type": wallet.v3_type},
        body=_charge(context, payment, wallet, network),
        seconds=WRITE_SECONDS,
    )
    try:
        answer = await send(context, request)
    except Lost:
        return await _found_again(context, payment, network)
    return await _charged(context, payment, network, answer)


async def _begun_before(
    context: Context, payment: StartPayment, network: str
) -> PaymentResult | None:
    """The charge of this payment, if it exists: a second one would ring the phone again."""
    found = await listed(context, payment.operation_id)
    if not found:
        return None
    return _waiting(payment, str(found[0].id), outcomes.action(None, network), trusted=False)


async def _found_again(context: Context, payment: StartPayment, network: str) -> PaymentResult:
    """A charge whose answer was lost, if Flutterwave knows it by now."""
    unknown = PaymentResult(status="unknown", code="no_answer")
    try:
        return await _begun_before(context, payment, network) or unknown
    except ProviderFault:
        return unknown


def _charge(
    context: Context, payment: StartPayment, wallet: Wallet, network: str
) -> Mapping[str, Any]:
    number = payers.national_number(_phone(payment), wallet)
    body = {
        "tx_ref": payment.operation_id,
        "amount": amounts.number(payment.amount),
        "currency": payment.amount.currency,
        "email": payers.email(context, payment),
        "phone_number": f"{wallet.dialing_code}{number}",
        "network": network,
        "redirect_url": payment.return_url,
        "meta": {"payment_id": str(payment.payment_id)},
    }
    if payment.payer.name:
        body["fullname"] = payment.payer.name
    if wallet.v3_type == "mobile_money_franco":
        body["country"] = wallet.country.upper()
    return body


async def _charged(
    context: Context, payment: StartPayment, network: str, answer: Answer
) -> PaymentResult:
    """What the answer to a charge means; some bring a page, some a transaction, some both."""
    charged = wire.read(answer.body, wire.Charged)
    if answer.refused or (charged and charged.status == "error"):
        return declined("refused", words(answer))
    if charged is None:
        return PaymentResult(status="unknown", code="unreadable")
    authorization = charged.meta.authorization if charged.meta else None
    action = outcomes.action(authorization.page if authorization else None, network)
    if charged.data is None or charged.data.id is None:
        return await _without_number(context, payment, action)
    status = outcomes.status_of(charged.data.status)
    number = str(charged.data.id)
    if status in {"failed", "canceled"}:
        code = outcomes.reason(status, charged.data.processor_response)
        said = charged.data.processor_response or "The payment was declined."
        return PaymentResult(status="failed", provider_ref=number, code=code, message=said)
    return _waiting(payment, number, action, trusted=status == "pending")


async def _without_number(
    context: Context, payment: StartPayment, action: Redirect | AwaitPhone
) -> PaymentResult:
    """A charge whose answer names no transaction: it is looked up by our reference."""
    try:
        found = await listed(context, payment.operation_id)
    except ProviderFault:
        found = []
    return _waiting(payment, str(found[0].id) if found else payment.operation_id, action)


def _waiting(
    payment: StartPayment, provider_ref: str, action: Redirect | AwaitPhone, *, trusted: bool = True
) -> PaymentResult:
    data = {"tx_ref": payment.operation_id}
    if isinstance(action, Redirect):
        data["link"] = action.url
    return PaymentResult(
        status="pending", provider_ref=provider_ref, action=action, data=data, trusted=trusted
    )


def _phone(payment: StartPayment) -> str:
    return payment.inputs.get("phone") or payment.payer.phone or ""
