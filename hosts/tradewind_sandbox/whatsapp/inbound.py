"""What a shopper's phone sends: texts, taps on rows and buttons, and who it says it is from."""

from datetime import datetime
from typing import Any, Literal

from tradewind_sandbox.whatsapp import webhooks
from tradewind_sandbox.whatsapp.bubbles import Option
from tradewind_sandbox.whatsapp.limits import digits
from tradewind_sandbox.whatsapp.state import Message, Shopper, new_message_id

Identity = Literal["phone_and_user_id", "phone", "user_id"]
"""What a business learns of a shopper: `phone` alone is how it was before April 2026, `user_id`
alone how it is for people with a username whom the business does not know."""

_NAIROBI = {"latitude": -1.286389, "longitude": 36.817223, "name": "Kenyatta Avenue"}


def usual_identity(shopper: Shopper) -> Identity:
    """Phone number and user id, unless the shopper hides the number."""
    return "user_id" if shopper.hides_phone or not shopper.phone else "phone_and_user_id"


def message(
    shopper: Shopper, identity: Identity, at: datetime, content: dict[str, Any]
) -> dict[str, Any]:
    """A `messages[]` object with `content` from this shopper."""
    found: dict[str, Any] = {}
    if identity != "user_id" and shopper.phone:
        found["from"] = shopper.phone
    if identity != "phone":
        found["from_user_id"] = shopper.user_id
    found["id"] = new_message_id()
    found["timestamp"] = str(int(at.timestamp()))
    return found | content


def contacts(shopper: Shopper, identity: Identity) -> list[dict[str, Any]]:
    """The `contacts` of a webhook from this shopper."""
    phone = shopper.phone if identity != "user_id" else None
    return [webhooks.contact(shopper, phone=phone, with_user_id=identity != "phone")]


def text(body: str) -> dict[str, Any]:
    """Typed text."""
    return {"type": "text", "text": {"body": body}}


def tap(asked: Message, option: Option, shopper: Shopper) -> dict[str, Any]:
    """The answer that tapping `option` of the business's message `asked` sends."""
    context = {"from": digits(asked.account.display_phone_number), "id": asked.id}
    return {"context": context, **_answer(option, shopper)}


def _answer(option: Option, shopper: Shopper) -> dict[str, Any]:
    if option.kind in ("button_reply", "list_reply"):
        reply = {"id": option.id, "title": option.title}
        if option.kind == "list_reply" and option.description:
            reply["description"] = option.description
        return {"type": "interactive", "interactive": {"type": option.kind, option.kind: reply}}
    if option.kind == "quick_reply":
        return {"type": "button", "button": {"payload": option.id, "text": option.title}}
    if option.kind == "location":
        return {"type": "location", "location": _NAIROBI}
    return {"type": "contacts", "contacts": [_own_card(shopper)]}


def _own_card(shopper: Shopper) -> dict[str, Any]:
    name = {"formatted_name": shopper.name, "first_name": shopper.name}
    phone = shopper.phone or "254700000199"
    phones = [{"phone": f"+{phone}", "wa_id": phone, "type": "CELL"}]
    return {"name": name, "phones": phones, "origin": "contact_request"}
