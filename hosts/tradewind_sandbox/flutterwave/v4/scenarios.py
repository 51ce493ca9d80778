"""What becomes of a new charge: the usual, or what X-Scenario-Key says."""

from typing import Any

from tradewind_sandbox.flutterwave import responses
from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.links import page_link
from tradewind_sandbox.flutterwave.state import Charge, Transaction
from tradewind_sandbox.flutterwave.v4.caller import invalid
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest

SCENARIO_KEY = "X-Scenario-Key"

_USUAL = {"card": "noauth", "mobile_money": "push", "opay": "auth_redirect"}
_BY_PAGE = ("auth_redirect", "auth_3ds", "auth_pin_3ds")
_TYPED = {
    "auth_pin": "requires_pin",
    "auth_avs": "requires_additional_fields",
}
_ISSUER_SAYS = {
    "do_not_honor": responses.DECLINED,
    "insufficient_funds": responses.NO_FUNDS,
}


def begin(
    bank: Bank, request: FlutterwaveRequest, transaction: Transaction, charge: Charge
) -> None:
    """Set a new charge on its way: a page, a push, something to type, or the end at once.

    A key that means nothing leaves the charge pending.
    """
    scenario, issuer = _scenario(request, charge.payment_method.type)
    charge.issuer = issuer
    if scenario in _BY_PAGE:
        link = page_link(request, transaction.page)
        charge.next_action = {"type": "redirect_url", "redirect_url": {"url": link}}
    elif scenario in _TYPED:
        kind = _TYPED[scenario]
        charge.next_action = {"type": kind, kind: {}}
    elif scenario == "noauth":
        _ask_issuer(bank, transaction, charge)
    else:
        charge.next_action = _instruction(charge)
        if scenario == "push":
            bank.ask(transaction, _phone(charge))


def authorize(
    bank: Bank, transaction: Transaction, charge: Charge, authorization: dict[str, Any]
) -> None:
    """Take what the payer typed; raises Refused (10400) where something else is asked for.

    After a PIN comes a one-time password; after that the issuer decides.
    """
    asked = (charge.next_action or {}).get("type")
    given = authorization.get("type")
    if (asked, given) == ("requires_pin", "pin"):
        charge.next_action = {"type": "requires_otp", "requires_otp": {}}
    elif (asked, given) in {("requires_otp", "otp"), ("requires_additional_fields", "avs")}:
        _ask_issuer(bank, transaction, charge)
    else:
        raise invalid("authorization.type", "does not fit what the charge requires")


def _scenario(request: FlutterwaveRequest, method_type: str) -> tuple[str, str]:
    """The scenario and what the issuer says, from `scenario:auth_pin&issuer:approved`."""
    key = request.headers.get(SCENARIO_KEY)
    usual = _USUAL.get(method_type, "instruction")
    if not key:
        return usual, "approved"
    parts = dict(part.partition(":")[::2] for part in key.split("&"))
    return parts.get("scenario", usual), parts.get("issuer", "approved")


def _ask_issuer(bank: Bank, transaction: Transaction, charge: Charge) -> None:
    if charge.issuer == "approved":
        bank.decide(transaction, "successful")
    else:
        words = _ISSUER_SAYS.get(charge.issuer, responses.DECLINED)
        bank.decide(transaction, "failed", words)


def _instruction(charge: Charge) -> dict[str, Any]:
    on_phone = f"on your mobile number: {_phone(charge)}" if _phone(charge) else "with your bank"
    note = f"Please authorise this payment {on_phone}. It may take a few minutes to confirm."
    return {"type": "payment_instruction", "payment_instruction": {"note": note}}


def _phone(charge: Charge) -> str:
    details = charge.payment_method.details
    number = str(details.get("phone_number", "")).lstrip("0")
    return f"{details.get('country_code', '')}{number}" if number else ""
