"""The outside world on your own machine: a phone with WhatsApp, Meta's Graph API, Flutterwave.

It knows nothing of the shop. It speaks the wire formats of the real services, so that whatever
works against it was built for them.
"""

from tradewind_sandbox.app import create_app
from tradewind_sandbox.clock import Clock, OffsetClock
from tradewind_sandbox.config import (
    ApprovedTemplate,
    FlutterwaveAccount,
    PhoneOwner,
    SandboxConfig,
    WhatsAppAccount,
)

__all__ = [
    "ApprovedTemplate",
    "Clock",
    "FlutterwaveAccount",
    "OffsetClock",
    "PhoneOwner",
    "SandboxConfig",
    "WhatsAppAccount",
    "create_app",
]
