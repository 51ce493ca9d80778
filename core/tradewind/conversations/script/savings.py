"""Paying less: codes of promotions that are typed, and credits of packs that are tapped.

Who guesses codes is slowed down, by the conversation.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from tradewind.carts import service as carts
from tradewind.carts.rules import MOST_CREDITS, Cart, CartUpdate
from tradewind.carts.shoppers import shopper_of
from tradewind.checkout import service as checkout
from tradewind.contracts.errors import Limited, NotFound, ProviderFault, Refusal
from tradewind.conversations.rules import Answer, Command, Declined, Tap
from tradewind.conversations.script import cart as cart_script
from tradewind.conversations.script import checkout as checkout_script
from tradewind.conversations.script import figures
from tradewind.conversations.script.turn import Turn
from tradewind.database.engine import Transaction
from tradewind.pricing.promotions.service import promotion_for_code
from tradewind.pricing.rules import credits_in

RULE = "wrong_code_chat"
UNKNOWN = "unknown_promotion"

_REFUSED: Mapping[str, str] = {
    UNKNOWN: "code.unknown",
    "promotion_not_started": "code.not_started",
    "promotion_expired": "code.expired",
    "promotion_exhausted": "code.exhausted",
    "too_many_promotions": "code.too_many",
    "too_many_requests": "code.often",
}
"""Why a code is not taken, by the code of the refusal."""

Change = Callable[[Transaction, Cart], Awaitable[Cart]]


async def enter(turn: Turn, command: Command) -> Answer:
    """Put a code on the cart; what it takes off, or why nothing, and how to go on."""
    code = command.code
    if not code:
        return turn.choice(turn.words("code.usage"), turn.button("cart", "cart"))

    async def add(tx: Transaction, cart: Cart) -> Cart:
        with _counted(turn):
            return await carts.add_code(tx, cart, code)

    outcome = await turn.outside("code", lambda: _changed(turn, add))
    if outcome is None:
        return await cart_script.summary(turn, None, turn.words("code.no_cart", code=code))
    if isinstance(outcome, Declined):
        return await _go_on(turn, _refusal(turn, code, outcome.error))
    return await _go_on(turn, _entered(turn, outcome, code))


async def leave(turn: Turn, command: Command) -> Answer:
    """Take a code off the cart; without naming it, the one that is there."""
    cart = await carts.cart_of_session(turn.tx, turn.talk.session_id)
    codes = cart.codes if cart else ()
    code = command.code or (codes[0] if len(codes) == 1 else "")
    if not code and not turn.did("code"):
        return await (cart_script.edit(turn) if codes else cart_script.summary(turn, cart))

    async def remove(tx: Transaction, cart: Cart) -> Cart:
        return await carts.remove_code(tx, cart, code)

    outcome = await turn.outside("code", lambda: _changed(turn, remove))
    declined = outcome is None or isinstance(outcome, Declined)
    return await _go_on(turn, turn.words("code.absent" if declined else "code.removed"))


async def leave_tapped(turn: Turn, tapped: Tap) -> Answer:
    """The row that takes a code off."""
    return await leave(turn, Command(name="code_off", code=tapped.text))


async def guessed(turn: Turn, word: str) -> Answer | None:
    """A word that is no command: entered if it is a code of the store, and there is a cart.

    Words that are none count as wrong codes, so that nobody finds codes by asking for goods.
    """
    if turn.did("code") or await _is_code(turn, word):
        return await enter(turn, Command(name="code", code=word))
    return None


async def use(turn: Turn, tapped: Tap) -> Answer:
    """Pay services with as many credits as there are, or with none."""
    most = MOST_CREDITS if tapped.number else 0

    async def choose(tx: Transaction, cart: Cart) -> Cart:
        own = CartUpdate(customer_id=turn.talk.customer_id)
        return await carts.use_credits(tx, await carts.update(tx, cart, own), most)

    outcome = await turn.outside("credits", lambda: _changed(turn, choose))
    if outcome is None or isinstance(outcome, Declined):
        return await cart_script.show(turn)
    used = credits_in(outcome.adjustments)
    words = turn.words
    return await _go_on(turn, words.count("credits.used", used) if used else words("credits.off"))


async def _is_code(turn: Turn, word: str) -> bool:
    cart = await carts.cart_of_session(turn.tx, turn.talk.session_id)
    if cart is None or not cart.lines:
        return False
    try:
        with _counted(turn):
            await promotion_for_code(turn.tx, word, shopper_of(cart))
    except (NotFound, Limited):
        return False
    except Refusal:
        return True
    return True


@contextmanager
def _counted(turn: Turn) -> Iterator[None]:
    """Count a code that is looked up, if there is none such. Raises Limited."""
    limits, key = turn.engine.limits, str(turn.talk.conversation_id)
    if limits is None:
        yield
        return
    limits.take(RULE, key)
    wrong = False
    try:
        yield
    except NotFound as refused:
        wrong = refused.reason == UNKNOWN
        raise
    finally:
        if not wrong:
            limits.give_back(RULE, key)


async def _changed(turn: Turn, change: Change) -> Cart | None:
    """The cart of this chat with a change, priced anew; None where there is nothing in it."""
    async with turn.engine.database.transaction(turn.store.id) as tx:
        cart = await carts.cart_of_session(tx, turn.talk.session_id)
        if cart is None or not cart.lines:
            return None
        after = await change(tx, cart)
        if after.version != cart.version:
            await checkout.cart_edited(tx, cart.id)
    return await checkout.quote(turn.engine, turn.store, cart.id)


async def _go_on(turn: Turn, note: str) -> Answer:
    """Back to where the shopper was: the open question or summary, else the cart."""
    if turn.state.cart is not None:
        return await checkout_script.advance(turn, note)
    return await cart_script.show(turn, note)


def _refusal(turn: Turn, code: str, error: Refusal | ProviderFault) -> str:
    reason = error.reason if isinstance(error, Refusal) else ""
    return turn.words(_REFUSED.get(reason, "home.refused"), code=code)


def _entered(turn: Turn, cart: Cart, code: str) -> str:
    """What became of a code that the cart has now."""
    words = turn.words
    known = (one for one in cart.promotions if one.code.upper() == code.upper())
    one = next(known, None)
    if one is None:
        return words("code.kept")
    if not one.applied:
        reason = figures.why(words, one, cart.currency)
        return words("code.kept_because", code=one.code, why=reason)
    amount = words.money(one.amount, cart.currency)
    return words("code.applied", code=one.code, title=one.title, amount=amount)
