"""Checkout sessions: from the call that opens one to the page, the bank and the webhook."""

import json
import re
from typing import Any

import httpx
import pytest
import stripe

from tests.integration.sandbox.merchant import CANCEL, Merchant, sample

GOOD, DECLINED, POOR = "4242424242424242", "4000 0000 0000 0002", "4000000000009995"
ASKS, ASKS_AND_DECLINES = "4000000000003220", "4000008400001629"


async def test_a_session_looks_like_stripes_own_and_leads_to_a_page(merchant: Merchant) -> None:
    made = await merchant.session(customer_email="amina@example.com")
    assert made.to_dict().keys() == sample("res-checkout.session").keys()
    assert (made.status, made.payment_status, made.payment_intent) == ("open", "unpaid", None)
    assert (made.amount_total, made.expires_at - made.created) == (4999, 86400)
    page = await merchant.world.client.get(made.url)
    assert page.status_code == 200
    for shown in ("USD 49.99", "Order &lt;7&gt;", "amina@example.com", 'name="viewport"', CANCEL):
        assert shown in page.text
    for test_id in ("pay", "number", "amount", "cancel"):
        assert f'data-testid="{test_id}"' in page.text
    assert "<script" not in page.text
    style = re.search(r'href="(/stripe/static/[^"]+)"', page.text)
    assert style
    assert (await merchant.world.client.get(style[1])).status_code == 200


async def test_who_pays_goes_back_and_the_store_is_told(merchant: Merchant) -> None:
    made = await merchant.session()
    back = await merchant.types(made.url, GOOD, email="amina@example.com")
    assert back.status_code == 303
    assert dict(httpx.URL(back.headers["Location"]).params) == {"order": "7", "cs": made.id}
    paid = await merchant.v1.checkout.sessions.retrieve_async(
        made.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.customer_details.email == "amina@example.com"
    assert paid.payment_intent.metadata.payment_id == "pay_1"
    assert paid.payment_intent.latest_charge.amount_captured == 4999
    assert [line.description for line in paid.line_items.data] == ["Order <7>"]
    kinds = await merchant.told()
    assert {"checkout.session.completed", "payment_intent.succeeded"} <= {*kinds}
    again = await merchant.types(made.url, GOOD)
    assert again.status_code == 409
    assert "complete" in again.text


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (DECLINED, "Your card was declined."),
        (POOR, "Your card has insufficient funds."),
        ("1234", "Your card number is incorrect."),
        ("", "Your card number is incorrect."),
    ],
)
async def test_who_is_declined_tries_again_on_the_same_page(
    merchant: Merchant, number: str, problem: str
) -> None:
    made = await merchant.session()
    answer = await merchant.types(made.url, number)
    assert answer.status_code == 402
    assert problem in answer.text
    assert (await merchant.v1.checkout.sessions.retrieve_async(made.id)).status == "open"
    assert (await merchant.types(made.url, GOOD)).status_code == 303
    assert len(await merchant.books()) == 1


@pytest.mark.parametrize(
    ("number", "outcome", "status"),
    [(ASKS, "approve", 303), (ASKS, "fail", 303), (ASKS_AND_DECLINES, "approve", 402)],
)
async def test_the_bank_may_ask_on_a_page_of_its_own(
    merchant: Merchant, number: str, outcome: str, status: int
) -> None:
    made = await merchant.session()
    bank = (await merchant.types(made.url, number)).headers["Location"]
    assert (await merchant.world.client.get(bank)).status_code == 200
    after = await merchant.tells_bank(bank, outcome)
    assert after.status_code == status
    paid = (outcome, number) == ("approve", ASKS)
    if status == 303:
        assert after.headers["Location"].startswith("http://shop.test" if paid else made.url)
    seen = await merchant.v1.checkout.sessions.retrieve_async(made.id)
    assert seen.status == ("complete" if paid else "open")
    late = await merchant.world.client.get(bank)
    assert late.headers["Location"] == after.headers.get("Location", made.url)


async def test_a_session_ends_with_its_time(merchant: Merchant) -> None:
    now = int(merchant.world.clock.now().timestamp())
    made = await merchant.session(expires_at=now + 1800)
    await merchant.types(made.url, DECLINED)
    merchant.world.clock.advance(1800)
    page = await merchant.world.client.get(made.url)
    assert "can no longer be made" in page.text
    assert (await merchant.types(made.url, GOOD)).status_code == 409
    gone = await merchant.v1.checkout.sessions.retrieve_async(made.id)
    assert (gone.status, gone.url) == ("expired", None)
    kinds = await merchant.told()
    assert {"checkout.session.expired", "payment_intent.canceled"} <= {*kinds}


async def test_a_store_ends_an_open_session_and_no_other(merchant: Merchant) -> None:
    expire = merchant.v1.checkout.sessions.expire_async
    made = await merchant.session()
    assert (await expire(made.id)).status == "expired"
    paid = await merchant.session()
    await merchant.types(paid.url, GOOD)
    for name in (made.id, paid.id):
        with pytest.raises(stripe.InvalidRequestError):
            await expire(name)


async def test_the_intent_of_an_open_session_is_the_sessions_own(merchant: Merchant) -> None:
    made = await merchant.session()
    await merchant.types(made.url, DECLINED)
    name = (await merchant.v1.checkout.sessions.retrieve_async(made.id)).payment_intent
    intents = merchant.v1.payment_intents
    for refused in (
        intents.cancel_async(name),
        intents.confirm_async(name, {"payment_method": "pm_card_visa"}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as wrong:
            await refused
        assert wrong.value.code == "payment_intent_unexpected_state"


async def test_an_authorized_session_is_complete_and_unpaid(merchant: Merchant) -> None:
    data = {"capture_method": "manual", "setup_future_usage": "off_session"}
    made = await merchant.session(payment_intent_data=data)
    await merchant.types(made.url, GOOD)
    sessions = merchant.v1.checkout.sessions
    seen = await sessions.retrieve_async(made.id)
    assert (seen.status, seen.payment_status) == ("complete", "unpaid")
    kept = await merchant.v1.customers.payment_methods.list_async(seen.customer)
    assert [one.card.last4 for one in kept.data] == ["4242"]
    await merchant.v1.payment_intents.capture_async(seen.payment_intent)
    assert (await sessions.retrieve_async(made.id)).payment_status == "paid"
    found = await sessions.list_async({"payment_intent": seen.payment_intent})
    assert [one.id for one in found.data] == [made.id]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("succeeded", "succeeded"),
        ("declined", "requires_payment_method"),
        ("requires_action", "requires_action"),
    ],
)
async def test_a_program_is_the_payer_of_either(
    merchant: Merchant, outcome: str, status: str
) -> None:
    session, intent = await merchant.session(), await merchant.intent()
    subjects: list[dict[str, str]] = [
        {"checkout_session": session.id},
        {"payment_intent": intent.id},
    ]
    for subject in subjects:
        answer = await merchant.pays(outcome, **subject)
        assert answer.json()["status"] == status
        assert (await merchant.pays("succeeded", **subject)).json()["status"] == "succeeded"
        assert (await merchant.pays("succeeded", **subject)).json()["status"] == "succeeded"
    assert [one["amount_received"] for one in await merchant.books()] == [1099, 4999]


async def test_a_program_fails_what_the_bank_asks(merchant: Merchant) -> None:
    made = await merchant.intent()
    await merchant.pays("requires_action", payment_intent=made.id)
    failed = await merchant.pays("declined", payment_intent=made.id)
    assert failed.json()["status"] == "requires_payment_method"


async def test_money_may_come_where_the_time_was_over(merchant: Merchant) -> None:
    made = await merchant.session()
    await merchant.v1.checkout.sessions.expire_async(made.id)
    merchant.world.clock.advance(90_000)
    await merchant.pays("declined", checkout_session=made.id)
    sessions = merchant.v1.checkout.sessions
    assert (await sessions.retrieve_async(made.id)).status == "expired"
    await merchant.pays(checkout_session=made.id)
    late = await sessions.retrieve_async(made.id, {"expand": ["payment_intent"]})
    assert (late.payment_status, late.payment_intent.amount_received) == ("paid", 4999)
    assert "checkout.session.completed" in await merchant.told()
    nobody = await merchant.pays(checkout_session="cs_none")
    assert nobody.status_code == 404


async def test_a_store_that_is_kept_in_the_dark_can_look(merchant: Merchant) -> None:
    made = await merchant.intent()
    before = len(await merchant.told())
    await merchant.pays(payment_intent=made.id, webhook=False)
    assert len(await merchant.told()) == before
    (newest, *_) = (await merchant.v1.events.list_async({"type": "payment_intent.succeeded"})).data
    assert newest.data.object.id == made.id
    assert newest.to_dict().keys() == sample("res-event").keys()


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"success_url": "shop"}, "success_url"),
        ({"mode": "subscription"}, "mode"),
        ({"expires_at": 1}, "expires_at"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"line_items": [{"price": "price_1"}]}, "line_items[0][price]"),
        (
            {"line_items": [{"price_data": {"currency": "usd", "unit_amount": 5}}]},
            "line_items[0][price_data][product_data]",
        ),
        ({"payment_intent_data": {"colour": "red"}}, "payment_intent_data[colour]"),
    ],
)
async def test_what_no_session_can_be_made_of_is_refused(
    merchant: Merchant, changes: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await merchant.session(**changes)
    assert refused.value.param == param


async def test_the_page_shows_a_choice_of_cards(merchant: Merchant) -> None:
    page = (await merchant.world.client.get((await merchant.session()).url)).text
    for number in (GOOD, "4000000000000002", POOR, "4000002500003155", ASKS):
        assert number in page


async def test_an_event_of_a_session_has_the_keys_of_stripes_own(merchant: Merchant) -> None:
    made = await merchant.session()
    await merchant.types(made.url, GOOD)
    bodies = [json.loads(one.content) for one in merchant.heard]
    (event,) = [one for one in bodies if one["type"] == "checkout.session.completed"]
    assert event.keys() == sample("evt-checkout.session.completed").keys()
