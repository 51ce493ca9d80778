"""What a chat channel and the engine exchange: inbound facts, channel-neutral outbound messages.

The engine fits every outbound message to the channel's `Capabilities` before it calls `send`;
a channel only translates.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec

from tradewind.contracts.context import StoreContext
from tradewind.contracts.webhook import Decision, Directory, Item, WebhookRequest

# --- inbound ---------------------------------------------------------------------------------


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the channel knows them.

    `identity` is opaque and stable within the channel; `phone` (E.164) may be missing; `aliases`
    are further identities the channel vouches are the same person.
    """

    identity: str
    phone: str | None = None
    name: str | None = None
    country: str | None = None
    aliases: Sequence[str] = ()


class TextContent(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """Words."""

    text: str


class ReplyContent(msgspec.Struct, frozen=True, kw_only=True, tag="reply"):
    """A button or a row was tapped; `id` is the one the engine gave it."""

    id: str
    title: str


class MediaContent(msgspec.Struct, frozen=True, kw_only=True, tag="media"):
    """A picture, sound, film or file; `ref` fetches it from the provider while it lasts."""

    kind: Literal["image", "video", "audio", "document", "sticker"]
    ref: str
    mime_type: str = ""
    caption: str | None = None
    filename: str | None = None


class LocationContent(msgspec.Struct, frozen=True, kw_only=True, tag="location"):
    """A place, in degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class ContactContent(msgspec.Struct, frozen=True, kw_only=True, tag="contacts"):
    """Contact cards; `own` when the person shared their own number on request."""

    phones: Sequence[str]
    names: Sequence[str] = ()
    own: bool = False


class OrderItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a cart filled in the channel's catalog; prices there are never believed."""

    sku: str
    quantity: int


class OrderContent(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """A cart that was filled in the channel's own catalog."""

    items: Sequence[OrderItem]
    text: str = ""


class AddressContent(msgspec.Struct, frozen=True, kw_only=True, tag="address"):
    """Values of a form the channel showed, such as a postal address."""

    values: Mapping[str, str]


class ReactionContent(msgspec.Struct, frozen=True, kw_only=True, tag="reaction"):
    """An emoji put on a message, or taken back when empty."""

    message_ref: str
    emoji: str


class UnsupportedContent(msgspec.Struct, frozen=True, kw_only=True, tag="unsupported"):
    """Something this version does not know. Never an error."""

    kind: str


Content = (
    TextContent
    | ReplyContent
    | MediaContent
    | LocationContent
    | ContactContent
    | OrderContent
    | AddressContent
    | ReactionContent
    | UnsupportedContent
)


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """A person wrote. `sent_at` is the provider's own time and opens the reply window."""

    sender: Sender
    ref: str
    sent_at: datetime
    content: Content
    reply_to: str | None = None
    referral: Mapping[str, Any] | None = None


MessageStatus = Literal["sent", "delivered", "read", "failed"]


class DeliveryError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message failed: the provider's code, its words, and what it means for the engine.

    `meaning` is one of the codes of `ChannelError`.
    """

    code: str
    detail: str
    meaning: str = "permanent_failure"


class StatusChange(msgspec.Struct, frozen=True, kw_only=True, tag="status"):
    """A message of ours got further. `message_id` is our own id when the provider echoes it."""

    ref: str
    status: MessageStatus
    at: datetime
    message_id: UUID | None = None
    identity: str | None = None
    error: DeliveryError | None = None
    pricing: Mapping[str, Any] | None = None


class ConsentChange(msgspec.Struct, frozen=True, kw_only=True, tag="consent"):
    """The person allowed or refused a category of messages in the channel's own settings."""

    identity: str
    category: Literal["all", "marketing"]
    allowed: bool
    at: datetime


class IdentityChange(msgspec.Struct, frozen=True, kw_only=True, tag="identity"):
    """The channel vouches that `old` is now known as `new`."""

    old: str
    new: Sender
    at: datetime


class Echo(msgspec.Struct, frozen=True, kw_only=True, tag="echo"):
    """Staff answered from the channel's own app; shown as an outgoing message."""

    recipient: str
    ref: str
    sent_at: datetime
    content: Content


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag="notice"):
    """News of the account: template reviews, quality, errors without a message."""

    kind: str
    detail: str
    values: Mapping[str, Any] = {}


class Unsupported(msgspec.Struct, frozen=True, kw_only=True, tag="unsupported_item"):
    """An item this version does not know. Kept, never an error."""

    kind: str


Inbound = (
    InboundMessage | StatusChange | ConsentChange | IdentityChange | Echo | Notice | Unsupported
)

# --- outbound --------------------------------------------------------------------------------


class Button(msgspec.Struct, frozen=True):
    """A choice: `id` comes back in `ReplyContent`."""

    id: str
    title: str


class Row(msgspec.Struct, frozen=True):
    """One row of a menu."""

    id: str
    title: str
    description: str = ""


class Section(msgspec.Struct, frozen=True):
    """A titled group of rows."""

    title: str
    rows: Sequence[Row]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that travels with an e-mail."""

    filename: str
    media_type: str
    content: bytes


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """Plain words."""

    text: str


class Media(msgspec.Struct, frozen=True, kw_only=True, tag="media"):
    """A picture, sound or film behind a public URL."""

    kind: Literal["image", "video", "audio"]
    url: str
    caption: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True, tag="document"):
    """A file behind a public URL."""

    url: str
    filename: str
    caption: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True, tag="choice"):
    """A question with a few buttons."""

    text: str
    buttons: Sequence[Button]
    footer: str = ""


class Menu(msgspec.Struct, frozen=True, kw_only=True, tag="menu"):
    """A question with rows in sections; `label` opens it."""

    text: str
    label: str
    sections: Sequence[Section]
    header: str = ""
    footer: str = ""


class Card(msgspec.Struct, frozen=True, kw_only=True, tag="card"):
    """A picture, words and buttons."""

    text: str
    buttons: Sequence[Button]
    image_url: str | None = None
    footer: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True, tag="link"):
    """Words and one button that opens a page."""

    text: str
    label: str
    url: str
    footer: str = ""


class Products(msgspec.Struct, frozen=True, kw_only=True, tag="products"):
    """Products of the channel's own catalog, by SKU."""

    text: str
    header: str
    catalog_id: str
    skus: Sequence[str]


class Template(msgspec.Struct, frozen=True, kw_only=True, tag="template"):
    """An approved text with values, the only thing that may go out after the window closed.

    `values` fill the body in order; `button_values` fill dynamic link buttons by index.
    """

    name: str
    language: str
    values: Sequence[str] = ()
    names: Sequence[str] = ()
    header_image_url: str | None = None
    button_values: Mapping[int, str] = {}
    category: Literal["utility", "marketing", "authentication"] = "utility"


class AskLocation(msgspec.Struct, frozen=True, kw_only=True, tag="ask_location"):
    """Asks the person to share a place."""

    text: str


class AskAddress(msgspec.Struct, frozen=True, kw_only=True, tag="ask_address"):
    """Asks for a postal address with the channel's own form, where it has one."""

    text: str
    country: str


class Email(msgspec.Struct, frozen=True, kw_only=True, tag="email"):
    """A letter."""

    subject: str
    text: str
    html: str
    attachments: Sequence[Attachment] = ()


class MarkRead(msgspec.Struct, frozen=True, kw_only=True, tag="mark_read"):
    """Shows the person that their message was seen; `typing` also shows that we are writing."""

    ref: str
    typing: bool = False


OutboundBody = (
    Text
    | Media
    | Document
    | Choice
    | Menu
    | Card
    | Link
    | Products
    | Template
    | AskLocation
    | AskAddress
    | Email
    | MarkRead
)


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message goes: the channel's identity and, where known, a phone number (E.164)."""

    identity: str
    phone: str | None = None


class Outbound(msgspec.Struct, frozen=True, kw_only=True):
    """One message to send. `id` is ours; a channel passes it on wherever it comes back."""

    id: UUID
    recipient: Recipient
    body: OutboundBody
    reply_to: str | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider took the message. `ref` is its id there ("" for read marks).

    `identity` when the provider names the person differently from how we addressed them.
    """

    ref: str
    identity: str | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel can show. Lengths are in UTF-16 code units; 0 means "not at all"."""

    inbound: bool = True
    text_length: int = 4096
    body_length: int = 1024
    caption_length: int = 1024
    buttons: int = 0
    button_title_length: int = 20
    menu_rows: int = 0
    row_title_length: int = 24
    row_description_length: int = 72
    menu_label_length: int = 20
    section_title_length: int = 24
    header_length: int = 60
    footer_length: int = 60
    reply_id_length: int = 200
    media: frozenset[str] = frozenset()
    card_images: bool = False
    links: bool = False
    link_label_length: int = 20
    products: bool = False
    templates: bool = False
    locations: bool = False
    addresses: frozenset[str] = frozenset()
    email: bool = False
    chat_links: bool = False
    fetches_media: bool = False
    read_marks: bool = False
    reply_window: timedelta | None = None
    messages_per_second: float = 80.0


class ChatLink(msgspec.Struct, frozen=True, kw_only=True):
    """Where a shopper begins to chat with the store; `title` is what people call the channel."""

    title: str
    url: str


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that provisioning looked at."""

    name: str
    passed: bool
    message: str


SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)
OwnSettings = TypeVar("OwnSettings", contravariant=True)


class Channel(Protocol[SettingsT]):
    """A way to talk to shoppers. Stateless; everything it needs comes with the call."""

    name: str
    session_prefix: str
    capabilities: Capabilities
    settings_type: type[SettingsT]

    def address(self, settings: SettingsT) -> str:
        """The account's address in the outside world, unique over all stores ("" for none)."""
        ...

    async def accept(self, request: WebhookRequest, directory: Directory[SettingsT]) -> Decision:
        """Verify, split and acknowledge a request. Stores nothing, calls nobody."""
        ...

    async def receive(self, item: Item, context: StoreContext[SettingsT]) -> Sequence[Inbound]:
        """What an item means. Unknown kinds become `Unsupported`, never an exception."""
        ...

    async def send(self, outbound: Outbound, context: StoreContext[SettingsT]) -> Sent:
        """Hand one message to the provider.

        Raises `Retry`, `PermanentFailure`, `WindowClosed`, `OptedOut` or `ChannelDown`.
        """
        ...

    async def check(self, context: StoreContext[SettingsT]) -> Sequence[CheckResult]:
        """Whether the account is provisioned rightly."""
        ...


class LinksToChat(Protocol[OwnSettings]):
    """`capabilities.chat_links`: a link that begins a chat with the store."""

    def chat_link(self, settings: OwnSettings, text: str) -> ChatLink | None:
        """A link that has `text` ready to be sent; None where the settings do not tell whom to."""
        ...


class FetchesMedia(Protocol[OwnSettings]):
    """`capabilities.fetches_media`: what a person sent can be had from the provider for a while."""

    def fetch_media(
        self, content: MediaContent, context: StoreContext[OwnSettings]
    ) -> AsyncGenerator[bytes, None]:
        """The bytes, a piece at a time; whoever reads may stop early.

        Raises `Retry` for a passing fault, `PermanentFailure` when they are gone, `ChannelDown`.
        """
        ...
