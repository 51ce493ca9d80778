"""What happens to money: charges, authorizations, refunds, and time that passes."""

import asyncio
from datetime import datetime
from typing import Any, Literal

from tradewind_sandbox.deliveries import Deliveries
from tradewind_sandbox.stripe import amounts, cards, shapes
from tradewind_sandbox.stripe.cards import Decline, TestCard
from tradewind_sandbox.stripe.errors import Refused, bad_state
from tradewind_sandbox.stripe.state import (
    AUTHORIZATION_LASTS,
    REFUNDS_TAKE,
    Account,
    Charge,
    Customer,
    Dispute,
    DisputeStatus,
    Intent,
    Movement,
    MovementType,
    PaymentMethod,
    Refund,
    Session,
    StripeState,
)
from tradewind_sandbox.stripe.webhooks import Herald
from tradewind_sandbox.stripe.wire import new_id

_LOOK_EVERY_SECONDS = 1.0
_CARD_LASTS_YEARS = 8

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


class Bank:
    """Moves payment intents, sessions and refunds along, and has the stores told."""

    def __init__(self, state: StripeState, deliveries: Deliveries) -> None:
        self.state = state
        self.deliveries = deliveries
        self.herald = Herald(state, deliveries)

    # --- payment methods ---------------------------------------------------------------------

    def card(self, account: Account, card: TestCard, billing: dict[str, Any]) -> PaymentMethod:
        """A payment method for a card that somebody typed."""
        now = self.state.now()
        made = PaymentMethod(
            id=new_id("pm_"),
            created=now,
            card=card,
            exp_month=12,
            exp_year=now.year + _CARD_LASTS_YEARS,
            billing=billing,
        )
        account.payment_methods[made.id] = made
        return made

    def attach(self, account: Account, method: PaymentMethod, customer: Customer) -> None:
        """Let a customer keep a card."""
        method.customer = customer
        self.herald.tell(account, "payment_method.attached", shapes.payment_method(method))

    # --- payment intents ---------------------------------------------------------------------

    def confirm(self, account: Account, intent: Intent, *, off_session: bool = False) -> None:
        """Charge the card of an intent, or have its payer asked first.

        Raises Refused (402) where the card is declined; the intent waits for another one then.
        """
        method = intent.payment_method
        if intent.status not in _OPEN:
            raise bad_state(_not_now("confirm", intent), shapes.intent(intent))
        if method is None:
            wrong = "You cannot confirm this PaymentIntent because it's missing a payment method."
            raise bad_state(wrong, shapes.intent(intent))
        card = method.card
        asks = card.asks == "always" or (card.asks == "unless_kept" and method.customer is None)
        if asks and off_session:
            self._decline(account, intent, method, cards.AUTHENTICATION_REQUIRED)
        if asks:
            self._status(intent, "requires_action")
            self._tell(account, "payment_intent.requires_action", intent)
        else:
            self._charge(account, intent, method)

    def authenticate(self, account: Account, intent: Intent, *, approved: bool) -> None:
        """The payer has answered their bank; raises Refused where that was not the question.

        It raises Refused (402) as well where the bank declines after all.
        """
        method = intent.payment_method
        if intent.status != "requires_action" or method is None:
            raise bad_state(_not_now("authenticate", intent))
        if approved:
            self._charge(account, intent, method)
            return
        error = {
            "code": "payment_intent_authentication_failure",
            "doc_url": "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
            "message": cards.NOT_AUTHENTICATED,
            "payment_method": shapes.payment_method(method),
            "type": "card_error",
        }
        self._failed(account, intent, error)

    def capture(self, account: Account, intent: Intent, amount: int | None) -> None:
        """Take what is authorized, or a part of it and let go of the rest."""
        charge = intent.charge
        if intent.status != "requires_capture" or charge is None:
            raise bad_state(_not_now("capture", intent), shapes.intent(intent))
        amount = charge.amount if amount is None else amount
        if amount < 1:
            wrong = "This value must be greater than or equal to 1."
            raise Refused(wrong, code="parameter_invalid_integer", param="amount_to_capture")
        if amount > charge.amount:
            wrong = (
                f"The amount to capture ({amount}) is greater than what can be captured"
                f" ({charge.amount})."
            )
            raise Refused(wrong, code="amount_too_large", param="amount_to_capture")
        self._take(account, charge, amount)
        self._status(intent, "succeeded")
        self.herald.tell(account, "charge.captured", shapes.charge(charge))
        self._tell(account, "payment_intent.succeeded", intent)

    def cancel(self, account: Account, intent: Intent, reason: str | None) -> None:
        """Call an intent off, and let go of what it has authorized."""
        if intent.session and intent.session.status == "open":
            wrong = (
                "You cannot cancel this PaymentIntent because it belongs to a Checkout Session"
                " that is open. Expire that Checkout Session."
            )
            raise bad_state(wrong, shapes.intent(intent))
        if intent.status in {"succeeded", "canceled"}:
            raise bad_state(_not_now("cancel", intent), shapes.intent(intent))
        self._call_off(account, intent, reason)

    # --- refunds -----------------------------------------------------------------------------

    def refund(
        self,
        account: Account,
        charge: Charge,
        amount: int | None,
        reason: str | None,
        metadata: dict[str, str],
    ) -> Refund:
        """Give money back, by default all that is left; raises Refused where there is not so much.

        What the card does with it later happens after a minute.
        """
        left = charge.amount_captured - charge.returned
        if charge.amount_captured and not left:
            wrong = f"Charge {charge.id} has already been refunded."
            raise Refused(wrong, code="charge_already_refunded")
        amount = left if amount is None else amount
        if not 0 < amount <= left:
            currency = charge.intent.currency
            wrong = (
                f"Refund amount ({amounts.shown(amount, currency)}) is greater than unrefunded"
                f" amount on charge ({amounts.shown(left, currency)})"
            )
            raise Refused(wrong, param="amount")
        now, fate = self.state.now(), charge.payment_method.card.refund
        refund = Refund(
            id=new_id("re_"),
            created=now,
            charge=charge,
            amount=amount,
            reason=reason,
            metadata=metadata,
            status="pending" if fate == "succeeds_later" else "succeeded",
            due=None if fate == "succeeded" else now + REFUNDS_TAKE,
            fate=fate,
        )
        refund.movement = self._move(account, "refund", -amount, refund.id, charge.intent)
        charge.refunds.append(refund)
        account.refunds[refund.id] = refund
        self.herald.tell(account, "refund.created", shapes.refund(refund))
        self.herald.tell(account, "charge.refunded", shapes.charge(charge))
        return refund

    def decide_refund(
        self, account: Account, refund: Refund, status: Literal["succeeded", "failed"]
    ) -> None:
        """What the payer's bank has done with a refund; what has failed stays failed."""
        refund.due = None
        if refund.status in {status, "failed"}:
            return
        refund.status = status
        if status == "failed":
            refund.failure_reason = "unknown"
            self._move(account, "refund_failure", refund.amount, refund.id, refund.charge.intent)
            self.herald.tell(account, "refund.failed", shapes.refund(refund))
        self.herald.tell(account, "refund.updated", shapes.refund(refund))
        self.herald.tell(account, "charge.refund.updated", shapes.refund(refund))

    # --- disputes ----------------------------------------------------------------------------

    def dispute(self, account: Account, charge: Charge, status: DisputeStatus) -> Dispute:
        """The payer's bank wants the money back, or has said who keeps it."""
        dispute = charge.dispute
        if dispute is None:
            dispute = Dispute(
                id=new_id("dp_"),
                created=self.state.now(),
                charge=charge,
                amount=charge.amount_captured - charge.returned,
            )
            charge.dispute = account.disputes[dispute.id] = dispute
            self._move(account, "adjustment", -dispute.amount, dispute.id, charge.intent)
            self.herald.tell(account, "charge.dispute.created", shapes.dispute(dispute))
            self.herald.tell(account, "charge.dispute.funds_withdrawn", shapes.dispute(dispute))
        if dispute.status == "needs_response" and status != "needs_response":
            dispute.status = status
            if status == "won":
                self._move(account, "adjustment", dispute.amount, dispute.id, charge.intent)
                shown = shapes.dispute(dispute)
                self.herald.tell(account, "charge.dispute.funds_reinstated", shown)
            self.herald.tell(account, "charge.dispute.closed", shapes.dispute(dispute))
        return dispute

    # --- checkout sessions -------------------------------------------------------------------

    def pay(self, account: Account, session: Session, method: PaymentMethod) -> Intent:
        """A payer hands in a card on the hosted page; raises Refused (402) where it is declined."""
        intent = session.intent or self._begun(account, session)
        intent.payment_method = method
        session.payer = _payer(session, method)
        self.confirm(account, intent)
        return intent

    def expire_session(self, account: Account, session: Session) -> None:
        """End a session that nobody has paid."""
        session.status = "expired"
        if session.intent and session.intent.status in _OPEN:
            self._call_off(account, session.intent, "automatic")
        self.herald.tell(account, "checkout.session.expired", shapes.session(session))

    # --- time --------------------------------------------------------------------------------

    def expire(self) -> None:
        """Let happen what was due by now: sessions and authorizations end, refunds are decided."""
        now = self.state.now()
        for account in self.state.accounts:
            for session in list(account.sessions.values()):
                if session.status == "open" and session.expires_at <= now:
                    self.expire_session(account, session)
            for charge in list(account.charges.values()):
                if _lapsed(charge, now):
                    self._lapse(account, charge)
            for refund in list(account.refunds.values()):
                if refund.due and refund.due <= now:
                    failed = refund.fate == "fails_later"
                    self.decide_refund(account, refund, "failed" if failed else "succeeded")

    async def watch(self) -> None:
        """Let time do its work while nobody asks; runs until canceled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self.expire()

    # --- inside ------------------------------------------------------------------------------

    def _begun(self, account: Account, session: Session) -> Intent:
        """The intent of a session, made when its payer first submits the page."""
        if session.customer is None and (
            session.customer_creation == "always" or session.setup_future_usage
        ):
            session.customer = Customer(
                id=new_id("cus_"), created=self.state.now(), email=session.customer_email
            )
            account.customers[session.customer.id] = session.customer
        intent = self.new_intent(account, session.home, session.amount_total, session.currency)
        intent.capture_method = session.capture_method
        intent.setup_future_usage = session.setup_future_usage
        intent.customer = session.customer
        intent.details = dict(session.intent_details)
        intent.metadata = dict(session.intent_metadata)
        intent.session, session.intent = session, intent
        self._tell(account, "payment_intent.created", intent)
        return intent

    def new_intent(self, account: Account, home: str, amount: int, currency: str) -> Intent:
        """A fresh intent on an account's books."""
        now, name = self.state.now(), new_id("pi_")
        intent = Intent(
            id=name,
            client_secret=new_id(f"{name}_secret_"),
            home=home,
            created=now,
            changed=now,
            amount=amount,
            currency=currency,
        )
        account.intents[name] = intent
        return intent

    def _charge(self, account: Account, intent: Intent, method: PaymentMethod) -> None:
        if method.card.decline:
            self._decline(account, intent, method, method.card.decline)
        charge = self._new_charge(account, intent, method)
        intent.last_error = None
        if intent.capture_method == "manual":
            charge.capture_before = self.state.now() + AUTHORIZATION_LASTS
            self._status(intent, "requires_capture")
            self.herald.tell(account, "charge.succeeded", shapes.charge(charge))
            self._tell(account, "payment_intent.amount_capturable_updated", intent)
        else:
            self._take(account, charge, charge.amount)
            self._status(intent, "succeeded")
            self.herald.tell(account, "charge.succeeded", shapes.charge(charge))
            self._tell(account, "payment_intent.succeeded", intent)
        if method.card.disputes and charge.amount_captured:
            self.dispute(account, charge, "needs_response")
        if intent.setup_future_usage and intent.customer and method.customer is None:
            self.attach(account, method, intent.customer)
        session = intent.session
        if session and session.status == "open":
            session.status = "complete"
            self.herald.tell(account, "checkout.session.completed", shapes.session(session))

    def _decline(
        self, account: Account, intent: Intent, method: PaymentMethod, why: Decline
    ) -> None:
        """Note a failed charge, and raise Refused (402)."""
        charge = self._new_charge(account, intent, method)
        error = {
            "charge": charge.id,
            "code": why.code,
            "decline_code": why.decline_code,
            "doc_url": f"https://stripe.com/docs/error-codes/{why.code.replace('_', '-')}",
            "message": why.message,
            "payment_method": shapes.payment_method(method),
            "type": "card_error",
        }
        charge.failure = error
        self.herald.tell(account, "charge.failed", shapes.charge(charge))
        self._failed(account, intent, error)
        raise Refused(
            why.message,
            402,
            "card_error",
            why.code,
            more={
                "charge": charge.id,
                "decline_code": why.decline_code,
                "payment_intent": shapes.intent(intent),
                "payment_method": shapes.payment_method(method),
            },
        )

    def _failed(self, account: Account, intent: Intent, error: dict[str, Any]) -> None:
        intent.payment_method, intent.last_error = None, error
        self._status(intent, "requires_payment_method")
        self._tell(account, "payment_intent.payment_failed", intent)

    def _new_charge(self, account: Account, intent: Intent, method: PaymentMethod) -> Charge:
        charge = Charge(
            id=new_id("ch_"),
            created=self.state.now(),
            intent=intent,
            payment_method=method,
            amount=intent.amount,
        )
        intent.charges.append(charge)
        account.charges[charge.id] = charge
        return charge

    def _take(self, account: Account, charge: Charge, amount: int) -> None:
        charge.amount_captured, charge.released = amount, charge.amount - amount
        charge.capture_before = None
        charge.movement = self._move(account, "charge", amount, charge.id, charge.intent)

    def _call_off(self, account: Account, intent: Intent, reason: str | None) -> None:
        charge = intent.charge
        if intent.status == "requires_capture" and charge:
            charge.released, charge.capture_before = charge.amount, None
            self.herald.tell(account, "charge.refunded", shapes.charge(charge))
        intent.canceled_at, intent.cancellation_reason = self.state.now(), reason
        self._status(intent, "canceled")
        self._tell(account, "payment_intent.canceled", intent)

    def _lapse(self, account: Account, charge: Charge) -> None:
        charge.released, charge.capture_before = charge.amount, None
        self.herald.tell(account, "charge.expired", shapes.charge(charge))
        charge.intent.canceled_at = self.state.now()
        charge.intent.cancellation_reason = "automatic"
        self._status(charge.intent, "canceled")
        self._tell(account, "payment_intent.canceled", charge.intent)

    def _move(
        self,
        account: Account,
        kind: MovementType,
        amount: int,
        source: str,
        intent: Intent,
    ) -> Movement:
        made = Movement(
            id=new_id("txn_"),
            created=self.state.now(),
            type=kind,
            amount=amount,
            fee=amounts.fee(amount) if kind == "charge" else 0,
            currency=intent.currency,
            source=source,
        )
        account.movements[made.id] = made
        return made

    def _status(self, intent: Intent, status: Any) -> None:
        intent.status, intent.changed = status, self.state.now()

    def _tell(self, account: Account, kind: str, intent: Intent) -> None:
        self.herald.tell(account, kind, shapes.intent(intent))


def _lapsed(charge: Charge, now: datetime) -> bool:
    return charge.capture_before is not None and charge.capture_before <= now


def _not_now(what: str, intent: Intent) -> str:
    return (
        f"This PaymentIntent's status is {intent.status}. You cannot {what} a PaymentIntent in"
        " that status."
    )


def _payer(session: Session, method: PaymentMethod) -> dict[str, Any]:
    """`customer_details` of a session, once its payer has submitted the page."""
    shown = shapes.payment_method(method)["billing_details"]
    known = session.customer.email if session.customer else session.customer_email
    return {
        "address": shown["address"],
        "business_name": None,
        "email": known or shown["email"],
        "individual_name": None,
        "name": shown["name"],
        "phone": shown["phone"],
        "tax_exempt": "none",
        "tax_ids": [],
    }
