"""The package as Tradewind finds it, its closed door, and its check button."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.mail_account import Account
from tests.support.post import PASSWORD, USER, Authority, Office
from tradewind import Channel, CheckResult, Refused, WebhookRequest
from tradewind.testing.context import Accounts
from tradewind_email import EmailSettings, plugin

PACKAGE = Path(__file__).parent.parent
SETTINGS: dict[str, Any] = {"host": "mail.example", "sender": "orders@shop.example"}


def test_the_entry_point_leads_to_the_plugin() -> None:
    manifest = tomllib.loads((PACKAGE / "pyproject.toml").read_text())
    module, _, name = manifest["project"]["entry-points"]["tradewind"]["email"].partition(":")
    assert getattr(import_module(module), name) is plugin


def test_the_plugin_brings_one_channel_that_writes_letters_and_hears_nothing() -> None:
    (channel,) = plugin.channels()
    typed: Channel[Any] = channel
    assert typed.name == "email"
    assert typed.capabilities.email
    assert not typed.capabilities.inbound


def test_two_stores_may_have_one_account() -> None:
    (channel,) = plugin.channels()
    assert channel.address(EmailSettings(**SETTINGS)) == ""


def test_secrets_and_operator_settings_are_marked() -> None:
    fields = msgspec.json.schema(EmailSettings)["$defs"]["EmailSettings"]["properties"]
    assert {name for name, field in fields.items() if field.get("writeOnly")} == {"password"}
    reserved = {name for name, field in fields.items() if field.get("x-operator-only")}
    assert reserved == {"allow_private_hosts"}
    assert all(field.get("title") for field in fields.values())


@pytest.mark.parametrize(
    "change",
    [
        {"host": ""},
        {"host": "mail.example/x"},
        {"host": "mail example"},
        {"port": 0},
        {"port": 70_000},
        {"security": "ssl"},
        {"sender": "orders"},
        {"reply_to": "help@shop.example\r\nX: y"},
        {"colour": "blue"},
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    msgspec.convert(SETTINGS, EmailSettings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(SETTINGS | change, EmailSettings)


async def test_nothing_comes_in() -> None:
    (channel,) = plugin.channels()
    request = WebhookRequest(method="POST", query={}, headers={}, body=b"{}")
    decision = await channel.accept(request, Accounts({"": EmailSettings(**SETTINGS)}))
    assert isinstance(decision, Refused)
    assert decision.status == 404


# --- the check button ----------------------------------------------------------------------------


async def checked(account: Account, **settings: Any) -> list[tuple[str, bool]]:
    return [(one.name, one.passed) for one in await results(account, **settings)]


async def results(account: Account, **settings: Any) -> list[CheckResult]:
    return list(await account.channel.check(account.context(**settings)))


async def test_a_good_account_passes_every_check_and_sends_nothing(
    office: Office, account: Account, authority: Authority
) -> None:
    tls = authority.context("localhost")
    await office.open(tls_context=tls, require_starttls=True, authenticator=office.knows)
    told = {"host": "localhost", "security": "starttls", "allow_private_hosts": True}
    found = await checked(account, **told, username=USER, password=PASSWORD)
    assert found == [("server", True), ("account", True), ("sender", True)]
    assert not office.envelopes


async def test_a_wrong_password_is_told_in_words(office: Office, account: Account) -> None:
    await office.open(authenticator=office.knows, auth_require_tls=False)
    *_, last = await results(account, username=USER, password="wrong")
    assert (last.name, last.passed) == ("account", False)
    assert "refused the user name or password" in last.message
    assert "(535)" in last.message


async def test_a_sender_that_may_not_send_is_told(office: Office, account: Account) -> None:
    await office.open()
    office.replies["MAIL"] = ["550 5.7.1 not your address"]
    *_, last = await results(account)
    assert (last.name, last.passed) == ("sender", False)
    assert "not your address" in last.message


async def test_a_server_out_of_reach_is_told(office: Office, account: Account) -> None:
    await office.open()
    await office.close()
    assert await checked(account) == [("server", False)]
    assert await checked(account, host="no-such-host.invalid") == [("server", False)]


async def test_a_private_server_is_refused_to_a_merchant(office: Office, account: Account) -> None:
    await office.open()
    (only,) = await results(account, allow_private_hosts=False)
    assert not only.passed
    assert "private network" in only.message
    assert office.connections == 0
