"""What the check button says of an account, and what its settings refuse."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from tests.support.stripe_peer import Peer, Wire, refusal
from tradewind import AppContext
from tradewind.contracts.settings import operator_fields, secret_fields, secrets_in
from tradewind.settings.rules import merge, shown
from tradewind_stripe import StripePlugin, StripeProvider, StripeSettings
from tradewind_stripe.client import Clients
from tradewind_stripe.door import EVENTS

Make = Callable[..., Any]


@pytest.fixture
def check(provider: StripeProvider, context: Make) -> Any:
    async def ask(**changes: Any) -> dict[str, Any]:
        return {one.name: one for one in await provider.check(context(**changes))}

    return ask


URL = "https://shop.example/webhooks/stripe/store-under-test"


def endpoint(url: str = URL, *events: str, status: str = "enabled") -> dict[str, Any]:
    return {"id": "we_1", "url": url, "status": status, "enabled_events": events or sorted(EVENTS)}


async def test_an_account_that_works_passes(check: Any, peer: Peer) -> None:
    peer.endpoints = [endpoint("https://elsewhere.example"), endpoint()]
    found = await check()
    assert all(one.passed for one in found.values()), found
    assert "test mode" in found["credentials"].message
    assert URL in found["webhooks"].message
    assert {call.method for call in peer.calls} == {"GET"}


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ([], "no webhook"),
        ([endpoint("https://elsewhere.example/webhooks/stripe/store-under-test")], "no webhook"),
        ([endpoint(status="disabled")], "no webhook"),
        ([endpoint(URL, *sorted(EVENTS - {"refund.failed"}))], "refund.failed"),
    ],
)
async def test_a_webhook_that_is_missing_or_tells_too_little_is_named(
    known: Any, words: str, check: Any, peer: Peer
) -> None:
    peer.endpoints = known
    found = (await check())["webhooks"]
    assert not found.passed
    assert words in found.message


async def test_a_webhook_for_everything_or_one_that_may_not_be_read_passes(
    check: Any, peer: Peer
) -> None:
    peer.endpoints = [endpoint(URL.replace("/webhooks", "/api/webhooks"), "*")]
    assert (await check())["webhooks"].passed
    no = refusal(403, "invalid_request_error")
    peer.instead = lambda call: no if call.path == "/v1/webhook_endpoints" else None
    found = (await check())["webhooks"]
    assert found.passed
    assert URL in found.message


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"secret_key": ""}, "credentials", "`secret_key`"),
        ({"publishable_key": "pk_live_1"}, "credentials", "different modes"),
        ({"webhook_secrets": ()}, "webhooks", "`webhook_secrets`"),
        ({"publishable_key": ""}, "methods", "`publishable_key`"),
        ({"methods": ()}, "methods", "Nothing"),
    ],
)
async def test_what_is_missing_is_named(
    changes: dict[str, Any], name: str, words: str, check: Any
) -> None:
    found = await check(**changes)
    assert not found[name].passed
    assert words in found[name].message


@pytest.mark.parametrize("status", [401, 403, 429, 500])
async def test_a_key_that_does_not_open_the_account_does_not_pass(
    status: int, check: Any, peer: Peer
) -> None:
    peer.instead = lambda _: refusal(status, "invalid_request_error", message="sk_test_key is bad")
    found = await check()
    assert not found["credentials"].passed
    assert "sk_test_key" not in found["credentials"].message


# --- settings ------------------------------------------------------------------------------------


def test_secrets_and_addresses_are_kept_from_merchants() -> None:
    assert secret_fields(StripeSettings) == {"secret_key", "webhook_secrets"}
    assert operator_fields(StripeSettings) == {"api_base"}


def test_a_list_of_secrets_is_masked_and_kept_where_it_comes_back_masked() -> None:
    old = {"webhook_secrets": ["whsec_1", "whsec_2"]}
    masked = shown(StripeSettings, old)["webhook_secrets"]
    assert "whsec" not in str(masked)
    assert set(secrets_in(StripeSettings, old)) == {"whsec_1", "whsec_2"}
    assert merge(StripeSettings, old, {"webhook_secrets": masked}) == old
    rolled = merge(StripeSettings, old, {"webhook_secrets": ["whsec_3", masked[1]]})
    assert rolled == {"webhook_secrets": ["whsec_3", "whsec_2"]}


def test_without_a_word_from_anybody_the_settings_are_sound() -> None:
    assert msgspec.convert({}, StripeSettings) == StripeSettings()


@pytest.mark.parametrize(
    "wrong",
    [
        {"methods": ["cash"]},
        {"session_minutes": 29},
        {"session_minutes": 61},
        {"secret_key": "two words"},
        {"webhook_secrets": "whsec_1"},
        {"statement_descriptor_suffix": "12345"},
        {"statement_descriptor_suffix": "a*b"},
        {"statement_descriptor_suffix": "a" * 23},
        {"unheard_of": 1},
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, StripeSettings)


# --- the process ends ----------------------------------------------------------------------------


async def test_connections_are_given_back_when_the_process_ends(
    context: Make, payment: Make, peer: Peer
) -> None:
    wires: list[Wire] = []

    def make() -> Wire:
        wires.append(Wire(peer))
        return wires[-1]

    clients = Clients(make)
    first, other = context(), context()
    for one in (first, first, other):
        await StripeProvider(clients).start(one, payment())
    assert len(wires) == 2
    await clients.close(first.http)
    assert [one.closed for one in wires] == [True, False]


async def test_the_plugin_closes_what_it_opened(context: Make, payment: Make, peer: Peer) -> None:
    wire = Wire(peer)
    plugin, used = StripePlugin(Clients(lambda: wire)), context()
    [provider] = plugin.payment_providers()
    await provider.start(used, payment())
    app = AppContext[Any](clock=used.clock, http=used.http, public_url="https://shop.example")
    plugin.close(app)
    await asyncio.sleep(0)
    assert wire.closed


def test_where_no_loop_runs_nothing_is_open() -> None:
    app = AppContext[Any](clock=None, http=httpx.AsyncClient(), public_url="https://shop.example")
    StripePlugin().close(app)
