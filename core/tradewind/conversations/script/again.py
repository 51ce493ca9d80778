"""What can be done about an order that waits for its money: pay again, pay otherwise, call it off.

Buttons may be old: each looks at the order as it is now, and begins nothing when another attempt
has begun since it was shown.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from tradewind.checkout import service as checkout
from tradewind.checkout.rules import OfferedMethod, StartRequest
from tradewind.contracts.errors import NotFound, Refusal
from tradewind.contracts.payment import Input, Instructions
from tradewind.conversations.notices import CANCELED
from tradewind.conversations.rules import Again, Answer, Declined, Tap, tap
from tradewind.conversations.script import pending, track, ways
from tradewind.conversations.script.turn import Turn
from tradewind.messaging import service as messaging
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind.payments import service as payments

SHOPPER = "shopper"


class Waiting(NamedTuple):
    """An order that is being paid in another way, what was answered so far, what is offered."""

    order: Order
    again: Again
    methods: Sequence[OfferedMethod]


# --- in the same way -----------------------------------------------------------------------------


async def retry(turn: Turn, tapped: Tap) -> Answer:
    """Once more, as in the attempt that the button names."""
    session = await payments.get_session(turn.tx, tapped.id)
    order = await orders.get_order(turn.tx, session.order_id or tapped.id)
    if order.customer_id != turn.talk.customer_id:
        raise NotFound("There is no such order.")
    if not await _still(turn, order, session.id):
        return await track.now(turn, order)
    request = StartRequest(provider=session.provider, method=session.method, inputs=session.inputs)
    return await _start(turn, order, request, Again(number=order.number, session=session.id))


# --- in another way ------------------------------------------------------------------------------


async def another(turn: Turn, tapped: Tap) -> Answer:
    """Which other way?"""
    order = await _own(turn, tapped.number)
    session = await payments.session_of_order(turn.tx, order.id)
    if order.status != "pending" or session is None:
        return await track.now(turn, order)
    turn.state.again = Again(number=order.number, session=session.id)
    waiting = await _waiting(turn)
    return waiting if isinstance(waiting, Answer) else _ask_way(turn, waiting)


async def way(turn: Turn, tapped: Tap) -> Answer:
    """A way, from the list."""
    again = turn.state.again
    if again is None or again.number != tapped.number:
        return await track.now(turn, await _own(turn, tapped.number))
    waiting = await _waiting(turn)
    return waiting if isinstance(waiting, Answer) else await _take(turn, waiting, tapped.text)


async def way_words(turn: Turn, text: str) -> Answer:
    """Words that may name a way to pay."""
    waiting = await _waiting(turn)
    if isinstance(waiting, Answer):
        return waiting
    found = ways.typed(waiting.methods, text)
    return await _take(turn, waiting, ways.name_of(found) if found else "")


async def filled(turn: Turn, tapped: Tap) -> Answer:
    """What was offered as the answer to a question of the way to pay."""
    return await fill(turn, tapped.text, tapped.number)


async def fill(turn: Turn, text: str, index: int | None = None) -> Answer:
    """The answer to a question of the way to pay: the open one, or the one at `index`."""
    waiting = await _waiting(turn)
    if isinstance(waiting, Answer):
        return waiting
    chosen = ways.named(waiting.methods, waiting.again.payment)
    question = ways.question(chosen, turn.state.asked if index is None else index)
    if chosen is None or question is None:
        return _ask_way(turn, waiting)
    given = ways.read(turn, question, text, _countries(waiting.order))
    if not given:
        return _ask_input(turn, waiting, chosen, question, ways.wrong(turn, question))
    inputs = {**waiting.again.inputs, question.name: given}
    return await _go_on(turn, waiting, replace(waiting.again, inputs=inputs), chosen)


async def _take(turn: Turn, waiting: Waiting, name: str) -> Answer:
    chosen = ways.named(waiting.methods, name)
    if chosen is None:
        return _ask_way(turn, waiting, turn.words("wrong.payment"))
    return await _go_on(turn, waiting, replace(waiting.again, payment=name, inputs={}), chosen)


async def _go_on(turn: Turn, waiting: Waiting, again: Again, chosen: OfferedMethod) -> Answer:
    """Ask what the chosen way still needs, then begin it."""
    turn.state.again = again
    question = ways.unanswered(chosen.method, again.inputs)
    if question is not None:
        return _ask_input(turn, waiting, chosen, question)
    request = ways.request_for(again.payment, again.inputs)
    return await _start(turn, waiting.order, request, again)


async def _waiting(turn: Turn) -> Waiting | Answer:
    """The order that is being paid; once it waits no longer, or otherwise, what has become of it.

    Raises NotFound when none is being paid.
    """
    again = turn.state.again
    if again is None:
        raise NotFound("No order is being paid.")
    order = await _own(turn, again.number)
    if not await _still(turn, order, again.session):
        turn.state.again = None
        return await track.now(turn, order)
    found = await turn.outside(
        "ways", lambda: checkout.order_payment_methods(turn.engine, turn.store, order.id)
    )
    methods = [] if isinstance(found, Declined) else ways.shown(found)
    if not methods:
        return await pending.show(turn, order, turn.words("pay.no_way"))
    return Waiting(order, again, methods)


async def _still(turn: Turn, order: Order, session_id: UUID) -> bool:
    """Whether an order is as it was shown: it waits, and no other attempt has begun."""
    if turn.did("pay"):
        return True
    newest = await payments.session_of_order(turn.tx, order.id)
    return order.status == "pending" and newest is not None and newest.id == session_id


async def _own(turn: Turn, number: int) -> Order:
    """An order of this shopper. Raises NotFound for anybody else's."""
    order = await orders.order_by_number(turn.tx, number, customer_id=turn.talk.customer_id)
    if order is None:
        raise NotFound("There is no such order.")
    return order


def _ask_way(turn: Turn, waiting: Waiting, note: str = "") -> Answer:
    number = waiting.order.number
    return ways.ask_method(
        turn, waiting.methods, lambda name: tap("way", number, name), step="way", note=note
    )


def _ask_input(
    turn: Turn, waiting: Waiting, chosen: OfferedMethod, question: Input, note: str = ""
) -> Answer:
    index = list(chosen.method.inputs).index(question)
    return ways.ask(
        turn,
        question,
        lambda answer: f"fill:{index}:{answer}",
        _countries(waiting.order),
        step="fill",
        note=note,
    )


def _countries(order: Order) -> list[str]:
    return [order.shipping_address.country_code] if order.shipping_address else []


# --- beginning and calling off -------------------------------------------------------------------


async def _start(turn: Turn, order: Order, request: StartRequest, again: Again) -> Answer:
    """Begin to pay in place of the attempt that the shopper has seen."""
    outcome = await turn.outside(
        "pay",
        lambda: checkout.pay_order(
            turn.engine, turn.store, order.id, request, replaces=again.session
        ),
    )
    turn.state.again = None
    error = outcome.error if isinstance(outcome, Declined) else None
    order = await orders.get_order(turn.tx, order.id)
    newest = await payments.session_of_order(turn.tx, order.id)
    if order.status != "pending":
        return await (track.now(turn, order) if error else _stands(turn, order))
    if error and newest is not None and newest.id == again.session:
        reason = error.detail if isinstance(error, Refusal) else ""
        note = "\n".join(part for part in (turn.words("pay.refused"), reason) if part)
        return await pending.show(turn, order, note)
    return await (pending.show if isinstance(error, Refusal) else pending.begun)(turn, order)


async def _stands(turn: Turn, order: Order) -> Answer:
    """The order is placed by this answer: paid at once, or to be paid later."""
    if not await pending.first_to_tell(turn, order):
        return turn.nothing_more()
    words = turn.words
    if order.paid_total:
        amount = words.money(order.paid_total, order.currency)
        lines = [words("notice.confirmed", amount=amount, number=order.number)]
    else:
        lines = [words("pay.placed", number=order.number)]
        session = await payments.session_of_order(turn.tx, order.id)
        if session is not None and isinstance(session.action, Instructions):
            lines += ["", session.action.text]
    text = "\n".join([*lines, "", words("checkout.next", number=order.number)])
    return turn.choice(text, turn.button("track", "order", order.number))


async def call_off(turn: Turn, tapped: Tap) -> Answer:
    """Cancel an order that waits for its money."""
    order = await _own(turn, tapped.number)
    if order.status != "pending" and not turn.did("call_off"):
        return await track.now(turn, order)
    outcome = await turn.outside(
        "call_off", lambda: checkout.cancel_order(turn.engine, turn.store, order.id, SHOPPER)
    )
    turn.state.again = None
    if isinstance(outcome, Declined):
        order = await orders.get_order(turn.tx, order.id)
        note = turn.words("pay.not_canceled") if order.status == "pending" else ""
        return await track.now(turn, order, note)
    if not await messaging.claim(turn.tx, CANCELED.format(order.id)):
        return turn.nothing_more()
    text = turn.words("notice.canceled", number=order.number)
    return turn.choice(text, turn.button("browse", "menu", 0))
