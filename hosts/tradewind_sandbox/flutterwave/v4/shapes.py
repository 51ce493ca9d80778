"""Customers, payment methods, charges and refunds as v4 shows them."""

from datetime import datetime
from typing import Any

from tradewind_sandbox.flutterwave.amounts import plain
from tradewind_sandbox.flutterwave.responses import as_v4
from tradewind_sandbox.flutterwave.state import (
    Charge,
    Customer,
    PaymentMethod,
    Refund,
    Transaction,
)
from tradewind_sandbox.flutterwave.wire import moment

STATUS = {"pending": "pending", "successful": "succeeded", "failed": "failed"}


def customer(known: Customer) -> dict[str, Any]:
    """A customer; what was not given is null."""
    return {
        "id": known.id,
        "address": known.address,
        "email": known.email,
        "name": known.name,
        "phone": known.phone,
        "meta": known.meta,
        "created_datetime": moment(known.created_at),
    }


def payment_method(known: PaymentMethod) -> dict[str, Any]:
    """A payment method on its own."""
    return {**_method(known), "customer_id": known.customer_id}


def charge(transaction: Transaction, details: Charge) -> dict[str, Any]:
    """A charge; its next action is there as long as it is pending."""
    shown = {
        "id": transaction.id,
        "amount": plain(transaction.amount),
        "fees": [{"type": t, "amount": 0} for t in ("vat", "app", "merchant", "stamp_duty")],
        "currency": transaction.currency,
        "customer_id": details.customer.id,
        "settled": False,
        "settlement_id": [],
        "meta": transaction.meta or {},
        "payment_method_details": _method(details.payment_method),
        "reference": transaction.tx_ref,
        "status": STATUS[transaction.status],
        "processor_response": as_v4(transaction.processor_response),
        "created_datetime": _precise(transaction.created_at),
    }
    if details.next_action:
        shown["next_action"] = details.next_action
        if details.next_action["type"] == "redirect_url":
            del shown["processor_response"]
    return shown


def told(transaction: Transaction, details: Charge) -> dict[str, Any]:
    """The `data` of a webhook about a charge, which names things otherwise than the API."""
    method = {
        **payment_method(details.payment_method),
        "device_fingerprint": None,
        "client_ip": None,
    }
    return {
        "id": transaction.id,
        "amount": plain(transaction.amount),
        "currency": transaction.currency,
        "customer": customer(details.customer),
        "description": None,
        "meta": transaction.meta or {},
        "payment_method": method,
        "redirect_url": transaction.redirect_url,
        "reference": transaction.tx_ref,
        "status": STATUS[transaction.status],
        "processor_response": as_v4(transaction.processor_response),
        "created_datetime": moment(transaction.created_at),
    }


def refund(known: Refund, status: str) -> dict[str, Any]:
    """A refund. The answer that starts it calls it completed, every later one succeeded."""
    return {
        "id": known.id,
        "amount_refunded": plain(known.amount),
        "meta": known.meta,
        "reason": known.reason,
        "status": status,
        "charge_id": known.transaction.id,
        "created_datetime": _precise(known.created_at),
    }


def _method(known: PaymentMethod) -> dict[str, Any]:
    return {
        "type": known.type,
        known.type: known.details,
        "id": known.id,
        "meta": known.meta,
        "created_datetime": moment(known.created_at),
    }


def _precise(at: datetime) -> str:
    """A time with nine digits after the second, as some of v4's answers have it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "937Z"
