"""The objects that a call names, and what it says of them, checked."""

from typing import Any, TypeVar

from tradewind_sandbox.stripe import cards
from tradewind_sandbox.stripe.bank import Bank
from tradewind_sandbox.stripe.errors import Refused, invalid, not_found
from tradewind_sandbox.stripe.state import Account, Charge, Customer, Intent, PaymentMethod
from tradewind_sandbox.stripe.v1.requests import CardIn, Details, MethodData

_MOST_KEYS, _LONGEST_KEY, _LONGEST_VALUE = 50, 40, 500

T = TypeVar("T")


def named(known: dict[str, T], name: str, what: str, param: str = "") -> T:
    """The object of this name; `param` is the parameter that names it, or the address does."""
    if name not in known:
        raise not_found(what, name, param)
    return known[name]


def intent_of(account: Account, name: str, client_secret: str, *, public: bool) -> Intent:
    """A payment intent; who comes with the publishable key must know its secret."""
    intent = account.intents.get(name)
    if intent is None or ((public or client_secret) and client_secret != intent.client_secret):
        raise not_found("payment_intent", name)
    return intent


def customer_of(account: Account, name: str) -> Customer | None:
    """The customer that a parameter names, where it names one."""
    return named(account.customers, name, "customer", "customer") if name else None


def charge_of(intent: Intent) -> Charge:
    """The charge that money can go back from; raises Refused where none was captured."""
    for charge in intent.charges:
        if charge.amount_captured:
            return charge
    wrong = f"This PaymentIntent ({intent.id}) does not have a successful charge to refund."
    raise Refused(wrong, param="payment_intent")


def method_of(
    bank: Bank, account: Account, name: str, data: MethodData | None
) -> PaymentMethod | None:
    """The payment method that a call names, or that is made of its data."""
    if data is not None:
        if data.type != "card" or data.card is None:
            raise invalid("Only cards are accepted here.", "payment_method_data[type]")
        return typed(bank, account, data.card, data.billing_details)
    if not name:
        return None
    if card := cards.named(name):
        return bank.card(account, card, {})
    return named(account.payment_methods, name, "PaymentMethod", "payment_method")


def typed(
    bank: Bank, account: Account, given: CardIn, billing: dict[str, Any] | None
) -> PaymentMethod:
    """A payment method for a card that somebody typed; raises Refused where it cannot be one."""
    if not given.token and not given.number:
        raise invalid("Missing required param: card[number].", "card[number]", "parameter_missing")
    card = cards.named(given.token) if given.token else cards.numbered(given.number)
    if card is None:
        raise not_found("token", given.token, "card[token]")
    made = bank.card(account, card, billing or {})
    made.exp_month = given.exp_month or made.exp_month
    year = given.exp_year
    made.exp_year = (year + 2000 if year < 100 else year) if year is not None else made.exp_year
    now = bank.state.now()
    if (made.exp_year, made.exp_month) < (now.year, now.month):
        raise Refused(
            "Your card's expiration year is invalid.", 402, "card_error", "invalid_expiry_year"
        )
    return made


def changed(metadata: dict[str, str], given: Any) -> dict[str, str]:
    """Metadata after a call: keys are added, empty ones taken out, and an empty whole clears it."""
    if given is None:
        return metadata
    if given == "":
        return {}
    merged = {name: text for name, text in {**metadata, **given}.items() if text != ""}
    if len(merged) > _MOST_KEYS:
        raise invalid(f"Metadata can have up to {_MOST_KEYS} keys.", "metadata")
    for name, text in merged.items():
        if len(name) > _LONGEST_KEY or len(text) > _LONGEST_VALUE or "[" in name or "]" in name:
            raise invalid(f"Invalid metadata: {name[:_LONGEST_KEY]}", f"metadata[{name[:40]}]")
    return merged


def details_of(given: Details) -> dict[str, Any]:
    """The fields of an intent that nothing looks at, as far as they are given."""
    names = Details.__struct_fields__
    found = {name: getattr(given, name) for name in names if name != "expand"}
    return {name: value or None for name, value in found.items() if value is not None}


def check_address(address: str | None, param: str) -> None:
    """Refuse what a payer cannot be sent to."""
    if address and not address.startswith(("http://", "https://")):
        raise invalid("Not a valid URL", param, "url_invalid")
