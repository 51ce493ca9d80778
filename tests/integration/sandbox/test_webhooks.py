"""What the sandbox sends to a business: exact bytes, signatures, Meta's shapes, repetitions."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sandbox.world import (
    APP_SECRET,
    PHONE_NUMBER_ID,
    SHOPPER,
    World,
    error_code,
    open_world,
    signature,
)
from tradewind_sandbox.whatsapp import webhooks

PAYLOADS = Path(__file__).parents[2] / "payloads" / "whatsapp"
DAY = 24 * 3600


def sample(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return body


def shape(value: Any) -> Any:
    """The keys of a JSON value, without what they hold."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def test_the_bytes_and_signature_are_those_of_metas_vector() -> None:
    exact = (PAYLOADS / "signature-vector.body").read_bytes().rstrip(b"\n")
    webhook = webhooks.signed("http://shop.test", "test-app-secret", json.loads(exact))
    assert webhook.content == exact
    wanted = (PAYLOADS / "signature-vector.txt").read_text()
    assert f"X-Hub-Signature-256: {webhook.headers['X-Hub-Signature-256']}\n" in wanted


async def test_every_webhook_is_signed_over_the_bytes_it_carries(world: World) -> None:
    await world.inbound(text="café 👍 https://shop.test/p/1")
    await world.send_text()
    await world.settle()
    assert len(world.business.requests) == 3
    for request in world.business.requests:
        assert request.headers["X-Hub-Signature-256"] == signature(request.content)
    assert (
        rb"caf\u00e9 \ud83d\udc4d https:\/\/shop.test\/p\/1" in world.business.requests[0].content
    )


async def test_a_text_has_the_shape_of_metas_sample(world: World) -> None:
    await world.inbound(text="Hi", identity="phone")
    assert shape(world.business.bodies[0]) == shape(sample("meta-in-text"))


async def test_a_text_of_a_shopper_with_a_username_hides_the_phone_number(world: World) -> None:
    await world.inbound(user_id="US.134", text="Hi", name="Ann", username="@ann")
    theirs = shape(sample("meta-bsuid-in-text-no-phone"))
    value = theirs["entry"][0]["changes"][0]["value"]
    del value["contacts"][0]["parent_user_id"], value["messages"][0]["from_parent_user_id"]
    assert shape(world.business.bodies[0]) == theirs


async def test_an_accepted_message_is_reported_sent_and_delivered(world: World) -> None:
    await world.inbound(text="Hi")
    answer = await world.send_text(biz_opaque_callback_data="out:1")
    await world.settle()
    assert [status["status"] for status in world.business.statuses] == ["sent", "delivered"]
    for status in world.business.statuses:
        assert status["id"] == answer.json()["messages"][0]["id"]
        assert status["biz_opaque_callback_data"] == "out:1"
        assert status["recipient_id"] == SHOPPER


async def test_a_status_has_the_shape_of_metas_sample(world: World) -> None:
    await world.inbound(**{"from": SHOPPER}, text="Hi", username="@ann")
    await world.send_text()
    await world.settle()
    theirs = shape(sample("meta-bsuid-status-delivered-phone-and-bsuid"))
    value = theirs["entry"][0]["changes"][0]["value"]
    del value["contacts"][0]["parent_user_id"], value["statuses"][0]["recipient_parent_user_id"]
    assert shape(world.business.bodies[-1]) == theirs


async def test_a_status_to_a_user_id_reveals_no_phone_number(world: World) -> None:
    await world.inbound(user_id="US.134", text="Hi")
    await world.send_text(recipient="US.134")
    await world.settle()
    status = world.business.statuses[-1]
    assert status["recipient_user_id"] == "US.134"
    assert "recipient_id" not in status
    assert "wa_id" not in world.business.values[-1]["contacts"][0]


async def test_without_automatic_statuses_none_is_sent() -> None:
    async with open_world(auto_statuses=False) as world:
        await world.inbound(text="Hi")
        assert (await world.send_text()).status_code == 200
        await world.settle()
        assert world.business.statuses == []


async def test_a_free_form_message_before_the_shopper_wrote_fails(world: World) -> None:
    assert (await world.send_text()).status_code == 200
    await world.settle()
    theirs = sample("meta-bsuid-status-failed-no-contacts")
    assert shape(world.business.bodies[0]) == shape(theirs)
    assert world.business.statuses[0]["errors"][0]["code"] == 131047


@pytest.mark.parametrize(("seconds", "status"), [(DAY - 1, "delivered"), (DAY, "failed")])
async def test_the_window_closes_a_day_after_the_last_message(
    world: World, seconds: int, status: str
) -> None:
    await world.inbound(text="Hi")
    world.clock.advance(seconds)
    await world.send_text()
    await world.settle()
    assert world.business.statuses[-1]["status"] == status


async def test_another_message_opens_the_window_again(world: World) -> None:
    await world.inbound(text="Hi")
    await world.client.post("/clock", json={"advance_seconds": DAY})
    await world.send_text()
    await world.settle()
    assert world.business.statuses[-1]["status"] == "failed"
    await world.inbound(text="Hi again")
    await world.send_text()
    await world.settle()
    assert world.business.statuses[-1]["status"] == "delivered"


async def test_the_window_of_one_number_is_not_that_of_another(world: World) -> None:
    await world.inbound(phone_number_id="206540352242922", text="Hi")
    await world.send_text()
    await world.settle()
    assert world.business.statuses[-1]["status"] == "failed"


async def test_a_template_needs_no_open_window(world: World) -> None:
    components = [
        {"type": "body", "parameters": [{"type": "text", "text": t} for t in ("Ann", "42")]},
        {
            "type": "button",
            "sub_type": "url",
            "index": "1",
            "parameters": [{"type": "text", "text": "42"}],
        },
    ]
    template = {"name": "order_update", "language": {"code": "en_US"}, "components": components}
    answer = await world.send(type="template", template=template)
    assert answer.json()["messages"][0]["message_status"] == "accepted"
    await world.settle()
    assert world.business.statuses[-1]["status"] == "delivered"
    assert world.business.statuses[-1]["pricing"]["category"] == "utility"


async def test_delivery_errors_can_refuse_the_call_itself() -> None:
    async with open_world(delivery_errors_synchronous=True) as world:
        answer = await world.send_text()
        assert (answer.status_code, error_code(answer)) == (400, 131047)
        assert await world.received() == []


async def test_a_number_without_whatsapp_cannot_be_reached() -> None:
    async with open_world(unreachable=["+16505551234"]) as world:
        assert (await world.send_text()).status_code == 200
        await world.settle()
        assert world.business.statuses[0]["errors"][0]["code"] == 131026


async def test_service_messages_cost_after_the_monthly_allowance() -> None:
    async with open_world(free_service_messages_per_month=1) as world:
        await world.inbound(text="Hi")
        await world.send_text()
        await world.send_text()
        await world.settle()
        prices = [(s["pricing"]["type"], s["pricing"]["billable"]) for s in world.business.statuses]
        assert sorted(set(prices)) == [("free_customer_service", False), ("regular", True)]


async def test_answering_an_ad_makes_three_days_free(world: World) -> None:
    message = {
        "from": SHOPPER,
        "type": "text",
        "text": {"body": "Is this still on sale?"},
        "referral": {"source_type": "ad", "source_id": "1"},
    }
    await world.inbound(message=message)
    await world.send_text()
    world.clock.advance(3 * DAY + 1)
    await world.inbound(text="Hi")
    await world.send_text()
    await world.settle()
    kinds = [s["pricing"]["type"] for s in world.business.statuses if s["status"] == "sent"]
    assert kinds == ["free_entry_point", "free_customer_service"]


async def test_a_webhook_is_repeated_until_it_is_answered_with_200(world: World) -> None:
    world.business.answers = [500, 503, 200]
    assert (await world.inbound(text="Hi")).json() == {"status": 500}
    await world.settle()
    contents = [request.content for request in world.business.requests]
    assert len(contents) == 3
    assert len(set(contents)) == 1


async def test_a_webhook_that_is_never_accepted_is_given_up(world: World) -> None:
    world.business.answers = [500] * 9
    await world.inbound(text="Hi")
    await world.settle()
    assert len(world.business.requests) == 1 + 3


async def test_stopping_cancels_repetitions_that_wait() -> None:
    async with open_world(retry_delays=(3600,)) as world:
        world.business.answers = [500]
        await world.inbound(text="Hi")
    assert len(world.business.requests) == 1


async def test_an_unsubscribed_business_gets_no_webhooks(world: World) -> None:
    await world.graph("DELETE", "102290129340398/subscribed_apps")
    assert (await world.inbound(text="Hi")).json() == {"status": None}
    await world.graph("POST", "102290129340398/subscribed_apps")
    assert (await world.inbound(text="Hi")).json() == {"status": 200}
    assert len(world.business.requests) == 1


async def test_a_callback_that_proves_itself_gets_the_webhooks(world: World) -> None:
    override = {"override_callback_uri": "http://other.test/hook", "verify_token": "verify-me"}
    answer = await world.graph("POST", "102290129340398/subscribed_apps", json=override)
    assert answer.json() == {"success": True}
    await world.inbound(text="Hi")
    assert world.business.requests[0].url == "http://other.test/hook"


async def test_a_callback_that_does_not_know_the_token_is_refused(world: World) -> None:
    override = {"override_callback_uri": "http://other.test/hook", "verify_token": "guess"}
    body = {"webhook_configuration": override}
    answer = await world.graph("POST", PHONE_NUMBER_ID, json=body)
    assert error_code(answer) == 2200
    await world.inbound(text="Hi")
    assert world.business.requests[0].url == "http://shop.test/webhooks/whatsapp"


def test_the_secret_of_these_tests_is_the_vectors() -> None:
    assert f"secret: {APP_SECRET}\n" in (PAYLOADS / "signature-vector.txt").read_text()
