"""One letter over one connection, and what a mail server's refusals mean to the engine.

RFC 5321 for replies: 4xx passes, 5xx stays. Whether a refusal is about this letter or about the
account depends on the step at which it comes.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from tradewind import ChannelDown, ChannelError, PermanentFailure, Retry, StoreContext
from tradewind_email import network
from tradewind_email.addresses import ascii_address
from tradewind_email.settings import EmailSettings

Context = StoreContext[EmailSettings]

SECONDS = 12.0
"""How long one letter may take; less than the engine waits, so that we can say how far it got."""
TROUBLE = (SMTPException, OSError)
"""What aiosmtplib and the network raise; a time-out is an OSError."""
_FAREWELL_SECONDS = 1.0
_LATER, _SOON = 60.0, 15.0
_SIGN_IN_FIRST, _TOO_LARGE = 530, 552


async def deliver(context: Context, recipient: str, message: bytes) -> None:
    """Hand a message to the store's mail server.

    Raises Retry (`unknown` once the message itself may have been taken), PermanentFailure,
    ChannelDown.
    """
    begun = taken = False
    try:
        async with asyncio.timeout(SECONDS), connected(context) as client:
            await sign_in(context, client)
            await client.mail(ascii_address(context.settings.sender))
            await client.rcpt(recipient)
            begun = True
            await client.data(message)
            taken = True
    except TROUBLE as error:
        if not taken:
            raise meaning(error, begun=begun) from None


@asynccontextmanager
async def connected(context: Context) -> AsyncIterator[SMTP]:
    """A greeted connection, encrypted as the settings say. Raises ChannelError or aiosmtplib's."""
    settings = context.settings
    sock = await network.connect(settings.host, settings.port, private=settings.allow_private_hosts)
    client = SMTP(
        hostname=settings.host,
        sock=sock,
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        local_hostname=_own_name(context.public_url),
        timeout=SECONDS,
    )
    try:
        await client.connect()
        yield client
        await _farewell(client)
    finally:
        client.close()


async def sign_in(context: Context, client: SMTP) -> None:
    """Sign in if the store has a user name. Raises aiosmtplib's errors."""
    settings = context.settings
    if settings.username:
        await client.login(settings.username.encode(), settings.password.encode())


async def _farewell(client: SMTP) -> None:
    """The message is taken already; whatever comes now changes nothing."""
    with suppress(SMTPException, OSError):
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await client.quit()


def _own_name(public_url: str) -> str:
    """How we call ourselves: a host name, or an address in brackets (RFC 5321, section 4.1.3)."""
    name = urlsplit(public_url).hostname or "localhost"
    try:
        address = ip_address(name)
    except ValueError:
        return name.encode("idna").decode("ascii")
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


def meaning(error: Exception, *, begun: bool = False) -> ChannelError:
    """What trouble with a mail server means; `begun` once it may have taken the message."""
    if isinstance(error, SMTPResponseException) and error.code >= 400:
        return _refusal(error)
    if not begun:
        unsafe = _unsafe(error)
        if unsafe:
            return ChannelDown(f"No safe connection to the mail server: {unsafe}")
        if isinstance(error, SMTPException) and not isinstance(error, OSError):
            return ChannelDown(str(error.message))
    return Retry(_SOON, str(error) or "The mail server did not answer in time.", unknown=begun)


def _refusal(error: SMTPResponseException) -> ChannelError:
    step = next((words for kind, words in _STEPS if isinstance(error, kind)), "the connection")
    detail = f"The mail server refused {step}: {' '.join(error.message.split())}"
    code = str(error.code)
    if error.code < 500:
        return Retry(_LATER, detail, provider_code=code)
    about_letter = isinstance(error, SMTPRecipientRefused | SMTPDataError)
    if (about_letter and error.code != _SIGN_IN_FIRST) or error.code == _TOO_LARGE:
        return PermanentFailure(detail, provider_code=code)
    return ChannelDown(detail, provider_code=code)


_STEPS = (
    (SMTPAuthenticationError, "the user name or password"),
    (SMTPSenderRefused, "the sender's address"),
    (SMTPRecipientRefused, "the recipient's address"),
    (SMTPDataError, "the message"),
)


def _unsafe(error: BaseException | None) -> str:
    """Why TLS failed for a reason that stays; a connection that broke off may work next time."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        if isinstance(error, ssl.SSLError) and not isinstance(error, _BROKEN_OFF):
            return error.reason or str(error)
        error = error.__cause__
    return ""


_BROKEN_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
