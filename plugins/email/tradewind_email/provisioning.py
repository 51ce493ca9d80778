"""Whether a store's mail account works, in sentences for the check button."""

import asyncio
from collections.abc import Sequence

from aiosmtplib import SMTP

from tradewind import ChannelError, CheckResult
from tradewind_email import smtp
from tradewind_email.addresses import ascii_address
from tradewind_email.smtp import Context


async def check(context: Context) -> Sequence[CheckResult]:
    """Connects, encrypts, signs in and asks whether the sender may send; no letter goes out."""
    done: list[CheckResult] = []
    try:
        async with asyncio.timeout(smtp.SECONDS), smtp.connected(context) as client:
            done.append(_connection(context))
            await smtp.sign_in(context, client)
            done.append(_account(context))
            await client.noop()
            done.append(await _sender(context, client))
    except smtp.TROUBLE as error:
        return [*done, _failed(_NAMES[len(done)], smtp.meaning(error))]
    except ChannelError as error:
        return [*done, _failed(_NAMES[len(done)], error)]
    return done


_NAMES = ("server", "account", "sender", "sender")


def _failed(name: str, error: ChannelError) -> CheckResult:
    message = f"{error.detail} ({error.provider_code})" if error.provider_code else error.detail
    return CheckResult(name=name, passed=False, message=message)


def _connection(context: Context) -> CheckResult:
    settings = context.settings
    if settings.security == "none":
        message = "The server answers, but nothing is encrypted on the way to it."
        return CheckResult(name="server", passed=settings.allow_private_hosts, message=message)
    message = f"{settings.host} answers and its certificate is in order."
    return CheckResult(name="server", passed=True, message=message)


def _account(context: Context) -> CheckResult:
    signed_in = "The server accepts the user name and password."
    message = signed_in if context.settings.username else "No user name is set: not signed in."
    return CheckResult(name="account", passed=True, message=message)


async def _sender(context: Context, client: SMTP) -> CheckResult:
    sender = context.settings.sender
    await client.mail(ascii_address(sender))
    await client.rset()
    return CheckResult(name="sender", passed=True, message=f"{sender} may send.")
