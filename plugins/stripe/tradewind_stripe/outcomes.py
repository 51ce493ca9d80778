"""What Stripe's objects mean to the engine: facts, statuses, reasons."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tradewind import Fact, FactKind, FactStatus, PaymentResult, PaymentStatus
from tradewind_stripe import amounts
from tradewind_stripe.wire import Charge, Dispute, Intent, PaymentError, Refund, Session

DECLINED = "declined"
EXPIRED = "expired"

_OPEN: Mapping[str, FactStatus] = {"requires_action": "action_required"}
_LAPSED = frozenset({"automatic", "abandoned", "void_invoice"})
_REASONS: Mapping[str, str] = {
    "insufficient_funds": "insufficient_funds",
    "incorrect_pin": "wrong_pin",
    "invalid_pin": "wrong_pin",
    "pin_try_exceeded": "wrong_pin",
    "payment_intent_authentication_failure": "authentication_failed",
    "authentication_required": "authentication_failed",
    "expired_card": "card_expired",
}
_REFUNDS: Mapping[str, FactStatus] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "canceled",
    "requires_action": "action_required",
}
_DISPUTES: Mapping[str, FactStatus] = {
    "needs_response": "action_required",
    "won": "won",
    "prevented": "won",
    "lost": "lost",
}
_INQUIRY = "warning_"


def declined(code: str, message: str, provider_ref: str | None = None) -> PaymentResult:
    """An expected no, in words for the payer."""
    return PaymentResult(status="failed", provider_ref=provider_ref, code=code, message=message)


def reason(error: PaymentError | None) -> str:
    """Why an attempt came to nothing; "" where none did."""
    if error is None:
        return ""
    said = (error.decline_code or "", error.code or "")
    return next((_REASONS[one] for one in said if one in _REASONS), DECLINED)


def moment(told: int) -> datetime:
    """A time of Stripe's, seconds since 1970, in UTC."""
    return datetime.fromtimestamp(told, UTC)


# --- payments ------------------------------------------------------------------------------------


def status_of(intent: Intent) -> PaymentStatus:
    """How far a payment is. A declined attempt leaves it open: the payer may try again."""
    known: Mapping[str, PaymentStatus] = {
        "succeeded": "succeeded",
        "requires_capture": "authorized",
        "requires_action": "action_required",
        "canceled": "canceled",
    }
    return known.get(intent.status, "pending")


def facts_of(intent: Intent, *, over: bool = False) -> list[Fact]:
    """What a payment's own object, and its newest attempt, say.

    Money that is held first is an authorization under the PaymentIntent's id, and a capture under
    the same id once it was taken. `over`: nobody can pay it any more.
    """
    found = [_held(intent, over=over)] if intent.manual else []
    if intent.status == "succeeded":
        found.append(_fact(intent, "capture", "succeeded", intent.received))
    elif not intent.manual:
        found.append(_fact(intent, "capture", _open_status(intent, over=over), intent.amount))
    failed = _failed(intent)
    return found if failed is None else [*found, failed]


def _held(intent: Intent, *, over: bool) -> Fact:
    held = intent.amount_capturable if intent.status == "requires_capture" else None
    status = _hold_status(intent, over=over)
    return _fact(intent, "authorization", status, held or intent.amount)


def _hold_status(intent: Intent, *, over: bool) -> FactStatus:
    """A capture is the only one: what it leaves is let go, and nothing is held any more."""
    if intent.status == "succeeded":
        return "succeeded" if intent.received >= intent.amount else "canceled"
    return "succeeded" if intent.status == "requires_capture" else _open_status(intent, over=over)


def _open_status(intent: Intent, *, over: bool) -> FactStatus:
    if intent.status == "canceled":
        return "expired" if intent.cancellation_reason in _LAPSED else "canceled"
    return "expired" if over else _OPEN.get(intent.status, "pending")


def _failed(intent: Intent) -> Fact | None:
    charge = intent.charge
    if charge is None or charge.status != "failed":
        return None
    return Fact(
        kind="authorization" if intent.manual else "capture",
        object_id=charge.id,
        status="failed",
        amount=amounts.money(charge.amount, intent.currency),
        at=moment(charge.created),
        code=reason(intent.last_payment_error) or DECLINED,
    )


def _fact(intent: Intent, kind: FactKind, status: FactStatus, amount: int) -> Fact:
    charge = intent.charge
    taken = kind == "capture" and status == "succeeded" and charge is not None
    return Fact(
        kind=kind,
        object_id=intent.id,
        status=status,
        amount=amounts.money(amount, intent.currency),
        at=moment(charge.created if charge is not None else intent.created),
        fee=_fee(charge, intent.currency) if taken else None,
    )


def _fee(charge: Charge | None, currency: str) -> int | None:
    """What Stripe keeps, where it counts that in the currency of the payment."""
    booked = charge.balance_transaction if charge is not None else None
    if booked is None or isinstance(booked, str) or booked.currency != currency:
        return None
    return amounts.money(booked.fee, currency).amount


def code_of(intent: Intent) -> str:
    """Why a payment is not further than it is."""
    if intent.status == "canceled":
        return EXPIRED if intent.cancellation_reason in _LAPSED else "canceled"
    return reason(intent.last_payment_error) if intent.status != "succeeded" else ""


def lapsed(session: Session) -> list[Fact]:
    """What a page says that nobody paid on in time."""
    if session.amount_total is None or session.currency is None:
        return []
    amount = amounts.money(session.amount_total, session.currency)
    at = moment(session.created)
    return [
        Fact(
            kind="capture",
            object_id=session.id,
            status="expired",
            amount=amount,
            at=at,
            code=EXPIRED,
        )
    ]


# --- what went back ------------------------------------------------------------------------------


def refund_fact(refund: Refund) -> Fact:
    """The state of a refund, under its own id."""
    status = _REFUNDS.get(refund.status or "", "pending")
    return Fact(
        kind="refund",
        object_id=refund.id,
        status=status,
        amount=amounts.money(refund.amount, refund.currency),
        at=moment(refund.created),
        code="refund_failed" if status in {"failed", "canceled"} else "",
    )


def refunded(refund: Refund, provider_ref: str) -> PaymentResult:
    """What a refund that Stripe knows of comes to."""
    fact = refund_fact(refund)
    known: Mapping[FactStatus, PaymentStatus] = {"succeeded": "succeeded", "failed": "failed"}
    status = known.get(fact.status, "failed" if fact.status == "canceled" else "pending")
    return PaymentResult(
        status=status, provider_ref=provider_ref or None, facts=[fact], code=fact.code
    )


def dispute_fact(dispute: Dispute) -> Fact | None:
    """The state of a dispute; None for an inquiry, which takes no money and may be refunded."""
    if dispute.status.startswith(_INQUIRY):
        return None
    return Fact(
        kind="dispute",
        object_id=dispute.id,
        status=_DISPUTES.get(dispute.status, "pending"),
        amount=amounts.money(dispute.amount, dispute.currency),
        at=moment(dispute.created),
    )
