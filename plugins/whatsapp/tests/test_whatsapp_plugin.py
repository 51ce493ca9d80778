"""The package as Tradewind finds it, and whether its fixtures are all in use."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradewind import Channel
from tradewind import __version__ as core_version
from tradewind_whatsapp import WhatsApp, WhatsAppSettings, plugin

PACKAGE = Path(__file__).parent.parent

SETTINGS = {
    "phone_number_id": "106540352242922",
    "access_token": "EAAG",
    "app_secret": "s",
    "verify_token": "v",
}


def test_the_entry_point_leads_to_the_plugin() -> None:
    manifest = tomllib.loads((PACKAGE / "pyproject.toml").read_text())
    module, _, attribute = manifest["project"]["entry-points"]["tradewind"]["whatsapp"].partition(
        ":"
    )
    assert getattr(import_module(module), attribute) is plugin
    assert core_version.startswith("0.1.")


def test_the_plugin_brings_one_channel() -> None:
    (channel,) = plugin.channels()
    typed: Channel[Any] = channel
    assert (typed.name, typed.session_prefix) == ("whatsapp", "wa")
    assert typed.address(WhatsAppSettings(**SETTINGS)) == "106540352242922"


def test_a_chat_begins_at_the_number_that_shoppers_see() -> None:
    settings = WhatsAppSettings(**SETTINGS, display_phone_number="+254 700 000 001")
    link = WhatsApp().chat_link(settings, "Tea & milk, 2 × please?")
    assert link is not None
    assert link.title == "WhatsApp"
    assert link.url == (
        "https://wa.me/254700000001?text=Tea%20%26%20milk%2C%202%20%C3%97%20please%3F"
    )
    assert WhatsApp().chat_link(WhatsAppSettings(**SETTINGS), "Hello") is None


def test_secrets_and_operator_settings_are_marked() -> None:
    fields = msgspec.json.schema(WhatsAppSettings)["$defs"]["WhatsAppSettings"]["properties"]
    secret = {name for name, field in fields.items() if field.get("writeOnly")}
    assert secret == {"access_token", "app_secret", "app_secret_previous", "verify_token"}
    assert {name for name, field in fields.items() if field.get("x-operator-only")} == {"api_base"}
    assert all(field.get("title") for field in fields.values())


@pytest.mark.parametrize(
    "change",
    [
        {"phone_number_id": ""},
        {"phone_number_id": "1/../2"},
        {"app_secret": ""},
        {"verify_token": ""},
        {"access_token": "two words"},
        {"api_version": "latest"},
        {"unknown": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, str]) -> None:
    msgspec.convert(SETTINGS, WhatsAppSettings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**SETTINGS, **change}, WhatsAppSettings)


def test_every_webhook_and_answer_among_the_fixtures_is_tested() -> None:
    tests = "".join(path.read_text() for path in (PACKAGE / "tests").glob("test_*.py"))
    # Bodies for managing templates, and kinds of messages the engine does not send.
    not_ours = {"meta-send-catalog-message-request.json", "meta-template-mpm-request.json"}
    names = {path.name for path in (PACKAGE / "fixtures").iterdir()}
    unused = {name for name in names if name not in tests}
    assert {name for name in unused if "-template-create" not in name} <= not_ours


def test_the_limits_are_meta_s() -> None:
    limits = WhatsApp.capabilities
    assert (limits.buttons, limits.menu_rows, limits.reply_id_length) == (3, 10, 200)
