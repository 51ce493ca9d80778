"""What arrives at a real mail server, and what a person's mail program makes of it."""

from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest

from tests.support.mail_account import LETTER, MESSAGE_ID, Account
from tests.support.post import PASSWORD, USER, Office, parsed
from tradewind import Attachment, Email, PermanentFailure, Text


def part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n").strip()


async def test_a_letter_arrives_with_both_texts(office: Office, account: Account) -> None:
    await office.open()
    sent = await account.send()
    letter = office.letter()
    assert letter["From"] == "Store under test <orders@shop.example>"
    assert letter["To"] == "jane@example.com"
    assert letter["Subject"] == "Your order 1001"
    assert letter.get_content_type() == "multipart/alternative"
    assert (part(letter, "plain"), part(letter, "html")) == ("Thank you!", "<p>Thank you!</p>")
    (envelope,) = office.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("orders@shop.example", ["jane@example.com"])
    assert letter["Message-ID"] == f"<{sent.ref}>" == f"<{MESSAGE_ID}@shop.example>"


async def test_a_letter_says_when_it_was_written_and_that_a_machine_did(
    office: Office, account: Account
) -> None:
    await office.open()
    context = account.context()
    await account.send(context=context)
    assert parsedate_to_datetime(office.letter()["Date"]) == context.clock.now()
    assert office.letter()["Auto-Submitted"] == "auto-generated"
    assert office.letter()["MIME-Version"] == "1.0"


async def test_a_letter_that_is_sent_again_has_the_same_message_id(
    office: Office, account: Account
) -> None:
    await office.open()
    await account.send()
    await account.send()
    first, second = [parsed(envelope)["Message-ID"] for envelope in office.envelopes]
    assert first == second


async def test_any_language_arrives_unharmed_over_seven_bits(
    office: Office, account: Account
) -> None:
    await office.open()
    words = "Asante! Commande reçue — 注文 🧺\n" + "lang " * 400
    letter = Email(subject="Votre commande n° 1001 — été 注文", text=words, html=f"<p>{words}</p>")
    await account.send(letter, sender_name="Café “Zur Grünen”, Ltd.")
    (envelope,) = office.envelopes
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()
    assert max(map(len, envelope.content.split(b"\r\n"))) <= 998
    arrived = office.letter()
    assert arrived["Subject"] == letter.subject
    assert part(arrived, "plain") == words.strip()
    assert part(arrived, "html") == f"<p>{words}</p>".strip()
    (sender,) = arrived["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (
        "Café “Zur Grünen”, Ltd.",
        "orders@shop.example",
    )


async def test_a_line_that_is_a_dot_ends_nothing(office: Office, account: Account) -> None:
    await office.open()
    text = "one\n.\nRCPT TO:<evil@example.com>\n..two"
    await account.send(Email(subject="Dots", text=text, html="<p>\n.\n</p>"))
    assert part(office.letter(), "plain") == text
    assert office.envelopes[0].rcpt_tos == ["jane@example.com"]


async def test_files_travel_with_the_letter(office: Office, account: Account) -> None:
    await office.open()
    invoice = Attachment(
        filename="Facture n° 1.pdf", media_type="application/pdf", content=b"%PDF\x00\xff"
    )
    odd = Attachment(filename="", media_type="no type\r\nX: y", content=b"x")
    mail = Attachment(filename="m.eml", media_type="message/rfc822", content=b"Subject: x")
    letter = Email(subject="s", text="t", html="h", attachments=[invoice, odd, mail])
    await account.send(letter)
    found = [
        (one.get_filename(), one.get_content_type(), one.get_content())
        for one in office.letter().iter_attachments()
    ]
    assert found == [
        ("Facture n° 1.pdf", "application/pdf", b"%PDF\x00\xff"),
        ("attachment", "application/octet-stream", b"x"),
        ("m.eml", "application/octet-stream", b"Subject: x"),
    ]
    assert part(office.letter(), "html") == "h"


async def test_answers_go_where_the_store_wants_them(office: Office, account: Account) -> None:
    await office.open()
    await account.send(reply_to="help@shop.example", sender_name="Help\tdesk")
    assert office.letter()["Reply-To"] == "help@shop.example"
    assert office.letter()["From"] == "Help desk <orders@shop.example>"


async def test_the_store_signs_in(office: Office, account: Account) -> None:
    await office.open(authenticator=office.knows, auth_require_tls=False)
    await account.send(username=USER, password=PASSWORD)
    assert office.logins == [(USER.encode(), PASSWORD.encode())]
    assert office.helos == ["shop.example"]
    assert len(office.envelopes) == 1


# --- nothing slips into a header ---------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\0"])
async def test_no_words_of_a_shopper_or_merchant_begin_a_header(
    office: Office, account: Account, end: str
) -> None:
    await office.open()
    trick = f"Hello{end}Bcc: evil@example.com{end}{end}<script>"
    file = Attachment(filename=trick, media_type="text/csv", content=b"a,b")
    letter = Email(subject=trick, text="t", html="h", attachments=[file])
    await account.send(letter, sender_name=trick)
    arrived = office.letter()
    assert arrived["Bcc"] is None
    assert arrived["Subject"] == "Hello Bcc: evil@example.com <script>"
    assert [one.addr_spec for one in arrived["From"].addresses] == ["orders@shop.example"]
    assert office.envelopes[0].rcpt_tos == ["jane@example.com"]
    (attached,) = arrived.iter_attachments()
    assert attached.get_content_type() == "text/csv"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jane",
        "@example.com",
        "jane@",
        "jane@example.com\r\nRCPT TO:<evil@example.com>",
        "jane@example.com, evil@example.com",
        "jane@example.com> SIZE=1",
        "<jane@example.com>",
        "jane doe@example.com",
        "jane@exam ple.com",
        "jane@-example.com",
        "jane@example..com",
        ".jane@example.com",
        "ja\0ne@example.com",
        "jäne@example.com",
        "j" * 65 + "@example.com",
        "jane@" + "a" * 250 + ".com",
    ],
)
async def test_what_is_no_plain_address_is_refused_before_anybody_is_called(
    office: Office, account: Account, address: str
) -> None:
    await office.open()
    with pytest.raises(PermanentFailure):
        await account.send(to=address)
    assert office.connections == 0


async def test_a_domain_in_any_script_is_written_to(office: Office, account: Account) -> None:
    await office.open()
    await account.send(to="o'jane+shop@bücher.example")
    assert office.envelopes[0].rcpt_tos == ["o'jane+shop@xn--bcher-kva.example"]


async def test_only_letters_are_sent(office: Office, account: Account) -> None:
    await office.open()
    with pytest.raises(PermanentFailure):
        await account.send(Text(text="hi"))
    assert office.connections == 0
    await account.send(LETTER)
    assert office.connections == 1
