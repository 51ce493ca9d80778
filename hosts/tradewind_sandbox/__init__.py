"""The outside world on your own machine: WhatsApp with a phone, Stripe, Flutterwave, a mailbox.

It knows nothing of the shop. It speaks the wire formats of the real services, so that whatever
works against it was built for them.
"""

from tradewind_sandbox.app import create_app
from tradewind_sandbox.clock import Clock, OffsetClock
from tradewind_sandbox.config import (
    ApprovedTemplate,
    FlutterwaveAccount,
    MailAccount,
    PhoneOwner,
    SandboxConfig,
    StripeAccount,
    WhatsAppAccount,
)

__all__ = [
    "ApprovedTemplate",
    "Clock",
    "FlutterwaveAccount",
    "MailAccount",
    "OffsetClock",
    "PhoneOwner",
    "SandboxConfig",
    "StripeAccount",
    "WhatsAppAccount",
    "create_app",
]
