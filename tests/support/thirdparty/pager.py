"""A chat channel as somebody else would write it: plain text, nothing to tap, its own webhook.

The paging network delivers pages as JSON, signed with the line's key in `X-Pager-Signature`.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from tradewind import (
    Accepted,
    Answer,
    Capabilities,
    CheckResult,
    Decision,
    Directory,
    Inbound,
    InboundMessage,
    Item,
    MessageStatus,
    Outbound,
    PermanentFailure,
    Plugin,
    Recipient,
    Refused,
    Secret,
    Sender,
    Sent,
    StatusChange,
    StoreContext,
    Text,
    TextContent,
    Unsupported,
    WebhookRequest,
    hookimpl,
)

SIGNATURE = "x-pager-signature"
LONGEST_PAGE = 480


class PagerSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One line of the paging network."""

    line: Annotated[str, msgspec.Meta(pattern="^[0-9]{3,8}$")]
    signing_key: Secret


Context = StoreContext[PagerSettings]


class _Envelope(msgspec.Struct):
    line: str
    pages: list[msgspec.Raw]


class _Key(msgspec.Struct):
    id: str
    subscriber: str


class _Page(msgspec.Struct, tag="page", tag_field="kind"):
    id: str
    subscriber: str
    text: str
    at: datetime


class _Receipt(msgspec.Struct, tag="receipt", tag_field="kind"):
    id: str
    subscriber: str
    page: str
    status: Literal["delivered", "failed"]
    at: datetime


class Delivered(msgspec.Struct, frozen=True):
    """A page that the network took from us."""

    line: str
    recipient: Recipient
    text: str


class Network:
    """The paging network, as far as it can be seen from here: what it took."""

    def __init__(self) -> None:
        self.taken: list[Delivered] = []


class Pager:
    """Text in, text out."""

    name = "pager"
    session_prefix = "pg"
    settings_type = PagerSettings
    capabilities = Capabilities(
        text_length=LONGEST_PAGE,
        body_length=LONGEST_PAGE,
        buttons=0,
        menu_rows=0,
    )

    def __init__(self, network: Network) -> None:
        self._network = network

    def address(self, settings: PagerSettings) -> str:
        """The line's number."""
        return settings.line

    async def accept(
        self, request: WebhookRequest, directory: Directory[PagerSettings]
    ) -> Decision:
        """Believe a delivery that is signed with the key of the line it names."""
        if request.method != "POST":
            return Refused(status=405, reason=request.method)
        try:
            envelope = msgspec.json.decode(request.body, type=_Envelope)
        except (msgspec.DecodeError, RecursionError) as error:
            return Refused(status=400, reason=str(error))
        account = await directory.by_address(envelope.line)
        given = request.headers.get(SIGNATURE, "")
        if account is None or not _signed(given, request.body, account.settings.signing_key):
            return Refused(status=401, reason="wrong signature")
        items = [_item(envelope.line, bytes(page)) for page in envelope.pages]
        return Accepted(items=items, answer=Answer(body=b"taken"))

    async def receive(self, item: Item, context: Context) -> Sequence[Inbound]:
        """A page or a receipt; anything newer is passed over."""
        try:
            page = msgspec.json.decode(item.body, type=_Page | _Receipt)
        except (msgspec.DecodeError, RecursionError):
            return [Unsupported(kind="unknown")]
        if isinstance(page, _Receipt):
            status: MessageStatus = page.status
            return [StatusChange(ref=page.page, status=status, at=page.at)]
        sender = Sender(identity=page.subscriber)
        content = TextContent(text=page.text)
        return [InboundMessage(sender=sender, ref=page.id, sent_at=page.at, content=content)]

    async def send(self, outbound: Outbound, context: Context) -> Sent:
        """Hand the words over; the engine has made everything into words."""
        if not isinstance(outbound.body, Text):
            raise PermanentFailure(f"a pager shows no {type(outbound.body).__name__}")
        taken = Delivered(context.settings.line, outbound.recipient, outbound.body.text)
        self._network.taken.append(taken)
        return Sent(ref=f"p-{len(self._network.taken)}")

    async def check(self, context: Context) -> Sequence[CheckResult]:
        """A line is always there."""
        return [CheckResult(name="line", passed=True, message=context.settings.line)]


def _signed(given: str, body: bytes, key: str) -> bool:
    return bool(key) and hmac.compare_digest(given.encode(), signature(body, key).encode())


def _item(line: str, page: bytes) -> Item:
    try:
        key = msgspec.json.decode(page, type=_Key)
    except (msgspec.DecodeError, RecursionError):
        digest = hashlib.sha256(page).hexdigest()
        return Item(dedupe_key=digest, lane="unknown", body=page, address=line)
    return Item(dedupe_key=f"page:{key.id}", lane=key.subscriber, body=page, address=line)


def signature(body: bytes, key: str) -> str:
    """How the network signs a delivery."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


class PagingPlugin(Plugin):
    """Brings the channel `pager`; the plugin itself has another name."""

    name = "paging-network"
    requires = ">=0.1,<0.2"
    settings_type = PagerSettings

    def __init__(self, network: Network) -> None:
        self.network = network

    @hookimpl
    def channels(self) -> Sequence[Pager]:
        """The one channel."""
        return [Pager(self.network)]
