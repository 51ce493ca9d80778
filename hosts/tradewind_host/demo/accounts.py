"""The demo's accounts in the outside world and its API keys: made up once, kept in one file."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tradewind_host.demo.catalog import STORES
from tradewind_host.local import kept_in


class DemoKeys(msgspec.Struct, frozen=True, kw_only=True):
    """How to call one store's APIs, and its own access token at Meta.

    Its secrets at other services follow from its secret key: a folder that an older demo left
    has them as well.
    """

    publishable_key: str
    secret_key: str
    whatsapp_token: str

    def secret_of(self, what: str) -> str:
        """A secret of this store at another service; the same at every start."""
        return hmac.new(self.secret_key.encode(), what.encode(), hashlib.sha256).hexdigest()[:32]

    @property
    def flutterwave(self) -> "FlutterwaveKeys":
        """The store's account at Flutterwave."""
        return FlutterwaveKeys(
            secret_key=f"FLWSECK_TEST-{self.secret_of('flutterwave')}-X",
            secret_hash=self.secret_of("flutterwave webhooks"),
            client_id=f"demo-{self.secret_of('flutterwave client')[:12]}",
            client_secret=self.secret_of("flutterwave client secret"),
        )

    @property
    def stripe(self) -> "StripeKeys":
        """The store's account at Stripe."""
        return StripeKeys(
            secret_key=f"sk_test_{self.secret_of('stripe')}",
            publishable_key=f"pk_test_{self.secret_of('stripe in browsers')}",
            webhook_secret=f"whsec_{self.secret_of('stripe webhooks')}",
        )


class StripeKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What opens an account at Stripe; `webhook_secret` signs its webhooks."""

    secret_key: str
    publishable_key: str
    webhook_secret: str


class FlutterwaveKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What opens an account at Flutterwave; `secret_hash` signs its webhooks."""

    secret_key: str
    secret_hash: str
    client_id: str
    client_secret: str


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

    @property
    def owner_password(self) -> str:
        """What the owner of both stores signs in to the dashboard with."""
        return self.stores[STORES[0].slug].secret_of("dashboard")[:16]


OWNER = "owner@demo.example"
"""Who owns both stores, and signs in to the dashboard."""

_TOKENS = "realms/flutterwave/protocol/openid-connect/token"

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


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """Where the demo's outside world is: its base address, and where it takes letters."""

    url: str
    host: str
    mail_port: int


def plugin_settings(
    plugin: str, slug: str, accounts: DemoAccounts, outside: Outside
) -> dict[str, Any]:
    """What a store of the demo tells a plugin; one that is not known here gets its defaults."""
    return {**_own(plugin, slug, accounts), **places(plugin, outside)}


def places(plugin: str, outside: Outside) -> dict[str, Any]:
    """The part of a plugin's settings that follows the sandbox about."""
    known: Mapping[str, dict[str, Any]] = {
        "whatsapp": {"api_base": outside.url},
        "flutterwave": {
            "api_base": f"{outside.url}/flutterwave/v3",
            "token_url": f"{outside.url}/flutterwave/{_TOKENS}",
        },
        "stripe": {"api_base": f"{outside.url}/stripe"},
        "email": {
            "host": outside.host,
            "port": outside.mail_port,
            "security": "none",
            "allow_private_hosts": True,
        },
    }
    return known.get(plugin, {})


def _own(plugin: str, slug: str, accounts: DemoAccounts) -> dict[str, Any]:
    number, keys = NUMBERS[slug], accounts.stores[slug]
    known: Mapping[str, dict[str, Any]] = {
        "whatsapp": {
            "phone_number_id": number.phone_number_id,
            "display_phone_number": number.display_phone_number,
            "waba_id": number.waba_id,
            "access_token": keys.whatsapp_token,
            "app_secret": accounts.app_secret,
            "verify_token": accounts.verify_token,
        },
        "flutterwave": msgspec.structs.asdict(keys.flutterwave),
        "stripe": {
            "secret_key": keys.stripe.secret_key,
            "publishable_key": keys.stripe.publishable_key,
            "webhook_secrets": [keys.stripe.webhook_secret],
        },
        "email": {"sender": f"shop@{slug}.example"},
        "manual": {"bank_details": f"Demo Bank, account 0011 2233 44, {slug}"},
    }
    return known.get(plugin, {})
