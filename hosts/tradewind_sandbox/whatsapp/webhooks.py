"""The webhook bodies Meta sends, byte for byte: escaped unicode, escaped slashes, signed."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from tradewind_sandbox.config import WhatsAppAccount
from tradewind_sandbox.deliveries import Webhook
from tradewind_sandbox.whatsapp.limits import digits
from tradewind_sandbox.whatsapp.state import Message, Shopper
from tradewind_sandbox.whatsapp.templates import Template


def encode(body: object) -> bytes:
    """JSON as Meta writes it: ASCII only, lower-case escapes, every slash escaped."""
    compact = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return compact.replace("/", "\\/").encode("ascii")


def signed(url: str, app_secret: str, body: object) -> Webhook:
    """A webhook over `body`, signed with HMAC-SHA256 over exactly the bytes that go out."""
    content = encode(body)
    signature = hmac.new(app_secret.encode(), content, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return Webhook(peer="whatsapp", url=url, content=content, headers=headers)


def inbound(
    account: WhatsAppAccount, contacts: list[dict[str, Any]], message: dict[str, Any]
) -> dict[str, Any]:
    """A message from a shopper. System messages come without contacts."""
    value = {**_value(account), "contacts": contacts, "messages": [message]}
    if message.get("type") == "system":
        del value["contacts"]
    return _messages_change(account, value)


def contact(shopper: Shopper, *, phone: str | None, with_user_id: bool = True) -> dict[str, Any]:
    """How a webhook names a shopper; what the business may not see is absent."""
    profile = {"name": shopper.name}
    if shopper.username:
        profile["username"] = shopper.username
    found: dict[str, Any] = {"profile": profile}
    if phone:
        found["wa_id"] = phone
    if with_user_id:
        found["user_id"] = shopper.user_id
    return found


def status(message: Message, state: str, at: datetime) -> dict[str, Any]:
    """How far a message of the business has come: sent, delivered, read or failed."""
    shopper = message.shopper
    phone = shopper.phone if message.sent_to_phone or not shopper.hides_phone else None
    entry: dict[str, Any] = {"id": message.id, "status": state, "timestamp": _unix(at)}
    if phone:
        entry["recipient_id"] = phone
    if state != "failed" or not message.sent_to_phone:
        entry["recipient_user_id"] = shopper.user_id
    if "biz_opaque_callback_data" in message.body:
        entry["biz_opaque_callback_data"] = message.body["biz_opaque_callback_data"]
    if message.pricing and state in ("sent", "delivered"):
        entry["pricing"] = message.pricing
    if message.error:
        entry["errors"] = [message.error.in_status()]
    value = _value(message.account)
    if state != "failed":
        value["contacts"] = [contact(shopper, phone=phone)]
    return _messages_change(message.account, {**value, "statuses": [entry]})


def template_status(waba_id: str, template: Template, at: datetime) -> dict[str, Any]:
    """The outcome of a template's review."""
    value = {
        "event": template.status,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language.replace("_", "-"),
        "message_template_category": template.category,
        "reason": "NONE",
    }
    change = {"field": "message_template_status_update", "value": value}
    entry = {"id": waba_id, "time": int(at.timestamp()), "changes": [change]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def _value(account: WhatsAppAccount) -> dict[str, Any]:
    metadata = {
        "display_phone_number": digits(account.display_phone_number),
        "phone_number_id": account.phone_number_id,
    }
    return {"messaging_product": "whatsapp", "metadata": metadata}


def _messages_change(account: WhatsAppAccount, value: dict[str, Any]) -> dict[str, Any]:
    changes = [{"value": value, "field": "messages"}]
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": account.waba_id, "changes": changes}],
    }


def _unix(at: datetime) -> str:
    return str(int(at.timestamp()))
