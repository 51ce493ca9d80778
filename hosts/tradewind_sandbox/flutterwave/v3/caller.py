"""Who calls v3, and which of their objects they mean."""

from datetime import date, datetime
from decimal import Decimal

from tradewind_sandbox.flutterwave.amounts import is_payable
from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.links import is_address
from tradewind_sandbox.flutterwave.state import Refund, Store, Transaction
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest


def caller(request: FlutterwaveRequest, bank: Bank) -> Store:
    """The store whose secret key the request bears; raises Refused (401).

    What had to end in the meantime ends first, so that every answer is up to date.
    """
    bank.expire()
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if not key:
        raise Refused("Authorization required", 401)
    for store in bank.state.stores:
        if scheme.lower() == "bearer" and key.strip() == store.account.secret_key:
            return store
    raise Refused("Invalid authorization key", 401)


def own_transactions(store: Store) -> list[Transaction]:
    """The transactions of a store that v3 knows of, newest first."""
    return [t for t in reversed(store.transactions) if t.charge is None]


def own_refunds(store: Store) -> list[Refund]:
    """The refunds of a store that v3 knows of, newest first."""
    return [r for r in reversed(store.refunds) if r.transaction.charge is None]


def known_transaction(store: Store, transaction_id: str) -> Transaction:
    """The transaction with this id; raises Refused as v3 does, with 400."""
    for transaction in own_transactions(store):
        if str(transaction.id) == transaction_id:
            return transaction
    raise Refused("No transaction was found for this id")


def page_number(request: FlutterwaveRequest) -> int:
    """The page that `?page=` asks for, counted from 1."""
    text = request.query_params.get("page", "1")
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Refused("page must be a number")
    return int(text)


def in_period(request: FlutterwaveRequest, at: datetime) -> bool:
    """Whether a time lies between the days `?from=` and `?to=`, both inclusive."""
    first = _day(request, "from", date.min)
    last = _day(request, "to", date.max)
    return first <= at.date() <= last


def matches(request: FlutterwaveRequest, **values: object) -> bool:
    """Whether every value that the query names is as it says."""
    wanted = request.query_params
    return all(wanted.get(name, str(value)) == str(value) for name, value in values.items())


def check_payment(tx_ref: str, amount: Decimal, currency: str) -> None:
    """Refuse what no payment can be made of."""
    if not is_payable(amount):
        raise Refused("amount is invalid")
    if not 1 <= len(tx_ref) <= 100:
        raise Refused("tx_ref must have 1 to 100 characters")
    if len(currency) != 3 or not currency.isupper():
        raise Refused("currency is invalid")


def check_email(email: str) -> None:
    """Refuse what is no e-mail address: v3 takes no payment without one."""
    if "@" not in email.strip("@"):
        raise Refused("customer email is invalid")


def check_address(address: str) -> None:
    """Refuse a redirect_url to which no payer can be sent."""
    if not is_address(address):
        raise Refused("redirect_url is invalid")


def _day(request: FlutterwaveRequest, name: str, default: date) -> date:
    text = request.query_params.get(name)
    try:
        return datetime.fromisoformat(text).date() if text else default
    except ValueError as broken:
        raise Refused(f"{name} must be a date") from broken
