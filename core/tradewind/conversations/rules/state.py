"""What passes between a conversation's drain and its script, and what is remembered in between."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.channel import Capabilities, OutboundBody
from tradewind.contracts.context import StoreInfo
from tradewind.contracts.errors import ProviderFault, Refusal
from tradewind.conversations.rules.addresses import Place

VERSION = 1


class Again(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Order `number` is to be paid in another way than by the attempt `session`.

    `payment` and `inputs` are the answers so far, as in `State`.
    """

    number: int
    session: UUID
    payment: str = ""
    inputs: dict[str, str] = {}


class State(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Everything a dialogue remembers between two messages.

    `step` is the open question ("idle": none), asked at `asked_at`. `offered` are the ids that a
    typed number stands for, kept by the drain; `choices` are the ids behind titles that may be
    typed. `name` to `payment` are the answers of a checkout so far, for the cart `cart`;
    `delivers` and `countries` are what that cart asks for, `saved` where the shopper had things
    sent before. `payment` is a provider and its method, `inputs` what was answered to its
    questions, by name; `asked` names the one that is open. `total` is what the last summary showed.
    `placed` is the cart that became order `number`; `again` an order that waits for its money.
    """

    version: int = VERSION
    step: str = "idle"
    asked_at: datetime | None = None
    offered: list[str] = []
    choices: dict[str, str] = {}
    cart: UUID | None = None
    delivers: bool = True
    countries: list[str] = []
    name: str = ""
    email: str = ""
    place: Place | None = None
    saved: Place | None = None
    delivery: str = ""
    payment: str = ""
    payment_title: str = ""
    inputs: dict[str, str] = {}
    asked: str = ""
    total: int | None = None
    placed: UUID | None = None
    number: int = 0
    again: Again | None = None


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """Who is talking, where, and how far the conversation got.

    `name`, `email` and `phone` are the customer's, as far as known. `first_contact` is true for
    the first message ever; `opted_out` after STOP.
    """

    conversation_id: UUID
    channel: str
    session_id: str
    identity: str
    phone: str | None
    name: str | None
    email: str | None
    customer_id: UUID
    locale: str
    state: State
    opted_out: bool
    first_contact: bool
    capabilities: Capabilities
    currency: str
    store: StoreInfo


class Answer(msgspec.Struct, kw_only=True):
    """What to say and what to remember. `always`: also goes out after STOP."""

    messages: list[OutboundBody]
    state: State
    always: bool = False


class Declined(msgspec.Struct, frozen=True):
    """What an effect came to when it was refused."""

    error: Refusal | ProviderFault


class Outside(Exception):
    """The script needs something that may not happen inside the open transaction.

    Raised before anything was written. Whoever catches it ends the transaction, awaits `settle`
    and asks again with the outcome under `key`.
    """

    def __init__(self, key: str, effect: Callable[[], Awaitable[Any]]) -> None:
        super().__init__(key)
        self.key = key
        self.effect = effect

    async def settle(self) -> Any:
        """The effect's result, or `Declined` when it was refused."""
        try:
            return await self.effect()
        except (Refusal, ProviderFault) as error:
            return Declined(error)


def load_state(text: str | bytes | None) -> State:
    """A stored state; a fresh one when it is empty, of another version or not understood."""
    try:
        state = msgspec.json.decode(text or b"{}", type=State)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return State()
    return state if state.version == VERSION else State()


def dump_state(state: State) -> str:
    """A state as JSON, for the database."""
    return msgspec.json.encode(state).decode()
