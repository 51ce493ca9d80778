"""The `pricing` object of statuses, by the rules in force since 1 October 2026.

Every delivered message has a price: service messages after a monthly free allowance per number,
utility templates also inside the customer service window. Only the 72 hours after an answered
click-to-WhatsApp ad stay free. What Meta reports for a message inside the allowance is not
documented; it is shown here as a free service message.
"""

from datetime import datetime
from typing import Any

from tradewind_sandbox.whatsapp.state import BusinessNumber, Window


def price(
    number: BusinessNumber, window: Window, category: str, now: datetime, allowance: int
) -> dict[str, Any]:
    """The price of one message of `category` (service, utility, marketing, authentication).

    Counts service messages of the month, of which `allowance` are free.
    """
    if window.free_until and now < window.free_until:
        return _pricing("free_entry_point", "referral_conversion")
    if category != "service":
        return _pricing("regular", category)
    month = now.strftime("%Y-%m")
    number.service_messages[month] += 1
    if number.service_messages[month] <= allowance:
        return _pricing("free_customer_service", "service")
    return _pricing("regular", "service")


def _pricing(kind: str, category: str) -> dict[str, Any]:
    billable = kind == "regular"
    return {"billable": billable, "pricing_model": "PMP", "type": kind, "category": category}
