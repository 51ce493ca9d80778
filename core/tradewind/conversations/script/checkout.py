"""The checkout's questions: who buys, and where to deliver.

Each question is asked while its answer is missing, so a checkout can be left and taken up again at
any point. What was answered goes to `review`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart
from tradewind.checkout import service as checkout
from tradewind.contracts.channel import AddressContent, LocationContent, Row
from tradewind.contracts.errors import OutOfStock
from tradewind.conversations.countries import address_text, country_name, country_names
from tradewind.conversations.rules import (
    Answer,
    Declined,
    Place,
    State,
    Tap,
    clean,
    from_address,
    is_email,
    place_from_form,
    place_from_pin,
    read_city,
    read_street,
    tap,
)
from tradewind.conversations.rules.addresses import LONGEST_NAME, LONGEST_STREET
from tradewind.conversations.script import again, pending, review, track
from tradewind.conversations.script import cart as cart_script
from tradewind.conversations.script.preparing import ANOTHER
from tradewind.conversations.script.turn import Turn, below, paged
from tradewind.customers import service as customers

DELIVERED_KINDS = frozenset(("physical",))
POSTCODE_COUNTRIES = frozenset(
    "at au be br ca ch de dk es fi fr gb ie in it nl no pl pt se za".split()
)


async def begin(turn: Turn) -> Answer:
    """Start or take up the checkout of the cart."""
    cart = await carts.cart_of_session(turn.tx, turn.talk.session_id)
    if cart is None or not cart.lines:
        waiting = await track.waiting(turn)
        return await (pending.show(turn, waiting) if waiting else cart_script.summary(turn, cart))
    if not all(line.sellable for line in cart.lines):
        return await cart_script.summary(turn, cart, turn.words("checkout.not_sellable"))
    shortage = await _hold(turn, cart.id)
    if shortage is not None:
        return await cart_script.summary(turn, cart, cart_script.short(turn, shortage))
    await _recall(turn, cart)
    return await advance(turn)


async def _hold(turn: Turn, cart_id: UUID) -> OutOfStock | None:
    """Hold the goods while questions are answered; a store that is busy may place without."""
    held = await turn.outside("hold", lambda: checkout.hold_stock(turn.engine, turn.store, cart_id))
    error = held.error if isinstance(held, Declined) else None
    return error if isinstance(error, OutOfStock) else None


async def _recall(turn: Turn, cart: Cart) -> None:
    """Fill in what is known of this cart and of this person from earlier orders."""
    state, talk = turn.state, turn.talk
    state.cart = cart.id
    state.delivers = any(line.kind in DELIVERED_KINDS for line in cart.lines)
    state.countries = list(cart.region.countries)
    if talk.email:
        state.email = state.email or talk.email
        state.name = state.name or talk.name or ""
    if state.delivers and state.place is None and state.saved is None:
        known = await customers.last_address(turn.tx, talk.customer_id)
        if known is not None and known.country_code in state.countries:
            state.saved = from_address(known)


async def advance(turn: Turn, note: str = "") -> Answer:
    """Ask the first question that has no answer yet; without any, show the summary."""
    state = turn.state
    if state.cart is None:
        return await begin(turn)
    if state.place is not None and len(state.countries) == 1:
        state.place = replace(state.place, country=state.countries[0])
    question = _first_missing(state)
    return question.ask(turn, note) if question else await review.show(turn, note)


# --- asking --------------------------------------------------------------------------------------


def _ask_name(turn: Turn, note: str) -> Answer:
    known = clean(turn.talk.name or "")
    if not _is_name(known):
        return turn.choice(below(note, turn.words("ask.name")), step="name")
    text = turn.words("ask.name_known", name=known)
    return turn.choice(below(note, text), turn.button("use_name", "me"), step="name")


def _is_name(text: str) -> bool:
    """Whether a text can be a name: some channels know a person by a number alone."""
    return len(text) <= LONGEST_NAME and any(c.isalpha() for c in text)


def _ask_email(turn: Turn, note: str) -> Answer:
    return turn.choice(below(note, turn.words("ask.email")), step="email")


def _ask_saved(turn: Turn, note: str) -> Answer:
    text = turn.words("ask.saved", address=address_text(turn.state.saved or Place()))
    return turn.choice(
        below(note, text),
        turn.button("use_saved", "saved"),
        turn.button("new_address", "new"),
        step="saved",
    )


def _ask_street(turn: Turn, note: str) -> Answer:
    pinned = turn.state.place is not None and turn.state.place.detail
    plain = "ask.street_or_pin" if turn.talk.capabilities.locations else "ask.street"
    text = turn.words("ask.street_after_pin" if pinned else plain)
    return turn.choice(below(note, text), step="street")


def _ask_city(turn: Turn, note: str) -> Answer:
    countries = turn.state.countries
    key = "ask.city"
    if countries == ["us"]:
        key = "ask.city_us"
    elif POSTCODE_COUNTRIES.intersection(countries):
        key = "ask.city_postcode"
    return turn.choice(below(note, turn.words(key)), step="city")


def _ask_country(turn: Turn, note: str, page: int = 0) -> Answer:
    codes = sorted(turn.state.countries, key=country_name)
    rows = [Row(tap("country", code), country_name(code)) for code in codes]
    more = turn.words("row.more")
    rows = paged(rows, page, turn.page_rows, lambda n: Row(tap("countries", n), more))
    text = below(note, turn.words("ask.country"))
    return turn.menu(text, "label.countries", rows, step="country")


class Question(NamedTuple):
    """When a question must be asked, and how."""

    missing: Callable[[State], bool]
    ask: Callable[[Turn, str], Answer]


def _lacks(state: State, part: str) -> bool:
    return state.delivers and not (state.place and getattr(state.place, part))


def _first_missing(state: State) -> Question | None:
    return next((one for one in QUESTIONS.values() if one.missing(state)), None)


QUESTIONS: Mapping[str, Question] = {
    "name": Question(lambda s: not s.name, _ask_name),
    "email": Question(lambda s: not s.email, _ask_email),
    "saved": Question(lambda s: s.delivers and bool(s.saved) and not s.place, _ask_saved),
    "street": Question(lambda s: _lacks(s, "street"), _ask_street),
    "city": Question(lambda s: _lacks(s, "city"), _ask_city),
    "country": Question(
        lambda s: s.delivers and (s.place or Place()).country not in s.countries, _ask_country
    ),
}


# --- answers -------------------------------------------------------------------------------------


async def name(turn: Turn, text: str) -> Answer:
    """The shopper's name."""
    given = turn.talk.name or "" if turn.agrees(text) else clean(text)
    if not _is_name(given):
        return _ask_name(turn, turn.words("wrong.name", most=LONGEST_NAME))
    turn.state.name = given
    return await advance(turn)


async def own_name(turn: Turn, tapped: Tap) -> Answer:
    """The name that the channel knows will do."""
    return await name(turn, turn.talk.name or "")


async def email(turn: Turn, text: str) -> Answer:
    """The shopper's e-mail address."""
    given = clean(text).strip("<>,.;\"' ").removeprefix("mailto:")
    if not is_email(given):
        return _ask_email(turn, turn.words("wrong.email"))
    turn.state.email = given
    return await advance(turn)


async def saved(turn: Turn, text: str) -> Answer:
    """Yes or no to the last address, or another one at once."""
    if turn.agrees(text):
        return await use_saved(turn, Tap(kind="saved"))
    if turn.declines(text):
        return await new_address(turn, Tap(kind="new"))
    return await street(turn, text)


async def street(turn: Turn, text: str) -> Answer:
    """Street and house number; the city too when it is written behind them."""
    country = turn.state.countries[0] if len(turn.state.countries) == 1 else ""
    read = read_street(text, country, country_name(country))
    if read is None:
        return _ask_street(turn, turn.words("wrong.street", most=LONGEST_STREET))
    turn.state.place = _merged(turn.state.place, read)
    return await advance(turn)


async def city(turn: Turn, text: str) -> Answer:
    """The city, with state and postal code where they belong to it."""
    country = turn.state.countries[0] if len(turn.state.countries) == 1 else ""
    read = read_city(text, country)
    if read is None:
        return _ask_city(turn, turn.words("wrong.city"))
    found = Place(city=read.city, province=read.province, postal_code=read.postal_code)
    turn.state.place = _merged(turn.state.place, found)
    return await advance(turn)


async def country(turn: Turn, text: str) -> Answer:
    """The country, by name or code."""
    given = clean(text).casefold()
    codes = [code for code, name in country_names().items() if given in {code, name.casefold()}]
    return await _country(turn, codes[0] if codes else "")


async def country_row(turn: Turn, tapped: Tap) -> Answer:
    """The country, from the list."""
    return await _country(turn, tapped.text)


async def _country(turn: Turn, code: str) -> Answer:
    if code not in turn.state.countries:
        return _ask_country(turn, turn.words("wrong.country"))
    turn.state.place = _merged(turn.state.place, Place(country=code))
    return await advance(turn)


async def more_countries(turn: Turn, tapped: Tap) -> Answer:
    """A further page of countries."""
    if turn.state.cart is None:
        return await begin(turn)
    return _ask_country(turn, "", tapped.number)


async def use_saved(turn: Turn, tapped: Tap) -> Answer:
    """Deliver where it went last time."""
    if turn.state.cart is None:
        return await begin(turn)
    turn.state.place, turn.state.saved = turn.state.saved, None
    return await advance(turn)


async def new_address(turn: Turn, tapped: Tap) -> Answer:
    """Deliver elsewhere."""
    turn.state.place, turn.state.saved = Place(), None
    return await advance(turn)


async def delivery(turn: Turn, tapped: Tap) -> Answer:
    """A way of delivery, from the list."""
    turn.state.delivery = tapped.text
    return await advance(turn)


async def payment(turn: Turn, tapped: Tap) -> Answer:
    """A way to pay, from the list."""
    if turn.state.cart is None or _first_missing(turn.state):
        return await advance(turn)
    return await review.choose_payment(turn, tapped.text)


async def given(turn: Turn, tapped: Tap) -> Answer:
    """What was offered as the answer to a question of the way to pay."""
    if turn.state.cart is None or _first_missing(turn.state):
        return await advance(turn)
    return await review.answer(turn, tapped.text, tapped.number)


async def fix(turn: Turn, tapped: Tap) -> Answer:
    """Forget one answer and ask for it again."""
    fixer = _FIXERS.get(tapped.text)
    if turn.state.cart is None:
        return await begin(turn)
    return await fixer(turn) if fixer else review.ask_fix(turn)


async def _fix_name(turn: Turn) -> Answer:
    turn.state.name = ""
    return _ask_name(turn, "")


async def _fix_email(turn: Turn) -> Answer:
    turn.state.email = ""
    return _ask_email(turn, "")


async def _fix_address(turn: Turn) -> Answer:
    turn.state.place = Place()
    return _ask_street(turn, "")


async def _fix_delivery(turn: Turn) -> Answer:
    turn.state.delivery = ANOTHER
    return await advance(turn)


async def _fix_payment(turn: Turn) -> Answer:
    return await review.ask_payment(turn)


async def _fix_cart(turn: Turn) -> Answer:
    return await cart_script.edit(turn)


_FIXERS: Mapping[str, Callable[[Turn], Awaitable[Answer]]] = {
    "name": _fix_name,
    "email": _fix_email,
    "address": _fix_address,
    "delivery": _fix_delivery,
    "payment": _fix_payment,
    "cart": _fix_cart,
}


async def delivery_words(turn: Turn, text: str) -> Answer:
    """Words that name no way of delivery."""
    return await advance(turn, turn.words("wrong.delivery"))


async def fix_words(turn: Turn, text: str) -> Answer:
    """Words that name nothing that can be changed."""
    return review.ask_fix(turn, turn.words("wrong.fix"))


async def review_words(turn: Turn, text: str) -> Answer:
    """Yes or no to the summary."""
    state = turn.state
    if turn.agrees(text) and state.cart is not None:
        return await review.confirm(turn, Tap(kind="yes", id=state.cart, number=state.total or 0))
    if turn.declines(text):
        return await review.cancel(turn)
    return await advance(turn, turn.words("wrong.review"))


async def pin(turn: Turn, content: LocationContent) -> Answer:
    """A place on the map, for the courier; its street is asked for where it has none."""
    country = turn.state.countries[0] if len(turn.state.countries) == 1 else ""
    turn.state.place = place_from_pin(content, country, country_name(country))
    return await advance(turn)


async def form(turn: Turn, content: AddressContent) -> Answer:
    """An address from the channel's own form; only what is missing is asked for."""
    turn.state.place = place_from_form(content.values)
    if not turn.state.name:
        turn.state.name = clean(content.values.get("name", ""))[:LONGEST_NAME]
    return await advance(turn)


def _merged(old: Place | None, new: Place) -> Place:
    told = {field: value for field in Place.__struct_fields__ if (value := getattr(new, field))}
    return replace(old or Place(), **told)


Step = Callable[[Turn, str], Awaitable[Answer]]
"""Takes the words that were typed while its question was open."""

STEPS: Mapping[str, Step] = {
    "name": name,
    "email": email,
    "saved": saved,
    "street": street,
    "city": city,
    "country": country,
    "delivery": delivery_words,
    "payment": review.payment_words,
    "input": review.answer,
    "fix": fix_words,
    "review": review_words,
    "way": again.way_words,
    "fill": again.fill,
}
