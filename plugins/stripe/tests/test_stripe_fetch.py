"""What a payment comes to when it is read, whatever became of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.stripe_peer import Peer, missing, refusal
from tradewind import Fact, Money, PaymentResult, ProviderFault
from tradewind_stripe import StripeProvider

Make = Callable[..., Any]
OPERATION = "018f5b2e-0000-7000-8000-000000000001"
USD = 1_999


class Desk:
    """A payment that was begun, read again and again."""

    def __init__(self, provider: StripeProvider, context: Any, payment: Make, peer: Peer) -> None:
        self.provider, self.context, self.payment, self.peer = provider, context, payment, peer
        self.ref: str | None = None

    async def begins(self, method: str = "payment_intent", **more: Any) -> None:
        result = await self.provider.start(self.context, self.payment(method, **more))
        self.ref = result.provider_ref

    async def reads(self) -> PaymentResult:
        return await self.provider.fetch(self.context, OPERATION, self.ref)

    @property
    def intent(self) -> dict[str, Any]:
        return self.peer.intent_of(OPERATION)


@pytest.fixture
def desk(provider: StripeProvider, context: Make, payment: Make, peer: Peer) -> Desk:
    return Desk(provider, context(), payment, peer)


def told(facts: Any) -> list[tuple[str, str, str, int]]:
    return [(one.kind, one.object_id, one.status, one.amount.amount) for one in facts]


async def test_a_payment_that_nobody_has_paid_yet_is_pending(desk: Desk) -> None:
    await desk.begins()
    result = await desk.reads()
    assert (result.status, result.trusted, result.provider_ref) == ("pending", True, "pi_0")
    assert told(result.facts) == [("capture", "pi_0", "pending", USD)]


async def test_a_page_that_nobody_has_paid_on_yet_says_nothing(desk: Desk) -> None:
    await desk.begins("checkout")
    result = await desk.reads()
    assert (result.status, result.provider_ref, list(result.facts)) == ("pending", "cs_test_0", [])


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
async def test_a_paid_one_brings_what_was_received_and_the_fee(method: str, desk: Desk) -> None:
    await desk.begins(method)
    await desk.peer.pay(OPERATION)
    result = await desk.reads()
    assert (result.status, result.provider_ref) == ("succeeded", desk.ref)
    [fact] = result.facts
    assert told([fact]) == [("capture", "pi_0", "succeeded", USD)]
    assert fact.fee == 59


async def test_a_fee_in_another_currency_is_left_out(desk: Desk) -> None:
    await desk.begins()
    await desk.peer.pay(OPERATION)
    desk.intent["latest_charge"]["balance_transaction"]["currency"] = "eur"
    [fact] = (await desk.reads()).facts
    assert fact.fee is None


async def test_what_the_payer_must_still_do_is_told(desk: Desk) -> None:
    await desk.begins()
    desk.intent["status"] = "requires_action"
    result = await desk.reads()
    assert result.status == "action_required"
    assert told(result.facts) == [("capture", "pi_0", "action_required", USD)]


@pytest.mark.parametrize("status", ["processing", "requires_confirmation", "unheard_of"])
async def test_what_is_not_decided_is_pending(status: str, desk: Desk) -> None:
    await desk.begins()
    desk.intent["status"] = status
    assert (await desk.reads()).status == "pending"


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
async def test_a_declined_card_leaves_the_payment_open(method: str, desk: Desk) -> None:
    await desk.begins(method)
    desk.peer.decline(OPERATION)
    result = await desk.reads()
    assert (result.status, result.code) == ("pending", "insufficient_funds")
    assert told(result.facts) == [
        ("capture", "pi_0", "pending", USD),
        ("capture", "ch_pi_0_1", "failed", USD),
    ]
    await desk.peer.pay(OPERATION)
    assert (await desk.reads()).status == "succeeded"


@pytest.mark.parametrize(
    ("code", "decline_code", "reason"),
    [
        ("card_declined", "insufficient_funds", "insufficient_funds"),
        ("card_declined", "generic_decline", "declined"),
        ("card_declined", "pin_try_exceeded", "wrong_pin"),
        ("expired_card", None, "card_expired"),
        ("payment_intent_authentication_failure", None, "authentication_failed"),
        (None, None, "declined"),
    ],
)
async def test_reasons_have_stable_names(
    code: str | None, decline_code: str | None, reason: str, desk: Desk
) -> None:
    await desk.begins()
    desk.peer.decline(OPERATION, code=code, decline_code=decline_code)
    result = await desk.reads()
    assert result.code == reason
    assert result.facts[1].code == reason


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        (None, "canceled", "canceled"),
        ("requested_by_customer", "canceled", "canceled"),
        ("abandoned", "expired", "expired"),
        ("automatic", "expired", "expired"),
    ],
)
async def test_a_canceled_one_is_over(
    reason: str | None, status: str, code: str, desk: Desk
) -> None:
    await desk.begins()
    desk.intent.update(status="canceled", cancellation_reason=reason)
    result = await desk.reads()
    assert (result.status, result.code) == ("canceled", code)
    assert told(result.facts) == [("capture", "pi_0", status, USD)]


# --- pages ---------------------------------------------------------------------------------------


async def test_a_page_that_nobody_paid_on_in_time_is_over(desk: Desk) -> None:
    await desk.begins("checkout")
    desk.peer.expire("cs_test_0")
    result = await desk.reads()
    assert (result.status, result.code) == ("canceled", "expired")
    assert told(result.facts) == [("capture", "cs_test_0", "expired", USD)]


async def test_a_page_on_which_a_card_was_declined_ends_as_well(desk: Desk) -> None:
    await desk.begins("checkout")
    desk.peer.decline(OPERATION)
    desk.peer.expire("cs_test_0")
    result = await desk.reads()
    assert (result.status, result.code) == ("canceled", "expired")
    assert {one.status for one in result.facts} == {"expired", "failed"}


async def test_money_that_comes_after_the_page_has_ended_counts(desk: Desk) -> None:
    await desk.begins("checkout")
    intent = desk.intent
    desk.peer.expire("cs_test_0")
    intent["status"] = "processing"
    assert (await desk.reads()).status == "pending"
    desk.peer.sessions["cs_test_0"]["status"] = "expired"
    await desk.peer.pay(OPERATION)
    desk.peer.sessions["cs_test_0"]["status"] = "expired"
    result = await desk.reads()
    assert result.status == "succeeded"
    assert told(result.facts) == [("capture", "pi_0", "succeeded", USD)]


# --- money that is held --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
async def test_money_that_is_held_is_an_authorization(method: str, desk: Desk) -> None:
    await desk.begins(method, intent="authorize")
    await desk.peer.pay(OPERATION)
    result = await desk.reads()
    assert result.status == "authorized"
    assert told(result.facts) == [("authorization", "pi_0", "succeeded", USD)]


async def test_less_may_be_held_than_was_asked_for(desk: Desk) -> None:
    await desk.begins(intent="authorize")
    await desk.peer.pay(OPERATION)
    desk.intent["amount_capturable"] = 1_500
    assert told((await desk.reads()).facts) == [("authorization", "pi_0", "succeeded", 1_500)]


async def test_a_declined_hold_is_a_failed_authorization(desk: Desk) -> None:
    await desk.begins(intent="authorize")
    desk.peer.decline(OPERATION)
    assert told((await desk.reads()).facts) == [
        ("authorization", "pi_0", "pending", USD),
        ("authorization", "ch_pi_0_1", "failed", USD),
    ]


async def test_a_hold_that_lapsed_is_over(desk: Desk) -> None:
    await desk.begins(intent="authorize")
    await desk.peer.pay(OPERATION)
    desk.intent.update(status="canceled", cancellation_reason="automatic")
    result = await desk.reads()
    assert (result.status, result.code) == ("canceled", "expired")
    assert told(result.facts) == [("authorization", "pi_0", "expired", USD)]


# --- what went back ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "known"),
    [
        ("pending", "pending"),
        ("requires_action", "action_required"),
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("canceled", "canceled"),
        ("unheard_of", "pending"),
    ],
)
async def test_refunds_count_whoever_made_them(status: str, known: str, desk: Desk) -> None:
    await desk.begins()
    await desk.peer.pay(OPERATION)
    desk.peer.give_back("pi_0", 500, status)
    desk.peer.give_back("pi_0", 300)
    result = await desk.reads()
    assert told(result.facts[1:]) == [
        ("refund", "re_1", "succeeded", 300),
        ("refund", "re_0", known, 500),
    ]


@pytest.mark.parametrize(
    ("status", "known"),
    [
        ("needs_response", "action_required"),
        ("under_review", "pending"),
        ("won", "won"),
        ("prevented", "won"),
        ("lost", "lost"),
        ("appeal_under_review", "pending"),
    ],
)
async def test_a_dispute_is_told_as_it_stands(status: str, known: str, desk: Desk) -> None:
    await desk.begins()
    await desk.peer.pay(OPERATION)
    desk.peer.dispute("pi_0", status)
    assert told((await desk.reads()).facts[1:]) == [("dispute", "dp_0", known, USD)]


async def test_an_inquiry_takes_no_money(desk: Desk) -> None:
    await desk.begins()
    await desk.peer.pay(OPERATION)
    desk.peer.dispute("pi_0", "warning_needs_response")
    assert len((await desk.reads()).facts) == 1


async def test_disputes_are_asked_for_only_where_there_is_one(desk: Desk) -> None:
    await desk.begins()
    await desk.peer.pay(OPERATION)
    await desk.reads()
    assert "/v1/disputes" not in [call.path for call in desk.peer.calls]


@pytest.mark.parametrize(("status", "known"), [(403, True), (429, False), (500, False)])
async def test_a_key_that_may_not_read_refunds_still_tells_that_money_came(
    status: int, *, known: bool, desk: Desk
) -> None:
    """Where that passes, it is asked again: what went back must not be missed."""
    await desk.begins()
    await desk.peer.pay(OPERATION)
    no = refusal(status, "invalid_request_error")
    desk.peer.instead = lambda call: no if call.path == "/v1/refunds" else None
    if known:
        assert (await desk.reads()).status == "succeeded"
        return
    with pytest.raises(ProviderFault):
        await desk.reads()


async def test_more_refunds_than_a_page_holds_are_all_read(desk: Desk) -> None:
    await desk.begins()
    await desk.peer.pay(OPERATION)
    for _ in range(130):
        desk.peer.give_back("pi_0", 1)
    assert len((await desk.reads()).facts) == 131


# --- without a reference -------------------------------------------------------------------------


async def test_a_payment_without_a_reference_is_found_by_its_operation(desk: Desk) -> None:
    for number in range(3):
        desk.peer.add(100, "usd", metadata={"operation_id": f"other-{number}"})
    await desk.begins()
    for number in range(150):
        desk.peer.add(100, "usd", metadata={"operation_id": f"later-{number}"})
    ref, desk.ref = desk.ref, None
    assert (await desk.reads()).provider_ref == ref


async def test_a_page_without_a_reference_is_found_before_its_payment_intent(desk: Desk) -> None:
    await desk.begins("checkout")
    await desk.peer.pay(OPERATION)
    desk.ref = None
    result = await desk.reads()
    assert (result.provider_ref, result.status) == ("cs_test_0", "succeeded")


async def test_an_older_payment_is_found_by_the_search(desk: Desk) -> None:
    await desk.begins()
    desk.intent["created"] -= 2 * 86_400
    desk.peer.add(100, "usd", created=desk.intent["created"])
    desk.ref = None
    assert (await desk.reads()).provider_ref == "pi_0"
    assert desk.peer.calls[-2].path == "/v1/payment_intents/search"


async def test_a_payment_that_is_not_there_is_unknown(desk: Desk) -> None:
    result = await desk.reads()
    assert (result.status, result.code) == ("unknown", "")


async def test_where_there_are_too_many_to_tell_that_is_a_fault(desk: Desk) -> None:
    for number in range(600):
        desk.peer.add(100, "usd", metadata={"operation_id": f"other-{number}"})
    with pytest.raises(ProviderFault) as caught:
        await desk.reads()
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "answer",
    [missing(), refusal(400, "invalid_request_error"), (500, b"")],
    ids=["404", "400", "500"],
)
async def test_what_cannot_be_read_is_a_fault_that_passes(answer: Any, desk: Desk) -> None:
    await desk.begins()
    desk.peer.instead = lambda _: answer
    for ref in ("pi_0", "cs_test_0", None):
        desk.ref = ref
        with pytest.raises(ProviderFault) as caught:
            await desk.reads()
        assert not caught.value.permanent


async def test_a_peer_that_tells_no_totals_is_read_by_its_charge(desk: Desk) -> None:
    await desk.begins()
    await desk.peer.pay(OPERATION)
    del desk.intent["amount_received"], desk.intent["latest_charge"]["amount_captured"]
    fact: Fact = (await desk.reads()).facts[0]
    assert fact.amount == Money(USD, "USD")
