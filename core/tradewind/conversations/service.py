"""One message in, one answer out: which part of the script a message belongs to.

Commands come first, then what was offered, then the open question; other words are looked up in
the catalog. What the script needs from plugins it asks for by raising `Outside`.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from tradewind.contracts.channel import (
    AddressContent,
    ContactContent,
    InboundMessage,
    LocationContent,
    MediaContent,
    OrderContent,
    ReactionContent,
    ReplyContent,
    TextContent,
    UnsupportedContent,
)
from tradewind.contracts.errors import NotFound, Refusal
from tradewind.contracts.pricing import ChatIntent, ChatQuestion
from tradewind.conversations.rules import (
    Answer,
    Command,
    Talk,
    Tap,
    clean,
    parse_command,
    parse_tap,
    read_code,
)
from tradewind.conversations.script import (
    again,
    browse,
    cart,
    checkout,
    home,
    review,
    savings,
    track,
)
from tradewind.conversations.script.turn import IDLE, Turn
from tradewind.customers import service as customers
from tradewind.database.engine import Store, Transaction
from tradewind.settings.engine import Engine

QUESTION_LAPSES = timedelta(hours=24)
SHORTEST_SEARCH = 3
ALWAYS_ANSWERED = frozenset(("stop", "start", "help"))


async def respond(
    engine: Engine,
    store: Store,
    tx: Transaction,
    talk: Talk,
    message: InboundMessage,
    outcomes: Mapping[str, Any],
) -> Answer:
    """What to say to a message, and what to remember.

    `tx` is the open transaction in which the answer will be saved; `outcomes` are the results of
    effects that `Outside` asked for before. Raises Outside, before anything was written.
    """
    turn = Turn(engine, store, tx, talk, message, outcomes)
    asked_at = turn.state.asked_at
    if asked_at is not None and tx.now - asked_at > QUESTION_LAPSES:
        turn.state.step, turn.state.asked_at = IDLE, None
    try:
        return await CONTENTS.get(type(message.content), _unread)(turn, message.content)
    except NotFound:
        return home.gone(turn)
    except Refusal:
        return home.hint(turn, "home.refused")


# --- words ---------------------------------------------------------------------------------------


async def _text(turn: Turn, content: TextContent) -> Answer:
    return await _said(turn, content.text)


async def _said(turn: Turn, text: str) -> Answer:
    asking = turn.state.step in checkout.STEPS
    words = turn.words
    command = parse_command(text, words.language.aliases, answering=asking, codes=words.codes)
    if turn.talk.opted_out and (command is None or command.name not in ALWAYS_ANSWERED):
        return turn.silence()
    if command is not None:
        return await COMMANDS[command.name](turn, command)
    offered = turn.chosen(text)
    if offered is not None:
        return await _tapped(turn, offered, text)
    line = clean(text)
    if line.casefold().strip("!., ") in words.language.greetings:
        return await home.greet(turn)
    if asking:
        return await checkout.STEPS[turn.state.step](turn, text)
    return await (home.greet(turn) if turn.talk.first_contact else _free(turn, line))


async def _free(turn: Turn, words: str) -> Answer:
    """Words that are no command and answer no question.

    A word with a digit may be a promotion's code before it is looked for in the catalog, any other
    word only when nothing there sounds like it.
    """
    intent = await _intent(turn, words)
    if intent is not None:
        return intent
    if sum(c.isalnum() for c in words) < SHORTEST_SEARCH:
        return home.hint(turn)
    code = read_code(words)
    marked = any(c.isdecimal() for c in code)
    found = await savings.guessed(turn, code) if marked else None
    found = found or await browse.search(turn, words)
    if found is None and code and not marked:
        found = await savings.guessed(turn, code)
    return found or browse.not_found(turn, words)


async def _intent(turn: Turn, words: str) -> Answer | None:
    """What a plugin makes of the words."""
    plugins = turn.engine.plugins
    if not any("chat_intent" in one.hooks for one in plugins.loaded.values()):
        return None
    question = ChatQuestion(
        conversation_id=turn.talk.conversation_id,
        channel=turn.talk.channel,
        locale=turn.talk.locale,
        text=words,
    )
    contexts = turn.engine.contexts(turn.store)
    first = await turn.outside("intent", lambda: plugins.chat_intent(question, contexts))
    return None if first.answer is None else await _meant(turn, first.answer.value)


async def _meant(turn: Turn, intent: ChatIntent) -> Answer | None:
    command = parse_command(f"{intent.command} {intent.argument}") if intent.command else None
    if command is not None:
        return await COMMANDS[command.name](turn, command)
    return home.say(turn, intent.answer) if intent.answer else None


Carry = Callable[[Turn, Command], Awaitable[Answer]]

COMMANDS: Mapping[str, Carry] = {
    "add": cart.add,
    "remove": cart.remove,
    "cart": lambda turn, _: cart.show(turn),
    "checkout": lambda turn, _: checkout.begin(turn),
    "status": lambda turn, _: track.latest(turn),
    "track": track.asked,
    "stop": lambda turn, _: home.stop(turn),
    "start": lambda turn, _: home.start(turn),
    "help": lambda turn, _: home.help_(turn),
    "menu": lambda turn, _: browse.categories(turn),
    "code": savings.enter,
    "code_off": savings.leave,
}


# --- taps ----------------------------------------------------------------------------------------


async def _reply(turn: Turn, content: ReplyContent) -> Answer:
    return await _tapped(turn, content.id, content.title)


async def _tapped(turn: Turn, id_: str, title: str) -> Answer:
    tapped = parse_tap(id_)
    if tapped is None:
        return await _foreign(turn, id_, title)
    if turn.talk.opted_out and tapped.kind not in ALWAYS_ANSWERED:
        return turn.silence()
    return await TAPS[tapped.kind](turn, tapped)


async def _foreign(turn: Turn, id_: str, title: str) -> Answer:
    """A button that this script did not make, such as a template's: it may name a command."""
    command = parse_command(title) or parse_command(id_)
    if turn.talk.opted_out and (command is None or command.name not in ALWAYS_ANSWERED):
        return turn.silence()
    return await COMMANDS[command.name](turn, command) if command else home.gone(turn)


Take = Callable[[Turn, Tap], Awaitable[Answer]]

TAPS: Mapping[str, Take] = {
    "help": lambda turn, _: home.help_(turn),
    "menu": lambda turn, tapped: browse.categories(turn, tapped.number),
    "all": lambda turn, tapped: browse.everything(turn, tapped.cursor),
    "in": browse.category,
    "find": browse.more_found,
    "p": lambda turn, tapped: browse.product(turn, tapped.id),
    "options": lambda turn, tapped: browse.options(turn, tapped.id, tapped.number),
    "v": lambda turn, tapped: browse.variant(turn, tapped.id, tapped.other),
    "add": cart.add_tapped,
    "cart": lambda turn, _: cart.show(turn),
    "edit": lambda turn, tapped: cart.edit(turn, tapped.number),
    "line": lambda turn, tapped: cart.line(turn, tapped.id),
    "more": lambda turn, tapped: cart.change(turn, tapped.id, 1),
    "less": lambda turn, tapped: cart.change(turn, tapped.id, -1),
    "drop": lambda turn, tapped: cart.drop(turn, tapped.id),
    "clear": lambda turn, _: cart.clear(turn),
    "checkout": lambda turn, _: checkout.begin(turn),
    "me": checkout.own_name,
    "saved": checkout.use_saved,
    "new": checkout.new_address,
    "country": checkout.country_row,
    "countries": checkout.more_countries,
    "ship": checkout.delivery,
    "pay": checkout.payment,
    "give": checkout.given,
    "yes": review.confirm,
    "no": lambda turn, _: review.cancel(turn),
    "fix": checkout.fix,
    "orders": lambda turn, _: track.latest(turn),
    "order": lambda turn, tapped: track.one(turn, tapped.number),
    "another": again.another,
    "way": again.way,
    "fill": again.filled,
    "retry": again.retry,
    "call_off": again.call_off,
    "code_off": savings.leave_tapped,
    "credits": savings.use,
}


# --- everything else -----------------------------------------------------------------------------


async def _order(turn: Turn, content: OrderContent) -> Answer:
    return turn.silence() if turn.talk.opted_out else await cart.catalog_order(turn, content)


async def _location(turn: Turn, content: LocationContent) -> Answer:
    if turn.talk.opted_out:
        return turn.silence()
    if turn.state.step not in checkout.STEPS:
        return home.hint(turn, "home.thanks")
    return await checkout.pin(turn, content)


async def _address(turn: Turn, content: AddressContent) -> Answer:
    if turn.talk.opted_out:
        return turn.silence()
    if turn.state.step not in checkout.STEPS:
        return home.hint(turn, "home.thanks")
    return await checkout.form(turn, content)


async def _media(turn: Turn, content: MediaContent) -> Answer:
    if content.caption and clean(content.caption):
        return await _said(turn, content.caption)
    return await _unread(turn, content)


async def _contacts(turn: Turn, content: ContactContent) -> Answer:
    if turn.talk.opted_out:
        return turn.silence()
    if not content.own or not content.phones:
        return await _unread(turn, content)
    if turn.talk.phone is None:
        await customers.update(turn.tx, turn.talk.customer_id, phone=clean(content.phones[0])[:30])
    return home.hint(turn, "home.thanks")


async def _unread(turn: Turn, content: object) -> Answer:
    """Something this script cannot read; an open question stays open."""
    if turn.talk.opted_out:
        return turn.silence()
    if turn.talk.first_contact:
        return await home.greet(turn)
    step, asked_at = turn.state.step, turn.state.asked_at
    answer = home.hint(turn, "home.media")
    answer.state = msgspec.structs.replace(answer.state, step=step, asked_at=asked_at)
    return answer


async def _ignored(turn: Turn, content: ReactionContent) -> Answer:
    return turn.silence()


CONTENTS: Mapping[type, Callable[[Turn, Any], Awaitable[Answer]]] = {
    TextContent: _text,
    ReplyContent: _reply,
    OrderContent: _order,
    LocationContent: _location,
    AddressContent: _address,
    MediaContent: _media,
    ContactContent: _contacts,
    UnsupportedContent: _unread,
    ReactionContent: _ignored,
}
