"""The SMTP server: takes letters for any address, with the faults that are set for `mail`."""

import asyncio
import hmac
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tradewind_sandbox.clock import Clock
from tradewind_sandbox.config import MailAccount
from tradewind_sandbox.faults import Faults
from tradewind_sandbox.mail.letters import Mailbox, parse

_NEEDS_ACCOUNT = "530 5.7.0 Authentication required"
_BUSY = "421 4.7.0 Too many letters, try again later"
_BROKEN = "451 4.3.0 Something went wrong here, try again later"
_TAKEN = "250 2.0.0 OK"


class Postman:
    """What happens to a letter, step by step; the methods' names are those aiosmtpd asks for.

    Refusals are those that pass: 421 closes the connection before a letter is handed over
    (`status_429`), 451 refuses it afterwards (`status_500`). A 554 would tell the sender to give
    up, which an HTTP 500 does not.
    """

    def __init__(
        self, mailbox: Mailbox, account: MailAccount | None, clock: Clock, faults: Faults
    ) -> None:
        self._mailbox = mailbox
        self._account = account
        self._clock = clock
        self._faults = faults

    def admits(
        self, _: SMTP, __: Session, ___: Envelope, ____: str, given: LoginPassword
    ) -> AuthResult:
        """Whether this is the account; anybody is let in where there is none."""
        account = self._account
        right = account is None or (
            hmac.compare_digest(given.login, account.username.encode())
            & hmac.compare_digest(given.password, account.password.encode())
        )
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(  # noqa: N802 - as aiosmtpd calls it
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: Sequence[str],
    ) -> str:
        """Begin a letter."""
        if self._account and not session.authenticated:
            return _NEEDS_ACCOUNT
        if self._faults.strike("mail", "status_429"):
            if server.transport:
                # Once the reply is written, which happens before anything else runs.
                asyncio.get_running_loop().call_soon(server.transport.close)
            return _BUSY
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_DATA(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a whole letter."""
        if late := self._faults.strike("mail", "delay"):
            await asyncio.sleep(late.seconds)
        if self._faults.strike("mail", "status_500"):
            return _BROKEN
        lost = self._faults.strike("mail", "timeout_after_effect")
        self._take(envelope)
        if lost:
            await asyncio.sleep(lost.seconds)
            await _hang_up(server)
        return _TAKEN

    def _take(self, envelope: Envelope) -> None:
        if self._faults.strike("mail", "drop"):
            return
        letter = (self._clock.now(), envelope.rcpt_tos, parse(envelope.original_content or b""))
        if not self._mailbox.holds_one_back and (late := self._faults.strike("mail", "reorder")):
            self._mailbox.hold_back(*letter, late.seconds)
            return
        copies = 2 if self._faults.strike("mail", "duplicate") else 1
        for _ in range(copies):
            self._mailbox.put(*letter)


async def _hang_up(server: SMTP) -> None:
    """End a connection without another word; the loss of it ends this task."""
    if server.transport:
        server.transport.close()
    await asyncio.Event().wait()


@asynccontextmanager
async def taking_mail(listener: socket.socket, postman: Postman) -> AsyncIterator[None]:
    """Take letters on a bound socket for as long as the block lasts, then hang up on everybody."""
    loop = asyncio.get_running_loop()
    connections: set[_Connection] = set()
    server = await loop.create_server(
        lambda: _Connection(postman, loop, connections), sock=listener
    )
    try:
        yield
    finally:
        server.close()
        await asyncio.gather(*(one.end() for one in list(connections)))
        await server.wait_closed()


class _Session(Session):
    """Without the warning that aiosmtpd writes each time somebody signs in."""

    login_data: Any = None


class _Connection(SMTP):
    """One client; known to the server for as long as it is there."""

    def __init__(
        self, postman: Postman, loop: asyncio.AbstractEventLoop, others: set["_Connection"]
    ) -> None:
        super().__init__(
            postman,
            hostname="mail.sandbox",
            ident="Sandbox",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=postman.admits,
            loop=loop,
        )
        self._others = others

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._others.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._others.discard(self)
        super().connection_lost(error)

    async def end(self) -> None:
        """Hang up, and wait until that has come through."""
        task = self._handler_coroutine
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        if task:
            await asyncio.wait([task])

    def _create_session(self) -> Session:
        return _Session(self.loop)
