"""What Flutterwave's words mean to the engine: statuses, reasons, times."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeGuard

from tradewind import (
    AwaitPhone,
    Fact,
    FactStatus,
    PaymentResult,
    PaymentStatus,
    Redirect,
    StartPayment,
)

DECLINED = "declined"
REFUNDS_UNKNOWN = "refunds_unknown"

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


def declined(code: str, message: str, provider_ref: str | None = None) -> PaymentResult:
    """An expected no, in words for the payer."""
    return PaymentResult(status="failed", provider_ref=provider_ref, code=code, message=message)


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
    said = (words or "").lower().replace("_", " ")
    return next((code for part, code in _REASONS if part in said), DECLINED)


def moment(told: str | float | None, otherwise: datetime) -> datetime:
    """A time that Flutterwave tells, in UTC; `otherwise` where it cannot be read.

    It is ISO 8601 or a number of seconds since 1970.
    """
    try:
        if isinstance(told, int | float):
            return datetime.fromtimestamp(told, UTC)
        found = datetime.fromisoformat(told or "")
    except (ValueError, OverflowError, OSError):
        return otherwise
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def status_from(captures: Sequence[Fact], *, final: bool) -> PaymentStatus:
    """What a payment's attempts come to; `final` when there will be no further attempt."""
    statuses = {one.status for one in captures}
    if "succeeded" in statuses:
        return "succeeded"
    over = statuses and statuses <= {"failed", "canceled"}
    return "failed" if over and final else "pending"


def is_page(url: str | None) -> TypeGuard[str]:
    """Whether an address can be shown to a payer."""
    return url is not None and url.startswith(("https://", "http://"))


def action(page: str | None, network: str) -> Redirect | AwaitPhone:
    """Where the payer goes on: on a page, or on the phone."""
    if is_page(page):
        return Redirect(url=page)
    return AwaitPhone(text=f"Check your phone ({network}) and enter your PIN to pay.")


def refunded(refund: Fact, provider_ref: str) -> PaymentResult:
    """What a refund that Flutterwave knows of comes to."""
    statuses: dict[FactStatus, PaymentStatus] = {"succeeded": "succeeded", "pending": "pending"}
    status = statuses.get(refund.status, "failed")
    return PaymentResult(
        status=status, provider_ref=provider_ref or None, facts=[refund], code=refund.code
    )


def refund_code(status: FactStatus) -> str:
    """Why a refund came to nothing; Flutterwave tells no more than that it did."""
    return "refund_failed" if status in {"failed", "canceled"} else ""


def waiting(
    payment: StartPayment, provider_ref: str, action: Redirect | AwaitPhone, *, trusted: bool = True
) -> PaymentResult:
    """A payment that its payer must finish."""
    data = {"tx_ref": payment.operation_id}
    if isinstance(action, Redirect):
        data["link"] = action.url
    return PaymentResult(
        status="pending", provider_ref=provider_ref, action=action, data=data, trusted=trusted
    )
