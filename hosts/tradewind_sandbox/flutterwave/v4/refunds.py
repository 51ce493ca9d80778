"""Refunds of charges."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tradewind_sandbox.flutterwave.amounts import is_payable
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.state import Refund, Store
from tradewind_sandbox.flutterwave.v4 import shapes
from tradewind_sandbox.flutterwave.v4.caller import (
    caller,
    fetched,
    in_period,
    invalid,
    known_charge,
    listed,
    once,
)
from tradewind_sandbox.flutterwave.v4.requests import RefundIn
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer, read

_STARTED, _DONE = "completed", "succeeded"


@post("/refunds")
async def create_refund(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Give back all or part of a charge; the webhook follows."""
    store = caller(request, bank)
    body = await read(request, RefundIn)

    def work() -> dict[str, Any]:
        if not is_payable(body.amount):
            raise invalid("amount", "must be greater than 0")
        known = bank.refund(known_charge(store, body.charge_id), body.amount, body.reason)
        known.meta = body.meta or {}
        bank.tell_refund(known)
        return {"message": "Refund Initiated", "data": shapes.refund(known, _STARTED)}

    return await once(request, store, work)


@get("/refunds")
async def list_refunds(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Every refund, newest first, by `from` and `to`; a charge's own cannot be asked for."""
    known = reversed(_refunds(caller(request, bank)))
    shown = [shapes.refund(one, _DONE) for one in known if in_period(request, one.created_at)]
    return listed(request, "Refunds fetched", shown)


@get("/refunds/{refund_id:str}")
async def read_refund(
    request: FlutterwaveRequest, bank: GivenBank, refund_id: FromPath[str]
) -> Response[bytes]:
    """One refund by its id."""
    for known in _refunds(caller(request, bank)):
        if known.id == refund_id:
            return answer(fetched("Refund fetched", shapes.refund(known, _DONE)))
    raise Refused("Refund not found", 404)


def _refunds(store: Store) -> list[Refund]:
    return [refund for refund in store.refunds if refund.transaction.charge]


HANDLERS = [create_refund, list_refunds, read_refund]
