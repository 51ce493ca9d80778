"""A store's account at the mail server of a test, and the channel that writes there."""

from typing import Any
from uuid import UUID

from tests.support.post import Office
from tradewind import Email, Outbound, OutboundBody, Recipient, Sent
from tradewind.testing.context import BareContext
from tradewind_email import EmailChannel, EmailSettings

MESSAGE_ID = UUID("018f5b2e-0000-7000-8000-000000000001")
LETTER = Email(subject="Your order 1001", text="Thank you!", html="<p>Thank you!</p>")


class Account:
    """An account without encryption, on this machine; every setting can be given anew."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.channel = EmailChannel()

    def context(self, **settings: Any) -> BareContext[EmailSettings]:
        """What the channel receives."""
        told = {
            "host": "127.0.0.1",
            "port": self.office.port,
            "security": "none",
            "sender": "orders@shop.example",
            "allow_private_hosts": True,
            **settings,
        }
        return BareContext(EmailSettings(**told))

    async def send(
        self,
        letter: OutboundBody = LETTER,
        to: str = "jane@example.com",
        context: BareContext[EmailSettings] | None = None,
        **settings: Any,
    ) -> Sent:
        """Send a letter; always the same message."""
        outbound = Outbound(id=MESSAGE_ID, recipient=Recipient(identity=to), body=letter)
        return await self.channel.send(outbound, context or self.context(**settings))
