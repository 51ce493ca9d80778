"""A letter as the bytes that go over the wire: both texts, attachments, headers that hold no trick.

RFC 5322 for the headers, RFC 2047 for words in them, RFC 2046 for the parts, RFC 3834 for
`Auto-Submitted`. The parts are those of Python's older e-mail classes: the newer ones read what is
put into a header once more, and find in it encoded words that a shopper or merchant wrote there.
"""

import re
from datetime import datetime
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, quote
from typing import Any
from unicodedata import category
from uuid import UUID

from tradewind import Attachment, Email
from tradewind_email.addresses import ascii_address
from tradewind_email.settings import EmailSettings

_WIRE = compat32.clone(linesep="\r\n", mangle_from_=False)
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP
_MEDIA_TYPE = re.compile(r"([A-Za-z0-9][\w.+-]*)/([A-Za-z0-9][\w.+-]*)", re.ASCII)
_LONGEST_LINE = 200


def compose(
    letter: Email,
    message_id: str,
    recipient: str,
    settings: EmailSettings,
    store_name: str,
    now: datetime,
) -> bytes:
    """The message on the wire. Raises ValueError for addresses that are none."""
    message = _parts(letter)
    name = one_line(settings.sender_name) or one_line(store_name)
    message["From"] = _named(name, ascii_address(settings.sender))
    message["To"] = ascii_address(recipient)
    if settings.reply_to:
        message["Reply-To"] = ascii_address(settings.reply_to)
    message["Subject"] = _header("Subject", one_line(letter.subject))
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    return message.as_bytes(policy=_WIRE)


def message_id_of(message_id: UUID, sender: str) -> str:
    """The Message-ID of a message of ours, without its brackets: the same for each repetition."""
    return f"{message_id}@{ascii_address(sender).rpartition('@')[2]}"


def one_line(text: str) -> str:
    """Words for a header: on one line, without anything invisible, at most 200 characters."""
    shown = (" " if category(one) in {"Cc", "Zl", "Zp"} else one for one in _sound(text))
    return " ".join("".join(shown).split())[:_LONGEST_LINE]


def _parts(letter: Email) -> "Message[Any, Any]":
    """Both texts, the better one last; with attachments, all of it in one bag."""
    texts = MIMEMultipart("alternative")
    texts.attach(_text("plain", letter.text))
    texts.attach(_text("html", letter.html))
    if not letter.attachments:
        return texts
    bag = MIMEMultipart("mixed")
    for part in (texts, *map(_attached, letter.attachments)):
        bag.attach(part)
    return bag


def _text(kind: str, words: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", kind)
    part.set_payload(_sound(words), _UTF8)
    return part


def _attached(attachment: Attachment) -> MIMEBase:
    known = _MEDIA_TYPE.fullmatch(attachment.media_type)
    main, sub = known.groups() if known else ("", "")
    if main in {"", "multipart", "message"}:
        main, sub = "application", "octet-stream"
    part = MIMEBase(main, sub)
    part.set_payload(attachment.content)
    encode_base64(part)
    name = one_line(attachment.filename) or "attachment"
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
    return part


def _named(name: str, address: str) -> Header:
    if _is_plain(name):
        return Header(f'"{quote(name)}" <{address}>' if name else address, header_name="From")
    header = _header("From", name)
    header.append(f"<{address}>", "us-ascii")
    return header


def _header(name: str, words: str) -> Header:
    return Header(words, "us-ascii" if _is_plain(words) else "utf-8", header_name=name)


def _is_plain(words: str) -> bool:
    """Whether words mean in a header what they say; `=?` would begin an encoded word."""
    return words.isascii() and "=?" not in words


def _sound(text: str) -> str:
    """The text without halves of characters, which nothing can encode."""
    return text.encode(errors="replace").decode()
