"""Who pays, in the form in which Flutterwave wants to hear it."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from tradewind import Payer, PaymentResult, StartPayment
from tradewind_flutterwave.calls import Context
from tradewind_flutterwave.methods import Wallet
from tradewind_flutterwave.outcomes import declined

_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}", re.IGNORECASE)
_NOBODYS_DOMAIN = "example.com"
"""Reserved (RFC 2606): nobody there reads what Flutterwave writes to its payers."""

_NATIONAL = range(8, 11)


def national_number(phone: str, wallet: Wallet) -> str | None:
    """The number without the country's dialling code, digits only; None when it cannot be one.

    `+254 700 000101`, `254700000101`, `00254700000101` and `0700000101` are the same in Kenya.
    """
    digits = "".join(one for one in phone if one in "0123456789").removeprefix("00")
    code = wallet.dialing_code
    if digits.startswith(code) and len(digits) - len(code) >= _NATIONAL.start:
        digits = digits.removeprefix(code)
    if wallet.trunk:
        digits = digits.removeprefix("0")
    return digits if len(digits) in _NATIONAL else None


class Phone(msgspec.Struct, frozen=True):
    """A mobile-money account: digits without the dialling code, and whose customer it is."""

    dialing_code: str
    national: str
    network: str

    @property
    def international(self) -> str:
        return self.dialing_code + self.national


def phone(payment: StartPayment, wallet: Wallet, networks: Sequence[str]) -> Phone | PaymentResult:
    """The phone that a payment is to ring, or a decline where it cannot be one."""
    given = payment.inputs.get("phone") or payment.payer.phone or ""
    number, chosen = national_number(given, wallet), _network(payment, networks)
    if number is None:
        return declined("invalid_phone", f"This is no phone number of {wallet.name}.")
    if chosen is None:
        return declined("unknown_network", f"Choose one of {', '.join(networks)}.")
    return Phone(wallet.dialing_code, number, chosen)


def _network(payment: StartPayment, choices: Sequence[str]) -> str | None:
    """The network that was chosen, the usual one without a choice; None for one nobody has."""
    wanted = payment.inputs.get("network", "").strip().upper()
    if not wanted:
        return choices[0]
    return wanted if wanted in choices else None


def email(context: Context, payment: StartPayment) -> str:
    """The payer's address, or one that stands in for it: Flutterwave wants one of everybody."""
    if payment.payer.email:
        return payment.payer.email
    given = payment.inputs.get("phone") or payment.payer.phone or ""
    digits = "".join(one for one in given if one in "0123456789")
    return f"{digits or payment.operation_id}@{_domain(context)}"


def names(payer: Payer) -> tuple[str, str] | None:
    """First and last name, None where there is no name; one word is both."""
    words = (payer.name or "").split()
    return (words[0], " ".join(words[1:]) or words[0]) if words else None


def _domain(context: Context) -> str:
    if context.settings.placeholder_email_domain:
        return context.settings.placeholder_email_domain
    host = urlsplit(context.public_url).hostname or ""
    return host if _DOMAIN.fullmatch(host) else _NOBODYS_DOMAIN
