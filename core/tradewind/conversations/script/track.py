"""What became of a shopper's orders. Nobody sees an order of somebody else."""

from datetime import datetime
from zoneinfo import ZoneInfo

from tradewind.contracts.channel import Row
from tradewind.conversations.rules import Answer, Command, fit_lines, from_address, tap
from tradewind.conversations.script.review import address_text
from tradewind.conversations.script.turn import Turn
from tradewind.messaging.rules import width
from tradewind.orders import service as orders
from tradewind.orders.rules import Order

LATEST = 5


async def latest(turn: Turn) -> Answer:
    """The shopper's last orders; a single one is shown whole."""
    found = await orders.orders_of_customer(turn.tx, turn.talk.customer_id, limit=LATEST)
    if not found:
        return turn.choice(turn.words("order.none"), turn.button("browse", "menu", 0))
    if len(found) == 1:
        return _whole(turn, found[0])
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
    return _whole(turn, found)


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
    if order.status not in {"processing", "completed"}:
        return status
    return words.known(f"fulfillment.{order.fulfillment_status}", status)


def _whole(turn: Turn, order: Order) -> Answer:
    words = turn.words
    paid = words.known(f"payment.{order.payment_status}", order.payment_status)
    head = [
        words("order.title", number=order.number, date=_date(turn, order.created_at)),
        words("order.state", state=_state(turn, order)),
        words("order.paid", state=paid),
        "",
    ]
    amount = words.money(order.total, order.currency)
    tail = ["", words("order.total", amount=amount)]
    if order.shipping_address is not None:
        where = address_text(from_address(order.shipping_address))
        tail.append(words("order.to", address=where))
    items = [
        words(
            "cart.line",
            quantity=line.quantity,
            title=line.title,
            total=words.money(line.subtotal, order.currency),
        )
        for line in order.lines
    ]
    room = turn.body_limit - width("\n".join([*head, *tail])) - 1
    text = "\n".join([*head, *fit_lines(items, room, words.raw("cart.more")), *tail])
    return turn.choice(text, turn.button("orders", "orders"), turn.button("menu", "menu", 0))
