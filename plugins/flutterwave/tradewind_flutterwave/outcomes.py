"""What Flutterwave's words mean to the engine: statuses, reasons, times."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tradewind import (
    AwaitPhone,
    Fact,
    FactKind,
    FactStatus,
    Money,
    PaymentResult,
    PaymentStatus,
    Redirect,
)

DECLINED = "declined"

_STATUSES: dict[str, FactStatus] = {
    "successful": "succeeded",
    "succeeded": "succeeded",
    "success": "succeeded",
    "failed": "failed",
    "cancelled": "canceled",
    "canceled": "canceled",
    "voided": "canceled",
}
_REASONS = (
    ("insufficient", "insufficient_funds"),
    ("cancel", "customer_canceled"),
    ("timed out", "no_answer"),
    ("timeout", "no_answer"),
    ("expired", "no_answer"),
)


def declined(code: str, message: str) -> PaymentResult:
    """An expected no: nothing was begun."""
    return PaymentResult(status="failed", code=code, message=message)


def status_of(word: str) -> FactStatus:
    """The status of an attempt to pay; whatever is not known is not decided."""
    return _STATUSES.get(word.lower(), "pending")


def refund_status_of(word: str) -> FactStatus:
    """The status of a refund: `completed`, `completed-momo` and the like have been done."""
    word = word.lower()
    if word.startswith("completed"):
        return "succeeded"
    return status_of(word)


def reason(status: FactStatus, words: str | None) -> str:
    """Why an attempt came to nothing, read from the processor's prose; "" when it did not."""
    if status == "canceled":
        return "customer_canceled"
    if status != "failed":
        return ""
    said = (words or "").lower()
    return next((code for part, code in _REASONS if part in said), DECLINED)


def moment(text: str | None, otherwise: datetime) -> datetime:
    """A time that Flutterwave tells, in UTC; `otherwise` where it cannot be read."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def fact(kind: FactKind, object_id: str, status: FactStatus, amount: Money, at: datetime) -> Fact:
    """The state of one of Flutterwave's objects."""
    return Fact(kind=kind, object_id=object_id, status=status, amount=amount, at=at)


def status_from(captures: Sequence[Fact], *, final: bool) -> PaymentStatus:
    """What a payment's attempts come to; `final` when there will be no further attempt."""
    statuses = {one.status for one in captures}
    if "succeeded" in statuses:
        return "succeeded"
    over = statuses and statuses <= {"failed", "canceled"}
    return "failed" if over and final else "pending"


def action(page: str | None, network: str) -> Redirect | AwaitPhone:
    """Where the payer goes on: on a page, or on the phone."""
    if page and page.startswith(("https://", "http://")):
        return Redirect(url=page)
    return AwaitPhone(text=f"Check your phone ({network}) and enter your PIN to pay.")
