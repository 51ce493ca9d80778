"""Looking up what became of a payment, by id or by reference, and asking for its webhook again."""

from litestar import Response, get, post
from litestar.params import FromPath

from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.v3.caller import (
    caller,
    in_period,
    known_transaction,
    matches,
    own_transactions,
    page_number,
)
from tradewind_sandbox.flutterwave.v3.shapes import page, success, verified
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer


@get("/transactions")
async def list_transactions(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Every try to pay, newest first, by `tx_ref`, `status`, `currency`, `from` and `to`."""
    found = [
        verified(t)
        for t in own_transactions(caller(request, bank))
        if matches(request, tx_ref=t.tx_ref, status=t.status, currency=t.currency)
        and in_period(request, t.created_at)
    ]
    return answer(page("Transactions fetched", found, page_number(request)))


@get("/transactions/{transaction_id:str}/verify")
async def verify(
    request: FlutterwaveRequest, bank: GivenBank, transaction_id: FromPath[str]
) -> Response[bytes]:
    """One transaction by its id."""
    transaction = known_transaction(caller(request, bank), transaction_id)
    return answer(success("Transaction fetched successfully", verified(transaction)))


@get("/transactions/verify_by_reference")
async def verify_by_reference(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """The newest transaction under a `tx_ref`; an error as long as nobody has tried to pay."""
    tx_ref = request.query_params.get("tx_ref")
    for transaction in own_transactions(caller(request, bank)):
        if transaction.tx_ref == tx_ref:
            return answer(success("Transaction fetched successfully", verified(transaction)))
    raise Refused("No transaction was found for this reference")


@post("/transactions/{transaction_id:str}/resend-hook", status_code=200)
async def resend_hook(
    request: FlutterwaveRequest, bank: GivenBank, transaction_id: FromPath[str]
) -> Response[bytes]:
    """Send the webhook of a transaction once more."""
    transaction = known_transaction(caller(request, bank), transaction_id)
    if transaction.status == "pending":
        raise Refused("Transaction has not been completed")
    bank.tell(transaction)
    return answer(success("hook sent", None))


HANDLERS = [list_transactions, verify, verify_by_reference, resend_hook]
