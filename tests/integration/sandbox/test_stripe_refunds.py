"""Refunds, idempotency keys and webhooks, with the official library as the store."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe

from tests.integration.sandbox.merchant import FIRST, SECOND, Merchant, open_merchant, sample
from tests.integration.sandbox.world import fault, faults

LONG = 3_600_000


async def test_refunds_in_parts_until_nothing_is_left(merchant: Merchant) -> None:
    paid = await merchant.paid()
    refund = merchant.v1.refunds.create_async
    first = await refund({"payment_intent": paid.id, "amount": 400, "metadata": {"id": "r1"}})
    assert (first.status, first.amount, first.charge) == ("succeeded", 400, paid.latest_charge)
    assert first.to_dict().keys() == sample("res-refund").keys()
    with pytest.raises(stripe.InvalidRequestError) as too_much:
        await refund({"charge": paid.latest_charge, "amount": 700})
    assert too_much.value.param == "amount"
    rest = await refund({"payment_intent": paid.id, "reason": "requested_by_customer"})
    assert rest.amount == 699
    with pytest.raises(stripe.InvalidRequestError) as nothing_left:
        await refund({"payment_intent": paid.id})
    assert nothing_left.value.code == "charge_already_refunded"
    charge = await merchant.v1.charges.retrieve_async(paid.latest_charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (1099, True)
    assert [one.id for one in charge.refunds.data] == [rest.id, first.id]
    listed = await merchant.v1.refunds.list_async({"payment_intent": paid.id})
    assert [one.metadata.to_dict() for one in listed.data] == [{}, {"id": "r1"}]
    assert {"refund.created", "charge.refunded"} <= {*await merchant.told()}


async def test_nothing_is_given_back_of_what_was_not_taken(merchant: Merchant) -> None:
    held = await merchant.paid(capture_method="manual")
    await merchant.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 500})
    for params in (
        {"payment_intent": (await merchant.intent()).id},
        {"payment_intent": held.id, "amount": 501},
        {"payment_intent": "pi_none"},
        {},
    ):
        with pytest.raises(stripe.InvalidRequestError):
            await merchant.v1.refunds.create_async(params)
    assert (await merchant.v1.refunds.create_async({"payment_intent": held.id})).amount == 500


@pytest.mark.parametrize(
    ("card", "at_first", "later", "told"),
    [
        ("pm_card_refundFail", "succeeded", "failed", "refund.failed"),
        ("pm_card_pendingRefund", "pending", "succeeded", "refund.updated"),
    ],
)
async def test_a_refund_may_be_decided_later(
    merchant: Merchant, card: str, at_first: str, later: str, told: str
) -> None:
    paid = await merchant.paid(card)
    refund = await merchant.v1.refunds.create_async({"payment_intent": paid.id})
    assert refund.status == at_first
    merchant.world.clock.advance(60)
    assert (await merchant.v1.refunds.retrieve_async(refund.id)).status == later
    assert told in await merchant.told()
    (booked,) = await merchant.books()
    assert booked["amount_returned"] == (0 if later == "failed" else 1099)


async def test_a_program_is_the_bank_that_a_refund_goes_to(merchant: Merchant) -> None:
    paid = await merchant.paid()
    refund = await merchant.v1.refunds.create_async({"payment_intent": paid.id})
    body = {"refund": refund.id, "outcome": "failed"}
    answer = await merchant.world.client.post("/stripe/refund", json=body)
    assert answer.json() == {"refund": refund.id, "status": "failed"}
    seen = await merchant.v1.refunds.retrieve_async(refund.id)
    assert (seen.status, seen.failure_reason) == ("failed", "unknown")
    assert (await merchant.v1.refunds.create_async({"payment_intent": paid.id})).amount == 1099


async def test_a_key_stands_for_one_answer(merchant: Merchant) -> None:
    first, again = await merchant.intent("key-1"), await merchant.intent("key-1")
    assert first.id == again.id
    replay = merchant.memory.answers[-1].headers
    assert replay["Idempotent-Replayed"] == "true"
    assert replay["Original-Request"] == merchant.memory.answers[0].headers["Request-Id"]
    assert (await merchant.intent("key-2")).id != first.id
    with pytest.raises(stripe.IdempotencyError) as other:
        await merchant.intent("key-1", amount=2000)
    assert other.value.http_status == 400
    elsewhere = {"email": "a@b.example"}
    with pytest.raises(stripe.IdempotencyError):
        await merchant.v1.customers.create_async(elsewhere, {"idempotency_key": "key-1"})
    stranger = merchant.with_key(SECOND.secret_key)
    theirs = await stranger.v1.payment_intents.create_async(
        {"amount": 1099, "currency": "usd"}, {"idempotency_key": "key-1"}
    )
    assert theirs.id != first.id
    merchant.world.clock.advance(86_400)
    assert (await merchant.intent("key-1")).id != first.id


async def test_a_key_keeps_a_declined_card_and_no_mistake(merchant: Merchant) -> None:
    params = {
        "confirm": True,
        "payment_method": "pm_card_chargeDeclined",
        "return_url": "http://a.b",
    }
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            await merchant.intent("declined", **params)
    assert len(await merchant.books()) == 1
    with pytest.raises(stripe.InvalidRequestError):
        await merchant.intent("mistake", amount=1)
    with pytest.raises(stripe.InvalidRequestError):
        await merchant.intent("unknown", colour="red")
    assert (await merchant.intent("unknown")).status == "requires_payment_method"
    with pytest.raises(stripe.IdempotencyError):
        await merchant.intent("k" * 256)


async def test_a_key_is_in_use_until_its_answer_is_there(merchant: Merchant) -> None:
    arrived = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"amount=1099&"
        await arrived.wait()
        yield b"currency=usd"

    async def send(content: Any) -> Any:
        headers = {"Authorization": f"Bearer {FIRST.secret_key}", "Idempotency-Key": "one"}
        return await merchant.world.client.post(
            "/stripe/v1/payment_intents", headers=headers, content=content
        )

    begun = asyncio.create_task(send(slow()))
    await asyncio.sleep(0)
    while (second := await send(b"amount=1099&currency=usd")).status_code == 200:
        pytest.fail("the second came first")
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "idempotency_key_in_use"
    arrived.set()
    assert (await begun).status_code == 200
    assert (await send(b"currency=usd&amount=1099")).headers["Idempotent-Replayed"] == "true"


async def test_a_webhook_is_signed_so_that_the_library_believes_it(merchant: Merchant) -> None:
    await merchant.paid()
    await merchant.world.settle()
    for heard in merchant.heard:
        header = heard.headers["Stripe-Signature"]
        event = merchant.client.construct_event(heard.content, header, FIRST.webhook_secret)
        assert (event.api_version, event.livemode) == ("2026-10-28.endive", False)
        assert event.request
        assert event.request.id
        with pytest.raises(stripe.SignatureVerificationError):
            merchant.client.construct_event(heard.content, header, SECOND.webhook_secret)
        with pytest.raises(stripe.SignatureVerificationError):
            merchant.client.construct_event(heard.content + b" ", header, FIRST.webhook_secret)


async def test_a_webhook_is_repeated_and_goes_where_it_is_wanted(merchant: Merchant) -> None:
    made = await merchant.v1.webhook_endpoints.create_async(
        {
            "url": "http://shop.test/webhooks/other",
            "enabled_events": ["payment_intent.succeeded"],
            "api_version": "2026-10-28.endive",
        }
    )
    assert made.secret.startswith("whsec_")
    listed = (await merchant.v1.webhook_endpoints.list_async()).data
    assert [one.to_dict().keys() for one in listed] == [sample("res-webhook_endpoint").keys()] * 2
    merchant.world.business.answers = [500, 503]
    await merchant.paid()
    await merchant.world.settle()
    requests = merchant.world.business.requests
    other = [one for one in requests if str(one.url) == made.url]
    ids = [json.loads(one.content)["id"] for one in requests]
    assert {json.loads(one.content)["type"] for one in other} == {"payment_intent.succeeded"}
    assert len(ids) == 4 + 2
    await merchant.v1.webhook_endpoints.delete_async(made.id)
    assert len((await merchant.v1.webhook_endpoints.list_async()).data) == 1


@pytest.mark.parametrize(("kind", "times"), [("drop", 0), ("duplicate", 2), ("delay", 1)])
async def test_webhooks_can_go_wrong(merchant: Merchant, kind: str, times: int) -> None:
    made = await merchant.intent()
    await merchant.world.settle()
    heard = len(merchant.heard)
    await fault(merchant.world, peer="stripe", kind=kind, milliseconds=0)
    await merchant.pays(payment_intent=made.id)
    assert len(merchant.heard) - heard == 2 * times


async def test_webhooks_change_places(merchant: Merchant) -> None:
    made = await merchant.intent()
    await merchant.world.settle()
    await fault(merchant.world, peer="stripe", kind="reorder", count=1, milliseconds=LONG)
    await merchant.pays(payment_intent=made.id)
    assert (await merchant.told())[-2:] == ["payment_intent.succeeded", "charge.succeeded"]


@pytest.mark.parametrize(
    ("kind", "made"),
    [("status_429", 0), ("status_500", 0), ("timeout_after_effect", 1)],
)
async def test_calls_can_go_wrong_and_are_repeated_with_their_key(
    merchant: Merchant, kind: str, made: int
) -> None:
    await fault(merchant.world, peer="stripe", kind=kind, count=1, milliseconds=0)
    with pytest.raises(stripe.StripeError):
        await merchant.intent("once")
    assert len(await merchant.books()) == made
    await merchant.intent("once")
    assert len(await merchant.books()) == 1


async def test_the_library_repeats_what_had_no_answer_by_itself(merchant: Merchant) -> None:
    await fault(merchant.world, peer="stripe", kind="timeout_after_effect", count=1, milliseconds=0)
    patient = merchant.with_key(FIRST.secret_key, retries=2).v1
    params: Any = {"amount": 1099, "currency": "usd"}
    made = await patient.payment_intents.create_async(params)
    assert [one["payment_intent"] for one in await merchant.books()] == [made.id]
    assert (await faults(merchant.world))["injected"] == {"stripe": {"timeout_after_effect": 1}}


async def test_pages_and_doors_are_never_hit() -> None:
    async with open_merchant() as merchant:
        session = await merchant.session()
        await fault(merchant.world, peer="stripe", kind="status_500")
        assert (await merchant.world.client.get(session.url)).status_code == 200
        assert (await merchant.types(session.url, "4242424242424242")).status_code == 303
        assert len(await merchant.books()) == 1


async def test_a_payer_may_dispute_and_the_bank_decides(merchant: Merchant) -> None:
    paid = await merchant.paid("pm_card_createDispute", expand=["latest_charge"])
    assert paid.latest_charge.disputed
    (open_one,) = (await merchant.v1.disputes.list_async({"payment_intent": paid.id})).data
    assert open_one.to_dict().keys() == sample("res-dispute").keys()
    assert (open_one.status, open_one.amount) == ("needs_response", 1099)
    body = {"payment_intent": paid.id, "outcome": "lost"}
    answer = await merchant.world.client.post("/stripe/dispute", json=body)
    assert answer.json() == {"dispute": open_one.id, "status": "lost"}
    assert (await merchant.v1.disputes.retrieve_async(open_one.id)).status == "lost"
    assert (await merchant.told())[-1] == "charge.dispute.closed"
