"""Everything the stand-in remembers of money, in memory: stores, links, transactions, refunds."""

import itertools
import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from tradewind_sandbox.clock import Clock
from tradewind_sandbox.config import FlutterwaveAccount
from tradewind_sandbox.flutterwave.methods import Method
from tradewind_sandbox.flutterwave.responses import STARTED

Status = Literal["pending", "successful", "failed"]

OPENING_BALANCE = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer as v3 shows them."""

    id: int
    name: str
    email: str
    phone_number: str | None
    created_at: datetime


@dataclass(eq=False, slots=True)
class Refund:
    """Money given back on one transaction; `reason` is the store's comment."""

    id: int | str
    transaction: "Transaction"
    amount: Decimal
    reason: str
    status: str
    reference: str
    created_at: datetime
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Checkout:
    """A hosted link. Each try to pay on it is a transaction of its own."""

    id: str
    store: "Store"
    tx_ref: str
    amount: Decimal
    currency: str
    redirect_url: str
    payer: Payer
    meta: dict[str, Any] | None
    title: str
    methods: list[Method]
    expires_at: datetime
    retries: int | None
    tries: list["Transaction"] = field(default_factory=list)

    @property
    def paid(self) -> bool:
        """Whether a try was successful."""
        return any(transaction.status == "successful" for transaction in self.tries)

    def open(self, now: datetime) -> bool:
        """Whether the payer may still pay: in time, unpaid, with tries left."""
        used_up = self.retries is not None and len(self.tries) > self.retries
        return now < self.expires_at and not self.paid and not used_up


@dataclass(eq=False, slots=True, kw_only=True)
class Charge:
    """What v4 alone knows of a transaction: its customer, its payment method, its next action.

    `issuer` is what the payer's bank will say.
    """

    customer: "Customer"
    payment_method: "PaymentMethod"
    next_action: dict[str, Any] | None = None
    issuer: str = "approved"


@dataclass(eq=False, slots=True, kw_only=True)
class Transaction:
    """One try to pay. Several may share one `tx_ref`: Flutterwave's v3 does not refuse that.

    Amounts are decimal major units. `phone` is asked to approve until `deadline`; a payer who is
    sent to a page finds it under `page`. `checkout` is the hosted link it came from, `charge` what
    v4 adds to it.
    """

    id: int | str
    store: "Store"
    tx_ref: str
    flw_ref: str
    amount: Decimal
    currency: str
    method: Method
    payer: Payer
    created_at: datetime
    status: Status = "pending"
    processor_response: str = STARTED
    meta: dict[str, Any] | None = None
    redirect_url: str | None = None
    phone: str = ""
    deadline: datetime | None = None
    page: str = ""
    checkout: Checkout | None = None
    charge: Charge | None = None
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refundable(self) -> Decimal:
        """What has not been given back yet."""
        given = sum((refund.amount for refund in self.refunds), Decimal())
        return self.amount - given if self.status == "successful" else Decimal()


@dataclass(eq=False, slots=True, kw_only=True)
class Customer:
    """A customer as v4 keeps them, in v4's shape."""

    id: str
    email: str
    name: dict[str, Any] | None
    phone: dict[str, Any] | None
    address: dict[str, Any] | None
    meta: dict[str, Any]
    created_at: datetime


@dataclass(eq=False, slots=True, kw_only=True)
class PaymentMethod:
    """A payment method as v4 keeps it; `details` is the object under the key `type`."""

    id: str
    type: str
    details: dict[str, Any]
    customer_id: str | None
    meta: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer that an idempotency key of v4 stands for, and the request it was given to."""

    request: tuple[str, bytes]
    content: bytes


class Store:
    """One Flutterwave account: its money and, for v4, its customers, methods and tokens."""

    def __init__(self, account: FlutterwaveAccount, number: int) -> None:
        self.account = account
        self.number = number
        self.transactions: list[Transaction] = []
        self.refunds: list[Refund] = []
        self.payers: dict[str, Payer] = {}
        self.paid_out: dict[str, Decimal] = defaultdict(Decimal)
        self.customers: dict[str, Customer] = {}
        self.payment_methods: dict[str, PaymentMethod] = {}
        self.tokens: dict[str, datetime] = {}
        self.answers: dict[str, KeptAnswer] = {}

    def balance(self, currency: str) -> Decimal:
        """What refunds can be taken from: an opening balance, and what came in and went out."""
        came = (t.amount for t in self.transactions if _counts(t, currency))
        went = (r.amount for r in self.refunds if r.transaction.currency == currency)
        return OPENING_BALANCE + sum(came) - sum(went) - self.paid_out[currency]

    def currencies(self) -> list[str]:
        """The currencies in which there were payments."""
        return sorted({transaction.currency for transaction in self.transactions})


def _counts(transaction: Transaction, currency: str) -> bool:
    return transaction.status == "successful" and transaction.currency == currency


class FlutterwaveState:
    """The memory of the stand-in."""

    def __init__(self, accounts: list[FlutterwaveAccount], clock: Clock) -> None:
        self.clock = clock
        self.stores = [Store(account, 20_937 + n) for n, account in enumerate(accounts)]
        self.pages: dict[str, Checkout | Transaction] = {}
        self._numbers = itertools.count(4_193_428)

    def now(self) -> datetime:
        """The present moment of the sandbox, in UTC."""
        return self.clock.now()

    def new_number(self) -> int:
        """An unused id of v3."""
        return next(self._numbers)

    def transactions(self) -> Iterator[Transaction]:
        """The transactions of every store, each store's oldest first."""
        for store in self.stores:
            yield from store.transactions

    def checkouts(self) -> Iterator[Checkout]:
        """The hosted links of every store, oldest first."""
        return (page for page in self.pages.values() if isinstance(page, Checkout))

    def payer(
        self, store: Store, email: str, name: str | None = None, phone_number: str | None = None
    ) -> Payer:
        """The payer with this e-mail address at a store, with the newest name and number."""
        known = store.payers.get(email)
        payer = Payer(
            known.id if known else self.new_number(),
            name or (known.name if known else "Anonymous customer"),
            email,
            phone_number or (known.phone_number if known else None),
            known.created_at if known else self.now(),
        )
        store.payers[email] = payer
        return payer


def new_id(prefix: str = "") -> str:
    """An opaque id that cannot be guessed."""
    return prefix + secrets.token_hex(8)
