"""One message and its answer: what every part of the script receives and builds upon."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tradewind.carts.rules import NewCart
from tradewind.contracts.channel import (
    Button,
    Choice,
    InboundMessage,
    Menu,
    OutboundBody,
    Row,
    Section,
    Text,
)
from tradewind.conversations.rules import Answer, Outside, State, Talk, clean, tap
from tradewind.conversations.texts import Words
from tradewind.database.engine import Store, Transaction
from tradewind.messaging.rules import clip
from tradewind.settings.engine import Engine

IDLE = "idle"
ROWS_WITHOUT_MENUS = 9


class Turn:
    """A message that waits for its answer.

    `state` is a copy to be changed freely; nothing of it is kept unless an answer is given.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        tx: Transaction,
        talk: Talk,
        message: InboundMessage,
        outcomes: Mapping[str, Any],
    ) -> None:
        self.engine = engine
        self.store = store
        self.tx = tx
        self.talk = talk
        self.message = message
        self.words = Words(talk.locale)
        self.state: State = msgspec.structs.replace(talk.state)
        self._outcomes = outcomes

    async def outside(self, key: str, effect: Callable[[], Awaitable[Any]]) -> Any:
        """The outcome of `effect`, which happens outside the transaction, before any write.

        Raises Outside until it is known. `key` is unique within the turn.
        """
        if key not in self._outcomes:
            raise Outside(key, effect)
        return self._outcomes[key]

    def did(self, key: str) -> bool:
        """Whether this very message has brought an effect about; then things are not as before."""
        return key in self._outcomes

    @property
    def currency(self) -> str:
        """The currency of prices and carts in this conversation."""
        return self.talk.currency

    @property
    def page_rows(self) -> int:
        """How many rows one menu may have."""
        return self.talk.capabilities.menu_rows or ROWS_WITHOUT_MENUS + 1

    @property
    def body_limit(self) -> int:
        """How long the words above buttons may be, in UTF-16 code units."""
        return self.talk.capabilities.body_length

    def new_cart(self) -> NewCart:
        """The cart that this conversation would open."""
        return NewCart(
            source=self.talk.channel,
            currency=self.talk.currency,
            session_id=self.talk.session_id,
            customer_id=self.talk.customer_id,
            email=self.talk.email,
            phone=self.talk.phone,
            locale=self.talk.locale,
        )

    # --- answers -----------------------------------------------------------------------------

    def answer(self, *bodies: OutboundBody, step: str = IDLE) -> Answer:
        """Say `bodies`; the next message answers the question `step`."""
        state = msgspec.structs.replace(
            self.state,
            step=step,
            asked_at=None if step == IDLE else self.tx.now,
            choices=choices_of(bodies),
        )
        return Answer(messages=list(bodies), state=state)

    def silence(self) -> Answer:
        """Say nothing and stay where we are."""
        return Answer(messages=[], state=msgspec.structs.replace(self.talk.state))

    def nothing_more(self) -> Answer:
        """Say nothing, for it has been said already, and remember where we are now."""
        return Answer(messages=[], state=msgspec.structs.replace(self.state, step=IDLE))

    def choice(self, text: str, *buttons: Button, step: str = IDLE) -> Answer:
        """Say `text` with buttons below; without any, just the text."""
        return self.answer(self.choice_body(text, *buttons), step=step)

    def choice_body(self, text: str, *buttons: Button) -> OutboundBody:
        """`text` with buttons below; without any, just the text."""
        if not buttons:
            return Text(text=text)
        return Choice(text=clip(text, self.body_limit), buttons=buttons)

    def menu(
        self, text: str, label: str, rows: Sequence[Row], *, title: str = "", step: str = IDLE
    ) -> Answer:
        """Say `text` with a list of rows; `label` and `title` are keys of texts."""
        words = self.words
        body = Menu(
            text=clip(text, self.body_limit),
            label=words(label),
            sections=[Section(title or words(label), rows)],
        )
        return self.answer(body, step=step)

    def button(self, name: str, kind: str, *arguments: Any) -> Button:
        """A button with the text `button.<name>`."""
        return Button(tap(kind, *arguments), self.words(f"button.{name}"))

    def agrees(self, text: str) -> bool:
        """Whether the words are a yes."""
        return _folded(clean(text)) in self.words.language.yes

    def declines(self, text: str) -> bool:
        """Whether the words are a no."""
        return _folded(clean(text)) in self.words.language.no

    def chosen(self, text: str) -> str | None:
        """The id of the button or row whose title was typed."""
        return self.state.choices.get(_folded(clean(text)))


def choices_of(bodies: Sequence[OutboundBody]) -> dict[str, str]:
    """The ids behind the titles of buttons and rows, as they may be typed."""
    return {_folded(title): id_ for body in bodies for id_, title in _offered(body)}


def ids_of(bodies: Sequence[OutboundBody]) -> list[str]:
    """The ids of buttons and rows, in the order in which they are numbered."""
    return [id_ for body in bodies for id_, _ in _offered(body)]


def _offered(body: OutboundBody) -> Iterator[tuple[str, str]]:
    for button in getattr(body, "buttons", ()):
        yield button.id, button.title
    for section in getattr(body, "sections", ()):
        for row in section.rows:
            yield row.id, row.title


def _folded(title: str) -> str:
    return title.casefold().rstrip(".!…")


def below(note: str, text: str) -> str:
    """`text`, with a note above it where there is one."""
    return f"{note}\n\n{text}" if note else text


def paged(rows: Sequence[Row], page: int, size: int, more: Callable[[int], Row]) -> list[Row]:
    """The rows of one page, counted from 0, and a row that leads to the next where there is one."""
    start = page * (size - 1)
    if len(rows) - start <= size:
        return list(rows[start:])
    return [*rows[start : start + size - 1], more(page + 1)]
