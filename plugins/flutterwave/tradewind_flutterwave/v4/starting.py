"""Beginning to pay through v4: customer, payment method, charge.

Every step has an idempotency key, so a start may be repeated. Facts: Flutterwave, "Charges",
"Customers", "Payment methods" (v4, December 2025).
"""

from typing import Any, NamedTuple

from tradewind import AwaitPhone, PaymentResult, ProviderFault, StartPayment
from tradewind_flutterwave import amounts, methods, payers, wire
from tradewind_flutterwave.calls import Answer, Lost
from tradewind_flutterwave.outcomes import action, declined, reason, status_of, waiting
from tradewind_flutterwave.payers import Phone
from tradewind_flutterwave.v4 import charges
from tradewind_flutterwave.v4.api import Api, key, refusal

_CHARGE_SECONDS = 7.0
"""What four calls leave of the engine's 20 seconds."""

_CONFLICT = 409


class Payer(NamedTuple):
    """A customer and a payment method, as v4 names them."""

    customer_id: str
    payment_method_id: str


async def start(api: Api, payment: StartPayment) -> PaymentResult:
    """Ask a phone for the money. Raises ProviderFault."""
    settings = api.context.settings
    wallet = methods.wallet_of(settings, payment.method, payment.amount.currency)
    if wallet is None:
        return declined("method_not_offered", f"{payment.method} is not offered.")
    phone = payers.phone(payment, wallet, wallet.v4)
    if isinstance(phone, PaymentResult):
        return phone
    try:
        payer = await _payer(api, payment, phone)
    except Lost as lost:
        raise ProviderFault(str(lost), permanent=False) from lost
    if isinstance(payer, PaymentResult):
        return payer
    return await _charge(api, payment, phone, payer)


async def _payer(api: Api, payment: StartPayment, phone: Phone) -> Payer | PaymentResult:
    """Who pays and from which wallet, or a decline. Nothing is charged yet. Raises Lost."""
    customer = await _customer(api, payment, phone)
    if isinstance(customer, PaymentResult):
        return customer
    method = await _method(api, payment, phone)
    return method if isinstance(method, PaymentResult) else Payer(customer, method)


async def _customer(api: Api, payment: StartPayment, phone: Phone) -> str | PaymentResult:
    """The id of the payer, who may be known from an earlier payment."""
    email = payers.email(api.context, payment)
    body: dict[str, Any] = {
        "email": email,
        "phone": {"country_code": phone.dialing_code, "number": phone.national},
    }
    names = payers.names(payment.payer)
    if names is not None:
        body["name"] = {"first": names[0], "last": names[1]}
    answer = await api.post("customers", body, key(payment.operation_id, "customer"))
    if answer.status == _CONFLICT:
        return await _known_customer(api, payment, email)
    return _id_of(answer)


async def _known_customer(api: Api, payment: StartPayment, email: str) -> str | PaymentResult:
    search = key(payment.operation_id, "search")
    answer = await api.post("customers/search", {"email": email}, search)
    if answer.refused:
        return refusal(answer)
    found = wire.read(answer.body, wire.Envelope[list[wire.Named]])
    if found is None or not found.data:
        raise ProviderFault("Flutterwave's answer cannot be read.", permanent=False)
    return found.data[0].id


async def _method(api: Api, payment: StartPayment, phone: Phone) -> str | PaymentResult:
    body = {
        "type": "mobile_money",
        "mobile_money": {
            "country_code": phone.dialing_code,
            "network": phone.network,
            "phone_number": phone.national,
        },
    }
    return _id_of(await api.post("payment-methods", body, key(payment.operation_id, "method")))


def _id_of(answer: Answer) -> str | PaymentResult:
    if answer.refused:
        return refusal(answer)
    made = wire.read(answer.body, wire.Envelope[wire.Named])
    if made is None or made.data is None:
        raise ProviderFault("Flutterwave's answer cannot be read.", permanent=False)
    return made.data.id


async def _charge(api: Api, payment: StartPayment, phone: Phone, payer: Payer) -> PaymentResult:
    body = {
        "amount": amounts.number(payment.amount),
        "currency": payment.amount.currency,
        "reference": payment.operation_id,
        "redirect_url": payment.return_url,
        "meta": {"payment_id": str(payment.payment_id)},
        **payer._asdict(),
    }
    step = key(payment.operation_id, "charge")
    try:
        answer = await api.post("charges", body, step, _CHARGE_SECONDS)
    except Lost:
        return await _found_again(api, payment, phone)
    if answer.status == _CONFLICT:
        return await _found_again(api, payment, phone)
    if answer.refused:
        return refusal(answer)
    made = wire.read(answer.body, wire.Envelope[wire.Charge])
    if made is None or made.data is None:
        return PaymentResult(status="unknown", code="unreadable")
    return _begun(payment, phone, made.data)


async def _found_again(api: Api, payment: StartPayment, phone: Phone) -> PaymentResult:
    """A charge whose answer was lost, or that exists already, if Flutterwave tells of it."""
    try:
        charge = await charges.found(api, payment.operation_id, None)
    except ProviderFault:
        charge = None
    if charge is None:
        return PaymentResult(status="unknown", code="no_answer")
    return _begun(payment, phone, charge)


def _begun(payment: StartPayment, phone: Phone, charge: wire.Charge) -> PaymentResult:
    status, said = status_of(charge.status), charge.processor_response
    if status in {"failed", "canceled"}:
        code = reason(status, said.type if said else None)
        return declined(code, "The payment was declined.", charge.id)
    step = charge.next_action
    if step is not None and step.type.startswith("requires_"):
        return declined("not_supported", "This account asks for more than a shop can.", charge.id)
    if step is not None and step.payment_instruction is not None:
        note = AwaitPhone(text=step.payment_instruction.note)
        return waiting(payment, charge.id, note, trusted=status == "pending")
    page = step.redirect_url.url if step and step.redirect_url else None
    return waiting(payment, charge.id, action(page, phone.network), trusted=status == "pending")
