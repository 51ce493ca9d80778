"""Customers, and the cards that they keep."""

from typing import Any

from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.errors import Refused
from tradewind_sandbox.stripe.state import Customer, PaymentMethod
from tradewind_sandbox.stripe.v1.calls import Call, Route, paged
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
from tradewind_sandbox.stripe.wire import new_id

_DETAILS = ("address", "description", "name", "phone", "preferred_locales", "shipping")


def create_customer(call: Call, given: CustomerIn) -> dict[str, Any]:
    """Make a customer; any number may have one address."""
    metadata = changed({}, given.metadata)
    method = method_of(call.bank, call.account, given.payment_method, None)
    customer = Customer(id=new_id("cus_"), created=call.now, metadata=metadata)
    _describe(customer, given)
    call.account.customers[customer.id] = customer
    if method:
        call.bank.attach(call.account, method, customer)
    return shapes.customer(customer)


def list_customers(call: Call, page: CustomerPage) -> dict[str, Any]:
    """Customers, newest first."""
    known = call.account.customers.values()
    found = [one for one in known if page.email in {"", one.email}]
    return paged("/v1/customers", page, found, shapes.customer)


def read_customer(call: Call, _: Nothing) -> dict[str, Any]:
    """One customer."""
    return shapes.customer(_known(call, call.name))


def update_customer(call: Call, given: CustomerIn) -> dict[str, Any]:
    """Change a customer."""
    customer = _known(call, call.name)
    customer.metadata = changed(customer.metadata, given.metadata)
    _describe(customer, given)
    return shapes.customer(customer)


def delete_customer(call: Call, _: Nothing) -> dict[str, Any]:
    """Forget a customer, and let go of the cards."""
    customer = _known(call, call.name)
    for method in _kept(call, customer.id):
        method.customer = None
    del call.account.customers[customer.id]
    return {"id": call.name, "object": "customer", "deleted": True}


def list_kept(call: Call, page: MethodPage) -> dict[str, Any]:
    """The cards that a customer keeps, newest first."""
    kept = _kept(call, _known(call, call.name).id) if page.type in {"", "card"} else []
    return paged(f"/v1/customers/{call.name}/payment_methods", page, kept, shapes.payment_method)


def create_method(call: Call, given: MethodIn) -> dict[str, Any]:
    """Make a payment method of a card, also from a payer's browser."""
    metadata = changed({}, given.metadata)
    method = typed(call.bank, call.account, given.card, given.billing_details)
    method.metadata = metadata
    return shapes.payment_method(method)


def list_methods(call: Call, page: MethodPage) -> dict[str, Any]:
    """The cards that a customer keeps, newest first."""
    kept = _kept(call, page.customer) if page.type in {"", "card"} else []
    return paged("/v1/payment_methods", page, kept, shapes.payment_method)


def read_method(call: Call, _: Nothing) -> dict[str, Any]:
    """One payment method."""
    return shapes.payment_method(_method(call, call.name))


def update_method(call: Call, given: NewMetadata) -> dict[str, Any]:
    """Change the metadata of a payment method."""
    method = _method(call, call.name)
    method.metadata = changed(method.metadata, given.metadata)
    return shapes.payment_method(method)


def attach_method(call: Call, given: Attachment) -> dict[str, Any]:
    """Let a customer keep a card."""
    customer = named(call.account.customers, given.customer, "customer", "customer")
    method = method_of(call.bank, call.account, call.name, None)
    if method is None or method.customer not in {None, customer}:
        raise Refused("The payment method you provided has already been attached.")
    call.bank.attach(call.account, method, customer)
    return shapes.payment_method(method)


def detach_method(call: Call, _: Nothing) -> dict[str, Any]:
    """Have a customer keep a card no longer."""
    method = _method(call, call.name)
    if method.customer is None:
        wrong = "The payment method you provided is not attached to a customer."
        raise Refused(wrong)
    method.customer = None
    shown = shapes.payment_method(method)
    call.bank.herald.tell(call.account, "payment_method.detached", shown)
    return shown


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


ROUTES = [
    Route("POST", "/customers", CustomerIn, create_customer),
    Route("GET", "/customers", CustomerPage, list_customers),
    Route("GET", "/customers/{name}", Nothing, read_customer),
    Route("POST", "/customers/{name}", CustomerIn, update_customer),
    Route("DELETE", "/customers/{name}", Nothing, delete_customer),
    Route("GET", "/customers/{name}/payment_methods", MethodPage, list_kept),
    Route("POST", "/payment_methods", MethodIn, create_method, public=True),
    Route("GET", "/payment_methods", MethodPage, list_methods),
    Route("GET", "/payment_methods/{name}", Nothing, read_method),
    Route("POST", "/payment_methods/{name}", NewMetadata, update_method),
    Route("POST", "/payment_methods/{name}/attach", Attachment, attach_method),
    Route("POST", "/payment_methods/{name}/detach", Nothing, detach_method),
]
