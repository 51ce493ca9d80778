"""The whole house with a Stripe that nobody here wrote, and the webhooks that it signs itself."""

from collections.abc import AsyncIterator, Iterator
from itertools import permutations

import pytest
import pytest_asyncio

from tests.support.bankhouses import TOTAL
from tests.support.localstripe import KEY, NO_WORDS, SECRET, Delivery, LocalStripe, open_localstripe
from tests.support.stripehouses import Stripehouse, open_stripehouse
from tradewind.checkout.service import complete, refund_order
from tradewind.payments.rules import PaymentSession
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_stripe.client import Clients


@pytest.fixture(scope="module")
def stripe() -> Iterator[LocalStripe]:
    with open_localstripe() as opened:
        yield opened


@pytest_asyncio.fixture
async def house(
    database_urls: DatabaseUrls, clock: ManualClock, stripe: LocalStripe
) -> AsyncIterator[Stripehouse]:
    account = {"secret_key": KEY, "api_base": stripe.url, "webhook_secrets": [SECRET], **NO_WORDS}
    async with open_stripehouse(database_urls, clock, Clients(), **account) as opened:
        yield opened


async def brings(house: Stripehouse, delivery: Delivery) -> int:
    answer = await house.shop.client.post(
        "/webhooks/stripe/demo",
        content=delivery.body,
        headers={"Stripe-Signature": delivery.signature},
    )
    await house.shop.worker.work_off()
    return answer.status_code


def intent_of(session: PaymentSession) -> str:
    return str(session.data["payment_intent_id"])


async def declined(house: Stripehouse, stripe: LocalStripe) -> PaymentSession:
    session = await house.starts(await house.cart())
    stripe.pays(intent_of(session), "pm_card_chargeCustomerFail")
    return session


async def paid(house: Stripehouse, stripe: LocalStripe) -> PaymentSession:
    session = await house.starts(await house.cart())
    stripe.pays(intent_of(session))
    return session


async def captured(house: Stripehouse, stripe: LocalStripe) -> PaymentSession:
    session = await house.starts(await house.cart(), intent="authorize")
    stripe.pays(intent_of(session))
    stripe.post(f"/v1/payment_intents/{intent_of(session)}/capture")
    return session


async def test_its_webhooks_in_every_order_and_twice_end_in_one_order_each(
    house: Stripehouse, stripe: LocalStripe
) -> None:
    """Three payments, each of which it tells of once, for each of the six orders to tell them."""
    rounds = [
        [await become(house, stripe) for become in kinds]
        for kinds in permutations((declined, paid, captured))
    ]
    ids = [str(session.payment_id) for sessions in rounds for session in sessions]
    told = {one.payment_id: one for one in stripe.deliveries(len(ids), *ids)}
    assert set(told) == set(ids)
    for payment_id in ids + ids:
        assert await brings(house, told[payment_id]) == 200
    await house.shop.settle()
    orders = await house.listed("orders")
    assert [one["payment_status"] for one in orders] == ["paid"] * 12
    assert await house.listed("cases") == []


async def test_held_completed_taken_and_given_back(house: Stripehouse, stripe: LocalStripe) -> None:
    cart = await house.cart()
    session = await house.starts(cart, intent="authorize")
    stripe.pays(intent_of(session))
    order = await complete(house.engine, house.store, cart.id)
    assert order.payment_status == "authorized"
    stripe.post(f"/v1/payment_intents/{intent_of(session)}/capture")
    [taken] = stripe.deliveries(1, session.payment_id)
    assert await brings(house, taken) == await brings(house, taken) == 200
    assert (await house.payment(session)).captured == TOTAL
    for _ in range(2):
        [refund] = await refund_order(
            house.engine, house.store, order.id, "t", 30_000, operation_id="once"
        )
        assert refund.status == "succeeded"
    assert (await house.payment(session)).refunded == 30_000
    listed = stripe.get(f"/v1/refunds?payment_intent={intent_of(session)}")["data"]
    assert [one["amount"] for one in listed] == [30_000]
