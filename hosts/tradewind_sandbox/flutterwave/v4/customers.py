"""Customers: one for each e-mail address."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.state import Customer, Store, new_id
from tradewind_sandbox.flutterwave.v4 import shapes
from tradewind_sandbox.flutterwave.v4.caller import caller, fetched, invalid, listed, once
from tradewind_sandbox.flutterwave.v4.requests import CustomerIn, SearchIn
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer, read


@post("/customers")
async def create_customer(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Make a customer; an e-mail address that is taken is a conflict."""
    store = caller(request, bank)
    body = await read(request, CustomerIn)

    def work() -> dict[str, Any]:
        if _of_email(store, body.email):
            raise Refused("Customer already exists", 409)
        return fetched("Customer created", shapes.customer(_made(bank, store, body)))

    return await once(request, store, work)


@post("/customers/search", status_code=200)
async def search_customers(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """The customer with an e-mail address, as a list."""
    store = caller(request, bank)
    found = _of_email(store, (await read(request, SearchIn)).email)
    return listed(request, "Customers fetched", [shapes.customer(found)] if found else [])


@get("/customers")
async def list_customers(request: FlutterwaveRequest, bank: GivenBank) -> Response[bytes]:
    """Every customer, newest first."""
    known = reversed(caller(request, bank).customers.values())
    return listed(request, "Customers fetched", [shapes.customer(one) for one in known])


@get("/customers/{customer_id:str}")
async def read_customer(
    request: FlutterwaveRequest, bank: GivenBank, customer_id: FromPath[str]
) -> Response[bytes]:
    """One customer by its id."""
    known = caller(request, bank).customers.get(customer_id)
    if known is None:
        raise Refused("Customer not found", 404)
    return answer(fetched("Customer fetched", shapes.customer(known)))


def known_or_made(bank: Bank, store: Store, body: CustomerIn) -> Customer:
    """The customer with the e-mail address of `body`, made when new."""
    return _of_email(store, body.email) or _made(bank, store, body)


def _made(bank: Bank, store: Store, body: CustomerIn) -> Customer:
    if "@" not in body.email.strip("@"):
        raise invalid("email", "must be a well-formed email address")
    known = Customer(
        id=new_id("cus_"),
        email=body.email,
        name=body.name,
        phone=body.phone,
        address=body.address,
        meta=body.meta or {},
        created_at=bank.state.now(),
    )
    store.customers[known.id] = known
    return known


def _of_email(store: Store, email: str) -> Customer | None:
    same = (one for one in store.customers.values() if one.email.lower() == email.lower())
    return next(same, None)


HANDLERS = [create_customer, search_customers, list_customers, read_customer]
