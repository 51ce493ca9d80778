"""What a mail server's trouble means to the engine: this letter, the account, or just later."""

import asyncio
import ssl
from socket import AF_INET, SOCK_STREAM
from typing import Any

import pytest

from tests.support.mail_account import Account
from tests.support.post import PASSWORD, USER, Authority, Office
from tradewind import ChannelDown, ChannelError, PermanentFailure, Retry
from tradewind_email import network, smtp


async def refusal(account: Account, **settings: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        await account.send(**settings)
    return raised.value


@pytest.mark.parametrize(
    ("step", "reply", "kind"),
    [
        ("RCPT", "550 5.1.1 no such mailbox", PermanentFailure),
        ("RCPT", "553 5.1.3 bad address", PermanentFailure),
        ("RCPT", "450 4.2.0 greylisted", Retry),
        ("RCPT", "452 4.2.2 mailbox full", Retry),
        ("RCPT", "530 5.7.0 sign in first", ChannelDown),
        ("MAIL", "550 5.7.1 not your address", ChannelDown),
        ("MAIL", "552 5.3.4 too large", PermanentFailure),
        ("MAIL", "451 4.3.0 later", Retry),
        ("DATA", "554 5.7.1 looks like spam", PermanentFailure),
        ("DATA", "451 4.7.0 later", Retry),
        ("DATA", "421 4.3.2 closing", Retry),
    ],
)
async def test_a_reply_means_what_its_code_and_its_step_say(
    office: Office, account: Account, step: str, reply: str, kind: type[ChannelError]
) -> None:
    await office.open()
    office.replies[step] = [reply]
    error = await refusal(account)
    assert type(error) is kind
    code, _, words = reply.partition(" ")
    assert error.provider_code == code
    assert words in error.detail
    assert not isinstance(error, Retry) or not error.unknown


async def test_after_a_passing_refusal_the_letter_goes_out(
    office: Office, account: Account
) -> None:
    await office.open()
    office.replies["RCPT"] = ["450 4.2.0 greylisted"]
    assert isinstance(await refusal(account), Retry)
    await account.send()
    assert len(office.envelopes) == 1


@pytest.mark.parametrize(("step", "unknown"), [("MAIL", False), ("RCPT", False), ("DATA", True)])
async def test_a_server_that_falls_silent_may_have_the_letter_only_after_data(
    office: Office,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    *,
    unknown: bool,
) -> None:
    await office.open()
    office.silent_at = step
    monkeypatch.setattr(smtp, "SECONDS", 0.3)
    error = await refusal(account)
    assert isinstance(error, Retry)
    assert error.unknown is unknown


async def test_a_wrong_password_is_a_matter_for_the_operator(
    office: Office, account: Account
) -> None:
    await office.open(authenticator=office.knows, auth_require_tls=False)
    error = await refusal(account, username=USER, password="wrong")
    assert isinstance(error, ChannelDown)
    assert error.provider_code == "535"
    assert "user name or password" in error.detail
    assert PASSWORD not in error.detail
    assert not office.envelopes


async def test_a_server_that_lets_nobody_sign_in_is_named(office: Office, account: Account) -> None:
    await office.open()
    assert isinstance(await refusal(account, username=USER, password=PASSWORD), ChannelDown)


async def test_nobody_listening_is_passing_and_no_such_host_is_not(
    office: Office, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.open()
    await office.close()
    error = await refusal(account)
    assert isinstance(error, Retry)
    assert not error.unknown
    assert isinstance(await refusal(account, host="no-such-host.invalid"), ChannelDown)


# --- encryption ----------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_letter_goes_encrypted_to_the_server_that_the_certificate_names(
    office: Office,
    account: Account,
    authority: Authority,
    security: str,
) -> None:
    await open_encrypted(office, authority.context("localhost"), security)
    await account.send(host="localhost", security=security, username=USER, password=PASSWORD)
    (envelope,) = office.envelopes
    assert envelope.rcpt_tos == ["jane@example.com"]
    assert office.logins == [(USER.encode(), PASSWORD.encode())]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_for_another_name_is_not_believed(
    office: Office,
    account: Account,
    authority: Authority,
    security: str,
) -> None:
    await open_encrypted(office, authority.context("mail.other.example"), security)
    error = await refusal(
        account, host="localhost", security=security, username=USER, password=PASSWORD
    )
    assert isinstance(error, ChannelDown)
    assert "mismatch" in error.detail
    assert not office.logins
    assert not office.envelopes


async def open_encrypted(office: Office, context: ssl.SSLContext, security: str) -> None:
    known = {"authenticator": office.knows}
    if security == "tls":
        await office.open(over_tls=context, auth_require_tls=False, **known)
    else:
        await office.open(tls_context=context, require_starttls=True, **known)


async def test_without_starttls_at_the_server_nothing_is_said(
    office: Office, account: Account
) -> None:
    await office.open(authenticator=office.knows, auth_require_tls=False)
    error = await refusal(account, security="starttls", username=USER, password=PASSWORD)
    assert isinstance(error, ChannelDown)
    assert "STARTTLS" in error.detail
    assert not office.logins


async def test_a_server_that_speaks_no_tls_is_named(office: Office, account: Account) -> None:
    await office.open()
    error = await refusal(account, host="localhost", security="tls")
    assert isinstance(error, ChannelDown)


# --- the house's own network ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0", "127.1", "2130706433", "::ffff:127.0.0.1"]
)
async def test_a_merchant_reaches_nothing_in_the_own_network(
    office: Office, account: Account, host: str
) -> None:
    await office.open()
    error = await refusal(account, host=host, allow_private_hosts=False)
    assert isinstance(error, ChannelDown)
    assert "private network" in error.detail
    assert office.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
async def test_where_the_operator_allows_it_the_same_host_is_reached(
    office: Office, account: Account, host: str
) -> None:
    await office.open()
    await account.send(host=host)
    assert office.connections == 1


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "0.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1"),
        *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "64:ff9b:1::a00:1"),
        *("2002:7f00:1::", "2002:a00:1::", "2001:db8::1", "::127.0.0.1"),
    ],
)
def test_an_address_that_is_nobodys_on_the_internet_is_not_public(address: str) -> None:
    assert not network.is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_an_address_of_somebody_on_the_internet_is_public(address: str) -> None:
    assert network.is_public(address)


async def test_a_name_is_looked_up_once_and_what_was_checked_is_called(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.open()
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **_more: Any) -> list[Any]:
        asked.append(host)
        addresses = ["10.0.0.1", "127.0.0.1"]
        return [(AF_INET, SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(network, "is_public", {"127.0.0.1"}.__contains__)
    connection = await network.connect("mail.shop.example", office.port, private=False)
    with connection:
        assert connection.getpeername() == ("127.0.0.1", office.port)
    assert asked == ["mail.shop.example"]
