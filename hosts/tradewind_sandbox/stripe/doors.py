"""The test doors: be the payer or the payer's bank, read the books."""

from typing import Any, Literal

import msgspec
from litestar import get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromQuery, JSONBody

from tradewind_sandbox.stripe import cards
from tradewind_sandbox.stripe.bank import Bank
from tradewind_sandbox.stripe.dependencies import GivenStripe
from tradewind_sandbox.stripe.errors import Refused
from tradewind_sandbox.stripe.state import Account, DisputeStatus, Intent, Session

_CARD_OF = {
    "succeeded": cards.FIRST,
    "declined": cards.CARDS[1],
    "requires_action": cards.CARDS[4],
}


class Payment(msgspec.Struct, kw_only=True):
    """What the payer of an intent or of a checkout session has done.

    `webhook` off keeps the store in the dark.
    """

    payment_intent: str = ""
    checkout_session: str = ""
    outcome: Literal["succeeded", "declined", "requires_action"]
    webhook: bool = True


class RefundFate(msgspec.Struct, kw_only=True):
    """What the payer's bank has done with a refund."""

    refund: str
    outcome: Literal["succeeded", "failed"]
    webhook: bool = True


class Quarrel(msgspec.Struct, kw_only=True):
    """What the payer's bank has done about a payment, or decided at last."""

    payment_intent: str
    outcome: DisputeStatus
    webhook: bool = True


@post("/pay", status_code=200)
async def pay(data: JSONBody[Payment], stripe: GivenStripe) -> dict[str, Any]:
    """Let a payer try to pay, or answer their bank where it asks; webhooks follow.

    Money comes also where a session has expired or an intent was canceled: a payer may have been
    quicker than the store heard. What is paid already only says so.
    """
    stripe.expire()
    account, subject = _subject(stripe, data)
    stripe.herald.silent = not data.webhook
    try:
        _try(stripe, account, subject, data.outcome)
    except Refused as refusal:
        if refusal.status != 402:
            raise ClientException(refusal.message, status_code=409) from refusal
    finally:
        stripe.herald.silent = False
    return _shown_subject(subject)


@post("/refund", status_code=200)
async def decide_refund(data: JSONBody[RefundFate], stripe: GivenStripe) -> dict[str, Any]:
    """Let a refund arrive or fail, also days later; webhooks follow."""
    stripe.expire()
    for account in stripe.state.accounts:
        if refund := account.refunds.get(data.refund):
            stripe.herald.silent = not data.webhook
            stripe.decide_refund(account, refund, data.outcome)
            stripe.herald.silent = False
            return {"refund": refund.id, "status": refund.status}
    raise NotFoundException(f"no refund {data.refund}")


@post("/dispute", status_code=200)
async def dispute(data: JSONBody[Quarrel], stripe: GivenStripe) -> dict[str, Any]:
    """Let a payer's bank want its money back, or say who keeps it; webhooks follow."""
    stripe.expire()
    for account in stripe.state.accounts:
        intent = account.intents.get(data.payment_intent)
        charge = intent.charge if intent else None
        if charge and charge.amount_captured:
            stripe.herald.silent = not data.webhook
            found = stripe.dispute(account, charge, data.outcome)
            stripe.herald.silent = False
            return {"dispute": found.id, "status": found.status}
    raise NotFoundException(f"no payment {data.payment_intent} that was captured")


@get("/books")
async def books(
    stripe: GivenStripe,
    store: FromQuery[str | None] = None,
    payment_intent: FromQuery[str | None] = None,
) -> dict[str, list[dict[str, Any]]]:
    """Every intent with its refunds by store name, oldest first; amounts as Stripe has them."""
    stripe.expire()
    return {
        account.known.store_name: [
            _shown(intent)
            for intent in account.intents.values()
            if payment_intent in {None, intent.id}
        ]
        for account in stripe.state.accounts
        if store in {None, account.known.store_name}
    }


def _subject(bank: Bank, data: Payment) -> tuple[Account, Intent | Session]:
    name = data.checkout_session or data.payment_intent
    for account in bank.state.accounts:
        found = account.sessions.get(name) or account.intents.get(name)
        if isinstance(found, Intent) and found.session:
            return account, found.session
        if found:
            return account, found
    raise NotFoundException(f"no payment {name}")


def _try(bank: Bank, account: Account, subject: Intent | Session, outcome: str) -> None:
    intent = subject if isinstance(subject, Intent) else subject.intent
    if intent and intent.status in {"requires_capture", "succeeded"}:
        return
    if intent and intent.status == "requires_action" and outcome != "requires_action":
        bank.authenticate(account, intent, approved=outcome == "succeeded")
        return
    if intent and intent.status == "canceled":
        intent.status = "requires_payment_method"
        intent.canceled_at = intent.cancellation_reason = None
    method = bank.card(account, _CARD_OF[outcome], {})
    if isinstance(subject, Intent):
        subject.payment_method = method
        bank.confirm(account, subject)
    else:
        subject.status = "open"
        _pay_session(bank, account, subject, method)


def _pay_session(bank: Bank, account: Account, session: Session, method: Any) -> None:
    late = session.expires_at <= bank.state.now()
    try:
        bank.pay(account, session, method)
    finally:
        if late and session.status == "open":
            session.status = "expired"


def _shown_subject(subject: Intent | Session) -> dict[str, Any]:
    intent = subject if isinstance(subject, Intent) else subject.intent
    session = subject if isinstance(subject, Session) else None
    return {
        "payment_intent": intent.id if intent else None,
        "checkout_session": session.id if session else None,
        "status": intent.status if intent else None,
    }


def _shown(intent: Intent) -> dict[str, Any]:
    return {
        "payment_intent": intent.id,
        "checkout_session": intent.session.id if intent.session else None,
        "metadata": intent.metadata,
        "amount": intent.amount,
        "currency": intent.currency,
        "status": intent.status,
        "amount_capturable": intent.amount_capturable,
        "amount_received": intent.amount_received,
        "dispute": charge.dispute.status if (charge := intent.charge) and charge.dispute else None,
        "amount_returned": sum(charge.returned for charge in intent.charges),
        "refunds": [
            {"id": refund.id, "amount": refund.amount, "status": refund.status}
            for charge in intent.charges
            for refund in charge.refunds
        ],
    }


HANDLERS = [pay, decide_refund, dispute, books]
