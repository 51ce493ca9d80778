"""What is agreed upon on WhatsApp: an order that stands before its money has come."""

import re

import msgspec

from tradewind.checkout.service import Agreement
from tradewind.settings.engine import Engine

METHOD = "whatsapp"
FLAG = "PAYMENT_CHANNEL_WHATSAPP"
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,24}")


def agreement_with(engine: Engine, recipient: str, network_address: str) -> Agreement:
    """The terms, and what the order's metadata says of them; `recipient` as it was given."""
    return Agreement(
        method=METHOD,
        metadata={
            "payment_method": METHOD,
            "whatsapp_recipient": recipient,
            "wa_payment_state": "pending",
            "timestamp": msgspec.to_builtins(engine.clock.now()),
        },
        phone=recipient if _PHONE.fullmatch(recipient) else None,
        network_address=network_address,
    )
