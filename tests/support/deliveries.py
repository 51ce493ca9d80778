"""Webhooks as Meta makes them: one POST with messages and statuses of any numbers."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

NUMBERS_OF = itertools.count(1)
AT = "1767614400"
"""Noon of 5 January 2026, UTC: the first moment of tests."""

Change = Mapping[str, Any]


def post(*changes: Change) -> dict[str, Any]:
    """One delivery with these changes, each in an entry of its own."""
    entries = [{"id": "25550000000001", "changes": [change]} for change in changes]
    return {"object": "whatsapp_business_account", "entry": entries}


def change(
    number: str, *, messages: Sequence[Any] = (), statuses: Sequence[Any] = ()
) -> dict[str, Any]:
    """What happened at one business number."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "254711000001", "phone_number_id": number},
    }
    if messages:
        people = dict.fromkeys(message["from"] for message in messages)
        value["contacts"] = [{"profile": {"name": "A person"}, "wa_id": wa_id} for wa_id in people]
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    return {"field": "messages", "value": value}


def text(sender: str, body: str, *, ref: str | None = None, at: str = AT) -> dict[str, Any]:
    """A typed message."""
    ref = ref or f"wamid.test{next(NUMBERS_OF)}"
    return {"from": sender, "id": ref, "timestamp": at, "type": "text", "text": {"body": body}}


def status(ref: str, state: str, recipient: str, *, at: str = AT) -> dict[str, Any]:
    """News of a message that went out."""
    return {"id": ref, "status": state, "timestamp": at, "recipient_id": recipient}
