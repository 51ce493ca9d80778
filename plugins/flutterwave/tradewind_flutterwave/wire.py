"""Flutterwave's JSON as structs. Amounts become Decimal straight from their digits."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw

Id = int | str
"""v3 numbers its objects, v4 names them."""

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def read(body: bytes | Raw, kind: type[T]) -> T | None:
    """Decode JSON as `kind`; None when it is of another shape, or no JSON at all."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        return None


def write(body: Any) -> bytes:
    """Encode a body; a Decimal is written as a number, digit by digit."""
    return _ENCODER.encode(body)


# --- v3 ------------------------------------------------------------------------------------------


class PageInfo(msgspec.Struct, frozen=True):
    """How many pages a list has."""

    total_pages: int = 1


class Meta(msgspec.Struct):
    """Beside the entries of a list."""

    page_info: PageInfo = PageInfo()


class Envelope(msgspec.Struct, Generic[T]):
    """Around every answer of v3, and of v4 where it went well."""

    status: str = ""
    message: str | None = None
    data: T | None = None
    meta: Meta | None = None


class Said(msgspec.Struct):
    """The words of an answer, whatever else is in it."""

    status: str = ""
    message: str | None = None


class Link(msgspec.Struct):
    """A hosted page."""

    link: str


class Authorization(msgspec.Struct):
    """What the payer must do; the page has either name, or there is none."""

    mode: str | None = None
    redirect: str | None = None
    redirect_url: str | None = None

    @property
    def page(self) -> str | None:
        return self.redirect or self.redirect_url


class ChargeMeta(msgspec.Struct):
    """Beside a charge of v3."""

    authorization: Authorization | None = None


class Begun(msgspec.Struct):
    """A charge of v3 that has begun; some answers bring no transaction at all."""

    id: Id | None = None
    status: str = "pending"
    processor_response: str | None = None


class Charged(msgspec.Struct):
    """The answer to `POST /charges` of v3."""

    status: str = ""
    message: str | None = None
    data: Begun | None = None
    meta: ChargeMeta | None = None


class Transaction(msgspec.Struct):
    """One attempt to pay, as v3 lists and verifies it."""

    id: Id
    tx_ref: str
    amount: Decimal
    currency: str
    status: str
    app_fee: Decimal | None = None
    created_at: str | None = None
    processor_response: str | None = None


class Refund(msgspec.Struct):
    """Money given back. What starts a refund and what lists it name things differently."""

    id: Id
    amount_refunded: Decimal
    status: str
    created_at: str | None = None
    tx_id: Id | None = None
    transaction_id: Id | None = None
    comment: str | None = None
    comments: str | None = None

    @property
    def note(self) -> str:
        return self.comments or self.comment or ""

    def of(self, transaction: str) -> bool:
        """Whether it belongs to a transaction."""
        return transaction in {str(self.tx_id), str(self.transaction_id)}


# --- v4 ------------------------------------------------------------------------------------------

Moment = str | int | float | None
"""v4 writes times as ISO 8601 or in seconds since 1970."""


class Token(msgspec.Struct):
    """Opens the API for `expires_in` seconds."""

    access_token: str
    expires_in: int = 600


class Named(msgspec.Struct):
    """A customer or a payment method."""

    id: str


class Fee(msgspec.Struct):
    """One of the fees of a charge."""

    amount: Decimal = Decimal()


class Page(msgspec.Struct):
    """Where the payer must go."""

    url: str


class Instruction(msgspec.Struct):
    """What the payer must do, in words."""

    note: str


class NextAction(msgspec.Struct):
    """What a charge waits for."""

    type: str
    redirect_url: Page | None = None
    payment_instruction: Instruction | None = None


class Processor(msgspec.Struct):
    """What the network said."""

    type: str | None = None
    code: str | None = None


class Charge(msgspec.Struct):
    """One attempt to pay through v4."""

    id: str
    amount: Decimal
    currency: str
    status: str
    reference: str = ""
    fees: Sequence[Fee] = ()
    next_action: NextAction | None = None
    processor_response: Processor | None = None
    created_datetime: Moment = None

    @property
    def fee(self) -> Decimal:
        return sum((fee.amount for fee in self.fees), Decimal())


class ChargeRefund(msgspec.Struct):
    """Money given back on a charge of v4."""

    id: str
    charge_id: str
    amount_refunded: Decimal
    status: str
    created_datetime: Moment = None


class Problem(msgspec.Struct):
    """Why v4 refused."""

    code: str = ""
    message: str = ""


class Refusal(msgspec.Struct):
    """The envelope of a refusal of v4."""

    error: Problem


# --- webhooks ------------------------------------------------------------------------------------

Loose = str | int | float | bool | list[Any] | dict[str, Any] | None
"""Webhooks are hints: whatever stands in a field, the rest is still read."""


class Subject(msgspec.Struct):
    """What a webhook is about; `tx_ref` and `reference` are the names of our own reference."""

    id: Loose = None
    status: Loose = None
    tx_ref: Loose = None
    reference: Loose = None
    charge_id: Loose = None


class Notice(msgspec.Struct, rename={"tx_ref": "txRef"}):
    """A webhook of v3 (`event`), of v4 (`type`), or of the flat shape of v2 (`txRef`)."""

    event: Loose = None
    type: Loose = None
    data: Raw = Raw(b"null")
    id: Loose = None
    tx_ref: Loose = None
    status: Loose = None


def word(value: Loose) -> str:
    """A field of a webhook as text; "" for anything that cannot be a name or a number.

    What is too long for a key, or holds characters that PostgreSQL does not store, is no name.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    return text if len(text) <= 200 and text.isprintable() else ""
