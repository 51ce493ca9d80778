"""The webhook bodies Flutterwave sends, and the two headers that vouch for them."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

from tradewind_sandbox.config import FlutterwaveAccount
from tradewind_sandbox.deliveries import Webhook
from tradewind_sandbox.flutterwave.state import Refund, Transaction, new_id
from tradewind_sandbox.flutterwave.v3.shapes import facts, short_card
from tradewind_sandbox.flutterwave.v4 import shapes as shapes_v4
from tradewind_sandbox.flutterwave.wire import encode


def about_transaction(transaction: Transaction, now: datetime) -> Webhook:
    """What is told of a transaction that has ended, in the version it was started with."""
    account = transaction.store.account
    if transaction.charge:
        data = shapes_v4.told(transaction, transaction.charge)
        return _webhook(account, encode(_event("charge.completed", data, now)), {})
    return _webhook(account, encode(completed(transaction)), {"verif-hash": account.secret_hash})


def about_refund(refund: Refund, now: datetime) -> Webhook:
    """What v4 tells of a refund; v3 tells nothing."""
    data = shapes_v4.refund(refund, "succeeded")
    account = refund.transaction.store.account
    return _webhook(account, encode(_event("refund.completed", data, now)), {})


def completed(transaction: Transaction) -> dict[str, Any]:
    """v3's `charge.completed`, which also tells of failures; `meta_data` comes from links alone."""
    data = facts(transaction)
    if transaction.method.payment_type == "card":
        data["card"] = short_card()
    body: dict[str, Any] = {"event": "charge.completed", "data": data}
    if transaction.meta:
        body["meta_data"] = transaction.meta
    return {**body, "event.type": transaction.method.event_type}


def _event(kind: str, data: dict[str, Any], now: datetime) -> dict[str, Any]:
    """v4's envelope; the time is in Unix milliseconds."""
    milliseconds = int(now.timestamp() * 1000)
    return {"webhook_id": new_id("wbk_"), "timestamp": milliseconds, "type": kind, "data": data}


def _webhook(account: FlutterwaveAccount, content: bytes, headers: dict[str, str]) -> Webhook:
    return Webhook(
        peer="flutterwave",
        url=account.webhook_url,
        content=content,
        headers={
            "Content-Type": "application/json",
            "flutterwave-signature": _signature(account, content),
            **headers,
        },
    )


def _signature(account: FlutterwaveAccount, content: bytes) -> str:
    """HMAC-SHA256 of the body in base64, or the secret hash itself where an account has that."""
    if account.plain_signature:
        return account.secret_hash
    digest = hmac.new(account.secret_hash.encode(), content, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
