"""What the processor says of a payment: prose in v3, a type and a code in v4."""

STARTED = "Transaction in progress"
APPROVED = "The service request is processed successfully."
CARD_APPROVED = "Approved by Financial Institution"
DECLINED = "Transaction declined"
NO_FUNDS = "Insufficient funds"
REJECTED = "Request cancelled by user"
TIMED_OUT = "Request timed out"

_V4 = {
    APPROVED: ("approved", "00"),
    CARD_APPROVED: ("approved", "00"),
    DECLINED: ("do_not_honor", "05"),
    NO_FUNDS: ("insufficient_funds", "51"),
    REJECTED: ("cancelled_by_customer", "17"),
    TIMED_OUT: ("timed_out", "68"),
}


def as_v4(words: str) -> dict[str, str]:
    """The type and code for v3's prose; everything else is still pending."""
    kind, code = _V4.get(words, ("pending", "02"))
    return {"type": kind, "code": code}
