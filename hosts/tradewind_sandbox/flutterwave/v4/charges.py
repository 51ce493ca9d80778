"""Charges: made, looked up, authorized."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from litestar import Response, get, post, put
from litestar.params import FromPath

from tradewind_sandbox.flutterwave.amounts import is_payable
from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.links import is_address
from tradewind_sandbox.flutterwave.methods import Method
from tradewind_sandbox.flutterwave.state import (
    Charge,
    Customer,
    Payer,
    PaymentMethod,
    Store,
    Transaction,
    new_id,
)
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
from tradewind_sandbox.flutterwave.v4.customers import known_or_made
from tradewind_sandbox.flutterwave.v4.methods import COUNTRIES, country_of, made
from tradewind_sandbox.flutterwave.v4.requests import ChargeIn, ChargeUpdateIn, DirectChargeIn
from tradewind_sandbox.flutterwave.v4.scenarios import authorize, begin
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer, read

_ALREADY_EXISTS = ("CHARGE_ALREADY_EXISTS", "1100409")
_BAD_REDIRECT = ("REDIRECT_URL_INVALID", "1141400")


@dataclass(frozen=True, slots=True)
class Parties:
    """Who pays, and with what."""

    customer: Customer
    payment_method: PaymentMethod


@post("/charges")
async def create_charge(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Charge a known customer by a known payment method."""
    store = caller(request, bank)
    body = await read(request, ChargeIn)

    def work() -> dict[str, Any]:
        customer = store.customers.get(body.customer_id)
        method = store.payment_methods.get(body.payment_method_id)
        if customer is None:
            raise invalid("customer_id", "must be a known customer")
        if method is None:
            raise invalid("payment_method_id", "must be a known payment method")
        return _charged(bank, request, store, body, Parties(customer, method))

    return await once(request, store, work)


@post("/orchestration/direct-charges")
async def create_direct_charge(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Customer, payment method and charge in one."""
    store = caller(request, bank)
    body = await read(request, DirectChargeIn)

    def work() -> dict[str, Any]:
        customer = known_or_made(bank, store, body.customer)
        parties = Parties(customer, made(bank, store, body.payment_method))
        return _charged(bank, request, store, body, parties)

    return await once(request, store, work)


@get("/charges")
async def list_charges(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Every charge, newest first, by `reference`, `status`, `customer_id`, `from` and `to`."""
    shown = [
        _shown(t)
        for t in reversed(caller(request, bank).transactions)
        if t.charge and in_period(request, t.created_at)
    ]
    wanted = request.query_params
    found = [
        charge
        for charge in shown
        if all(
            wanted.get(name, charge[name]) == charge[name]
            for name in ("reference", "status", "customer_id")
        )
    ]
    return listed(request, "Charges fetched", found)


@get("/charges/{charge_id:str}")
async def read_charge(
    request: FlutterwaveRequest, bank: GivenBank, charge_id: FromPath[str]
) -> Response[bytes]:
    """One charge by its id."""
    return answer(fetched("Charge fetched", _shown(known_charge(caller(request, bank), charge_id))))


@put("/charges/{charge_id:str}")
async def update_charge(
    request: FlutterwaveRequest, bank: GivenBank, charge_id: FromPath[str]
) -> Response[bytes]:
    """Hand in what the payer typed, or other metadata."""
    transaction = known_charge(caller(request, bank), charge_id)
    body = await read(request, ChargeUpdateIn)
    if body.authorization is not None and transaction.charge:
        authorize(bank, transaction, transaction.charge, body.authorization)
    if body.meta is not None:
        transaction.meta = body.meta
    return answer(fetched("Charge updated", _shown(transaction)))


def _charged(
    bank: Bank,
    request: FlutterwaveRequest,
    store: Store,
    body: ChargeIn | DirectChargeIn,
    parties: Parties,
) -> dict[str, Any]:
    _check(store, body.reference, body.amount, body.currency)
    _check_currency(parties.payment_method, body.currency)
    if body.redirect_url and not is_address(body.redirect_url):
        raise Refused("Redirect url is not valid", kind=_BAD_REDIRECT)
    charge = Charge(customer=parties.customer, payment_method=parties.payment_method)
    transaction = Transaction(
        id=new_id("chg_"),
        store=store,
        tx_ref=body.reference,
        flw_ref="",
        amount=body.amount,
        currency=body.currency,
        method=_method(parties.payment_method),
        payer=_payer(bank, parties.customer),
        created_at=bank.state.now(),
        meta=body.meta,
        redirect_url=body.redirect_url,
        page=new_id(),
        charge=charge,
    )
    bank.add(transaction)
    begin(bank, request, transaction, charge)
    return fetched("Charge created", _shown(transaction))


def _check(store: Store, reference: str, amount: Decimal, currency: str) -> None:
    if not is_payable(amount):
        raise invalid("amount", "must be greater than 0")
    if len(currency) != 3 or not currency.isupper():
        raise invalid("currency", "must be a valid currency")
    if not 1 <= len(reference) <= 255:
        raise invalid("reference", "must not be blank")
    if any(t.charge and t.tx_ref == reference for t in store.transactions):
        raise Refused("Charge with this reference already exists", 409, kind=_ALREADY_EXISTS)


def _check_currency(method: PaymentMethod, currency: str) -> None:
    if method.type != "mobile_money":
        return
    country = country_of(method.details["country_code"])
    if COUNTRIES[country].currency != currency:
        raise Refused(f"Currency not supported for {country} Mobile Money.")


def _method(known: PaymentMethod) -> Method:
    mpesa = str(known.details.get("network", "")).lower() == "mpesa"
    title = "M-Pesa" if mpesa else known.type.replace("_", " ").capitalize()
    return Method(known.type, "", "", title)


def _payer(bank: Bank, customer: Customer) -> Payer:
    return Payer(bank.state.new_number(), "", customer.email, None, customer.created_at)


def _shown(transaction: Transaction) -> dict[str, Any]:
    if transaction.charge is None:
        raise Refused("Charge not found", 404)
    return shapes.charge(transaction, transaction.charge)


HANDLERS = [create_charge, create_direct_charge, list_charges, read_charge, update_charge]
