"""The demo's accounts in the outside world and its API keys: made up once, kept in one file."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tradewind_host.demo.catalog import STORES
from tradewind_host.local import kept_in


class DemoKeys(msgspec.Struct, frozen=True, kw_only=True):
    """How to call one store's APIs, and its own access token at Meta."""

    publishable_key: str
    secret_key: str
    whatsapp_token: str


class DemoNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A store's business number at Meta; no secrets, so the same in every demo."""

    phone_number_id: str
    display_phone_number: str
    waba_id: str


class DemoAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a demo made up for itself; both numbers belong to one Meta app."""

    app_secret: str
    verify_token: str
    stores: Mapping[str, DemoKeys]


NUMBERS: Mapping[str, DemoNumber] = {
    "demo": DemoNumber(
        phone_number_id="106540352242901",
        display_phone_number="+254 700 000 001",
        waba_id="102290129340401",
    ),
    "second": DemoNumber(
        phone_number_id="106540352242902",
        display_phone_number="+1 650-555-0100",
        waba_id="102290129340402",
    ),
}


def accounts_in(data_dir: Path) -> DemoAccounts:
    """The demo's accounts, the same at every start with this data folder."""
    return kept_in(data_dir / "demo.json", DemoAccounts, _made_up)


def _made_up() -> DemoAccounts:
    return DemoAccounts(
        app_secret=secrets.token_hex(16),
        verify_token=secrets.token_urlsafe(16),
        stores={store.slug: _keys() for store in STORES},
    )


def _keys() -> DemoKeys:
    return DemoKeys(
        publishable_key=f"pk_{secrets.token_urlsafe(24)}",
        secret_key=f"sk_{secrets.token_urlsafe(24)}",
        whatsapp_token=f"EAA{secrets.token_urlsafe(40)}",
    )


def plugin_settings(
    plugin: str, slug: str, accounts: DemoAccounts, sandbox_url: str
) -> dict[str, Any]:
    """What a store of the demo tells a plugin; one that is not known here gets its defaults."""
    number, keys = NUMBERS[slug], accounts.stores[slug]
    known: Mapping[str, dict[str, Any]] = {
        "whatsapp": {
            "phone_number_id": number.phone_number_id,
            "display_phone_number": number.display_phone_number,
            "waba_id": number.waba_id,
            "access_token": keys.whatsapp_token,
            "app_secret": accounts.app_secret,
            "verify_token": accounts.verify_token,
            "api_base": sandbox_url,
        },
        "manual": {"bank_details": f"Demo Bank, account 0011 2233 44, {slug}"},
    }
    return known.get(plugin, {})
