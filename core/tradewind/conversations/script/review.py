"""The end of the checkout: delivery, payment, the summary with every figure, and the order."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, ShippingMethod
from tradewind.catalog.service import list_shipping_options
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import OfferedMethod
from tradewind.contracts.channel import Row
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound, OutOfStock
from tradewind.contracts.payment import Action, Instructions
from tradewind.conversations.countries import country_name
from tradewind.conversations.rules import (
    Answer,
    Declined,
    Place,
    State,
    Tap,
    fit_lines,
    tap,
    to_address,
)
from tradewind.conversations.script import cart as cart_script
from tradewind.conversations.script.turn import Turn
from tradewind.customers import service as customers
from tradewind.database.engine import Transaction
from tradewind.inventory import service as inventory
from tradewind.messaging.rules import width
from tradewind.orders.rules import Order
from tradewind.payments import service as payments

NOTHING = UUID(int=0)
ANOTHER = "?"
"""Stands for a way of delivery that is yet to be chosen, also where there is only one."""

FIXES = ("name", "email", "address", "delivery", "payment", "cart")


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A cart with all that was told; `methods` is empty until a way of delivery is chosen."""

    cart: Cart
    options: Sequence[ShippingMethod] = ()
    methods: Sequence[OfferedMethod] = ()
    complete: bool = False


async def show(turn: Turn, note: str = "") -> Answer:
    """The summary of the order, or the question that must be answered before."""
    outcome = await turn.outside(f"prepare:{turn.state.delivery}", lambda: _prepare(turn))
    if isinstance(outcome, Declined):
        return await _refused(turn, outcome)
    prepared: Prepared = outcome
    if not prepared.complete:
        return _ask_delivery(turn, prepared, note)
    turn.state.delivery = _delivery_of(prepared.cart)
    if not prepared.methods:
        return cart_script.summary(turn, prepared.cart, turn.words("checkout.no_payment"))
    return _summary(turn, prepared, note)


async def _prepare(turn: Turn) -> Prepared:
    """Tell the cart what was answered, have it delivered and priced."""
    engine, store = turn.engine, turn.store
    cart = await _tell(turn)
    if turn.state.delivers:
        found = await _deliver(turn, cart)
        if isinstance(found, Prepared):
            return found
    cart = await checkout.quote(engine, store, cart.id)
    offered = await checkout.payment_methods(engine, store, cart.id)
    methods = [one for one in offered if one.method.pays_later]
    return Prepared(cart=cart, methods=methods, complete=True)


async def _tell(turn: Turn) -> Cart:
    async with turn.engine.database.transaction(turn.store.id) as tx:
        cart = await _own_cart(turn, tx)
        change = _told(turn, cart)
        return cart if change is None else await carts.update(tx, cart, change)


async def _deliver(turn: Turn, cart: Cart) -> Prepared | None:
    """Have the cart delivered as chosen; the ways to choose from where nothing is chosen yet."""
    engine, store, wanted = turn.engine, turn.store, turn.state.delivery
    if wanted and wanted == _delivery_of(cart):
        return None
    options = await checkout.shipping_options(engine, store, cart.id)
    chosen = _chosen(options, wanted)
    if chosen is not None:
        await checkout.choose_shipping(engine, store, cart.id, chosen)
        return None
    return Prepared(cart=cart, options=options) if options or await _has_ways(turn, cart) else None


async def _has_ways(turn: Turn, cart: Cart) -> bool:
    """Whether the store charges for delivery at all; one that does not just delivers."""
    async with turn.engine.database.transaction(turn.store.id) as tx:
        return bool(await list_shipping_options(tx, cart.region.id))


async def _own_cart(turn: Turn, tx: Transaction) -> Cart:
    cart = await carts.get_cart(tx, turn.state.cart or NOTHING)
    if cart.session_id != turn.talk.session_id:
        raise NotFound("There is no such cart.")
    return cart


def _told(turn: Turn, cart: Cart) -> CartUpdate | None:
    """What the shopper said that the cart does not know yet; elsewhere delivery costs anew."""
    state, talk = turn.state, turn.talk
    address, method = cart.shipping_address, cart.shipping_method
    if state.delivers and state.place is not None:
        address = to_address(state.place, state.name, talk.phone)
        method = method if address == cart.shipping_address else None
    told = CartUpdate(
        email=state.email,
        phone=talk.phone or cart.phone,
        customer_id=talk.customer_id,
        shipping_address=address,
        shipping_method=method,
    )
    known = (cart.email, cart.phone, cart.customer_id, cart.shipping_address)
    same = known == (told.email, told.phone, told.customer_id, told.shipping_address)
    return None if same else told


def _delivery_of(cart: Cart) -> str:
    return cart.shipping_method.option_id if cart.shipping_method else ""


def _chosen(options: Sequence[ShippingMethod], wanted: str) -> str | None:
    """The way of delivery: the one asked for, or the only one."""
    offered = [one.option_id for one in options]
    if wanted in offered:
        return wanted
    return offered[0] if len(offered) == 1 and wanted != ANOTHER else None


async def _refused(turn: Turn, declined: Declined) -> Answer:
    """Say what is wrong; what was refused is forgotten, so that the checkout asks for it again."""
    error, state, words = declined.error, turn.state, turn.words
    state.total = None
    if isinstance(error, OutOfStock):
        return await cart_script.show(turn, cart_script.short(turn, error))
    paths = [one.path for one in error.errors] if isinstance(error, InvalidInput) else []
    if "email" in paths:
        state.email = ""
    elif any(path.startswith("shipping_address") for path in paths):
        state.place = state.saved = None
    else:
        state.cart = None
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
    price = _price(turn, one.price, currency)
    details = f"{price} · {one.estimate}" if one.estimate else price
    return Row(tap("ship", one.option_id), one.name, details)


def _price(turn: Turn, amount: int, currency: str) -> str:
    return turn.words.money(amount, currency) if amount else turn.words("review.free")


# --- the summary ---------------------------------------------------------------------------------


def _summary(turn: Turn, prepared: Prepared, note: str) -> Answer:
    cart, state = prepared.cart, turn.state
    method = _method(prepared.methods, state.payment)
    state.payment, state.payment_title = _name_of(method), method.method.title
    state.total = cart.total
    return turn.choice(
        _summary_text(turn, cart, below(note, turn.words("review.title"))),
        turn.button("confirm", "yes", cart.id, cart.total),
        turn.button("change", "fix", "menu"),
        turn.button("cancel", "no"),
        step="review",
    )


def _method(methods: Sequence[OfferedMethod], wanted: str) -> OfferedMethod:
    """The method asked for; the store's first until another one is."""
    return next((one for one in methods if _name_of(one) == wanted), methods[0])


def _name_of(method: OfferedMethod) -> str:
    return f"{method.provider}:{method.method.id}"


def _summary_text(turn: Turn, cart: Cart, title: str) -> str:
    state, words = turn.state, turn.words
    tail = ["", *_figures(turn, cart), "", words("review.payment", title=state.payment_title)]
    tail.append(words("review.for", name=state.name, email=state.email))
    if state.delivers:
        tail.append(words("review.to", address=address_text(state.place or Place())))
    room = turn.body_limit - width("\n".join([title, "", "", *tail])) - 1
    lines = [cart_script.line_text(turn, cart, line) for line in cart.lines]
    return "\n".join([title, "", *fit_lines(lines, room, words.raw("cart.more")), *tail])


def _figures(turn: Turn, cart: Cart) -> list[str]:
    words = turn.words
    figures = [words("review.subtotal", amount=words.money(cart.subtotal, cart.currency))]
    if cart.discount_total:
        amount = words.money(cart.discount_total, cart.currency)
        figures.append(words("review.discount", amount=amount))
    if cart.shipping_method is not None:
        figures.append(_delivery_figure(turn, cart, cart.shipping_method))
    if cart.tax_total:
        key = "review.tax_included" if cart.region.tax_inclusive else "review.tax"
        figures.append(words(key, amount=words.money(cart.tax_total, cart.currency)))
    figures.append(words("review.total", amount=words.money(cart.total, cart.currency)))
    return figures


def _delivery_figure(turn: Turn, cart: Cart, method: ShippingMethod) -> str:
    amount = _price(turn, cart.shipping_total, cart.currency)
    if not method.estimate:
        return turn.words("review.delivery", name=method.name, amount=amount)
    return turn.words(
        "review.delivery_estimate", name=method.name, estimate=method.estimate, amount=amount
    )


def address_text(place: Place) -> str:
    """An address on one line."""
    city = " ".join(part for part in (place.city, place.province, place.postal_code) if part)
    country = country_name(place.country) if place.country else ""
    return ", ".join(part for part in (place.street, place.detail, city, country) if part)


def below(note: str, text: str) -> str:
    """`text`, with a note above it where there is one."""
    return f"{note}\n\n{text}" if note else text


# --- changing and canceling ----------------------------------------------------------------------


def ask_fix(turn: Turn, note: str = "") -> Answer:
    """What of the order shall be changed?"""
    hidden = () if turn.state.delivers else ("address", "delivery")
    rows = [
        Row(tap("fix", part), turn.words(f"fix.{part}")) for part in FIXES if part not in hidden
    ]
    return turn.menu(below(note, turn.words("ask.fix")), "label.change", rows, step="fix")


async def ask_payment(turn: Turn, note: str = "") -> Answer:
    """How to pay: every method that lets an order stand before it is paid."""
    outcome = await turn.outside(f"prepare:{turn.state.delivery}", lambda: _prepare(turn))
    if isinstance(outcome, Declined):
        return await _refused(turn, outcome)
    prepared: Prepared = outcome
    if not prepared.methods:
        return await show(turn, note)
    rows = [Row(tap("pay", _name_of(one)), one.method.title) for one in prepared.methods]
    text = below(note, turn.words("ask.payment"))
    return turn.menu(text, "label.payment", rows, step="payment")


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
        return _already(turn)
    if tapped.id != state.cart or state.total is None or ":" not in state.payment:
        return await cart_script.show(turn, turn.words("checkout.stale"))
    outcome = await turn.outside("place", lambda: _place(turn, tapped.number))
    if not isinstance(outcome, Declined):
        return await _placed(turn, outcome)
    if isinstance(outcome.error, Conflict) and outcome.error.reason == "cart_changed":
        return await show(turn, turn.words("review.changed"))
    return await _refused(turn, outcome)


async def _place(turn: Turn, total: int) -> Order:
    """Place the cart if it still comes to `total`, or give the order that it became before."""
    async with turn.engine.database.transaction(turn.store.id) as tx:
        cart = await _own_cart(turn, tx)
    if cart.status == "open" and not cart.quoted:
        raise Conflict("The cart has changed; look at it again.", code="cart_changed")
    provider, _, method = turn.state.payment.partition(":")
    return await checkout.place(
        turn.engine, turn.store, cart.id, provider, method, expected_total=total
    )


def _already(turn: Turn) -> Answer:
    number = turn.state.number
    text = turn.words("checkout.already", number=number)
    return turn.choice(text, turn.button("track", "order", number))


async def _placed(turn: Turn, order: Order) -> Answer:
    """Thank the shopper, and remember name, e-mail and address for the next time."""
    state, talk = turn.state, turn.talk
    await customers.update(turn.tx, talk.customer_id, name=state.name, email=state.email)
    if order.shipping_address is not None:
        await customers.remember_address(turn.tx, talk.customer_id, order.shipping_address)
    session = await payments.session_of_order(turn.tx, order.id)
    text = _thanks(turn, order, session.action if session else None)
    turn.state = State(placed=state.cart, number=order.number)
    return turn.choice(
        text,
        turn.button("track", "order", order.number),
        turn.button("browse", "menu", 0),
    )


def _thanks(turn: Turn, order: Order, action: Action | None) -> str:
    state, words = turn.state, turn.words
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
