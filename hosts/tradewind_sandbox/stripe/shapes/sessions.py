"""Checkout sessions as Stripe's API shows them."""

from typing import Any

from tradewind_sandbox.stripe.shapes.common import id_of, unix
from tradewind_sandbox.stripe.state import Line, Session

_EMPTY = (
    "after_expiration",
    "client_secret",
    "consent",
    "consent_collection",
    "currency_conversion",
    "customer_account",
    "discounts",
    "integration_identifier",
    "invoice",
    "origin_context",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "recovered_from",
    "saved_payment_method_options",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "subscription",
    "wallet_options",
)
_DETAILS = (
    "allow_promotion_codes",
    "billing_address_collection",
    "client_reference_id",
    "locale",
    "submit_type",
)


def session(it: Session) -> dict[str, Any]:
    """A checkout session. It has an address only as long as somebody may pay there."""
    return {
        "id": it.id,
        "object": "checkout.session",
        **dict.fromkeys(_EMPTY),
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": it.amount_total,
        "amount_total": it.amount_total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": it.cancel_url,
        "collected_information": None,
        "created": unix(it.created),
        "currency": it.currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "customer": id_of(it.customer),
        "customer_creation": it.customer_creation,
        "customer_details": it.payer,
        "customer_email": it.customer_email,
        "expires_at": unix(it.expires_at),
        "invoice_creation": {"enabled": False, "invoice_data": {}},
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": it.metadata,
        "mode": "payment",
        "payment_intent": id_of(it.intent),
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "paid" if paid(it) else "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": it.status,
        "success_url": it.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": it.url if it.status == "open" else None,
        **{name: it.details.get(name) for name in _DETAILS},
    }


def paid(it: Session) -> bool:
    """Whether the money is there: an authorization alone is not."""
    return it.status == "complete" and it.intent is not None and it.intent.status == "succeeded"


def line(it: Line, currency: str) -> dict[str, Any]:
    """A line of a checkout session."""
    total = it.quantity * it.unit_amount
    return {
        "id": it.id,
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": it.name,
        "price": {"currency": currency, "unit_amount": it.unit_amount, "type": "one_time"},
        "quantity": it.quantity,
    }
