"""Stripe's objects as its API shows them, with the ids of others in place of those others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tradewind_sandbox.stripe.shapes.common import id_of, unix
from tradewind_sandbox.stripe.shapes.sessions import line, session
from tradewind_sandbox.stripe.state import (
    Account,
    Charge,
    Customer,
    Dispute,
    Endpoint,
    Event,
    Intent,
    Movement,
    PaymentMethod,
    Refund,
)

__all__ = [
    "authentication_page",
    "charge",
    "customer",
    "dispute",
    "endpoint",
    "event",
    "intent",
    "line",
    "listed",
    "movement",
    "of_id",
    "payment_method",
    "refund",
    "session",
    "unix",
]

_NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
_TIME_FOR_EVIDENCE = timedelta(days=14)
_INTENT_DETAILS = (
    "description",
    "payment_method_options",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


def intent(it: Intent) -> dict[str, Any]:
    """A payment intent."""
    nothing = dict.fromkeys(
        (
            "application",
            "application_fee_amount",
            "customer_account",
            "excluded_payment_method_types",
            "on_behalf_of",
            "payment_method_configuration_details",
            "processing",
            "review",
            "source",
            "transfer_data",
        )
    )
    return {
        "id": it.id,
        "object": "payment_intent",
        **nothing,
        "amount": it.amount,
        "amount_capturable": it.amount_capturable,
        "amount_details": {"tip": {}},
        "amount_received": it.amount_received,
        "automatic_payment_methods": it.automatic,
        "canceled_at": unix(it.canceled_at),
        "cancellation_reason": it.cancellation_reason,
        "capture_method": it.capture_method,
        "client_secret": it.client_secret,
        "confirmation_method": "automatic",
        "created": unix(it.created),
        "currency": it.currency,
        "customer": id_of(it.customer),
        "last_payment_error": it.last_error,
        "latest_charge": id_of(it.charge),
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": it.metadata,
        "next_action": _next_action(it),
        "payment_method": id_of(it.payment_method),
        "payment_method_types": ["card"],
        "setup_future_usage": it.setup_future_usage,
        "status": it.status,
        **{name: it.details.get(name) for name in _INTENT_DETAILS},
    }


def authentication_page(it: Intent) -> str:
    """Where the bank asks the payer whether it is them."""
    return f"{it.home}/stripe/authenticate/{it.id}?client_secret={it.client_secret}"


def _next_action(it: Intent) -> dict[str, Any] | None:
    if it.status != "requires_action":
        return None
    page = authentication_page(it)
    if it.return_url or it.session:
        back = {"return_url": it.return_url, "url": page}
        return {"type": "redirect_to_url", "redirect_to_url": back}
    script = {"type": "three_d_secure_redirect", "stripe_js": page, "source": ""}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": script}


def charge(it: Charge) -> dict[str, Any]:
    """A charge. `amount_refunded` counts what was authorized and never captured as well."""
    nothing = dict.fromkeys(
        (
            "application",
            "application_fee",
            "application_fee_amount",
            "failure_balance_transaction",
            "on_behalf_of",
            "receipt_number",
            "review",
            "source",
            "source_transfer",
            "transfer_data",
            "transfer_group",
        )
    )
    failure, details = it.failure or {}, it.intent.details
    return {
        "id": it.id,
        "object": "charge",
        **nothing,
        "amount": it.amount,
        "amount_captured": it.amount_captured,
        "amount_refunded": it.amount_refunded,
        "balance_transaction": id_of(it.movement),
        "billing_details": _billing(it.payment_method),
        "calculated_statement_descriptor": "SANDBOX",
        "captured": it.amount_captured > 0,
        "created": unix(it.created),
        "currency": it.intent.currency,
        "customer": id_of(it.intent.customer),
        "description": details.get("description"),
        "disputed": it.dispute is not None,
        "failure_code": failure.get("code"),
        "failure_message": failure.get("message"),
        "fraud_details": {},
        "livemode": False,
        "metadata": it.intent.metadata,
        "outcome": _outcome(it),
        "paid": it.failure is None,
        "payment_intent": it.intent.id,
        "payment_method": it.payment_method.id,
        "payment_method_details": {"type": "card", "card": _card_of_charge(it)},
        "receipt_email": details.get("receipt_email"),
        "receipt_url": None,
        "refunded": it.failure is None and it.amount_refunded == it.amount,
        "shipping": details.get("shipping"),
        "statement_descriptor": details.get("statement_descriptor"),
        "statement_descriptor_suffix": details.get("statement_descriptor_suffix"),
        "status": "failed" if it.failure else "succeeded",
    }


def _outcome(it: Charge) -> dict[str, Any]:
    failure = it.failure or {}
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if failure else "approved_by_network",
        "reason": failure.get("decline_code"),
        "risk_level": "normal",
        "seller_message": "The bank declined." if failure else "Payment complete.",
        "type": "issuer_declined" if failure else "authorized",
    }


def _card_of_charge(it: Charge) -> dict[str, Any]:
    return {
        **_card(it.payment_method),
        "amount_authorized": None if it.failure else it.amount,
        "authorization_code": None,
        "capture_before": unix(it.capture_before),
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": it.payment_method.card.brand,
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": it.amount, "status": "unavailable"},
        "three_d_secure": None,
        "transaction_link_id": None,
    }


def payment_method(it: PaymentMethod) -> dict[str, Any]:
    """A payment method; always a card."""
    card = {
        **_card(it),
        "display_brand": it.card.brand,
        "generated_from": None,
        "networks": {"available": [it.card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
    }
    return {
        "id": it.id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": _billing(it),
        "card": card,
        "created": unix(it.created),
        "customer": id_of(it.customer),
        "customer_account": None,
        "livemode": False,
        "metadata": it.metadata,
        "type": "card",
    }


def _card(it: PaymentMethod) -> dict[str, Any]:
    checks = ("address_line1_check", "address_postal_code_check", "cvc_check")
    return {
        "brand": it.card.brand,
        "checks": {**dict.fromkeys(checks), "cvc_check": "pass"},
        "country": "US",
        "exp_month": it.exp_month,
        "exp_year": it.exp_year,
        "fingerprint": f"sandbox{it.card.number[-8:]}",
        "funding": it.card.funding,
        "last4": it.card.number[-4:],
        "regulated_status": "unregulated",
        "wallet": None,
    }


def _billing(it: PaymentMethod) -> dict[str, Any]:
    given = it.billing
    address = given.get("address") or {}
    return {
        "address": {**_NO_ADDRESS, **address},
        "email": given.get("email"),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tax_id": given.get("tax_id"),
    }


def refund(it: Refund) -> dict[str, Any]:
    """A refund; why it failed is there only where it did."""
    shown = {
        "id": it.id,
        "object": "refund",
        "amount": it.amount,
        "balance_transaction": id_of(it.movement),
        "charge": it.charge.id,
        "created": unix(it.created),
        "currency": it.charge.intent.currency,
        "customer": id_of(it.charge.intent.customer),
        "customer_account": None,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": it.metadata,
        "payment_intent": it.charge.intent.id,
        "payment_method": it.charge.payment_method.id,
        "reason": it.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": it.status,
        "transfer_reversal": None,
    }
    return {**shown, "failure_reason": it.failure_reason} if it.failure_reason else shown


def dispute(it: Dispute) -> dict[str, Any]:
    """A dispute; of the evidence that a store may give, nothing is kept."""
    due = it.created + _TIME_FOR_EVIDENCE
    evidence: dict[str, Any] = {
        "due_by": unix(due),
        "enhanced_eligibility": {},
        "has_evidence": False,
    }
    card = {"brand": it.charge.payment_method.card.brand, "case_type": "chargeback"}
    return {
        "id": it.id,
        "object": "dispute",
        "amount": it.amount,
        "balance_transactions": [],
        "charge": it.charge.id,
        "created": unix(it.created),
        "currency": it.charge.intent.currency,
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {**evidence, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": it.charge.intent.id,
        "payment_method_details": {"card": {**card, "network_reason_code": "10.4"}, "type": "card"},
        "reason": "fraudulent",
        "status": it.status,
    }


def customer(it: Customer) -> dict[str, Any]:
    """A customer."""
    given = ("address", "description", "name", "phone", "shipping")
    return {
        "id": it.id,
        "object": "customer",
        "balance": 0,
        "created": unix(it.created),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "email": it.email,
        "invoice_prefix": it.id[-8:].upper(),
        "invoice_settings": dict.fromkeys(
            ("custom_fields", "default_payment_method", "footer", "rendering_options")
        ),
        "livemode": False,
        "metadata": it.metadata,
        "next_invoice_sequence": 1,
        "preferred_locales": it.details.get("preferred_locales") or [],
        "tax_exempt": it.details.get("tax_exempt") or "none",
        "test_clock": None,
        **{name: it.details.get(name) for name in given},
    }


def movement(it: Movement) -> dict[str, Any]:
    """A balance transaction."""
    fee = {"amount": it.fee, "currency": it.currency, "description": "Stripe processing fees"}
    return {
        "id": it.id,
        "object": "balance_transaction",
        "amount": it.amount,
        "available_on": unix(it.created),
        "balance_type": "payments",
        "created": unix(it.created),
        "currency": it.currency,
        "description": None,
        "exchange_rate": None,
        "fee": it.fee,
        "fee_details": [{**fee, "application": None, "type": "stripe_fee"}] if it.fee else [],
        "net": it.amount - it.fee,
        "reporting_category": it.type,
        "source": it.source,
        "status": "available",
        "type": it.type,
    }


def endpoint(it: Endpoint) -> dict[str, Any]:
    """A webhook endpoint; its secret is told when it is made, and never again."""
    return {
        "id": it.id,
        "object": "webhook_endpoint",
        "api_version": it.api_version,
        "application": None,
        "created": unix(it.created),
        "description": it.description,
        "enabled_events": it.events,
        "livemode": False,
        "metadata": it.metadata,
        "status": "enabled" if it.enabled else "disabled",
        "url": it.url,
    }


def event(it: Event, api_version: str) -> dict[str, Any]:
    """An event as a webhook brings it."""
    return {
        "id": it.id,
        "object": "event",
        "api_version": api_version,
        "created": unix(it.created),
        "data": {"object": it.snapshot},
        "livemode": False,
        "pending_webhooks": it.pending,
        "request": {"id": it.request_id, "idempotency_key": it.idempotency_key},
        "type": it.type,
    }


def of_id(account: Account, name: str) -> dict[str, Any] | None:
    """The object with this id, whatever it is."""
    kinds: list[tuple[dict[str, Any], Callable[[Any], dict[str, Any]]]] = [
        (account.intents, intent),
        (account.charges, charge),
        (account.refunds, refund),
        (account.disputes, dispute),
        (account.sessions, session),
        (account.customers, customer),
        (account.payment_methods, payment_method),
        (account.movements, movement),
    ]
    for known, shape in kinds:
        if name in known:
            return shape(known[name])
    return None


def listed(url: str, data: list[dict[str, Any]], *, more: bool = False) -> dict[str, Any]:
    """A list."""
    return {"object": "list", "data": data, "has_more": more, "url": url}
