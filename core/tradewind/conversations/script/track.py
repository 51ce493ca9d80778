"""What became of a shopper's orders. Nobody sees an order of somebody else."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from tradewind.contracts.channel import Row
from tradewind.conversations.countries import address_text
from tradewind.conversations.rules import Answer, Command, fit_lines, from_address, tap
from tradewind.conversations.script import pending
from tradewind.conversations.script.turn import Turn
from tradewind.messaging.rules import width
from tradewind.orders import service as orders
from tradewind.orders.rules import CLOSED, Order

LATEST = 5


async def latest(turn: Turn) -> Answer:
    """The shopper's last orders; a single one is shown whole."""
    found = await orders.orders_of_customer(turn.tx, turn.talk.customer_id, limit=LATEST)
    if not found:
        return turn.choice(turn.words("order.none"), turn.button("browse", "menu", 0))
    if len(found) == 1:
        return await _whole(turn, found[0])
    lines = [_line(turn, order) for order in found]
    rows = [
        Row(tap("order", order.number), str(order.number), _described(turn, order))
        for order in found
    ]
    text = "\n".join([turn.words("order.latest"), "", *lines])
    return turn.menu(text, "label.orders", rows)


async def asked(turn: Turn, command: Command) -> Answer:
    """The order that was named, or how to name one."""
    if command.wrong:
        return turn.choice(turn.words("order.usage"), turn.button("orders", "orders"))
    return await one(turn, command.number)


async def one(turn: Turn, number: int) -> Answer:
    """One order of this shopper; for anybody else it does not exist."""
    found = await orders.order_by_number(turn.tx, number, customer_id=turn.talk.customer_id)
    if found is None:
        text = turn.words("order.unknown", number=number)
        return turn.choice(text, turn.button("orders", "orders"), turn.button("menu", "menu", 0))
    return await _whole(turn, found)


async def waiting(turn: Turn) -> Order | None:
    """The newest order of this shopper that waits for its money."""
    found = await orders.orders_of_customer(turn.tx, turn.talk.customer_id, limit=LATEST)
    return next((order for order in found if order.status == "pending"), None)


async def now(turn: Turn, order: Order, note: str = "") -> Answer:
    """An own order as it is now, for a button that no longer does what it says."""
    if order.status in CLOSED:
        note = turn.words(f"notice.{order.status}", number=order.number)
    elif order.status != "pending":
        paid = order.payment_status == "paid"
        note = turn.words("pay.already" if paid else "checkout.already", number=order.number)
    return await _whole(turn, order, note)


def _line(turn: Turn, order: Order) -> str:
    return turn.words(
        "order.line",
        number=order.number,
        date=_date(turn, order.created_at),
        total=turn.words.money(order.total, order.currency),
        state=_state(turn, order),
    )


def _described(turn: Turn, order: Order) -> str:
    total = turn.words.money(order.total, order.currency)
    return f"{_date(turn, order.created_at)} · {total} · {_state(turn, order)}"


def _date(turn: Turn, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(turn.talk.store.time_zone)).date().isoformat()


def _state(turn: Turn, order: Order) -> str:
    """The furthest thing that happened to an order."""
    words = turn.words
    status = words.known(f"status.{order.status}", order.status)
    if order.status == "pending" and order.payment_status == "failed":
        return words("status.failed")
    if order.status not in {"processing", "completed"}:
        return status
    return words.known(f"fulfillment.{order.fulfillment_status}", status)


async def _whole(turn: Turn, order: Order, note: str = "") -> Answer:
    words = turn.words
    paid = words.known(f"payment.{order.payment_status}", order.payment_status)
    head = [
        *([note, ""] if note else []),
        words("order.title", number=order.number, date=_date(turn, order.created_at)),
        words("order.state", state=_state(turn, order)),
        words("order.paid", state=paid),
        "",
    ]
    tail = _sums(turn, order)
    if order.status != "pending":
        text = "\n".join([*head, *_items(turn, order, [*head, *tail]), *tail])
        return turn.choice(text, turn.button("orders", "orders"), turn.button("menu", "menu", 0))
    attempt = await pending.attempt_of(turn, order)
    tail += pending.how(turn, order, attempt)
    return await pending.said(
        turn, order, attempt, [*head, *_items(turn, order, [*head, *tail]), *tail]
    )


def _sums(turn: Turn, order: Order) -> list[str]:
    amount = turn.words.money(order.total, order.currency)
    sums = ["", turn.words("order.total", amount=amount)]
    if order.shipping_address is not None:
        where = address_text(from_address(order.shipping_address))
        sums.append(turn.words("order.to", address=where))
    return sums


def _items(turn: Turn, order: Order, around: Sequence[str]) -> list[str]:
    """As many lines of an order as fit between the lines `around` them."""
    words = turn.words
    items = [
        words(
            "cart.line",
            quantity=line.quantity,
            title=line.title,
            total=words.money(line.subtotal, order.currency),
        )
        for line in order.lines
    ]
    room = turn.body_limit - width("\n".join(around)) - 1
    return fit_lines(items, room, words.raw("cart.more"))
