"""Refunds, and the balance they are taken from."""

from litestar import Response, get, post
from litestar.params import FromPath

from tradewind_sandbox.flutterwave.amounts import is_payable, plain
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.state import Store
from tradewind_sandbox.flutterwave.v3.caller import (
    caller,
    in_period,
    known_transaction,
    matches,
    own_refunds,
    page_number,
)
from tradewind_sandbox.flutterwave.v3.requests import RefundIn
from tradewind_sandbox.flutterwave.v3.shapes import page, refund_listed, refund_started, success
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer, read


@post("/transactions/{transaction_id:str}/refund", status_code=200)
async def refund(
    request: FlutterwaveRequest, bank: GivenBank, transaction_id: FromPath[str]
) -> Response[bytes]:
    """Give back all or part of a transaction. Called twice it refunds twice."""
    transaction = known_transaction(caller(request, bank), transaction_id)
    body = await read(request, RefundIn)
    if body.amount is not None and not is_payable(body.amount):
        raise Refused("amount is invalid")
    done = bank.refund(transaction, body.amount, body.comments or "")
    return answer(success("Transaction refund initiated", refund_started(done)))


@get("/refunds")
async def list_refunds(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Every refund, newest first, by `status`, `currency`, `transaction_id`, `from` and `to`."""
    found = [
        refund_listed(r)
        for r in own_refunds(caller(request, bank))
        if matches(
            request,
            status=r.status,
            currency=r.transaction.currency,
            transaction_id=r.transaction.id,
        )
        and in_period(request, r.created_at)
    ]
    return answer(page("Refunds fetched", found, page_number(request)))


@get("/refunds/{refund_id:str}")
async def read_refund(
    request: FlutterwaveRequest, bank: GivenBank, refund_id: FromPath[str]
) -> Response[bytes]:
    """One refund by its id."""
    for known in own_refunds(caller(request, bank)):
        if str(known.id) == refund_id:
            return answer(success("Refund fetched", refund_listed(known)))
    raise Refused("Refund not found", 404)


@get("/balances")
async def balances(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """What the store has in every currency it was paid in."""
    store = caller(request, bank)
    found = [_balance(store, currency) for currency in store.currencies()]
    return answer(success("Wallet balances fetched", found))


@get("/balances/{currency:str}")
async def balance(
    request: FlutterwaveRequest, bank: GivenBank, currency: FromPath[str]
) -> Response[bytes]:
    """What the store has in one currency."""
    shown = _balance(caller(request, bank), currency.upper())
    return answer(success("Wallet balance fetched", shown))


def _balance(store: Store, currency: str) -> dict[str, object]:
    amount = plain(store.balance(currency))
    return {"currency": currency, "available_balance": amount, "ledger_balance": amount}


HANDLERS = [refund, list_refunds, read_refund, balances, balance]
