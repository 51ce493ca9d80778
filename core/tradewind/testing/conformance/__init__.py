"""Checks that every channel and every payment provider must pass, for any test runner.

A check returns what it found, so that one run tells everything; a plugin conforms when that is
nothing. A plugin author gives settings, bodies as the outside world really sends them, and a
function that signs a body:

    findings = await check_channel(
        MyChannel(),
        MySettings(account="42", secret="s"),
        deliveries=[path.read_bytes() for path in fixtures],
        sign=lambda body: {"x-signature": my_signature(body, "s")},
    )
    assert not findings
"""

from tradewind.testing.conformance.channels import check_channel
from tradewind.testing.conformance.findings import Finding, Signer
from tradewind.testing.conformance.providers import Payments, check_provider

__all__ = ["Finding", "Payments", "Signer", "check_channel", "check_provider"]
