"""Beginning to pay: what Stripe is told, under which key, and what its answers mean."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import stripe

from tests.support.stripe_peer import Call, Peer, refusal
from tradewind import ClientSecret, MethodsQuery, Money, Payer, ProviderFault, Redirect
from tradewind.testing.context import STORE
from tradewind_stripe import StripeProvider

Make = Callable[..., Any]
OPERATION = "018f5b2e-0000-7000-8000-000000000001"
OURS = {"payment_id": OPERATION, "operation_id": OPERATION, "store_id": str(STORE.id)}


async def offered(provider: StripeProvider, context: Any, amount: Money) -> list[Any]:
    query = MethodsQuery(amount=amount, country=None, channel="web")
    return list(await provider.methods(context, query))


async def test_a_payment_intent_comes_first_and_a_page_second(
    provider: StripeProvider, context: Make
) -> None:
    first, second = await offered(provider, context(), Money(1_999, "USD"))
    assert (first.id, first.flow) == ("payment_intent", "client_secret")
    assert (second.id, second.flow) == ("checkout", "redirect")
    assert (first.minimum, first.maximum, first.step) == (50, 99_999_999, 1)


async def test_without_a_publishable_key_there_is_only_the_page(
    provider: StripeProvider, context: Make
) -> None:
    found = await offered(provider, context(publishable_key=""), Money(1_999, "USD"))
    assert [one.id for one in found] == ["checkout"]
    assert await offered(provider, context(secret_key=""), Money(1_999, "USD")) == []


@pytest.mark.parametrize(
    ("currency", "step", "most"),
    [("UGX", 1, 999_999), ("KWD", 10, 99_999_990), ("MGA", 100, 9_999_999_900)],
)
async def test_limits_and_steps_are_in_the_engines_units(
    currency: str, step: int, most: int, provider: StripeProvider, context: Make
) -> None:
    [first, _] = await offered(provider, context(), Money(1_000, currency))
    assert (first.minimum, first.maximum, first.step) == (None, most, step)


# --- in the shop's page --------------------------------------------------------------------------


async def test_a_payment_intent_brings_its_client_secret(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    result = await provider.start(context(), payment())
    assert result.action == ClientSecret(
        client_secret="pi_0_secret_1", publishable_key="pk_test_key"
    )
    assert result.data == {"client_secret": "pi_0_secret_1", "payment_intent_id": "pi_0"}
    assert (result.status, result.provider_ref, result.trusted) == ("pending", "pi_0", True)
    [call] = peer.calls
    assert (call.path, call.key) == ("/v1/payment_intents", f"{OPERATION}:start")
    assert call.authorization == "Bearer sk_test_key"
    assert call.params == {
        "amount": "1999",
        "currency": "usd",
        "metadata": OURS,
        "description": "Order 7",
    }


async def test_money_that_is_to_be_held_is_captured_by_hand(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    await provider.start(context(), payment(intent="authorize"))
    await provider.start(context(), payment("checkout", intent="authorize", operation_id="other"))
    assert peer.calls[0].params["capture_method"] == "manual"
    assert peer.calls[1].params["payment_intent_data"]["capture_method"] == "manual"


async def test_optional_words_are_sent_where_they_are_wanted(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    plain = context(descriptions=False)
    await provider.start(plain, payment())
    assert set(peer.calls[0].params) == {"amount", "currency", "metadata"}
    wordy = context(
        receipts=True, statement_descriptor_suffix="BEANS", payment_method_types=("card",)
    )
    await provider.start(wordy, payment(operation_id="other"))
    sent = peer.calls[1].params
    assert sent["receipt_email"] == "ada@example.com"
    assert sent["statement_descriptor_suffix"] == "BEANS"
    assert sent["allowed_payment_method_types"] == {"0": "card"}


async def test_an_amount_that_stripe_counts_otherwise_is_translated(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    await provider.start(context(), payment(amount=5_000, currency="UGX"))
    assert peer.calls[0].params["amount"] == "500000"


# --- on stripe's page ----------------------------------------------------------------------------


async def test_a_page_brings_its_link(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    result = await provider.start(context(), payment("checkout"))
    url = "https://checkout.stripe.example/cs_test_0"
    assert result.action == Redirect(url=url)
    assert result.data == {"checkout_session_id": "cs_test_0", "url": url}
    assert (result.status, result.provider_ref) == ("pending", "cs_test_0")
    sent = peer.calls[0].params
    assert sent["metadata"] == sent["payment_intent_data"]["metadata"] == OURS
    assert sent["line_items"]["0"] == {
        "quantity": "1",
        "price_data": {
            "currency": "usd",
            "unit_amount": "1999",
            "product_data": {"name": "Order 7"},
        },
    }
    assert sent["success_url"] == "https://shop.example/return"
    assert sent["customer_email"] == "ada@example.com"
    assert sent["client_reference_id"] == OPERATION


async def test_a_payer_without_an_address_gets_a_page_as_well(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    await provider.start(context(receipts=True), payment("checkout", payer=Payer(phone="+1555")))
    assert "customer_email" not in peer.calls[0].params
    assert "receipt_email" not in peer.calls[0].params["payment_intent_data"]


@pytest.mark.parametrize(
    ("minutes", "wanted", "sent"), [(30, None, 31), (60, 75, 61), (60, 45, 46), (30, 5, 31)]
)
async def test_a_page_ends_in_time_but_no_sooner_than_stripe_lets_it(
    minutes: int,
    wanted: int | None,
    sent: int,
    provider: StripeProvider,
    context: Make,
    payment: Make,
    peer: Peer,
) -> None:
    asked = context(session_minutes=minutes)
    now = asked.clock.now()
    until = None if wanted is None else now + timedelta(minutes=wanted)
    await provider.start(asked, payment("checkout", expires_at=until))
    told = int(peer.calls[0].params["expires_at"])
    assert told == int((now + timedelta(minutes=sent)).timestamp())


def test_payments_are_looked_up_for_longer_than_a_page_lasts(provider: StripeProvider) -> None:
    assert provider.capabilities.session_ttl > timedelta(minutes=61)


# --- no ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"intent": "save_only"}, "not_supported"),
        ({"method": "sofort"}, "method_not_offered"),
        ({"amount": 5_124, "currency": "KWD"}, "amount_not_accepted"),
    ],
)
async def test_what_cannot_be_is_declined_without_a_call(
    asked: dict[str, Any],
    code: str,
    provider: StripeProvider,
    context: Make,
    payment: Make,
    peer: Peer,
) -> None:
    result = await provider.start(context(), payment(**asked))
    assert (result.status, result.code) == ("failed", code)
    assert not peer.calls


@pytest.mark.parametrize("code", ["amount_too_small", "amount_too_large", "email_invalid"])
async def test_what_the_payer_can_mend_is_declined_in_stripes_words(
    code: str, provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    peer.instead = lambda _: refusal(400, "invalid_request_error", code, "So and so.")
    result = await provider.start(context(), payment())
    assert (result.status, result.code, result.message) == ("failed", code, "So and so.")


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        (refusal(401, "invalid_request_error"), True),
        (refusal(403, "invalid_request_error"), True),
        (refusal(400, "invalid_request_error", "parameter_unknown"), True),
        (refusal(409, "invalid_request_error", "lock_timeout"), False),
        (refusal(429, "invalid_request_error", "rate_limit"), False),
        (refusal(500, "api_error"), False),
        ((502, b"<html>"), False),
        ((200, {"object": "payment_intent", "id": "pi_1"}), False),
    ],
    ids=lambda answer: str(answer[0]) if isinstance(answer, tuple) else str(answer),
)
async def test_faults_last_or_pass(
    answer: Any,
    *,
    permanent: bool,
    provider: StripeProvider,
    context: Make,
    payment: Make,
    peer: Peer,
) -> None:
    peer.instead = lambda _: answer
    with pytest.raises(ProviderFault) as caught:
        await provider.start(context(), payment())
    assert caught.value.permanent == permanent
    assert "sk_test_key" not in caught.value.detail


async def test_without_a_key_nothing_is_asked(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    with pytest.raises(ProviderFault) as caught:
        await provider.start(context(secret_key=""), payment())
    assert caught.value.permanent
    assert not peer.calls


# --- once ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
async def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    method: str, provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    peer.lose = 1
    result = await provider.start(context(), payment(method))
    assert result.action is not None
    assert [call.key for call in peer.writes] == [f"{OPERATION}:start"] * 2
    assert len(peer.intents) + len(peer.sessions) == 1


async def test_an_answer_that_stays_lost_is_a_fault_that_passes(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    peer.lose = 2
    with pytest.raises(ProviderFault) as caught:
        await provider.start(context(), payment())
    assert not caught.value.permanent
    again = await provider.start(context(), payment())
    assert again.provider_ref == "pi_0"
    assert len(peer.intents) == 1


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
async def test_a_start_that_is_repeated_in_other_words_is_the_same_payment(
    method: str, provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    first = await provider.start(context(), payment(method))
    again = await provider.start(context(), payment(method, description="Order 8"))
    assert again == first
    assert len(peer.intents) + len(peer.sessions) == 1


async def test_a_repeated_start_of_what_was_paid_meanwhile_is_looked_up(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    await provider.start(context(), payment("checkout"))
    await peer.pay(OPERATION)
    again = await provider.start(context(), payment("checkout", description="Order 8"))
    assert (again.provider_ref, again.action, again.trusted) == ("cs_test_0", None, False)


async def test_two_stores_have_clients_of_their_own(
    provider: StripeProvider, context: Make, payment: Make, peer: Peer
) -> None:
    first, other = context(), context(secret_key="sk_test_other", api_base="http://127.0.0.1:9/")
    await provider.start(first, payment())
    other.http = first.http
    await provider.start(other, payment(operation_id="other"))
    assert [call.authorization for call in peer.calls] == [
        "Bearer sk_test_key",
        "Bearer sk_test_other",
    ]
    assert [call.base for call in peer.calls] == ["https://api.stripe.com", "http://127.0.0.1:9"]


def test_the_sdk_tells_nobody_about_this_machine() -> None:
    assert stripe.enable_telemetry is False


async def test_no_secret_is_logged_however_much_is(
    provider: StripeProvider,
    context: Make,
    payment: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    result = await provider.start(context(), payment())
    await provider.fetch(context(), OPERATION, result.provider_ref)
    assert "secret" not in caplog.text
    assert "sk_test" not in caplog.text


def test_calls_are_told_apart() -> None:
    call = Call("POST", "http://x/v1/a", {"Authorization": ""}, "a[b][c]=1&a[b][d]=2")
    assert call.params == {"a": {"b": {"c": "1", "d": "2"}}}
