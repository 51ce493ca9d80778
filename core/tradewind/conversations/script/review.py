"""The end of the checkout: delivery, payment, the summary with every figure, and the order."""

from tradewind.carts.rules import ShippingMethod
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import OfferedMethod
from tradewind.contracts.channel import Row
from tradewind.contracts.errors import Conflict, InvalidInput, OutOfStock
from tradewind.contracts.payment import Action, Input, Instructions
from tradewind.conversations.countries import address_text
from tradewind.conversations.rules import (
    Answer,
    Declined,
    Place,
    State,
    Tap,
    fit_lines,
    tap,
)
from tradewind.conversations.script import cart as cart_script
from tradewind.conversations.script import figures, pending, track, ways
from tradewind.conversations.script.preparing import (
    Prepared,
    countries_of,
    delivery_of,
    own_cart,
    prepare,
)
from tradewind.conversations.script.turn import Turn, below
from tradewind.customers import service as customers
from tradewind.inventory import service as inventory
from tradewind.messaging.rules import width
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind.payments import service as payments

FREE = ":"
"""Stands for the method where nothing is to be paid."""

CHANGED = frozenset(("cart_changed", "credits_short"))
"""Refusals after which the cart is shown again with what it costs by then."""

FIXES = ("name", "email", "address", "delivery", "payment", "cart")


async def show(turn: Turn, note: str = "") -> Answer:
    """The summary of the order, or the question that must be answered before."""
    prepared = await _prepared(turn)
    if isinstance(prepared, Answer):
        return prepared
    if not prepared.complete:
        return _ask_delivery(turn, prepared, note)
    turn.state.delivery = delivery_of(prepared.cart)
    if prepared.cart.total and not prepared.methods:
        return await cart_script.summary(turn, prepared.cart, turn.words("checkout.no_payment"))
    return _payment_question(turn, prepared, note) or _summary(turn, prepared, note)


async def _prepared(turn: Turn) -> Prepared | Answer:
    outcome = await turn.outside(f"prepare:{turn.state.delivery}", lambda: prepare(turn))
    if isinstance(outcome, Declined):
        return await _refused(turn, outcome)
    prepared: Prepared = outcome
    return prepared


async def _refused(turn: Turn, declined: Declined) -> Answer:
    """Say what is wrong; what was refused is forgotten, so that the checkout asks for it again."""
    error, state, words = declined.error, turn.state, turn.words
    state.total = None
    if isinstance(error, OutOfStock):
        return await cart_script.show(turn, cart_script.short(turn, error))
    if isinstance(error, Conflict) and error.reason == "too_many_unpaid":
        return turn.choice(
            words("checkout.too_many_unpaid"),
            turn.button("orders", "orders"),
            turn.button("cart", "cart"),
        )
    paths = [one.path for one in error.errors] if isinstance(error, InvalidInput) else []
    if "email" in paths:
        state.email = ""
    elif any(path.startswith("shipping_address") for path in paths):
        state.place = state.saved = None
    elif any(path.startswith("inputs") for path in paths):
        state.inputs = {}
    else:
        state.cart, state.payment = None, ""
    return await cart_script.show(turn, words("checkout.refused", reason=error.detail))


# --- delivery ------------------------------------------------------------------------------------


def _ask_delivery(turn: Turn, prepared: Prepared, note: str) -> Answer:
    if not prepared.options:
        where = address_text(turn.state.place or Place())
        turn.state.place = turn.state.saved = None
        text = turn.words("checkout.no_delivery", address=where)
        return turn.choice(text, turn.button("new_address", "new"), turn.button("cart", "cart"))
    rows = [_option_row(turn, one, prepared.cart.currency) for one in prepared.options]
    text = below(note, turn.words("ask.delivery"))
    return turn.menu(text, "label.delivery", rows, step="delivery")


def _option_row(turn: Turn, one: ShippingMethod, currency: str) -> Row:
    price = figures.price(turn.words, one.price, currency)
    details = f"{price} · {one.estimate}" if one.estimate else price
    return Row(tap("ship", one.option_id), one.name, details)


# --- the summary ---------------------------------------------------------------------------------


def _summary(turn: Turn, prepared: Prepared, note: str) -> Answer:
    cart, state = prepared.cart, turn.state
    state.total = cart.total
    return turn.choice(
        _summary_text(turn, prepared, below(note, turn.words("review.title"))),
        turn.button("confirm", "yes", cart.id, cart.total),
        turn.button("change", "fix", "menu"),
        turn.button("use_credits", "credits", 1)
        if figures.offers_credits(cart)
        else turn.button("cancel", "no"),
        step="review",
    )


def _summary_text(turn: Turn, prepared: Prepared, title: str) -> str:
    state, words, cart = turn.state, turn.words, prepared.cart
    tail = [
        "",
        *figures.lines(turn, cart),
        *figures.remarks(turn, cart),
        "",
        words("review.payment", title=state.payment_title),
    ]
    chosen = ways.named(prepared.methods, state.payment)
    told = ways.answers(chosen.method, state.inputs) if chosen else []
    tail += [words("review.input", title=title, answer=answer) for title, answer in told]
    tail.append(words("review.for", name=state.name, email=state.email))
    if state.delivers:
        tail.append(words("review.to", address=address_text(state.place or Place())))
    room = turn.body_limit - width("\n".join([title, "", "", *tail])) - 1
    lines = [cart_script.line_text(turn, cart, line) for line in cart.lines]
    return "\n".join([title, "", *fit_lines(lines, room, words.raw("cart.more")), *tail])


# --- payment -------------------------------------------------------------------------------------


def _payment_question(turn: Turn, prepared: Prepared, note: str) -> Answer | None:
    """What must be known before the summary: how to pay, and what that way needs."""
    state, methods = turn.state, prepared.methods
    if prepared.cart.total == 0:
        state.payment, state.payment_title = FREE, turn.words("review.nothing")
        return None
    chosen = ways.named(methods, state.payment)
    if chosen is None and len(methods) > 1:
        return _ask_method(turn, prepared, note)
    chosen = chosen or methods[0]
    state.payment, state.payment_title = ways.name_of(chosen), chosen.method.title
    question = ways.unanswered(chosen.method, state.inputs)
    return None if question is None else _ask_input(turn, prepared, chosen, question, note)


def _ask_method(turn: Turn, prepared: Prepared, note: str) -> Answer:
    return ways.ask_method(
        turn, prepared.methods, lambda name: tap("pay", name), step="payment", note=note
    )


def _ask_input(
    turn: Turn, prepared: Prepared, chosen: OfferedMethod, question: Input, note: str
) -> Answer:
    index = list(chosen.method.inputs).index(question)
    return ways.ask(
        turn,
        question,
        lambda answer: f"give:{index}:{answer}",
        countries_of(prepared.cart),
        step="input",
        note=note,
    )


async def ask_payment(turn: Turn, note: str = "") -> Answer:
    """How to pay, though it is known already; a single way only asks what it needs anew."""
    prepared = await _prepared(turn)
    if isinstance(prepared, Answer):
        return prepared
    if len(prepared.methods) > 1:
        return _ask_method(turn, prepared, note)
    turn.state.inputs = {}
    return await show(turn, note)


async def payment_words(turn: Turn, text: str) -> Answer:
    """Words that may name a way to pay."""
    prepared = await _prepared(turn)
    found = None if isinstance(prepared, Answer) else ways.typed(prepared.methods, text)
    if found is None:
        return await ask_payment(turn, turn.words("wrong.payment"))
    return await choose_payment(turn, ways.name_of(found))


async def choose_payment(turn: Turn, name: str) -> Answer:
    """Pay in this way; what an older summary showed is out of date."""
    state = turn.state
    state.payment, state.inputs, state.total = name, {}, None
    return await show(turn)


async def answer(turn: Turn, text: str, index: int | None = None) -> Answer:
    """The answer to a question of the chosen method: the open one, or the one at `index`."""
    prepared = await _prepared(turn)
    if isinstance(prepared, Answer):
        return prepared
    state = turn.state
    chosen = ways.named(prepared.methods, state.payment)
    question = ways.question(chosen, state.asked if index is None else index)
    if chosen is None or question is None:
        return await show(turn)
    given = ways.read(turn, question, text, countries_of(prepared.cart))
    if not given:
        return _ask_input(turn, prepared, chosen, question, ways.wrong(turn, question))
    state.inputs, state.total = {**state.inputs, question.name: given}, None
    return await show(turn)


# --- changing and canceling ----------------------------------------------------------------------


def ask_fix(turn: Turn, note: str = "") -> Answer:
    """What of the order shall be changed?"""
    hidden = () if turn.state.delivers else ("address", "delivery")
    rows = [
        Row(tap("fix", part), turn.words(f"fix.{part}")) for part in FIXES if part not in hidden
    ]
    return turn.menu(below(note, turn.words("ask.fix")), "label.change", rows, step="fix")


async def cancel(turn: Turn) -> Answer:
    """Do not order; the cart and the answers stay."""
    if turn.state.cart is not None:
        await inventory.release_holds(turn.tx, turn.state.cart)
    turn.state.cart = turn.state.total = None
    return turn.choice(
        turn.words("checkout.canceled"),
        turn.button("cart", "cart"),
        turn.button("browse", "menu", 0),
    )


# --- the order -----------------------------------------------------------------------------------


async def confirm(turn: Turn, tapped: Tap) -> Answer:
    """Place the order exactly as it was shown, or show what has changed."""
    state = turn.state
    if tapped.id == state.placed:
        return await _already(turn)
    if tapped.id != state.cart or state.total is None or ":" not in state.payment:
        return await cart_script.show(turn, turn.words("checkout.stale"))
    outcome = await turn.outside("place", lambda: _place(turn, tapped.number))
    if not isinstance(outcome, Declined):
        return await _placed(turn, await orders.get_order(turn.tx, outcome.id))
    if isinstance(outcome.error, Conflict) and outcome.error.reason in CHANGED:
        return await show(turn, turn.words("review.changed"))
    return await _refused(turn, outcome)


async def _place(turn: Turn, total: int) -> Order:
    """Place the cart if it still comes to `total`, or give the order that it became before."""
    async with turn.engine.database.transaction(turn.store.id) as tx:
        cart = await own_cart(turn, tx)
    if cart.status == "open" and not cart.quoted:
        raise Conflict("The cart has changed; look at it again.", code="cart_changed")
    request = ways.request_for(turn.state.payment, turn.state.inputs)
    return await checkout.place(
        turn.engine,
        turn.store,
        cart.id,
        request.provider,
        request.method,
        request,
        expected_total=total,
    )


async def _already(turn: Turn) -> Answer:
    number = turn.state.number
    order = await orders.order_by_number(turn.tx, number, customer_id=turn.talk.customer_id)
    if order is not None and order.status == "pending":
        return await pending.show(turn, order)
    text = turn.words("checkout.already", number=number)
    return turn.choice(text, turn.button("track", "order", number))


async def _placed(turn: Turn, order: Order) -> Answer:
    """Thank the shopper, and remember name, e-mail and address for the next time."""
    state, talk = turn.state, turn.talk
    await customers.update(turn.tx, talk.customer_id, name=state.name, email=state.email)
    if order.shipping_address is not None:
        await customers.remember_address(turn.tx, talk.customer_id, order.shipping_address)
    turn.state = State(placed=state.cart, number=order.number)
    if order.status == "pending":
        return await pending.begun(turn, order)
    if order.closed:
        return await track.now(turn, order)
    session = await payments.session_of_order(turn.tx, order.id)
    text = _thanks(turn, state, order, session.action if session else None)
    if order.paid_total and not await pending.first_to_tell(turn, order):
        return turn.nothing_more()
    return turn.choice(
        text,
        turn.button("track", "order", order.number),
        turn.button("browse", "menu", 0),
    )


def _thanks(turn: Turn, state: State, order: Order, action: Action | None) -> str:
    words = turn.words
    amount = words.money(order.total, order.currency)
    lines = [
        words("checkout.placed", name=state.name, number=order.number),
        "",
        words("checkout.placed_total", amount=amount),
        words("checkout.placed_payment", title=state.payment_title),
    ]
    if state.delivers:
        lines.append(words("checkout.placed_to", address=address_text(state.place or Place())))
    if isinstance(action, Instructions):
        lines += ["", action.text]
    return "\n".join([*lines, "", words("checkout.next", number=order.number)])
