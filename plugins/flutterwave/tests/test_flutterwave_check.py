"""What the check button says of an account, and what its settings refuse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tradewind import Accepted
from tradewind.contracts.settings import operator_fields, secret_fields
from tradewind.testing.context import Accounts
from tradewind_flutterwave import FlutterwaveProvider, FlutterwaveSettings

FIXTURES = Path(__file__).parent.parent / "fixtures"
V4 = {"api": "v4", "client_id": "id", "client_secret": "secret"}


@pytest.fixture
def check(provider: FlutterwaveProvider, context: Callable[..., Any]) -> Any:
    async def ask(peer: Any = None, **changes: Any) -> dict[str, Any]:
        found = await provider.check(context(peer, **changes))
        return {one.name: one for one in found}

    return ask


async def test_an_account_that_works_passes(check: Any, bank: Any) -> None:
    found = await check(bank)
    assert all(one.passed for one in found.values())
    assert "test mode" in found["credentials"].message
    assert "https://shop.example/webhooks/flutterwave/store-under-test" in found["webhooks"].message


async def test_a_v4_account_that_works_passes_without_a_page(check: Any, new_bank: Any) -> None:
    found = await check(new_bank, **V4)
    assert all(one.passed for one in found.values())
    assert "hosted" not in found["methods"].message


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"secret_key": ""}, "`secret_key`"), ({"api": "v4"}, "`client_id` and `client_secret`")],
)
async def test_what_is_missing_is_named_without_a_call(
    changes: dict[str, str], words: str, check: Any
) -> None:
    found = await check(**changes)
    assert not found["credentials"].passed
    assert words in found["credentials"].message
    assert not found["methods"].passed


async def test_a_missing_secret_hash_is_named(check: Any, bank: Any) -> None:
    found = await check(bank, secret_hash="")
    assert not found["webhooks"].passed
    assert "`secret_hash`" in found["webhooks"].message


async def test_methods_that_leave_nothing_to_offer_are_named(check: Any, new_bank: Any) -> None:
    assert not (await check(new_bank, methods=["hosted"], **V4))["methods"].passed


@pytest.mark.parametrize("status", [400, 401, 500, 503])
async def test_credentials_that_do_not_open_the_account_do_not_pass(
    status: int, check: Any
) -> None:
    for changes in ({}, V4):
        found = await check(lambda _: httpx.Response(status, json={}), **changes)
        assert not found["credentials"].passed
        assert found["credentials"].message


# --- settings ------------------------------------------------------------------------------------


def test_secrets_and_addresses_are_kept_from_merchants() -> None:
    secrets = {"secret_key", "client_secret", "secret_hash", "previous_secret_hash"}
    assert secret_fields(FlutterwaveSettings) == secrets
    assert operator_fields(FlutterwaveSettings) == {"api_base", "token_url"}


def test_without_a_word_from_anybody_the_settings_are_sound() -> None:
    assert msgspec.convert({}, FlutterwaveSettings) == FlutterwaveSettings()
    assert not FlutterwaveSettings().configured


@pytest.mark.parametrize(
    "wrong",
    [
        {"api": "v2"},
        {"methods": ["cash"]},
        {"session_minutes": 4},
        {"session_minutes": 60},
        {"secret_key": "two words"},
        {"placeholder_email_domain": "not a domain"},
        {"unheard_of": 1},
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, FlutterwaveSettings)


def test_payments_are_looked_up_for_longer_than_a_link_lasts(
    provider: FlutterwaveProvider,
) -> None:
    minutes = provider.capabilities.session_ttl.total_seconds() / 60
    longest = FlutterwaveSettings(session_minutes=45)
    assert minutes > longest.session_minutes


# --- every body ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
async def test_every_captured_body_may_come_to_the_door(
    path: Path, provider: FlutterwaveProvider, settings: Any, signed: Any, context: Any
) -> None:
    decision = await provider.accept(signed(path.read_bytes()), Accounts({"": settings()}))
    assert isinstance(decision, Accepted)
    assert len(decision.items) == ("webhook" in path.stem)
    for item in decision.items:
        await provider.parse_webhook(item, context())
