"""Customers, and the cards that they keep."""

from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath

from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.dependencies import GivenStripe
from tradewind_sandbox.stripe.errors import Refused
from tradewind_sandbox.stripe.state import Customer, PaymentMethod
from tradewind_sandbox.stripe.v1.calls import Call, asked, paged, told
from tradewind_sandbox.stripe.v1.known import changed, method_of, named, typed
from tradewind_sandbox.stripe.v1.requests import (
    Attachment,
    CustomerIn,
    CustomerPage,
    MethodIn,
    MethodPage,
    NewMetadata,
    Nothing,
)
from tradewind_sandbox.stripe.wire import StripeRequest, new_id

_DETAILS = ("address", "description", "name", "phone", "preferred_locales", "shipping")


@post("/customers", status_code=200)
async def create_customer(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Make a customer; any number may have one address."""

    def work(call: Call, given: CustomerIn) -> dict[str, Any]:
        metadata = changed({}, given.metadata)
        method = method_of(call.bank, call.account, given.payment_method, None)
        customer = Customer(id=new_id("cus_"), created=call.now, metadata=metadata)
        _describe(customer, given)
        call.account.customers[customer.id] = customer
        if method:
            call.bank.attach(call.account, method, customer)
        return shapes.customer(customer)

    return await told(request, stripe, CustomerIn, work)


@get("/customers")
async def list_customers(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Customers, newest first."""

    def work(call: Call, page: CustomerPage) -> dict[str, Any]:
        known = call.account.customers.values()
        found = [one for one in known if page.email in {"", one.email}]
        return paged("/v1/customers", page, found, shapes.customer)

    return await asked(request, stripe, CustomerPage, work)


@get("/customers/{name:str}")
async def read_customer(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """One customer."""
    return await asked(
        request, stripe, Nothing, lambda call, _: shapes.customer(_known(call, name))
    )


@post("/customers/{name:str}", status_code=200)
async def update_customer(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """Change a customer."""

    def work(call: Call, given: CustomerIn) -> dict[str, Any]:
        customer = _known(call, name)
        customer.metadata = changed(customer.metadata, given.metadata)
        _describe(customer, given)
        return shapes.customer(customer)

    return await told(request, stripe, CustomerIn, work)


@delete("/customers/{name:str}", status_code=200)
async def delete_customer(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """Forget a customer, and let go of the cards."""

    def work(call: Call, _: Nothing) -> dict[str, Any]:
        customer = _known(call, name)
        for method in _kept(call, customer.id):
            method.customer = None
        del call.account.customers[customer.id]
        return {"id": name, "object": "customer", "deleted": True}

    return await asked(request, stripe, Nothing, work)


@get("/customers/{name:str}/payment_methods")
async def list_kept(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """The cards that a customer keeps, newest first."""

    def work(call: Call, page: MethodPage) -> dict[str, Any]:
        kept = _kept(call, _known(call, name).id) if page.type in {"", "card"} else []
        return paged(f"/v1/customers/{name}/payment_methods", page, kept, shapes.payment_method)

    return await asked(request, stripe, MethodPage, work)


@post("/payment_methods", status_code=200)
async def create_method(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Make a payment method of a card, also from a payer's browser."""

    def work(call: Call, given: MethodIn) -> dict[str, Any]:
        metadata = changed({}, given.metadata)
        method = typed(call.bank, call.account, given.card, given.billing_details)
        method.metadata = metadata
        return shapes.payment_method(method)

    return await told(request, stripe, MethodIn, work, public=True)


@get("/payment_methods")
async def list_methods(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """The cards that a customer keeps, newest first."""

    def work(call: Call, page: MethodPage) -> dict[str, Any]:
        kept = _kept(call, page.customer) if page.type in {"", "card"} else []
        return paged("/v1/payment_methods", page, kept, shapes.payment_method)

    return await asked(request, stripe, MethodPage, work)


@get("/payment_methods/{name:str}")
async def read_method(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """One payment method."""
    return await asked(
        request, stripe, Nothing, lambda call, _: shapes.payment_method(_method(call, name))
    )


@post("/payment_methods/{name:str}", status_code=200)
async def update_method(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """Change the metadata of a payment method."""

    def work(call: Call, given: NewMetadata) -> dict[str, Any]:
        method = _method(call, name)
        method.metadata = changed(method.metadata, given.metadata)
        return shapes.payment_method(method)

    return await told(request, stripe, NewMetadata, work)


@post("/payment_methods/{name:str}/attach", status_code=200)
async def attach_method(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """Let a customer keep a card."""

    def work(call: Call, given: Attachment) -> dict[str, Any]:
        customer = named(call.account.customers, given.customer, "customer", "customer")
        method = method_of(call.bank, call.account, name, None)
        if method is None or method.customer not in {None, customer}:
            raise Refused("The payment method you provided has already been attached.")
        call.bank.attach(call.account, method, customer)
        return shapes.payment_method(method)

    return await told(request, stripe, Attachment, work)


@post("/payment_methods/{name:str}/detach", status_code=200)
async def detach_method(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """Have a customer keep a card no longer."""

    def work(call: Call, _: Nothing) -> dict[str, Any]:
        method = _method(call, name)
        if method.customer is None:
            wrong = "The payment method you provided is not attached to a customer."
            raise Refused(wrong)
        method.customer = None
        shown = shapes.payment_method(method)
        call.bank.herald.tell(call.account, "payment_method.detached", shown)
        return shown

    return await told(request, stripe, Nothing, work)


def _known(call: Call, name: str) -> Customer:
    return named(call.account.customers, name, "customer")


def _method(call: Call, name: str) -> PaymentMethod:
    return named(call.account.payment_methods, name, "PaymentMethod")


def _kept(call: Call, customer: str) -> list[PaymentMethod]:
    known = call.account.payment_methods.values()
    return [one for one in known if one.customer and one.customer.id == customer]


def _describe(customer: Customer, given: CustomerIn) -> None:
    if given.email is not None:
        customer.email = given.email or None
    for name in (*_DETAILS, "tax_exempt"):
        if (value := getattr(given, name)) is not None:
            customer.details[name] = value or None


HANDLERS = [
    create_customer,
    list_customers,
    read_customer,
    update_customer,
    delete_customer,
    list_kept,
    create_method,
    list_methods,
    read_method,
    update_method,
    attach_method,
    detach_method,
]
