"""The plugin and the sandbox's v4 understand one another."""

import pytest

from tests.integration.sandbox.flutterwave import FIRST, Till
from tests.integration.sandbox.test_flutterwave_charges import prompts, respond
from tests.integration.sandbox.test_flutterwave_plugin import PRICE, SANDBOX, Shop
from tradewind import AwaitPhone
from tradewind_flutterwave import FlutterwaveSettings

V4 = FlutterwaveSettings(
    api="v4",
    client_id=FIRST.client_id,
    client_secret=FIRST.client_secret,
    secret_hash=FIRST.secret_hash,
    api_base=f"{SANDBOX}/v4",
    token_url=f"{SANDBOX}/realms/flutterwave/protocol/openid-connect/token",
)


@pytest.mark.parametrize("approved", [True, False])
async def test_a_push_is_decided_on_the_phone(till: Till, *, approved: bool) -> None:
    shop = Shop(till, V4)
    assert isinstance(await shop.start("mpesa"), AwaitPhone)
    assert (await shop.fetch())[0] == "pending"
    [prompt] = await prompts(till)
    assert await respond(till, prompt["id"], approved=approved) == 200
    expected = "succeeded" if approved else "failed"
    status, facts = await shop.fetch()
    assert (status, list(facts.values())) == (expected, [expected])
    assert len(await shop.told()) == 1


async def test_a_second_purchase_finds_the_customer_again(till: Till) -> None:
    for shop in (Shop(till, V4), Shop(till, V4)):
        await shop.start("mpesa")
        await till.settle(str(shop.id))
        assert (await shop.fetch())[0] == "succeeded"
    assert len((await till.books())[FIRST.store_name]) == 2


async def test_a_start_and_a_refund_repeated_happen_once(till: Till) -> None:
    shop = Shop(till, V4)
    for _ in range(2):
        await shop.start("mpesa")
    await till.settle(str(shop.id))
    await shop.fetch()
    for _ in range(2):
        assert await shop.refund(PRICE.amount // 5, "refund-1") == "succeeded"
    [entry] = (await till.books())[FIRST.store_name]
    assert [refund["amount"] for refund in entry["refunds"]] == [250]
    _, facts = await shop.fetch()
    assert sorted(facts.values()) == ["succeeded", "succeeded"]
