"""What an item of the door means: messages, statuses, consent, identities, echoes, news."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Raw

from tradewind import (
    ConsentChange,
    Echo,
    IdentityChange,
    Inbound,
    InboundMessage,
    Item,
    MessageStatus,
    Notice,
    StatusChange,
    StoreContext,
    Unsupported,
)
from tradewind_whatsapp.content import content_of
from tradewind_whatsapp.errors import delivery_error
from tradewind_whatsapp.identities import is_user_id, person
from tradewind_whatsapp.notices import news_of
from tradewind_whatsapp.settings import WhatsAppSettings
from tradewind_whatsapp.splitting import person_of
from tradewind_whatsapp.wire import (
    MISSING,
    Contact,
    Context,
    Envelope,
    Loose,
    Message,
    Preference,
    Status,
    System,
    UserIdUpdate,
    each,
    read,
    text_of,
)


async def receive(item: Item, context: StoreContext[WhatsAppSettings]) -> Sequence[Inbound]:
    """What an item means. Whatever cannot be read becomes `Unsupported`."""
    envelope = read(item.body, Envelope)
    if envelope is None:
        return [Unsupported(kind="unreadable")]
    reader = _READERS.get(envelope.part)
    found = list(reader(envelope, context.clock.now())) if reader else []
    return found or [Unsupported(kind=envelope.part)]


def _moment(seconds: Loose, otherwise: datetime) -> datetime:
    """Meta's seconds since 1970, as text or number; `otherwise` when they are missing."""
    try:
        return datetime.fromtimestamp(float(seconds or "nan"), UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise


def _contact(envelope: Envelope) -> Contact | None:
    return read(envelope.contacts[0], Contact) if envelope.contacts else None


# --- messages --------------------------------------------------------------------------------


def _message(envelope: Envelope, now: datetime) -> Iterator[Inbound]:
    message, nodes = read(envelope.data, Message), read(envelope.data, dict[str, Raw])
    if message is None or nodes is None:
        return
    kind, at = text_of(message.type), _moment(message.timestamp, now)
    node = nodes.get(kind, MISSING)
    match kind:
        case "system":
            yield from _system(message, read(node, System) or System(), at)
        case "revoke":
            yield Notice(kind="message_revoked", detail="", values=read(node, dict[str, Any]) or {})
        case "request_welcome":
            yield Unsupported(kind=kind)
        case _:
            yield from _said(envelope, message, kind, node, at)


def _said(
    envelope: Envelope, message: Message, kind: str, node: Raw, at: datetime
) -> Iterator[Inbound]:
    contact, ref = _contact(envelope), text_of(message.id)
    sender = person_of("message", message, contact).sender(contact)
    if not sender.identity or not ref:
        return
    context = read(message.context, Context) or Context()
    yield InboundMessage(
        sender=sender,
        ref=ref,
        sent_at=at,
        content=content_of(kind or "unknown", node),
        reply_to=text_of(context.id) or None,
        referral=_referral(message, context),
    )


def _referral(message: Message, context: Context) -> Mapping[str, Any] | None:
    """What brought the person here: an ad, a product page, a forwarded message."""
    referral = read(message.referral, dict[str, Any]) or {}
    product = read(context.referred_product, dict[str, Any])
    if product:
        referral["referred_product"] = product
    if context.forwarded or context.frequently_forwarded:
        referral["forwarded"] = True
    return referral or None


def _system(message: Message, system: System, at: datetime) -> Iterator[Inbound]:
    renamed = list(_renamed(message, system, at))
    yield from renamed
    if not renamed:
        values = read(system.identity, dict[str, Any]) or {}
        values["identity"] = person(message.from_, message.from_user_id).identity
        kind = text_of(system.type) or "system"
        yield Notice(kind=kind, detail=text_of(system.body), values=values)


def _renamed(message: Message, system: System, at: datetime) -> Iterator[IdentityChange]:
    """A new number comes with a new user id; each old name leads to the person's new ones."""
    new = person(system.wa_id, system.new_wa_id, system.user_id)
    before = person(message.from_, system.previous_user_id, message.from_user_id)
    if new.wa_id and before.wa_id and new.wa_id != before.wa_id:
        yield IdentityChange(old=before.wa_id, new=new.sender(), at=at)
    if new.user_id and before.user_id and new.user_id != before.user_id:
        yield IdentityChange(old=before.user_id, new=new.sender(), at=at)


# --- everything else -------------------------------------------------------------------------

_STATUSES: Mapping[str, MessageStatus] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}


def _status(envelope: Envelope, now: datetime) -> Iterator[Inbound]:
    status = read(envelope.data, Status)
    if status is None:
        return
    reached, ref = _STATUSES.get(text_of(status.status)), text_of(status.id)
    if reached is None or not ref:
        yield Unsupported(kind=f"status:{text_of(status.status)}")
        return
    errors = each(status.errors)
    yield StatusChange(
        ref=ref,
        status=reached,
        at=_moment(status.timestamp, now),
        message_id=_uuid(text_of(status.biz_opaque_callback_data)),
        identity=person_of("status", status, _contact(envelope)).identity or None,
        error=delivery_error(errors[0] if errors else MISSING) if reached == "failed" else None,
        pricing=read(status.pricing, dict[str, Any]),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _preference(envelope: Envelope, now: datetime) -> Iterator[Inbound]:
    preference = read(envelope.data, Preference)
    if preference is None or preference.category != "marketing_messages":
        return
    identity = person_of("preference", preference, _contact(envelope)).identity
    if identity and preference.value in ("stop", "resume"):
        yield ConsentChange(
            identity=identity,
            category="marketing",
            allowed=preference.value == "resume",
            at=_moment(preference.timestamp, now),
        )


def _user_id_update(envelope: Envelope, now: datetime) -> Iterator[Inbound]:
    update = read(envelope.data, UserIdUpdate)
    if update is None:
        return
    old, new = text_of(update.user_id.previous), text_of(update.user_id.current)
    if is_user_id(old) and is_user_id(new) and old != new:
        at = _moment(update.timestamp, now)
        yield IdentityChange(old=old, new=person(new).sender(), at=at)


def _echo(envelope: Envelope, now: datetime) -> Iterator[Inbound]:
    message, nodes = read(envelope.data, Message), read(envelope.data, dict[str, Raw])
    if message is None or nodes is None:
        return
    recipient, ref = person_of("echo", message, None).identity, text_of(message.id)
    kind = text_of(message.type)
    if recipient and ref:
        yield Echo(
            recipient=recipient,
            ref=ref,
            sent_at=_moment(message.timestamp, now),
            content=content_of(kind or "unknown", nodes.get(kind, MISSING)),
        )


def _error(envelope: Envelope, now: datetime) -> Iterator[Inbound]:
    error = delivery_error(envelope.data)
    if error.code:
        values = {"code": error.code, "meaning": error.meaning}
        yield Notice(kind="error", detail=error.detail, values=values)


def _news(envelope: Envelope, now: datetime) -> Iterator[Inbound]:
    yield news_of(envelope)


_READERS: Mapping[str, Callable[[Envelope, datetime], Iterator[Inbound]]] = {
    "message": _message,
    "status": _status,
    "error": _error,
    "echo": _echo,
    "preference": _preference,
    "user_id_update": _user_id_update,
    "news": _news,
}
