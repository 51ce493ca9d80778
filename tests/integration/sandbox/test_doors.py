"""The doors for tests: inbound messages, what was received, the clock."""

import asyncio
from typing import Any

import pytest

from tests.integration.sandbox.world import FIRST, SHOPPER, World


async def test_a_text_arrives_and_the_answer_tells_the_hosts_status(world: World) -> None:
    world.business.answers = [403]
    assert (await world.inbound(text="Hi")).json() == {"status": 403}
    assert (await world.inbound(text="Hi")).json() == {"status": 200}
    assert world.business.messages[-1]["text"] == {"body": "Hi"}


async def test_a_raw_message_arrives_as_it_was_given(world: World) -> None:
    raw = {
        "from": SHOPPER,
        "id": "wamid.FIXED",
        "timestamp": "1749416383",
        "type": "order",
        "order": {"catalog_id": "1", "product_items": []},
    }
    await world.inbound(message=raw)
    assert world.business.messages == [raw]
    assert world.business.values[0]["contacts"][0]["wa_id"] == SHOPPER


async def test_a_raw_message_without_sender_gets_id_time_and_sender(world: World) -> None:
    content = {"type": "text", "text": {"body": "Hi"}}
    await world.inbound(**{"from": SHOPPER}, message=content)
    message = world.business.messages[0]
    assert message.items() >= content.items()
    assert message.keys() >= {"from", "from_user_id", "id", "timestamp"}


async def test_a_system_message_comes_without_contacts(world: World) -> None:
    system = {"type": "user_changed_number", "body": "User changed", "wa_id": "16505550000"}
    await world.inbound(message={"from": SHOPPER, "type": "system", "system": system})
    assert "contacts" not in world.business.values[0]


async def test_contacts_can_be_given(world: World) -> None:
    await world.inbound(text="Hi", contacts=[])
    assert world.business.values[0]["contacts"] == []


@pytest.mark.parametrize(
    ("identity", "present", "absent"),
    [
        ("phone_and_user_id", {"from", "from_user_id"}, set()),
        ("phone", {"from"}, {"from_user_id"}),
        ("user_id", {"from_user_id"}, {"from"}),
    ],
)
async def test_the_identity_decides_what_the_business_learns(
    world: World, identity: str, present: set[str], absent: set[str]
) -> None:
    await world.inbound(text="Hi", identity=identity)
    keys = world.business.messages[0].keys()
    assert keys >= present
    assert not keys & absent
    contact = world.business.values[0]["contacts"][0]
    assert ("wa_id" in contact) == ("from" in present)
    assert ("user_id" in contact) == ("from_user_id" in present)


async def test_fifty_copies_at_once_are_fifty_webhooks_and_one_message(world: World) -> None:
    raw = {"from": SHOPPER, "id": "wamid.SAME", "type": "text", "text": {"body": "Hi"}}
    await asyncio.gather(*(world.inbound(message=raw) for _ in range(50)))
    assert len(world.business.messages) == 50
    params = {"account": FIRST.phone_number_id, "shopper": SHOPPER}
    thread = (await world.client.get("/phone/thread", params=params)).json()
    assert len(thread["messages"]) == 1


@pytest.mark.parametrize("to", [SHOPPER, f"+{SHOPPER}", "+1 650 555 1234", "US.134"])
async def test_received_messages_are_found_by_any_name_of_the_shopper(
    world: World, to: str
) -> None:
    await world.inbound(**{"from": SHOPPER}, user_id="US.134", text="Hi")
    await world.send_text("to the number")
    await world.send_text("to the user id", recipient="US.134")
    await world.send_text("to another", to="+254700000101")
    found = await world.received(to)
    assert [body["text"]["body"] for body in found] == ["to the number", "to the user id"]


async def test_received_messages_are_the_raw_bodies_of_one_number(world: World) -> None:
    answer = await world.send_text("Hello", biz_opaque_callback_data="1")
    assert answer.status_code == 200
    params = {"to": SHOPPER, "phone_number_id": FIRST.phone_number_id}
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "type": "text",
        "text": {"body": "Hello"},
        "biz_opaque_callback_data": "1",
        "to": f"+{SHOPPER}",
    }
    assert (await world.client.get("/whatsapp/messages", params=params)).json() == [body]
    params["phone_number_id"] = "206540352242922"
    assert (await world.client.get("/whatsapp/messages", params=params)).json() == []


@pytest.mark.parametrize(
    "body",
    [
        {"from": SHOPPER},
        {"text": "Hi"},
        {"from": SHOPPER, "text": "Hi", "phone_number_id": None},
        {"from": SHOPPER, "text": "Hi", "identity": "none"},
    ],
)
async def test_an_incomplete_inbound_request_is_refused(world: World, body: dict[str, Any]) -> None:
    whole = {"phone_number_id": FIRST.phone_number_id, **body}
    assert (await world.client.post("/whatsapp/inbound", json=whole)).status_code == 400
    assert world.business.requests == []


async def test_an_unknown_business_number_is_not_found(world: World) -> None:
    body = {"phone_number_id": "1", "from": SHOPPER, "text": "Hi"}
    assert (await world.client.post("/whatsapp/inbound", json=body)).status_code == 404


async def test_the_clock_moves_forward_only(world: World) -> None:
    before = world.clock.now()
    await world.client.post("/clock", json={"advance_seconds": 90})
    assert (world.clock.now() - before).total_seconds() == 90
    refused = await world.client.post("/clock", json={"advance_seconds": -1})
    assert refused.status_code == 400
