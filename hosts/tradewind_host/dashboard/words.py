"""What the dashboard says, in English."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tradewind.contracts.money import Money

NAMES: Mapping[str, str] = {
    "awaiting": "Not paid",
    "partially_paid": "Partly paid",
    "partially_refunded": "Partly refunded",
    "partially_fulfilled": "Partly fulfilled",
    "unfulfilled": "Not sent",
    "fulfilled": "Packed",
    "pending": "Pending",
    "processing": "Open",
    "read_only": "Read only",
    "whatsapp": "WhatsApp",
    "web": "Web",
    "email": "E-mail",
    "in": "From the shopper",
    "out": "To the shopper",
}
"""Names that are not simply their code with a capital."""

TONES: Mapping[str, str] = {
    "paid": "good",
    "completed": "good",
    "delivered": "good",
    "succeeded": "good",
    "shipped": "good",
    "fulfilled": "good",
    "done": "good",
    "closed": "quiet",
    "canceled": "quiet",
    "expired": "quiet",
    "refunded": "quiet",
    "returned": "quiet",
    "failed": "bad",
    "disputed": "bad",
    "open": "waits",
    "awaiting": "waits",
    "pending": "waits",
    "running": "waits",
    "waiting": "waits",
    "authorized": "waits",
    "partially_paid": "waits",
    "partially_refunded": "waits",
}

EVENTS: Mapping[str, str] = {
    "order.created": "Order received",
    "order.placed": "Order placed",
    "order.completed": "Order completed",
    "order.canceled": "Order canceled",
    "order.expired": "Order expired",
    "fulfillment.shipped": "On its way",
    "marked_paid": "Marked as paid",
    "refund_requested": "Refund asked for",
    "capture_requested": "Held money asked for",
    "note": "Note",
    "metadata": "Metadata added",
    "awaiting_payment": "Waits for its payment",
}

DISPUTES: Mapping[str, str] = {
    "open": "Disputed by the payer",
    "won": "Dispute won",
    "lost": "Dispute lost",
}
"""How a dispute stands, or ended."""

REFUSALS: Mapping[str, str] = {
    "already_paid": "This order is paid already.",
    "amount_too_large": "That is more than is still due.",
    "order_closed": "This order is closed; nothing can be paid for it.",
    "order_paid": "This order is paid. Refund it first, then cancel it.",
    "order_fulfilled": "Goods of this order have left the house, so it cannot be canceled.",
    "nothing_to_capture": "No money is held for this order any more.",
    "capture_too_large": "That is more than is held, or than is due.",
    "capture_not_offered": "The provider of this payment lets no money be taken later.",
    "capture_under_way": "Money of this order is being taken just now. Look again in a moment.",
    "invalid_transition": "This cannot be done to an order in this state.",
    "nothing_to_refund": "There is nothing left to give back.",
    "refund_too_large": "That is more than can be given back.",
    "refund_not_offered": "What this was paid with does not let us give it back from here.",
    "capture_failed": "The provider did not give the money. The case stays open.",
    "refund_failed": "The provider gave nothing back. The case stays open.",
    "action_not_offered": "This case does not offer that.",
    "job_not_dead": "This work is being done again already.",
    "in_progress": "This is being worked on already. Look again in a moment.",
    "idempotency_key_reused": "This form was sent before with something else in it. Please check "
    "the order, and try again if it is still wanted.",
    "invalid_input": "Please check what you entered.",
    "provider_fault": "The payment provider did not answer. Nothing is lost: look at the "
    "order, and press the button again; it counts once.",
}
"""Why something was not done, by its code."""

DONE: Mapping[str, str] = {
    "refund": "The refund is on its way.",
    "cancel": "The order is canceled.",
    "mark-paid": "The order is marked as paid.",
    "capture": "The payment was captured.",
    "note": "The note was added.",
    "delivery": "The prices are saved; open carts get them at once.",
    "close": "The case is closed.",
    "case": "Done; the case is closed.",
    "ended": "That session has ended.",
    "others": "All other sessions have ended.",
}
"""What was done, by the name that the address carries."""


UNDONE: Mapping[str, str] = {
    "refund-refused": "The payment provider gave nothing back. A case was opened, where it can be "
    "tried again.",
    "capture-refused": "The payment provider did not give the money. Look at the payment below.",
    "not-offered": "This cannot be done to the order any more.",
}
"""What came of it where nothing was done."""


class Told(NamedTuple):
    """A heading and a sentence."""

    title: str
    text: str


FAULTS: Mapping[str, Told] = {
    "404": Told("There is no such page", "It may belong to another store of yours."),
    "403": Told("This is not allowed", "Your role does not reach this far."),
    "read_only": Told("You may only look", "Ask an owner of the store for another role."),
    "owner_only": Told("Only an owner may do this", "Ask an owner of the store."),
    "forged": Told(
        "This form cannot be used any more", "Nothing was changed. Open the page again and retry."
    ),
    "signed_out": Told("You are signed out", "Nothing was changed. Sign in and try again."),
    "no_store": Told(
        "You belong to no store", "Ask an owner or the operator to let you into theirs."
    ),
    "422": Told("This cannot be shown", "Something in the address is not understood."),
    "503": Told("Not just now", "The database cannot be reached. Try again shortly."),
}
_BROKEN = Told("Something went wrong", "It was noted. Please try again in a moment.")


def fault(code: str) -> Told:
    """What to say of an error, by its code or status."""
    return FAULTS.get(code, _BROKEN)


def name(code: str) -> str:
    """A code for people: `partially_paid` is “Partly paid”."""
    return NAMES.get(code) or code.replace("_", " ").replace(".", " ").capitalize()


def tone(code: str) -> str:
    """How a state is colored."""
    return TONES.get(code, "plain")


def refusal(code: str) -> str:
    """Why something was not done."""
    return REFUSALS.get(code, "This was not done.")


def done(code: str) -> str:
    """What was done; nothing for what nobody says."""
    return DONE.get(code, "")


def undone(code: str) -> str:
    """What was not done; nothing for what nobody says."""
    return UNDONE.get(code, "")


def event(type_: str, detail: Mapping[str, Any]) -> str:
    """What became of an order."""
    if type_ == "payment" and "to" in detail:
        return f"Payment: {name(str(detail['to'])).lower()}"
    if type_ == "dispute":
        return DISPUTES.get(str(detail.get("outcome")), name(type_))
    return EVENTS.get(type_) or name(type_)


def money(amount: int, currency: str) -> str:
    """Minor units as people write them."""
    return Money(amount, currency).text()


def when(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as the store's clock shows it."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


ACTIONS: Mapping[str, tuple[str, str]] = {
    "refund": ("Refund", "gives the money back that this is about."),
    "retry": ("Try again", "asks the provider for the refund once more."),
    "cancel": ("Cancel the order", "calls off what this has led to."),
    "capture": ("Capture", "takes the money that is held."),
    "replay": ("Do it again", "has the work done that was given up."),
    "release": ("Release", "ends the plugin's quarantine."),
    "close": ("Close", "does nothing else; the case is off the desk."),
}
"""What a case offers, and what that does."""


def action(code: str) -> str:
    """What a button of a case says."""
    return ACTIONS[code][0] if code in ACTIONS else name(code)


def meaning(code: str) -> str:
    """What it does."""
    return ACTIONS[code][1] if code in ACTIONS else ""


def actor(code: str) -> str:
    """Who acted, where it is nobody of the store's staff."""
    kind, _, _ = code.partition(":")
    return {"key": "API key", "account": "Former staff", "tradewind": "Tradewind"}.get(
        kind, name(code)
    )


def agent(text: str) -> str:
    """A browser by what it calls itself, as far as that can be told."""
    browsers = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")
    browser = next((one for one in browsers if one in text), "")
    system = next((one for one in systems if one in text), "")
    shown = {"Edg": "Edge", "OPR": "Opera"}.get(browser, browser)
    return " on ".join(part for part in (shown, system) if part) or text[:60] or "Unknown browser"
