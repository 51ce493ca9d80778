"""A channel that does as it is told: the wire. Its settings are of every kind there is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import msgspec

from tradewind import (
    Capabilities,
    Channel,
    CheckResult,
    Decision,
    Directory,
    Inbound,
    Item,
    OperatorOnly,
    Outbound,
    Plugin,
    Refused,
    Secret,
    Sent,
    StoreContext,
    WebhookRequest,
    hookimpl,
)

WINDOW = timedelta(hours=24)


class WireSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One account on the wire."""

    account: Annotated[str, msgspec.Meta(pattern="^[0-9]+$")]
    token: Secret
    old_tokens: list[Secret] = []
    pin: Secret | None = None
    api_base: OperatorOnly = "https://wire.example"
    retries: Annotated[int, msgspec.Meta(ge=0)] = 3
    names: dict[int, str] = {}

    def __post_init__(self) -> None:
        if self.retries > 100 and not self.old_tokens:
            raise ValueError("many retries need an old token")


class Wire:
    """`script` is what the next sends do, one entry each; without one a message is taken."""

    name = "wire"
    session_prefix = "wi"
    settings_type = WireSettings

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self.capabilities = capabilities or Capabilities(
            buttons=3, menu_rows=10, media=frozenset({"image"}), reply_window=WINDOW, templates=True
        )
        self.script: list[Any] = []
        self.sent: list[Outbound] = []

    def address(self, settings: WireSettings) -> str:
        return settings.account

    async def accept(self, request: WebhookRequest, directory: Directory[WireSettings]) -> Decision:
        return Refused(status=404, reason="nothing comes in by the wire")

    async def receive(self, item: Item, context: StoreContext[WireSettings]) -> Sequence[Inbound]:
        return []

    async def send(self, outbound: Outbound, context: StoreContext[WireSettings]) -> Sent:
        self.sent.append(outbound)
        act = self.script.pop(0) if self.script else None
        if isinstance(act, BaseException):
            raise act
        if callable(act):
            return msgspec.convert(await act(), Sent)
        return act or Sent(ref=f"ref-{len(self.sent)}")

    async def check(self, context: StoreContext[WireSettings]) -> Sequence[CheckResult]:
        return []


class WirePlugin(Plugin):
    """Brings the wire."""

    name = "wire"
    requires = ">=0.1,<1"
    settings_type = WireSettings

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self.wire = Wire(capabilities)

    @hookimpl
    def channels(self) -> Sequence[Channel[Any]]:
        return [self.wire]
