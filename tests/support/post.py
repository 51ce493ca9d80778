"""A real mail server in the process of a test, certificates for it, and what arrived there."""

import asyncio
import email
import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "shop", "pässword"


class Office:
    """A mail server. `replies` are what it says to a step instead of the usual, in turn."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.envelopes: list[Envelope] = []
        self.helos: list[str] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.replies: dict[str, list[str]] = {}
        self.silent_at = ""
        self.options: dict[str, Any] = {}
        self._server: asyncio.Server | None = None

    async def open(self, **options: Any) -> None:
        """Start to listen; `options` are those of aiosmtpd."""
        self.options = {"enable_SMTPUTF8": False, "hostname": "mail.test", **options}
        loop = asyncio.get_running_loop()
        over_tls = self.options.pop("over_tls", None)
        self._server = await loop.create_server(self._talk, "127.0.0.1", 0, ssl=over_tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _talk(self) -> SMTP:
        self.connections += 1
        return SMTP(self, loop=asyncio.get_running_loop(), **self.options)

    def letter(self) -> EmailMessage:
        """The one letter that arrived, read as a mail program would."""
        (envelope,) = self.envelopes
        return parsed(envelope)

    # --- what aiosmtpd asks ------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.helos.append(hostname)
        return replies

    async def handle_MAIL(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._reply("MAIL")

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._reply("RCPT")

    async def handle_DATA(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.envelopes.append(envelope)
        return await self._reply("DATA")

    async def _reply(self, step: str) -> str:
        if self.silent_at == step:
            await asyncio.Event().wait()
        given = self.replies.get(step)
        return given.pop(0) if given else "250 OK"

    def knows(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)


def parsed(envelope: Envelope) -> EmailMessage:
    """A letter as a mail program reads it."""
    content = cast("bytes", envelope.content)
    return email.message_from_bytes(content, policy=default)


class Authority:
    """Signs the certificates of servers; `trusted` holds its own, for `SSL_CERT_FILE`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key, self._certificate = _certificate("Authority of the test", None, None)
        self.trusted = folder / "trusted.pem"
        self.trusted.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, name: str) -> ssl.SSLContext:
        """A server's TLS context with a certificate for a host name."""
        key, certificate = _certificate(name, self._key, self._certificate)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        pem = self._folder / f"{name}.pem"
        pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(pem)
        return made


def _certificate(
    name: str, issuer_key: ec.EllipticCurvePrivateKey | None, issuer: x509.Certificate | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        builder = builder.add_extension(names, critical=False)
    return key, builder.sign(issuer_key or key, hashes.SHA256())
