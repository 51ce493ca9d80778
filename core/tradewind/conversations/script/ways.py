"""Ways to pay, as a chat can show them: the list, the questions of a method, and their answers.

Used for a cart before it is ordered, and for an order that waits for its money.
"""

from collections.abc import Callable, Mapping, Sequence

from tradewind.checkout.rules import OfferedMethod, StartRequest
from tradewind.contracts.channel import Button, Row
from tradewind.contracts.payment import Input, Method
from tradewind.conversations.rules import Answer, clean, example_phone, parse_tap, read_phone
from tradewind.conversations.script.turn import Turn, below

FLOWS = frozenset(("redirect", "push", "instructions"))
"""What can be begun in a chat; the others need a page."""

LONGEST = 100
_ANY_NUMBER = "9" * 15


def shown(found: Sequence[OfferedMethod]) -> list[OfferedMethod]:
    """Those that a chat can begin; first those that let an order stand before it is paid."""
    offered = [
        one
        for one in found
        if one.method.flow in FLOWS and parse_tap(f"way:{_ANY_NUMBER}:{name_of(one)}")
    ]
    return sorted(offered, key=lambda one: not one.method.pays_later)


def name_of(one: OfferedMethod) -> str:
    """How a method is called in ids and in the state."""
    return f"{one.provider}:{one.method.id}"


def named(methods: Sequence[OfferedMethod], name: str) -> OfferedMethod | None:
    """The method that is called so, if it is offered."""
    return next((one for one in methods if name_of(one) == name), None)


def typed(methods: Sequence[OfferedMethod], text: str) -> OfferedMethod | None:
    """The method whose title was typed, with or without its signs."""
    letters = _letters(text)
    return next((one for one in methods if letters and _letters(one.method.title) == letters), None)


def request_for(name: str, inputs: Mapping[str, str]) -> StartRequest:
    """What checkout is asked for."""
    provider, _, method = name.partition(":")
    return StartRequest(provider=provider, method=method, inputs=inputs)


def ask_method(
    turn: Turn,
    methods: Sequence[OfferedMethod],
    id_of: Callable[[str], str],
    *,
    step: str,
    note: str = "",
) -> Answer:
    """How to pay? `id_of` makes the id of a row from a method's name."""
    rows = [Row(id_of(name_of(one)), one.method.title) for one in methods]
    return turn.menu(below(note, turn.words("ask.payment")), "label.payment", rows, step=step)


# --- the questions of a method -------------------------------------------------------------------


def question(one: OfferedMethod | None, which: str | int) -> Input | None:
    """A question of a method by its name or its place, if there is one."""
    for index, found in enumerate(one.method.inputs if one else ()):
        if which in {index, found.name}:
            return found
    return None


def unanswered(method: Method, given: Mapping[str, str]) -> Input | None:
    """The first question that must be answered and is not."""
    return next((one for one in method.inputs if one.required and not _answered(one, given)), None)


def answers(method: Method, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was answered, each with the title of its question."""
    return [(one.title, given[one.name]) for one in method.inputs if _answered(one, given)]


def ask(
    turn: Turn,
    question: Input,
    id_of: Callable[[str], str],
    countries: Sequence[str],
    *,
    step: str,
    note: str = "",
) -> Answer:
    """One question; what is offered can be tapped, anything may be typed.

    `id_of` makes the id of an option from the answer that it stands for.
    """
    turn.state.asked = question.name
    text = below(note, _words(turn, question, countries))
    rows = [Row(id_, one) for one in _offered(turn, question) if parse_tap(id_ := id_of(one))]
    if question.choices:
        return turn.menu(text, "label.choices", rows, step=step)
    return turn.choice(text, *(Button(row.id, row.title) for row in rows), step=step)


def read(turn: Turn, question: Input, text: str, countries: Sequence[str]) -> str:
    """The answer that a text is; "" for what is none."""
    line = clean(text)
    if question.kind == "phone":
        return line if line == turn.talk.phone else read_phone(line, countries)
    if question.choices:
        found = (one for one in question.choices if _letters(one) == _letters(text))
        return text if text in question.choices else next(found, "")
    return line if len(line) <= LONGEST else ""


def wrong(turn: Turn, question: Input) -> str:
    """What to say above a question whose answer was none."""
    if question.kind == "phone":
        return turn.words("wrong.phone")
    if question.choices:
        return turn.words("wrong.choice")
    return turn.words("wrong.text", most=LONGEST)


def _offered(turn: Turn, question: Input) -> Sequence[str]:
    if question.kind == "phone":
        return [turn.talk.phone] if turn.talk.phone else []
    return question.choices


def _words(turn: Turn, question: Input, countries: Sequence[str]) -> str:
    if question.kind == "phone":
        example = example_phone(countries)
        return turn.words("ask.phone_like", example=example) if example else turn.words("ask.phone")
    key = "ask.choice" if question.choices else "ask.text"
    return turn.words(key, title=question.title)


def _answered(question: Input, given: Mapping[str, str]) -> bool:
    value = given.get(question.name, "")
    return bool(value) and (not question.choices or value in question.choices)


def _letters(text: str) -> str:
    return "".join(c for c in clean(text).casefold() if c.isalnum())
