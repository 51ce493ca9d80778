"""The sandbox's mailbox: letters in over SMTP, out as JSON and as a page for people."""

import asyncio
import html
import smtplib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, cast

import aiosmtplib
import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.sandbox.world import CONFIG, StillClock, running
from tests.support.waiting import until
from tradewind_host.serving import bind, port_of
from tradewind_sandbox import MailAccount, create_app
from tradewind_sandbox.mail.letters import parse

ACCOUNT = MailAccount(username="shop", password="letters-only")
LONG = 3_600_000


@dataclass
class Post:
    """A sandbox that takes letters, and a client for its doors."""

    client: httpx.AsyncClient
    clock: StillClock
    port: int

    async def send(self, letter: EmailMessage, **options: Any) -> None:
        """Hand in a letter; raises SMTPException when it is not taken."""
        await aiosmtplib.send(letter, hostname="127.0.0.1", port=self.port, **NO_TLS, **options)

    async def letters(self, to: str | None = None) -> list[dict[str, Any]]:
        """What lies in the mailbox, through the door for programs."""
        answer = await self.client.get("/mail/messages", params={"to": to} if to else {})
        return cast("list[dict[str, Any]]", answer.raise_for_status().json())

    async def subjects(self) -> list[str]:
        return [letter["subject"] for letter in await self.letters()]

    async def has_letters(self) -> bool:
        await asyncio.sleep(0)  # the door answers in memory; let the server at its socket
        return bool(await self.letters())

    async def page(self, path: str) -> httpx.Response:
        return (await self.client.get(path)).raise_for_status()

    async def fault(self, kind: str, **fields: Any) -> None:
        """Have something go wrong once, unless told otherwise."""
        body = {"peer": "mail", "kind": kind, "count": 1, **fields}
        assert (await self.client.post("/faults", json=body)).status_code == 201

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port, **NO_TLS) as client:
            yield client


NO_TLS: dict[str, Any] = {"start_tls": False, "use_tls": False}


@asynccontextmanager
async def open_post(**changes: Any) -> AsyncIterator[Post]:
    listener, clock = bind("127.0.0.1", 0), StillClock()
    config = msgspec.structs.replace(CONFIG, **changes)
    app = create_app(config, clock=clock, mail_listener=listener)
    port = port_of(listener)
    transport = httpx.ASGITransport(app=cast("Any", app))
    async with (
        running(app),
        httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client,
    ):
        yield Post(client, clock, port)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with open_post() as opened:
        yield opened


def letter(subject: str = "Receipt", to: str = "amina@example.org") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Lucky Shrub <orders@shop.test>"
    made["To"] = to
    made["Subject"] = subject
    made.set_content("Thank you.\n")
    return made


def rich_letter() -> EmailMessage:
    made = letter("Your receipt № 7 – café", "Amina@Example.org, brian@example.org")
    made["List-Unsubscribe"] = "<https://shop.test/stop>"
    made.add_alternative("<p>Thank <b>you</b>, café</p>", subtype="html")
    made.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="bill №7.pdf")
    return made


# --- letters ---------------------------------------------------------------------------------


async def test_a_letter_can_be_read_with_all_its_parts(post: Post) -> None:
    await post.send(rich_letter())
    (found,) = await post.letters()
    assert found["subject"] == "Your receipt № 7 – café"
    assert found["from"] == "Lucky Shrub <orders@shop.test>"
    assert found["to"] == ["Amina@Example.org", "brian@example.org"]
    assert found["text"] == "Thank you.\n"
    assert found["html"] == "<p>Thank <b>you</b>, café</p>\n"
    assert found["headers"]["List-Unsubscribe"] == "<https://shop.test/stop>"
    assert found["at"] == "2026-11-21T12:00:00Z"
    (attachment,) = found["attachments"]
    url = attachment.pop("url")
    assert attachment == {"filename": "bill №7.pdf", "media_type": "application/pdf", "size": 8}
    answer = await post.page(url)
    assert (answer.content, answer.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-security-policy"] == "sandbox"


async def test_letters_are_listed_oldest_first_and_by_address_regardless_of_case(
    post: Post,
) -> None:
    await post.send(letter("one", "amina+shop@example.org"))
    await post.send(letter("two", "brian@example.org"))
    await post.send(letter("three", "AMINA+shop@EXAMPLE.org"))
    assert await post.subjects() == ["one", "two", "three"]
    hers = await post.letters("Amina+Shop@example.ORG")
    assert [found["subject"] for found in hers] == ["one", "three"]
    unescaped = await post.page("/mail/messages?to=amina+shop@example.org")
    assert unescaped.json() == hers
    assert await post.letters("amina@example.org") == []


async def test_who_is_in_no_header_is_found_too(post: Post) -> None:
    await post.send(letter("hidden"), recipients=["secretly@example.org"])
    assert [found["subject"] for found in await post.letters("secretly@example.org")] == ["hidden"]
    assert await post.letters("amina@example.org") == []


async def test_lines_that_begin_with_dots_arrive_as_they_were(post: Post) -> None:
    made = letter()
    made.set_content(".\n..two\n.end\n")
    await post.send(made)
    assert (await post.letters())[0]["text"] == ".\n..two\n.end\n"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"just text", "just text"),
        (b"\xff\xfe\x00", "\ufffd\ufffd\x00"),
        (b"Content-Type: text/plain; charset=nonsense\n\ncaf\xc3\xa9", "café"),
        (b"Content-Type: multipart/mixed; boundary=x\n\nno parts", ""),
        (b"Content-Type: nonsense\nFrom: @@@ <<>>\nTo: ;;\n\nHi", "Hi"),
    ],
)
def test_a_broken_letter_is_kept_with_what_can_be_read(raw: bytes, text: str) -> None:
    assert parse(raw).text == text


@given(
    st.lists(
        st.sampled_from(
            [
                b"Content-Type: multipart/alternative; boundary=x\n",
                b"Content-Type: text/html; charset=utf-16\n",
                b"Content-Type: message/rfc822\n",
                b"Content-Transfer-Encoding: base64\n",
                b"Content-Disposition: attachment; filename*=utf-8''%ff%fe\n",
                b"Subject: =?utf-8?b?gA==?= =?x?q?=ff?=\n",
                b"From: \xff@\xfe, <>,,\n",
                b"To: =?\n",
                b"\n",
                b"--x\n",
                b"--x--\n",
                b"=A\n",
            ]
        )
        | st.binary(max_size=20),
        max_size=12,
    )
)
def test_any_bytes_make_a_letter_that_can_be_written_as_json(lines: Sequence[bytes]) -> None:
    assert msgspec.json.encode(parse(b"".join(lines)))


# --- SMTP ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auth_login", "auth_plain"])
async def test_with_an_account_its_name_and_password_are_needed(method: str) -> None:
    async with open_post(mail=ACCOUNT) as post, post.connected() as client:
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
            await client.send_message(letter())
        assert refused.value.code == 530
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await getattr(client, method)("shop", "wrong")
        await getattr(client, method)("shop", "letters-only")
        await client.send_message(letter())
        assert await post.subjects() == ["Receipt"]


async def test_without_an_account_anybody_may_send_signed_in_or_not(post: Post) -> None:
    await post.send(letter("one"))
    await post.send(letter("two"), username="anybody", password="anything")
    assert await post.subjects() == ["one", "two"]


async def test_pythons_own_client_can_send(post: Post) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", post.port) as client:
            client.send_message(letter())

    await asyncio.to_thread(send)
    assert await post.subjects() == ["Receipt"]


async def test_stopping_hangs_up_and_frees_the_port() -> None:
    async with open_post() as post:
        idle = aiosmtplib.SMTP(hostname="127.0.0.1", port=post.port, timeout=10, **NO_TLS)
        await idle.connect()
        await post.fault("timeout_after_effect", milliseconds=LONG)
        waiting = asyncio.create_task(post.send(letter(), timeout=10))
        await until(post.has_letters, "the letter has been taken")
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await waiting
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await idle.noop()
    bind("127.0.0.1", post.port).close()


# --- faults ----------------------------------------------------------------------------------


async def test_a_busy_server_refuses_before_the_letter_and_hangs_up(post: Post) -> None:
    await post.fault("status_429")
    async with post.connected() as client:
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await client.send_message(letter())
        assert refused.value.code == 421
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await client.noop()
    assert await post.letters() == []
    await post.send(letter())
    assert await post.subjects() == ["Receipt"]


async def test_a_broken_server_refuses_the_letter_for_now(post: Post) -> None:
    await post.fault("status_500")
    async with post.connected() as client:
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await client.send_message(letter())
        assert refused.value.code == 451
        assert await post.letters() == []
        await client.send_message(letter())
    assert await post.subjects() == ["Receipt"]


async def test_a_late_server_takes_the_letter_after_its_time(post: Post) -> None:
    await post.fault("delay", milliseconds=60)
    begun = time.monotonic()
    await post.send(letter())
    assert time.monotonic() - begun >= 0.06
    assert await post.subjects() == ["Receipt"]


async def test_a_letter_without_a_reply_is_kept(post: Post) -> None:
    await post.fault("timeout_after_effect")
    with pytest.raises(aiosmtplib.SMTPReadTimeoutError):
        await post.send(letter("kept"), timeout=0.5)
    await post.fault("timeout_after_effect", milliseconds=0)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await post.send(letter("kept too"), timeout=10)
    await post.send(letter("answered"))
    assert await post.subjects() == ["kept", "kept too", "answered"]


async def test_a_dropped_letter_is_accepted_and_never_shown(post: Post) -> None:
    await post.fault("drop")
    await post.send(letter("lost"))
    await post.send(letter("found"))
    assert await post.subjects() == ["found"]


async def test_a_duplicated_letter_is_shown_twice(post: Post) -> None:
    await post.fault("duplicate")
    await post.send(letter("twice"))
    await post.send(letter("once"))
    assert await post.subjects() == ["twice", "twice", "once"]


async def test_a_reordered_letter_is_shown_after_the_next_one(post: Post) -> None:
    await post.fault("reorder", milliseconds=LONG)
    await post.send(letter("one"))
    assert await post.subjects() == []
    await post.send(letter("two"))
    assert await post.subjects() == ["two", "one"]


async def test_a_reordered_letter_does_not_wait_for_ever(post: Post) -> None:
    await post.fault("reorder", milliseconds=10)
    await post.send(letter("one"))
    await until(post.has_letters, "the letter is shown")
    assert await post.subjects() == ["one"]


async def test_what_happened_to_letters_is_counted(post: Post) -> None:
    await post.fault("drop", count=2)
    for _ in range(3):
        await post.send(letter())
    counted = (await post.page("/faults")).json()
    assert counted == {"faults": [], "injected": {"mail": {"drop": 2}}}


# --- the page --------------------------------------------------------------------------------


async def test_the_page_lists_letters_newest_first_and_opens_one(post: Post) -> None:
    empty = await post.page("/mail/")
    assert "No letters yet" in empty.text
    await post.send(letter("one"))
    await post.send(rich_letter())
    page = (await post.page("/mail/")).text
    assert page.index("Your receipt № 7 – café") < page.index("one")
    assert 'href="/mail/letters/2"' in page
    opened = (await post.page("/mail/letters/2")).text
    assert "Lucky Shrub &lt;orders@shop.test&gt;" in opened
    assert "Thank you." in opened
    assert "bill №7.pdf" in opened
    assert "<script" not in opened


async def test_the_page_can_show_one_address_alone(post: Post) -> None:
    await post.send(letter("one", "amina+shop@example.org"))
    await post.send(letter("two", "brian@example.org"))
    page = (await post.page("/mail/?to=amina%2Bshop%40example.org")).text
    assert "one" in page
    assert "two" not in page
    assert 'href="/mail/letters/1?to=amina%2Bshop%40example.org"' in page


async def test_a_letter_that_is_not_there_is_not_found(post: Post) -> None:
    await post.send(letter())
    for path in (
        "/mail/letters/9",
        "/mail/letters/9/attachments/0",
        "/mail/letters/1/attachments/0",
    ):
        assert (await post.client.get(path)).status_code == 404


async def test_a_letters_html_stays_in_its_frame_and_runs_nothing(post: Post) -> None:
    evil = """"></iframe><script>alert(1)</script><a href='x'>link</a>"""
    made = letter(f"<script>{evil}", "amina@example.org")
    made["X-Odd"] = evil
    made.set_content(evil)
    made.add_alternative(evil, subtype="html")
    made.add_attachment(b"x", maintype="text", subtype="html", filename='a"><script>.html')
    await post.send(made)
    page = await post.page("/mail/letters/1")
    assert "<script" not in page.text
    assert page.text.count("</iframe>") == 1
    frame = page.text.split('srcdoc="')[1].split('"')[0]
    assert html.unescape(frame) == f"<!doctype html><base target=_blank>{evil}\n"
    attributes = page.text.split("<iframe")[1].split(">")[0]
    assert "allow-scripts" not in attributes
    assert "allow-same-origin" not in attributes
    assert "sandbox=" in attributes
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    file = (await post.letters())[0]["attachments"][0]["url"]
    assert (await post.page(file)).headers["content-disposition"] == "attachment"


async def test_the_pages_files_are_there(post: Post) -> None:
    for name in ("mail.css", "icon.svg"):
        assert (await post.page(f"/mail/static/{name}")).content
