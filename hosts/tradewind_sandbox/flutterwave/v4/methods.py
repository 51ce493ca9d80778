"""Payment methods, and the mobile networks of each country."""

import re
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.methods import DIALLING_CODES
from tradewind_sandbox.flutterwave.state import PaymentMethod, Store, new_id
from tradewind_sandbox.flutterwave.v4 import shapes
from tradewind_sandbox.flutterwave.v4.caller import caller, fetched, invalid, listed, once
from tradewind_sandbox.flutterwave.v4.requests import MobileMoneyIn, PaymentMethodIn
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer, read


@dataclass(frozen=True, slots=True)
class Country:
    """What v4 takes as mobile money in a country."""

    currency: str
    networks: tuple[str, ...]


COUNTRIES = {
    "BF": Country("XOF", ("mobicash", "orange")),
    "CI": Country("XOF", ("moov", "mtn", "orange", "wave")),
    "CM": Country("XAF", ("mtn", "orange")),
    "GH": Country("GHS", ("airteltigo", "mtn", "vodafone")),
    "KE": Country("KES", ("airtel", "mpesa")),
    "MW": Country("MWK", ("airtel",)),
    "RW": Country("RWF", ("airtel", "mtn")),
    "SN": Country("XOF", ("emoney", "freemoney", "orange")),
    "TZ": Country("TZS", ("airtel", "tigo", "halopesa", "vodafone")),
    "UG": Country("UGX", ("airtel", "mtn")),
}


@post("/payment-methods")
async def create_method(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Keep a payment method for charges."""
    store = caller(request, bank)
    body = await read(request, PaymentMethodIn)

    def work() -> dict[str, Any]:
        known = made(bank, store, body)
        return fetched("Payment method created", shapes.payment_method(known))

    return await once(request, store, work)


@get("/payment-methods")
async def list_methods(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Every payment method, newest first."""
    known = reversed(caller(request, bank).payment_methods.values())
    shown = [shapes.payment_method(one) for one in known]
    return listed(request, "Payment methods fetched", shown)


@get("/payment-methods/{method_id:str}")
async def read_method(
    request: FlutterwaveRequest, bank: GivenBank, method_id: FromPath[str]
) -> Response[bytes]:
    """One payment method by its id."""
    known = caller(request, bank).payment_methods.get(method_id)
    if known is None:
        raise Refused("Payment method not found", 404)
    return answer(fetched("Payment method fetched", shapes.payment_method(known)))


@get("/mobile-networks")
async def mobile_networks(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """The networks of `?country=` (ISO alpha-2)."""
    caller(request, bank)
    code = request.query_params.get("country", "").upper()
    if code not in COUNTRIES:
        raise invalid("country", "must be a supported country")
    networks = [
        {"id": f"mno_{code}{network}", "country": code, "network": network, "name": network.title()}
        for network in COUNTRIES[code].networks
    ]
    return answer(fetched("Mobile networks fetched", networks))


def made(bank: Bank, store: Store, body: PaymentMethodIn) -> PaymentMethod:
    """A new payment method of a store; raises Refused (10400)."""
    if body.mobile_money and body.type == "mobile_money":
        _check_network(body.mobile_money)
    if body.customer_id and body.customer_id not in store.customers:
        raise invalid("customer_id", "must be a known customer")
    known = PaymentMethod(
        id=new_id("pmd_"),
        type=body.type,
        details=body.details(),
        customer_id=body.customer_id,
        meta=body.meta or {},
        created_at=bank.state.now(),
    )
    store.payment_methods[known.id] = known
    return known


def country_of(dialling_code: str) -> str:
    """The country with a dialling code, among those with mobile money; raises Refused."""
    for country, code in DIALLING_CODES.items():
        if code == dialling_code and country in COUNTRIES:
            return country
    raise invalid("mobile_money.country_code", "must be the dialling code of a supported country")


def _check_network(money: MobileMoneyIn) -> None:
    networks = COUNTRIES[country_of(money.country_code)].networks
    if money.network.lower() not in networks:
        allowed = ", ".join(networks)
        raise invalid("mobile_money.network", f"must be one of {allowed}")
    if not re.fullmatch(r"[0-9]{6,12}", money.phone_number):
        raise invalid("mobile_money.phone_number", "must be a national number in digits")


HANDLERS = [create_method, list_methods, read_method, mobile_networks]
