"""What every chat channel must keep."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from tradewind.contracts.channel import (
    Capabilities,
    Channel,
    ConsentChange,
    Echo,
    IdentityChange,
    Inbound,
    InboundMessage,
    Notice,
    SettingsT,
    StatusChange,
    Unsupported,
)
from tradewind.contracts.context import StoreContext
from tradewind.contracts.webhook import Item
from tradewind.testing.conformance.doors import Knocker, changed_items
from tradewind.testing.conformance.findings import RAISED, Finding, Findings, Signer, short
from tradewind.testing.context import BareContext

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_COUNTRY = re.compile(r"[a-z]{2}")
_MEDIA = frozenset({"image", "video", "audio", "document"})
_KINDS = (
    InboundMessage | StatusChange | ConsentChange | IdentityChange | Echo | Notice | Unsupported
)
_NEEDED = {
    "buttons": ("button_title_length", "body_length", "reply_id_length"),
    "menu_rows": ("row_title_length", "menu_label_length", "body_length", "reply_id_length"),
    "links": ("link_label_length", "body_length"),
}
"""What a channel can show, and the lengths it needs for it."""


async def check_channel(
    channel: Channel[SettingsT],
    settings: SettingsT,
    *,
    deliveries: Sequence[bytes] = (),
    sign: Signer | None = None,
    context: StoreContext[SettingsT] | None = None,
) -> list[Finding]:
    """What a channel does not keep of its contract; nothing is sent.

    Args:
        channel: The channel.
        settings: The account that the deliveries are for.
        deliveries: Webhook bodies as the outside world sends them, the more kinds the better.
        sign: How it signs them; may be left out by a channel without `capabilities.inbound`.
        context: For a channel that makes calls when it receives; nobody answers by default.

    Rules: `names`, `capabilities` (lengths for all that is promised), `settings`; of the door
    `genuine`, `forged` (wrong and missing signatures refused), `duplicates` (equal dedupe keys),
    `items`, `unknown` (no body raises); of reading `meaning` and `unknown`.
    """
    findings = Findings()
    _check_names(channel, settings, findings)
    _check_capabilities(channel.capabilities, findings)
    if not channel.capabilities.inbound:
        return findings.all
    if sign is None:
        findings.expect(False, "genuine", "a channel that hears needs `sign` and `deliveries`")
        return findings.all
    items = await Knocker(channel, settings, sign, findings).items(deliveries)
    findings.expect(items, "genuine", "no delivery has an item")
    used = context or BareContext(settings)
    for item in items:
        for inbound in await _received(channel, item, used, findings, "meaning"):
            _check_meaning(inbound, findings)
    for item in changed_items(items, deliveries):
        await _received(channel, item, used, findings, "unknown")
    return findings.all


def _check_names(channel: Channel[Any], settings: msgspec.Struct, findings: Findings) -> None:
    findings.expect(_NAME.fullmatch(channel.name), "names", f"the name {channel.name!r}")
    prefix = channel.session_prefix
    plain = prefix != "" and ":" not in prefix
    findings.expect(plain, "names", f"the session prefix {prefix!r}")
    kind = channel.settings_type
    fits = isinstance(settings, kind)
    findings.expect(fits, "settings", f"{type(settings).__name__} is no {kind.__name__}")


def _check_capabilities(can: Capabilities, findings: Findings) -> None:
    def expect(kept: object, detail: str) -> None:
        findings.expect(kept, "capabilities", detail)

    if not findings.sound(can, "capabilities", "capabilities"):
        return
    expect(can.text_length > 0 or can.email, "without text there is nothing to say")
    for name in Capabilities.__struct_fields__:
        value = getattr(can, name)
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        expect(not numeric or value >= 0, f"{name} is {value}")
    for shown, lengths in _NEEDED.items():
        for length in lengths if getattr(can, shown) else ():
            expect(getattr(can, length), f"{shown} is {getattr(can, shown)} and {length} is 0")
    expect(not can.card_images or can.buttons, "card images need buttons")
    expect(can.media <= _MEDIA, f"media {sorted(can.media - _MEDIA)}")
    countries = all(_COUNTRY.fullmatch(one) for one in can.addresses)
    expect(countries, "addresses are ISO 3166 alpha-2 in lower case")
    expect(can.messages_per_second > 0, "messages_per_second must be more than 0")
    window = can.reply_window
    expect(window is None or window.total_seconds() > 0, "reply_window must be more than 0")


async def _received(
    channel: Channel[SettingsT],
    item: Item,
    context: StoreContext[SettingsT],
    findings: Findings,
    rule: str,
) -> Sequence[Inbound]:
    about = f"receive of {short(item.body)}"
    found = await findings.answer(channel.receive(item, context), rule, about)
    if found is RAISED:
        return ()
    known = isinstance(found, Sequence) and all(isinstance(one, _KINDS) for one in found)
    return found if findings.expect(known, rule, f"{about} gave {found!r:.100}") else ()


def _check_meaning(inbound: Inbound, findings: Findings) -> None:
    findings.sound(inbound, "meaning", type(inbound).__name__)
    if isinstance(inbound, InboundMessage):
        findings.expect(inbound.sender.identity, "meaning", "a message from nobody")
        findings.expect(inbound.ref, "meaning", "a message without its provider's id")
    for name in ("sent_at", "at"):
        moment = getattr(inbound, name, None)
        aware = moment is None or moment.tzinfo is not None
        findings.expect(aware, "meaning", f"{type(inbound).__name__}.{name} has no time zone")
