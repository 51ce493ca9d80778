"""Greeting, help, consent, and the short answers for everything else."""

from tradewind.contracts.channel import Button
from tradewind.conversations.rules import Answer
from tradewind.conversations.script.turn import Turn
from tradewind.messaging import service as messaging


async def greet(turn: Turn) -> Answer:
    """Welcome a person and show where to go, in one message."""
    key = "home.welcome" if turn.talk.first_contact else "home.hello"
    return _home(turn, turn.words(key, store=turn.talk.store.name))


async def help_(turn: Turn) -> Answer:
    """Every command with an example; an open question stays open."""
    text, step = turn.words("home.help"), turn.state.step
    if turn.state.asked_at is not None:
        text = f"{text}\n\n{turn.words('home.help_open')}"
    answer = turn.choice(text, *_buttons(turn), step=step)
    answer.always = True
    return answer


async def stop(turn: Turn) -> Answer:
    """Send nothing more to this person, after this last message."""
    await _consent(turn, allowed=False)
    answer = turn.choice(turn.words("home.stopped", store=turn.talk.store.name))
    answer.always = True
    return answer


async def start(turn: Turn) -> Answer:
    """Talk to this person again."""
    await _consent(turn, allowed=True)
    if turn.talk.opted_out:
        answer = _home(turn, turn.words("home.started", store=turn.talk.store.name))
    else:
        answer = await greet(turn)
    answer.always = True
    return answer


def say(turn: Turn, text: str) -> Answer:
    """A plugin's own words."""
    return turn.choice(text, *_buttons(turn))


def hint(turn: Turn, key: str = "home.hint") -> Answer:
    """A short answer that leads back to where something can be done."""
    return turn.choice(turn.words(key), *_buttons(turn))


def gone(turn: Turn) -> Answer:
    """What was tapped or asked for does not exist (any more)."""
    return hint(turn, "home.gone")


def _home(turn: Turn, text: str) -> Answer:
    if turn.state.cart is not None:
        return turn.choice(
            f"{text}\n\n{turn.words('home.unfinished')}",
            turn.button("resume", "checkout"),
            turn.button("browse", "menu", 0),
            turn.button("cart", "cart"),
        )
    return turn.choice(text, *_buttons(turn))


def _buttons(turn: Turn) -> list[Button]:
    last = ("help", "help") if turn.talk.first_contact else ("orders", "orders")
    return [
        turn.button("browse", "menu", 0),
        turn.button("cart", "cart"),
        turn.button(*last),
    ]


async def _consent(turn: Turn, *, allowed: bool) -> None:
    await messaging.set_consent(
        turn.tx, turn.talk.channel, turn.talk.identity, allowed=allowed, source="chat"
    )
