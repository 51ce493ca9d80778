"""Whatever the words are: a letter has the headers it was given and no others."""

import email
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.mail_account import MESSAGE_ID
from tradewind import Attachment, Email
from tradewind_email import EmailSettings
from tradewind_email.addresses import ascii_address
from tradewind_email.message import compose, one_line

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TRICKS = st.sampled_from(["\r\n", "\nBcc: e@x.example", "\0", "=?utf-8?q?=0A?=", '"', "<e@x>", ","])
WORDS = st.lists(TRICKS | st.text(max_size=30), max_size=12).map("".join)
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"}
CONTENT = {"Content-Type", "Content-Transfer-Encoding"}


def arrived(raw: bytes) -> EmailMessage:
    assert raw.isascii()
    return email.message_from_bytes(raw, policy=default)


@given(WORDS, WORDS, WORDS, st.text("ab.\n<é", max_size=200))
def test_no_words_make_a_header_or_a_recipient(
    subject: str, name: str, filename: str, text: str
) -> None:
    file = Attachment(filename=filename, media_type="text/plain", content=b"x")
    letter = Email(subject=subject, text=text, html=text, attachments=[file])
    settings = EmailSettings(host="mail.example", sender="orders@shop.example")
    read = arrived(compose(letter, str(MESSAGE_ID), "jane@example.com", settings, name, NOW))
    assert set(read.keys()) - CONTENT == HEADERS
    assert [one.addr_spec for one in read["From"].addresses] == ["orders@shop.example"]
    assert [one.addr_spec for one in read["To"].addresses] == ["jane@example.com"]
    assert len(list(read.iter_attachments())) == 1
    plain = read.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")


@given(WORDS)
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    settings = EmailSettings(host="mail.example", sender="orders@shop.example")
    letter = Email(subject=subject, text="t", html="h")
    read = arrived(compose(letter, str(MESSAGE_ID), "jane@example.com", settings, "Shop", NOW))
    assert one_line(str(read["Subject"])) == one_line(subject)


@given(st.text())
def test_an_address_is_ascii_without_anything_that_ends_it_or_is_none(text: str) -> None:
    try:
        address = ascii_address(text)
    except ValueError:
        return
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>,;:"\\()[]')
    assert address.count("@") == 1


@pytest.mark.parametrize("wrong", ["orders", "orders@shop.example\nBcc: e@x.example", ""])
def test_the_senders_address_is_checked_when_it_is_set(wrong: str) -> None:
    with pytest.raises(ValueError, match="no mail address"):
        EmailSettings(host="mail.example", sender=wrong)
