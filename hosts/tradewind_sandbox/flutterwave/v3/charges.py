"""Direct charges: `POST /charges?type=`, with the shapes of answer that each country has."""

from typing import Any

from litestar import Response, post

from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.links import page_link
from tradewind_sandbox.flutterwave.methods import MobileMoney, of_type, phone_number
from tradewind_sandbox.flutterwave.state import Store, Transaction, new_id
from tradewind_sandbox.flutterwave.v3.caller import (
    caller,
    check_address,
    check_email,
    check_payment,
)
from tradewind_sandbox.flutterwave.v3.requests import ChargeIn
from tradewind_sandbox.flutterwave.v3.shapes import charged, success
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer, read


@post("/charges", status_code=200)
async def create_charge(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Ask for money: by a push to the phone, or by sending the payer to a page."""
    store = caller(request, bank)
    kinds = of_type(request.query_params.get("type", ""))
    if not kinds:
        raise Refused("Invalid charge type")
    body = await read(request, ChargeIn)
    check_payment(body.tx_ref, body.amount, body.currency)
    check_email(body.email)
    if body.redirect_url:
        check_address(body.redirect_url)
    money = _kind(kinds, body)
    transaction = _transaction(bank, store, money, body)
    page = new_id() if _goes_to_a_page(money, body) else ""
    if page:
        transaction.page = page
    else:
        bank.ask(transaction, phone_number(str(body.phone_number), money.country))
    bank.add(transaction)
    return answer(_started(transaction, money, page_link(request, page) if page else None))


def _kind(kinds: list[MobileMoney], body: ChargeIn) -> MobileMoney:
    """The country's mobile money that a charge means; raises Refused."""
    if len(kinds) > 1 and body.country is None:
        raise Refused("country is required")
    for money in kinds:
        if len(kinds) > 1 and money.country != (body.country or "").upper():
            continue
        if money.currency != body.currency:
            raise Refused(f"currency must be {money.currency} for {money.type}")
        if body.network and body.network.upper() not in money.networks:
            raise Refused(f"network must be one of {', '.join(money.networks)}")
        return money
    raise Refused("country is invalid")


def _transaction(bank: Bank, store: Store, money: MobileMoney, body: ChargeIn) -> Transaction:
    payer = bank.state.payer(store, body.email, body.fullname, str(body.phone_number))
    transaction = Transaction(
        id=bank.state.new_number(),
        store=store,
        tx_ref=body.tx_ref,
        flw_ref=new_id("FLW-MOCK-"),
        amount=body.amount,
        currency=body.currency,
        method=money.method,
        payer=payer,
        created_at=bank.state.now(),
        redirect_url=body.redirect_url,
    )
    if money.type == "mpesa":
        transaction.processor_response = "Successful"
    return transaction


def _goes_to_a_page(money: MobileMoney, body: ChargeIn) -> bool:
    by_page = (body.network or "").upper() == "WAVE"
    return money.answer == "redirect" or (money.answer == "franco" and by_page)


def _started(transaction: Transaction, money: MobileMoney, link: str | None) -> dict[str, Any]:
    """The answer: with a page to go to but no `data`, with `data` alone, or with both."""
    envelope = success("Charge initiated", charged(transaction))
    if money.answer == "redirect":
        del envelope["data"]
        return {**envelope, "meta": {"authorization": {"mode": "redirect", "redirect": link}}}
    if money.answer == "franco":
        mode = "redirect" if link else "callback"
        return {**envelope, "meta": {"authorization": {"mode": mode, "redirect_url": link}}}
    return envelope


HANDLERS = [create_charge]
