"""The channel: the door, the reader, the sender and the check behind the engine's one contract."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Raw

from tradewind import (
    Capabilities,
    ChatLink,
    CheckResult,
    Decision,
    Directory,
    Inbound,
    Item,
    MarkRead,
    MediaContent,
    Outbound,
    Retry,
    Sent,
    StoreContext,
    WebhookRequest,
)
from tradewind_whatsapp import door, graph, inbound, media, provisioning
from tradewind_whatsapp.identities import wa_id_of
from tradewind_whatsapp.outbound import ADDRESS_FORM_COUNTRIES, address_of, body_of
from tradewind_whatsapp.settings import WhatsAppSettings
from tradewind_whatsapp.wire import MISSING, Contact, Loose, each, read, text_of

_AFTER_ODD_ANSWER = 5.0


class _Message(msgspec.Struct):
    id: Loose = None


class _Taken(msgspec.Struct):
    """Meta's answer to a send: the message's id, and how Meta names the person."""

    messages: Raw = MISSING
    contacts: Raw = MISSING

    @property
    def ref(self) -> str:
        messages = each(self.messages)
        message = read(messages[0], _Message) if messages else None
        return text_of(message.id) if message else ""

    @property
    def names(self) -> list[str]:
        contacts = each(self.contacts)
        contact = (read(contacts[0], Contact) if contacts else None) or Contact()
        return [name for name in (text_of(contact.wa_id), text_of(contact.user_id)) if name]


class WhatsApp:
    """WhatsApp Business over Meta's Cloud API. Limits: Meta, "Messages" reference."""

    name = "whatsapp"
    session_prefix = "wa"
    settings_type = WhatsAppSettings
    capabilities = Capabilities(
        text_length=4096,
        body_length=1024,
        caption_length=1024,
        buttons=3,
        button_title_length=20,
        menu_rows=10,
        row_title_length=24,
        row_description_length=72,
        menu_label_length=20,
        section_title_length=24,
        header_length=60,
        footer_length=60,
        reply_id_length=200,
        media=frozenset({"image", "video", "audio", "document"}),
        card_images=True,
        links=True,
        link_label_length=20,
        products=True,
        templates=True,
        locations=True,
        addresses=ADDRESS_FORM_COUNTRIES,
        chat_links=True,
        fetches_media=True,
        read_marks=True,
        reply_window=timedelta(hours=24),
        messages_per_second=80.0,
    )

    def address(self, settings: WhatsAppSettings) -> str:
        """The phone number id: every webhook names it."""
        return settings.phone_number_id

    def chat_link(self, settings: WhatsAppSettings, text: str) -> ChatLink | None:
        """Meta's click-to-chat address of the number that shoppers see."""
        number = "".join(filter(str.isdecimal, settings.display_phone_number))
        url = f"https://wa.me/{number}?{urlencode({'text': text}, quote_via=quote)}"
        return ChatLink(title="WhatsApp", url=url) if number else None

    async def accept(
        self, request: WebhookRequest, directory: Directory[WhatsAppSettings]
    ) -> Decision:
        """See `door.accept`."""
        return await door.accept(request, directory)

    async def receive(
        self, item: Item, context: StoreContext[WhatsAppSettings]
    ) -> Sequence[Inbound]:
        """See `inbound.receive`."""
        return await inbound.receive(item, context)

    async def send(self, outbound: Outbound, context: StoreContext[WhatsAppSettings]) -> Sent:
        """Hand a message to the Graph API, which has no idempotency key.

        After a lost answer `Retry.unknown` is set: a status with our id in its callback data then
        tells that the message went out.
        """
        settings = context.settings
        body = body_of(outbound, settings.catalog_id)
        answer = await graph.post(context, f"{settings.phone_number_id}/messages", body)
        if isinstance(outbound.body, MarkRead):
            return Sent(ref="")
        taken = read(answer, _Taken) or _Taken()
        if not taken.ref:
            raise Retry(_AFTER_ODD_ANSWER, "answer without a message id", unknown=True)
        return Sent(ref=taken.ref, identity=_other_name(outbound, taken.names))

    def fetch_media(
        self, content: MediaContent, context: StoreContext[WhatsAppSettings]
    ) -> AsyncGenerator[bytes, None]:
        """See `media.fetch`."""
        return media.fetch(content, context)

    async def check(self, context: StoreContext[WhatsAppSettings]) -> Sequence[CheckResult]:
        """See `provisioning.check`."""
        return await provisioning.check(context)


def _other_name(outbound: Outbound, names: Sequence[str]) -> str | None:
    """Meta's name for the person, where it is not the one we used (a Brazilian ninth digit)."""
    (used,) = address_of(outbound).values()
    return None if not names or (wa_id_of(used) or used) in names else names[0]
