"""Transactions and refunds as v3 shows them."""

from decimal import Decimal
from typing import Any

from tradewind_sandbox.flutterwave.amounts import fee, plain
from tradewind_sandbox.flutterwave.state import Payer, Refund, Transaction
from tradewind_sandbox.flutterwave.wire import moment

PAGE_SIZE = 20


def success(message: str, data: object) -> dict[str, Any]:
    """The envelope around everything that went well."""
    return {"status": "success", "message": message, "data": data}


def facts(transaction: Transaction) -> dict[str, Any]:
    """What every view of a transaction has: webhook, charge and verify."""
    amount = plain(transaction.amount)
    return {
        "id": transaction.id,
        "tx_ref": transaction.tx_ref,
        "flw_ref": transaction.flw_ref,
        "device_fingerprint": "N/A",
        "amount": amount,
        "currency": transaction.currency,
        "charged_amount": amount,
        "app_fee": plain(_fee(transaction)),
        "merchant_fee": 0,
        "processor_response": transaction.processor_response,
        "auth_model": transaction.method.auth_model,
        "ip": "127.0.0.1",
        "narration": transaction.method.narration,
        "status": transaction.status,
        "payment_type": transaction.method.payment_type,
        "created_at": moment(transaction.created_at),
        "account_id": transaction.store.number,
        "customer": _customer(transaction.payer),
    }


def charged(transaction: Transaction) -> dict[str, Any]:
    """The `data` that answers a direct charge."""
    data = {**facts(transaction), "fraud_status": "ok", "charge_type": "normal"}
    if transaction.method.payment_type == "mpesa":
        data["auth_url"] = "N/A"
    return data


def verified(transaction: Transaction) -> dict[str, Any]:
    """The `data` of verify, and of each entry in the list of transactions."""
    net = transaction.amount - _fee(transaction)
    data = {**facts(transaction), "meta": transaction.meta}
    data["amount_settled"] = plain(net) if transaction.status == "successful" else None
    if transaction.method.payment_type == "card":
        data["card"] = {**short_card(), "token": f"flw-t1nf-{transaction.flw_ref[-20:]}-m03k"}
    return data


def short_card() -> dict[str, Any]:
    """The pretended card, as a webhook tells of it."""
    return {
        "first_6digits": "418742",
        "last_4digits": "4246",
        "issuer": "ACCESS BANK PLC DEBIT CLASSIC",
        "country": "NIGERIA NG",
        "type": "VISA",
        "expiry": "09/32",
    }


def refund_started(refund: Refund) -> dict[str, Any]:
    """The `data` that answers a refund."""
    data = _refund(refund)
    data["tx_id"] = refund.transaction.id
    data["wallet_id"] = refund.transaction.store.number + 1
    data["destination"] = "payment_source"
    return data


def refund_listed(refund: Refund) -> dict[str, Any]:
    """A refund when it is read later: other keys than in the answer that started it."""
    data = _refund(refund)
    data["transaction_id"] = refund.transaction.id
    data["comment"] = refund.reason
    data["settlement_id"] = "NEW"
    return data


def page(message: str, items: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """One page of a list, counted from 1."""
    start = (number - 1) * PAGE_SIZE
    info = {
        "total": len(items),
        "current_page": number,
        "total_pages": max(1, -(-len(items) // PAGE_SIZE)),
        "page_size": PAGE_SIZE,
    }
    shown = items[start : start + PAGE_SIZE]
    return {"status": "success", "message": message, "meta": {"page_info": info}, "data": shown}


def _fee(transaction: Transaction) -> Decimal:
    return fee(transaction.amount, transaction.method.payment_type)


def _customer(payer: Payer) -> dict[str, Any]:
    return {
        "id": payer.id,
        "name": payer.name,
        "phone_number": payer.phone_number or "N/A",
        "email": payer.email,
        "created_at": moment(payer.created_at),
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "id": refund.id,
        "account_id": refund.transaction.store.number,
        "flw_ref": refund.reference,
        "amount_refunded": plain(refund.amount),
        "status": refund.status,
        "meta": {"source": "availablebalance"},
        "created_at": moment(refund.created_at),
    }
