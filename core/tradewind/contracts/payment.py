"""What a payment provider and the engine exchange.

A provider reports facts about its own objects (an authorization, a capture, a refund, a dispute).
The engine folds them into a payment; a provider touches no order and no database.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from tradewind.contracts.channel import CheckResult, OwnSettings, SettingsT
from tradewind.contracts.context import StoreContext
from tradewind.contracts.money import Money
from tradewind.contracts.webhook import Decision, Directory, Item, WebhookRequest

Flow = Literal["redirect", "client_secret", "push", "instructions", "saved"]
Intent = Literal["pay", "authorize", "save_only"]


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """Something the shopper must give for a method, such as a phone number or a network."""

    name: str
    title: str
    kind: Literal["text", "phone", "choice"] = "text"
    choices: Sequence[str] = ()
    required: bool = True


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay that this shopper may choose. `step`: amounts must be multiples of it.

    `pays_later` methods let an order be placed before any money moved.
    """

    id: str
    title: str
    flow: Flow
    inputs: Sequence[Input] = ()
    minimum: int | None = None
    maximum: int | None = None
    step: int = 1
    pays_later: bool = False


class MethodsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid, where and by whom."""

    amount: Money
    country: str | None
    channel: str
    customer_id: UUID | None = None
    phone: str | None = None


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays. `reference` is the provider's own customer id from an earlier payment."""

    email: str | None = None
    name: str | None = None
    phone: str | None = None
    reference: str | None = None


class StartPayment(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a payment. `operation_id` is the provider's idempotency key."""

    operation_id: str
    payment_id: UUID
    method: str
    intent: Intent
    amount: Money
    payer: Payer
    description: str
    return_url: str
    cancel_url: str
    inputs: Mapping[str, str] = {}
    saved_method: str | None = None
    save_method: bool = False
    expires_at: datetime | None = None


class Redirect(msgspec.Struct, frozen=True, kw_only=True, tag="redirect", tag_field="kind"):
    """Send the shopper to this page."""

    url: str


class ClientSecret(
    msgspec.Struct, frozen=True, kw_only=True, tag="client_secret", tag_field="kind"
):
    """Let the provider's own script finish in the page."""

    client_secret: str
    publishable_key: str


class AwaitPhone(msgspec.Struct, frozen=True, kw_only=True, tag="await_phone", tag_field="kind"):
    """The shopper approves on their phone."""

    text: str


class Instructions(msgspec.Struct, frozen=True, kw_only=True, tag="instructions", tag_field="kind"):
    """The shopper pays outside; these words say how."""

    text: str


Action = Redirect | ClientSecret | AwaitPhone | Instructions

FactKind = Literal["authorization", "capture", "refund", "dispute"]
FactStatus = Literal[
    "pending", "action_required", "succeeded", "failed", "canceled", "expired", "lost", "won"
]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one object at the provider. `amount` is that object's own, not a difference."""

    kind: FactKind
    object_id: str
    status: FactStatus
    amount: Money
    at: datetime
    fee: int | None = None
    code: str = ""


PaymentStatus = Literal[
    "pending", "action_required", "authorized", "succeeded", "failed", "canceled", "unknown"
]


class PaymentResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says now.

    `trusted` is false when the engine must `fetch` before it believes the facts. `data` goes to
    the shop's client as it is. `status` "unknown" means that the answer was lost or, with facts,
    that they are true but may not be all.
    """

    status: PaymentStatus
    provider_ref: str | None = None
    action: Action | None = None
    facts: Sequence[Fact] = ()
    trusted: bool = True
    data: Mapping[str, Any] = {}
    code: str = ""
    message: str = ""


class PaymentReport(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook item, understood: which payment it is about and what it says."""

    result: PaymentResult
    payment_id: UUID | None = None
    provider_ref: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Update, capture, cancel or refund an existing payment.

    `object_id`, of a refund, is the captured object that the money goes back from: the
    `Fact.object_id` under which it came. A call repeated with the same `operation_id` must not
    take effect twice; a provider without idempotency keys looks up what it has done first.
    """

    operation_id: str
    payment_id: UUID
    provider_ref: str
    amount: Money
    reason: str = ""
    object_id: str = ""


class SavedMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A payment method kept at the provider."""

    ref: str
    title: str
    expires_at: datetime | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the provider's books."""

    object_id: str
    kind: Literal["payment", "refund", "dispute", "fee", "payout"]
    gross: Money
    fee: Money
    at: datetime
    payout_ref: str | None = None


class PaymentCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can do beyond starting and looking up a payment.

    `recovery` says what to do when an answer was lost: `repeat` with the same operation id,
    `lookup` by our reference, or `none` (wait). `poll_plan` are the waits between look-ups while
    no webhook comes, the last one repeated until `session_ttl` has passed, which must be longer
    than the provider itself waits for the payer. After that a payment is looked up five times in
    three days; what a provider learns later it hands in through `StoreContext.inbox`.
    """

    update: bool = False
    capture: bool = False
    cancel: bool = False
    refund: bool = False
    saved_methods: bool = False
    settlements: bool = False
    recovery: Literal["repeat", "lookup", "none"] = "lookup"
    poll_plan: Sequence[timedelta] = ()
    session_ttl: timedelta = timedelta(hours=1)


@runtime_checkable
class PaymentProvider(Protocol[SettingsT]):
    """A way to be paid. Stateless. The optional calls exist where `capabilities` says so."""

    name: str
    capabilities: PaymentCapabilities
    settings_type: type[SettingsT]

    def address(self, settings: SettingsT) -> str:
        """The account's address in webhooks that carry no store slug ("" for none)."""
        ...

    async def methods(
        self, context: StoreContext[SettingsT], query: MethodsQuery
    ) -> Sequence[Method]:
        """The methods this shopper may choose, best first. Makes no outgoing call."""
        ...

    async def start(self, context: StoreContext[SettingsT], payment: StartPayment) -> PaymentResult:
        """Begin a payment. Expected declines are results; faults raise `ProviderFault`."""
        ...

    async def fetch(
        self, context: StoreContext[SettingsT], operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        """What the provider knows of a payment. Its facts are believed.

        Status `unknown`, without a code, says that it knows no such payment: the start may then
        be asked for again. A provider that cannot tell raises `ProviderFault`.
        """
        ...

    async def accept(self, request: WebhookRequest, directory: Directory[SettingsT]) -> Decision:
        """Verify, split and acknowledge a webhook. Stores nothing, calls nobody.

        A provider that sends none refuses everything with status 404.
        """
        ...

    async def parse_webhook(
        self, item: Item, context: StoreContext[SettingsT]
    ) -> Sequence[PaymentReport]:
        """What an item means, also one handed in through `inbox`. Unknown events give nothing."""
        ...

    async def check(self, context: StoreContext[SettingsT]) -> Sequence[CheckResult]:
        """Whether the account is provisioned rightly."""
        ...


class Updates(Protocol[OwnSettings]):
    """`capabilities.update`: change the amount of an open payment."""

    async def update(self, context: StoreContext[OwnSettings], change: Change) -> PaymentResult: ...


class Captures(Protocol[OwnSettings]):
    """`capabilities.capture`: take authorized money, or part of it.

    The result's facts say what is captured by now. No answer: it is looked up, and the same
    operation is asked for again, for less than a day.
    """

    async def capture(
        self, context: StoreContext[OwnSettings], change: Change
    ) -> PaymentResult: ...


class Cancels(Protocol[OwnSettings]):
    """`capabilities.cancel`: call an unpaid payment off."""

    async def cancel(self, context: StoreContext[OwnSettings], change: Change) -> PaymentResult: ...


class Refunds(Protocol[OwnSettings]):
    """`capabilities.refund`: give money back.

    The result says what became of it in one fact of kind `refund`, under the provider's own id for
    it, by which `fetch` and webhooks speak of it later. No answer: the same operation is asked for
    again, for less than a day.
    """

    async def refund(self, context: StoreContext[OwnSettings], change: Change) -> PaymentResult: ...


class SavesMethods(Protocol[OwnSettings]):
    """`capabilities.saved_methods`: list and remove what the payer kept."""

    async def saved_methods(
        self, context: StoreContext[OwnSettings], payer: Payer
    ) -> Sequence[SavedMethod]: ...
    async def remove_method(
        self, context: StoreContext[OwnSettings], payer: Payer, ref: str
    ) -> None: ...


class Settles(Protocol[OwnSettings]):
    """`capabilities.settlements`: the provider's books since a moment."""

    def settlements(
        self, context: StoreContext[OwnSettings], since: datetime
    ) -> AsyncIterator[Settlement]: ...
