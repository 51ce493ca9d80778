"""Changing, taking, calling off, giving back: each once, and never against what Stripe knows."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.stripe_peer import Peer, refusal
from tradewind import Money, PaymentResult, ProviderFault
from tradewind_stripe import StripeProvider

Make = Callable[..., Any]
START = "018f5b2e-0000-7000-8000-000000000001"
CHANGE = "018f5b2e-0000-7000-8000-0000000000aa"


@pytest.fixture
def begun(provider: StripeProvider, context: Make, payment: Make, peer: Peer) -> Any:
    """Begin a payment, and pay it where that is asked; returns its reference."""

    async def begin(method: str = "payment_intent", *, paid: bool = False, **more: Any) -> str:
        result = await provider.start(context(), payment(method, **more))
        if paid:
            await peer.pay(START)
        assert result.provider_ref is not None
        return result.provider_ref

    return begin


def told(result: PaymentResult) -> list[tuple[str, str, str, int]]:
    return [(one.kind, one.object_id, one.status, one.amount.amount) for one in result.facts]


# --- update --------------------------------------------------------------------------------------


async def test_the_amount_of_an_open_payment_can_be_changed(
    provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun()
    result = await provider.update(context(), change(ref, 2_500))
    assert (result.status, result.provider_ref) == ("pending", ref)
    assert peer.intents[ref]["amount"] == 2_500
    assert peer.writes[-1].key == f"{CHANGE}:update"


async def test_the_amount_of_a_page_cannot(
    provider: StripeProvider, context: Make, change: Make, begun: Any
) -> None:
    result = await provider.update(context(), change(await begun("checkout"), 2_500))
    assert (result.status, result.code) == ("failed", "not_supported")


# --- capture -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
@pytest.mark.parametrize(("amount", "hold"), [(1_999, "succeeded"), (1_200, "canceled")])
async def test_what_is_held_is_taken_whole_or_in_part_and_the_rest_let_go(
    method: str,
    amount: int,
    hold: str,
    provider: StripeProvider,
    context: Make,
    change: Make,
    peer: Peer,
    begun: Any,
) -> None:
    ref = await begun(method, paid=True, intent="authorize")
    result = await provider.capture(context(), change(ref, amount))
    assert (result.status, result.provider_ref) == ("succeeded", ref)
    assert told(result) == [
        ("authorization", "pi_0", hold, 1_999),
        ("capture", "pi_0", "succeeded", amount),
    ]
    assert peer.writes[-1].key == f"{CHANGE}:capture"
    assert peer.writes[-1].params == {"amount_to_capture": str(amount)}


async def test_a_capture_that_is_repeated_takes_nothing_more(
    provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun(paid=True, intent="authorize")
    first = await provider.capture(context(), change(ref, 1_200))
    assert await provider.capture(context(), change(ref, 1_200)) == first
    later = await provider.capture(context(), change(ref, 799, operation_id="another"))
    assert (later.status, later.code) == ("failed", "payment_intent_unexpected_state")
    assert told(later) == told(first)
    assert peer.intents["pi_0"]["amount_received"] == 1_200


async def test_a_capture_whose_answer_was_lost_is_asked_for_again(
    provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun(paid=True, intent="authorize")
    peer.lose = 2
    with pytest.raises(ProviderFault):
        await provider.capture(context(), change(ref, 1_200))
    assert (await provider.capture(context(), change(ref, 1_200))).status == "succeeded"


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
async def test_what_is_not_held_is_not_taken(
    method: str, provider: StripeProvider, context: Make, change: Make, begun: Any
) -> None:
    ref = await begun(method, intent="authorize")
    result = await provider.capture(context(), change(ref))
    assert result.status == "failed"
    assert result.code in {"payment_intent_unexpected_state", "not_authorized"}


# --- cancel --------------------------------------------------------------------------------------


@pytest.mark.parametrize("paid", [False, True])
async def test_an_unpaid_payment_is_called_off_and_a_hold_let_go(
    *, paid: bool, provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun(paid=paid, intent="authorize")
    result = await provider.cancel(context(), change(ref, reason="voided"))
    assert (result.status, result.code) == ("canceled", "canceled")
    assert told(result) == [("authorization", "pi_0", "canceled", 1_999)]
    assert peer.writes[-1].params == {}
    assert (await provider.cancel(context(), change(ref))).status == "canceled"


async def test_a_reason_that_stripe_knows_is_told(
    provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    await provider.cancel(context(), change(await begun(), reason="duplicate"))
    assert peer.writes[-1].params == {"cancellation_reason": "duplicate"}


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
async def test_what_is_paid_stays_paid(
    method: str, provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun(method, paid=True)
    result = await provider.cancel(context(), change(ref))
    assert (result.status, told(result)) == (
        "succeeded",
        [("capture", "pi_0", "succeeded", 1_999)],
    )
    assert len(peer.writes) == 1


async def test_what_was_paid_at_the_same_moment_stays_paid(
    provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    for method in ("payment_intent", "checkout"):
        ref = await begun(method, operation_id=f"{START}-{method}")

        def quicker(call: Any, name: str = ref) -> Any:
            found = peer.sessions.get(name) or peer.intents[name]
            if call.method == "POST":
                found["status"] = "complete" if name in peer.sessions else "processing"
            return None

        peer.instead = quicker
        result = await provider.cancel(context(), change(ref, operation_id=f"{CHANGE}-{method}"))
        assert result.status == "pending"


@pytest.mark.parametrize("tried", [False, True])
async def test_an_open_page_ends(
    *, tried: bool, provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun("checkout")
    if tried:
        peer.decline(START)
    result = await provider.cancel(context(), change(ref))
    assert (result.status, result.code) == ("canceled", "expired")
    assert peer.sessions[ref]["status"] == "expired"
    assert peer.writes[-1].key == f"{CHANGE}:expire"
    assert "pending" not in [one.status for one in result.facts]


async def test_a_hold_from_a_page_is_let_go(
    provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun("checkout", paid=True, intent="authorize")
    result = await provider.cancel(context(), change(ref))
    assert (result.status, result.provider_ref) == ("canceled", ref)
    assert peer.intents["pi_0"]["status"] == "canceled"


async def test_a_no_in_one_state_does_not_stand_in_the_way_in_another(
    provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun()
    asked = change(ref)
    busy = refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
    peer.instead = lambda call: busy if call.method == "POST" else None
    assert (await provider.cancel(context(), asked)).status == "pending"
    first = peer.writes[-1].key
    peer.instead = lambda _: None
    peer.intents[ref]["status"] = "requires_action"
    assert (await provider.cancel(context(), asked)).status == "canceled"
    assert peer.writes[-1].key != first


# --- refund --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
@pytest.mark.parametrize("named", [False, True])
async def test_money_goes_back_under_the_refunds_own_id(
    method: str,
    *,
    named: bool,
    provider: StripeProvider,
    context: Make,
    change: Make,
    peer: Peer,
    begun: Any,
) -> None:
    ref = await begun(method, paid=True)
    result = await provider.refund(context(), change(ref, 500, object_id="pi_0" if named else ""))
    assert (result.status, told(result)) == ("succeeded", [("refund", "re_0", "succeeded", 500)])
    assert peer.writes[-1].key == f"{CHANGE}:refund"
    assert peer.writes[-1].params == {
        "payment_intent": "pi_0",
        "amount": "500",
        "metadata": {"payment_id": START, "operation_id": CHANGE},
    }
    found = await provider.fetch(context(), START, ref)
    assert ("refund", "re_0", "succeeded", 500) in told(found)


async def test_a_refund_is_given_once_for_each_operation(
    provider: StripeProvider, context: Make, change: Make, peer: Peer, begun: Any
) -> None:
    ref = await begun(paid=True)
    peer.lose = 2
    with pytest.raises(ProviderFault) as caught:
        await provider.refund(context(), change(ref, 500))
    assert not caught.value.permanent
    again = await provider.refund(context(), change(ref, 500))
    other = await provider.refund(context(), change(ref, 500, operation_id="other"))
    assert [told(one)[0][1] for one in (again, other)] == ["re_0", "re_1"]
    assert len(peer.refunds) == 2


@pytest.mark.parametrize(
    ("reason", "sent"), [("requested_by_customer", True), ("Out of stock", False)]
)
async def test_only_reasons_that_stripe_knows_are_told(
    reason: str,
    *,
    sent: bool,
    provider: StripeProvider,
    context: Make,
    change: Make,
    peer: Peer,
    begun: Any,
) -> None:
    await provider.refund(context(), change(await begun(paid=True), 500, reason=reason))
    assert ("reason" in peer.writes[-1].params) == sent


async def test_more_than_is_left_is_refused_in_stripes_words(
    provider: StripeProvider, context: Make, change: Make, begun: Any
) -> None:
    ref = await begun(paid=True)
    await provider.refund(context(), change(ref, 1_500))
    result = await provider.refund(context(), change(ref, 500, operation_id="other"))
    assert (result.status, result.code) == ("failed", "amount_too_large")
    assert "unrefunded" in result.message


async def test_what_never_came_is_not_given_back(
    provider: StripeProvider, context: Make, change: Make, begun: Any
) -> None:
    result = await provider.refund(context(), change(await begun("checkout"), 500))
    assert (result.status, result.code) == ("failed", "not_refundable")


@pytest.mark.parametrize(
    ("status", "known", "code"),
    [
        ("pending", "pending", ""),
        ("requires_action", "pending", ""),
        ("failed", "failed", "refund_failed"),
        ("canceled", "failed", "refund_failed"),
    ],
)
async def test_a_refund_may_take_its_time_or_fail(
    status: str,
    known: str,
    code: str,
    provider: StripeProvider,
    context: Make,
    change: Make,
    peer: Peer,
    begun: Any,
) -> None:
    ref = await begun(paid=True)

    def slow(call: Any) -> Any:
        return (200, peer.give_back("pi_0", 500, status)) if call.path == "/v1/refunds" else None

    peer.instead = slow
    result = await provider.refund(context(), change(ref, 500))
    assert (result.status, result.code) == (known, code)


@pytest.mark.parametrize(
    ("verb", "status"), [("capture", "failed"), ("cancel", "unknown"), ("refund", "failed")]
)
async def test_without_a_reference_nobody_is_asked(
    verb: str, status: str, provider: StripeProvider, context: Make, change: Make, peer: Peer
) -> None:
    result = await getattr(provider, verb)(context(), change(""))
    assert result.status == status
    assert result.code
    assert not peer.calls


@pytest.mark.parametrize("verb", ["update", "capture", "refund"])
async def test_amounts_that_stripe_does_not_take_are_not_told(
    verb: str, provider: StripeProvider, context: Make, change: Make, peer: Peer
) -> None:
    wanted = change("pi_0", amount=5_124, currency="KWD")
    assert wanted.amount == Money(5_124, "KWD")
    result = await getattr(provider, verb)(context(), wanted)
    assert (result.status, result.code) == ("failed", "amount_not_accepted")
    assert not peer.calls
