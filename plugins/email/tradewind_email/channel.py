"""The channel: letters out, nothing in."""

from collections.abc import Sequence

from tradewind import (
    Capabilities,
    CheckResult,
    Decision,
    Directory,
    Email,
    Inbound,
    Item,
    Outbound,
    PermanentFailure,
    Refused,
    Sent,
    StoreContext,
    WebhookRequest,
)
from tradewind_email import provisioning, smtp
from tradewind_email.addresses import ascii_address
from tradewind_email.message import compose, message_id_of
from tradewind_email.settings import EmailSettings


class EmailChannel:
    """E-mail by SMTP. An identity is a mail address in lower case."""

    name = "email"
    session_prefix = "email"
    settings_type = EmailSettings
    capabilities = Capabilities(
        inbound=False, email=True, text_length=0, body_length=0, caption_length=0
    )

    def address(self, settings: EmailSettings) -> str:
        """None: nothing comes in, and two stores may share one account."""
        return ""

    async def accept(
        self, request: WebhookRequest, directory: Directory[EmailSettings]
    ) -> Decision:
        """There are no webhooks."""
        return Refused(status=404, reason="e-mail has no webhooks")

    async def receive(self, item: Item, context: StoreContext[EmailSettings]) -> Sequence[Inbound]:
        """Nothing comes in."""
        return []

    async def send(self, outbound: Outbound, context: StoreContext[EmailSettings]) -> Sent:
        """Hand a letter to the store's mail server.

        A repetition carries the same Message-ID, by which mail programs know it again.
        """
        if not isinstance(outbound.body, Email):
            raise PermanentFailure("Only letters can be sent by e-mail.")
        try:
            recipient = ascii_address(outbound.recipient.identity)
        except ValueError as error:
            raise PermanentFailure(str(error)) from None
        settings = context.settings
        message_id = message_id_of(outbound.id, settings.sender)
        message = compose(
            outbound.body,
            message_id,
            recipient,
            settings,
            context.store.name,
            context.clock.now(),
        )
        await smtp.deliver(context, recipient, message)
        return Sent(ref=message_id)

    async def check(self, context: StoreContext[EmailSettings]) -> Sequence[CheckResult]:
        """See `provisioning.check`."""
        return await provisioning.check(context)
