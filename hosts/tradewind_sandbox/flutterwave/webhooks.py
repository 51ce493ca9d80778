"""The webhook bodies Flutterwave sends, and the two headers that vouch for them."""

import base64
import hashlib
import hmac
from typing import Any

from tradewind_sandbox.config import FlutterwaveAccount
from tradewind_sandbox.deliveries import Webhook
from tradewind_sandbox.flutterwave.state import Transaction
from tradewind_sandbox.flutterwave.v3.shapes import facts, short_card
from tradewind_sandbox.flutterwave.wire import encode


def about_transaction(transaction: Transaction) -> Webhook:
    """What is told of a transaction that has ended, in the version it was started with."""
    account = transaction.store.account
    return _v3(account, completed(transaction))


def completed(transaction: Transaction) -> dict[str, Any]:
    """v3's `charge.completed`, which also tells of failures; `meta_data` comes from links alone."""
    data = facts(transaction)
    if transaction.method.payment_type == "card":
        data["card"] = short_card()
    body: dict[str, Any] = {"event": "charge.completed", "data": data}
    if transaction.checkout and transaction.meta:
        body["meta_data"] = transaction.meta
    return {**body, "event.type": transaction.method.event_type}


def _v3(account: FlutterwaveAccount, body: object) -> Webhook:
    return _webhook(account, encode(body), {"verif-hash": account.secret_hash})


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
