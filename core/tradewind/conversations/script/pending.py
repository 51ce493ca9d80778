"""An order that waits for its money: what the shopper is told of it, and what can be done."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tradewind.checkout.links import checkout_url
from tradewind.contracts.channel import Button, Link
from tradewind.contracts.payment import Action, AwaitPhone, Instructions
from tradewind.conversations.notices import FAILED, PLACED
from tradewind.conversations.rules import Answer
from tradewind.conversations.script.turn import Turn
from tradewind.conversations.telling import ASK_AFTER
from tradewind.messaging import service as messaging
from tradewind.messaging.rules import clip
from tradewind.orders.rules import Order
from tradewind.outbox.jobs import Job, enqueue_in
from tradewind.payments import service as payments
from tradewind.payments.rules import PaymentSession

PATIENCE = timedelta(minutes=2)
"""How long after a request on the phone the shopper is told that no approval was seen."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The newest attempt to pay an order: what the shopper must do, or why it came to nothing.

    Without both, the provider has not answered yet.
    """

    session: PaymentSession | None = None
    action: Action | None = None
    failed: str = ""

    @property
    def by_link(self) -> bool:
        """Whether the shopper pays on a page."""
        return self.action is not None and not isinstance(self.action, AwaitPhone | Instructions)


async def attempt_of(turn: Turn, order: Order) -> Attempt:
    """The newest attempt to pay an order."""
    session = await payments.session_of_order(turn.tx, order.id)
    if session is None or session.status in {"starting", "open", "completed"}:
        return Attempt(session=session, action=session.action if session else None)
    payment = await payments.get_payment(turn.tx, session.payment_id)
    code = "expired" if session.status == "expired" else payment.error_code
    return Attempt(session=session, failed=code or "other")


async def show(turn: Turn, order: Order, note: str = "") -> Answer:
    """What an order waits for, below `note`."""
    attempt = await attempt_of(turn, order)
    return await said(
        turn, order, attempt, [*([note, ""] if note else []), *_all(turn, order, attempt)]
    )


async def begun(turn: Turn, order: Order) -> Answer:
    """An attempt has just begun, or failed at once."""
    attempt = await attempt_of(turn, order)
    session = attempt.session
    if session is not None and attempt.failed and await _told_already(turn, session):
        return turn.nothing_more()
    return await said(turn, order, attempt, _all(turn, order, attempt))


async def _told_already(turn: Turn, session: PaymentSession) -> bool:
    return not await messaging.claim(turn.tx, FAILED.format(session.payment_id))


async def first_to_tell(turn: Turn, order: Order) -> bool:
    """Whether it is yet to be told that an order that had waited for its money stands."""
    return await messaging.claim(turn.tx, PLACED.format(order.id))


async def said(turn: Turn, order: Order, attempt: Attempt, lines: Sequence[str]) -> Answer:
    """The lines, with what can be done about the payment below them.

    A fresh request on the phone will be asked after.
    """
    if attempt.session is not None and isinstance(attempt.action, AwaitPhone):
        await _look_after(turn, attempt.session)
    text, buttons = "\n".join(lines), _buttons(turn, order, attempt)
    if not attempt.by_link:
        return turn.choice(text, *buttons)
    link = Link(
        text=clip(text, turn.body_limit),
        label=turn.words("button.pay_online"),
        url=checkout_url(turn.engine, turn.store, order),
    )
    return turn.answer(link, turn.choice_body(turn.words("pay.or"), *buttons))


def how(turn: Turn, order: Order, attempt: Attempt) -> list[str]:
    """How the order can be paid now, and until when."""
    words = turn.words
    until = [words("pay.until", time=_clock(turn, order.expires_at))] if order.expires_at else []
    return [*until, "", _what_now(turn, attempt)]


def _all(turn: Turn, order: Order, attempt: Attempt) -> list[str]:
    amount = turn.words.money(order.due, order.currency)
    return [
        turn.words("pay.waits", number=order.number),
        turn.words("review.total", amount=amount),
        *how(turn, order, attempt),
    ]


def _what_now(turn: Turn, attempt: Attempt) -> str:
    words = turn.words
    if attempt.failed:
        return words("pay.failed", reason=words.reason(attempt.failed))
    match attempt.action:
        case AwaitPhone(text=text):
            return _led_in(words("pay.on_phone"), text)
        case Instructions(text=text):
            return text
        case None:
            return words("pay.unreached")
    return words("pay.online")


def _led_in(lead: str, how: str) -> str:
    """The provider's own words, with what to do in front where they do not begin so themselves."""
    return how if how.casefold().startswith(lead.casefold()) else f"{lead}: {how}"


def _buttons(turn: Turn, order: Order, attempt: Attempt) -> list[Button]:
    another = turn.button("another_way", "another", order.number)
    call_off = turn.button("call_off", "call_off", order.number)
    if attempt.action is None and attempt.session is not None:
        return [turn.button("try_again", "retry", attempt.session.id), another, call_off]
    return [another, turn.button("track", "order", order.number), call_off]


def _clock(turn: Turn, moment: datetime) -> str:
    """A moment on the shop's clock; with its day where that is not today."""
    zone = ZoneInfo(turn.talk.store.time_zone)
    there, today = moment.astimezone(zone), turn.tx.now.astimezone(zone).date()
    return f"{there:%H:%M}" if there.date() == today else f"{there:%Y-%m-%d %H:%M}"


async def _look_after(turn: Turn, session: PaymentSession) -> None:
    due = session.created_at + PATIENCE
    if due <= turn.tx.now:
        return
    job = Job(
        kind=ASK_AFTER,
        payload={"session_id": str(session.id)},
        store_id=turn.store.id,
        dedupe_key=str(session.id),
        run_at=due,
    )
    await enqueue_in(turn.tx, job)
