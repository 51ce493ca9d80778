"""Letters: what arrived over SMTP, parsed, and the mailbox that keeps them in memory."""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a letter."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """What a letter says; a part that it lacks is empty, a header that repeats is joined."""

    subject: str = ""
    sender: str = ""
    text: str = ""
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it lies in the mailbox; `recipients` are the addresses it was brought to."""

    id: int
    at: datetime
    recipients: tuple[str, ...]
    content: Content

    def is_for(self, address: str) -> bool:
        """Whether it was brought to an address, regardless of case."""
        return address.casefold() in (one.casefold() for one in self.recipients)


class Mailbox:
    """All letters, in the order in which they can be seen."""

    def __init__(self) -> None:
        self._letters: dict[int, Letter] = {}
        self._ids = itertools.count(1)
        self._held: tuple[asyncio.TimerHandle, datetime, Sequence[str], Content] | None = None

    @property
    def letters(self) -> list[Letter]:
        """All letters, oldest first."""
        return list(self._letters.values())

    @property
    def holds_one_back(self) -> bool:
        """Whether a letter waits for the next one to overtake it."""
        return self._held is not None

    def find(self, letter_id: int) -> Letter | None:
        """The letter with this id."""
        return self._letters.get(letter_id)

    def to(self, address: str) -> list[Letter]:
        """The letters to an address, oldest first; to everybody when it is empty."""
        return [letter for letter in self.letters if not address or letter.is_for(address)]

    def put(self, at: datetime, recipients: Sequence[str], content: Content) -> None:
        """Show a letter, and after it the one that was held back."""
        self._show(at, recipients, content)
        self._release()

    def hold_back(
        self, at: datetime, recipients: Sequence[str], content: Content, seconds: float
    ) -> None:
        """Show a letter after the next one, or when the time is over. One at a time is held."""
        timer = asyncio.get_running_loop().call_later(seconds, self._release)
        self._held = (timer, at, recipients, content)

    def close(self) -> None:
        """Let nothing wait any longer."""
        self._release()

    def _show(self, at: datetime, recipients: Sequence[str], content: Content) -> None:
        letter = Letter(next(self._ids), at, tuple(recipients), content)
        self._letters[letter.id] = letter

    def _release(self) -> None:
        if self._held:
            timer, at, recipients, content = self._held
            self._held = None
            timer.cancel()
            self._show(at, recipients, content)


def parse(raw: bytes) -> Content:
    """What a letter says. One that nobody can read is kept as the text that it is."""
    try:
        return _parse(message_from_bytes(raw, policy=policy.default))
    except Exception:  # the parser fails in many ways, and no letter may be lost by it
        logger.warning("a letter could not be parsed", exc_info=True)
        return Content(text=_clean(raw.decode("utf-8", "replace")))


def _parse(message: EmailMessage) -> Content:
    headers: dict[str, str] = {}
    for name, value in message.items():
        known = headers.get(name)
        headers[_clean(name)] = _clean(f"{known}, {value}" if known else str(value))
    return Content(
        subject=headers.get("Subject", ""),
        sender=headers.get("From", ""),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        headers=tuple(headers.items()),
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return "" if part is None else _text(part)


def _text(part: MIMEPart) -> str:
    try:
        return _clean(str(part.get_content()))
    except (LookupError, UnicodeError):  # a character set that does not exist
        return _bytes(part).decode("utf-8", "replace")


def _attachment(part: MIMEPart) -> Attachment:
    return Attachment(
        filename=_clean(part.get_filename() or "unnamed"),
        media_type=_clean(part.get_content_type()),
        content=_bytes(part),
    )


def _bytes(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else part.as_bytes()


def _clean(text: str) -> str:
    """Text that can be written as UTF-8, whatever bytes it was made of."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
