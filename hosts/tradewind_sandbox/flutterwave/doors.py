"""The test doors: be the payer, read the books, empty a balance."""

from decimal import Decimal
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.exceptions import ClientException, NotFoundException, ValidationException
from litestar.params import FromQuery, JSONBody

from tradewind_sandbox.flutterwave.amounts import is_payable, plain
from tradewind_sandbox.flutterwave.bank import Bank, Outcome
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.methods import CARD
from tradewind_sandbox.flutterwave.state import Transaction
from tradewind_sandbox.flutterwave.wire import answer


class Settlement(msgspec.Struct, kw_only=True):
    """What the payer of `tx_ref` (v4: the reference) has done.

    `amount` (major units) and `currency` replace what was asked for. `webhook` off keeps the store
    in the dark. `again` pays once more under a reference that is settled already.
    """

    tx_ref: str
    status: Outcome
    amount: Decimal | None = None
    currency: str | None = None
    webhook: bool = True
    again: bool = False


class PayOut(msgspec.Struct, kw_only=True):
    """Which balance to empty."""

    store_name: str
    currency: str


@post("/settle", status_code=200)
async def settle(data: JSONBody[Settlement], bank: GivenBank) -> Response[bytes]:
    """Let a payer finish, also after the link or prompt has run out; the webhook follows.

    A reference that is settled so already only sends its webhook again.
    """
    if data.amount is not None and not is_payable(data.amount):
        raise ValidationException("amount must be a positive number with two decimals at most")
    bank.expire()
    transaction, settled = _to_settle(bank, data)
    if settled:
        if data.webhook:
            bank.tell(transaction)
        return answer(_shown(transaction))
    transaction.amount = data.amount or transaction.amount
    transaction.currency = data.currency or transaction.currency
    bank.decide(transaction, data.status, tell=data.webhook)
    return answer(_shown(transaction))


@get("/books")
async def books(
    bank: GivenBank,
    store: FromQuery[str | None] = None,
    tx_ref: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Every transaction with its refunds by store name, oldest first; amounts in major units."""
    bank.expire()
    found: dict[str, list[dict[str, Any]]] = {
        s.account.store_name: [_shown(t) for t in s.transactions if tx_ref in {None, t.tx_ref}]
        for s in bank.state.stores
        if store in {None, s.account.store_name}
    }
    return answer(found)


@post("/payout", status_code=200)
async def pay_out(data: JSONBody[PayOut], bank: GivenBank) -> Response[bytes]:
    """Pay a store's balance out, so that refunds in that currency have nothing to come from."""
    for store in bank.state.stores:
        if store.account.store_name == data.store_name:
            return answer({"paid_out": plain(bank.pay_out(store, data.currency))})
    raise NotFoundException(f"no store {data.store_name}")


def _to_settle(bank: Bank, data: Settlement) -> tuple[Transaction, bool]:
    """The transaction to decide, made where there is none yet; or one that is so already."""
    known = [t for t in bank.state.transactions() if t.tx_ref == data.tx_ref]
    links = [c for c in bank.state.checkouts() if c.tx_ref == data.tx_ref]
    pending = [t for t in known if t.status == "pending"]
    if pending:
        return pending[-1], False
    if not known and not links:
        raise NotFoundException(f"no payment {data.tx_ref}")
    if data.again and known:
        return bank.repeat(known[-1]), False
    paid = [t for t in known if t.status == "successful"]
    if paid and data.status == "failed":
        raise ClientException(f"{data.tx_ref} is paid already", status_code=409)
    if paid:
        return paid[-1], True
    if links:
        return bank.attempt(links[-1], CARD), False
    return known[-1], data.status == "failed"


def _shown(transaction: Transaction) -> dict[str, Any]:
    return {
        "tx_ref": transaction.tx_ref,
        "id": transaction.id,
        "amount": plain(transaction.amount),
        "currency": transaction.currency,
        "status": transaction.status,
        "refunds": [
            {"id": r.id, "amount": plain(r.amount), "status": r.status} for r in transaction.refunds
        ],
    }


HANDLERS = [settle, books, pay_out]
