"""Stripe's test cards: what the bank behind each of them does."""

from dataclasses import dataclass
from typing import Literal

from tradewind_sandbox.stripe.errors import Refused

Asks = Literal["never", "unless_kept", "always"]
"""Whether the bank wants to know who pays; `unless_kept`: not of a card that a customer keeps."""

RefundFate = Literal["succeeded", "fails_later", "succeeds_later"]


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a bank refuses."""

    code: str
    decline_code: str
    message: str


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card. `names` are the payment methods and tokens that stand for it."""

    number: str
    title: str
    names: tuple[str, ...] = ()
    brand: str = "visa"
    funding: str = "credit"
    asks: Asks = "never"
    decline: Decline | None = None
    refund: RefundFate = "succeeded"
    disputes: bool = False


def _declined(decline_code: str, message: str = "Your card was declined.") -> Decline:
    return Decline("card_declined", decline_code, message)


def _pm(name: str) -> tuple[str, ...]:
    return (f"pm_card_{name}", f"pm_card_visa_{name}", f"tok_{name}", f"tok_visa_{name}")


GENERIC = _declined("generic_decline")
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
NOT_AUTHENTICATED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or"
    " a new PaymentMethod to attempt to fulfill this PaymentIntent again."
)

CARDS = (
    TestCard("4242424242424242", "is charged", ("pm_card_visa", "tok_visa")),
    TestCard("4000000000000002", "is declined", _pm("chargeDeclined"), decline=GENERIC),
    TestCard(
        "4000000000009995",
        "has insufficient funds",
        _pm("chargeDeclinedInsufficientFunds"),
        decline=_declined("insufficient_funds", "Your card has insufficient funds."),
    ),
    TestCard(
        "4000002500003155",
        "asks for 3-D Secure, unless it is kept",
        ("pm_card_authenticationRequiredOnSetup",),
        asks="unless_kept",
    ),
    TestCard(
        "4000000000003220",
        "asks for 3-D Secure",
        ("pm_card_threeDSecure2Required", "pm_card_threeDSecureRequired"),
        asks="always",
    ),
    TestCard(
        "4000002760003184",
        "asks for 3-D Secure always",
        ("pm_card_authenticationRequired",),
        asks="always",
    ),
    TestCard(
        "4000008400001629", "asks for 3-D Secure and is declined", asks="always", decline=GENERIC
    ),
    TestCard(
        "5555555555554444", "is charged", ("pm_card_mastercard", "tok_mastercard"), "mastercard"
    ),
    TestCard("378282246310005", "is charged", ("pm_card_amex", "tok_amex"), "amex"),
    TestCard(
        "4000056655665556", "is charged", ("pm_card_visa_debit", "tok_visa_debit"), funding="debit"
    ),
    TestCard(
        "4000000000009987",
        "was lost",
        _pm("chargeDeclinedLostCard"),
        decline=_declined("lost_card"),
    ),
    TestCard(
        "4000000000009979",
        "was stolen",
        _pm("chargeDeclinedStolenCard"),
        decline=_declined("stolen_card"),
    ),
    TestCard(
        "4000000000000069",
        "has expired",
        _pm("chargeDeclinedExpiredCard"),
        decline=Decline("expired_card", "expired_card", "Your card has expired."),
    ),
    TestCard(
        "4000000000000127",
        "has another security code",
        _pm("chargeDeclinedIncorrectCvc"),
        decline=Decline(
            "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."
        ),
    ),
    TestCard(
        "4000000000000119",
        "meets an error",
        _pm("chargeDeclinedProcessingError"),
        decline=Decline(
            "processing_error",
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
    TestCard(
        "4000000000000259",
        "is charged, and the payer disputes it",
        ("pm_card_createDispute", "tok_createDispute"),
        disputes=True,
    ),
    TestCard(
        "4000000000005126",
        "takes no refund in the end",
        ("pm_card_refundFail", "tok_refundFail"),
        refund="fails_later",
    ),
    TestCard(
        "4000000000007726",
        "takes a refund later",
        ("pm_card_pendingRefund", "tok_pendingRefund"),
        refund="succeeds_later",
    ),
)
FIRST = CARDS[0]

_BY_NUMBER = {card.number: card for card in CARDS}
_BY_NAME = {name: card for card in CARDS for name in card.names}


def named(name: str) -> TestCard | None:
    """The card that a payment method or a token of Stripe's own name stands for."""
    return _BY_NAME.get(name)


def numbered(typed: str) -> TestCard:
    """The card with this number; raises Refused (402) as Stripe's test mode does."""
    number = "".join(character for character in typed if character not in " -")
    if card := _BY_NUMBER.get(number):
        return card
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19 and _sums_up(number)):
        raise _unusable("Your card number is incorrect.", "incorrect_number")
    raise _unusable(
        "Your card was declined. Your request was in test mode, but used a non test card.",
        "card_declined",
        decline_code="test_mode_live_card",
    )


def _sums_up(number: str) -> bool:
    """The check of ISO/IEC 7812-1 (Luhn)."""
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(number)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _unusable(message: str, code: str, **more: str) -> Refused:
    return Refused(message, 402, "card_error", code, "number", dict(more))
