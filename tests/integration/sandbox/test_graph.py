"""The rest of the Graph API: tokens, objects, media, numbers, rates."""

import base64
import hashlib
import json
from pathlib import Path

import httpx
import pytest

from tests.integration.sandbox.world import (
    PHONE_NUMBER_ID,
    SHOPPER,
    WABA_ID,
    World,
    error_code,
    open_world,
)
from tradewind_sandbox.whatsapp.errors import GraphError
from tradewind_sandbox.whatsapp.graph.media import MEGABYTE, check_upload

PAYLOADS = Path(__file__).parents[2] / "payloads" / "whatsapp"


async def upload(world: World, content: bytes, mime_type: str) -> httpx.Response:
    return await world.graph(
        "POST",
        f"{PHONE_NUMBER_ID}/media",
        data={"messaging_product": "whatsapp", "type": mime_type},
        files={"file": ("tea.png", content, mime_type)},
    )


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "x"}])
async def test_without_a_valid_token_nothing_is_answered(
    world: World, header: dict[str, str]
) -> None:
    answer = await world.client.get(f"/v23.0/{PHONE_NUMBER_ID}", headers=header)
    assert (answer.status_code, error_code(answer)) == (401, 190)


@pytest.mark.parametrize("path", ["999", "999/messages", "206540352242922/messages"])
async def test_unknown_and_foreign_objects_are_told_with_400(world: World, path: str) -> None:
    answer = await world.graph("POST", path, json={})
    assert (answer.status_code, error_code(answer)) == (400, 100)
    assert answer.json()["error"]["error_subcode"] == 33


@pytest.mark.parametrize("version", ["v23.0", "v26.0"])
async def test_any_version_prefix_is_answered(world: World, version: str) -> None:
    headers = {"Authorization": "Bearer token-of-the-first"}
    answer = await world.client.get(f"/{version}/{PHONE_NUMBER_ID}", headers=headers)
    assert answer.json()["id"] == PHONE_NUMBER_ID


async def test_a_path_without_version_is_unknown(world: World) -> None:
    headers = {"Authorization": "Bearer token-of-the-first"}
    answer = await world.client.get(f"/latest/{PHONE_NUMBER_ID}", headers=headers)
    assert error_code(answer) == 2500


async def test_a_body_that_is_no_json_is_refused(world: World) -> None:
    answer = await world.graph("POST", f"{PHONE_NUMBER_ID}/messages", content=b"{")
    assert (answer.status_code, error_code(answer)) == (400, 100)


async def test_an_accepted_message_is_answered_like_metas_sample(world: World) -> None:
    theirs = json.loads((PAYLOADS / "meta-send-text-response.json").read_text())
    answer = (await world.send_text()).json()
    assert answer.keys() == theirs.keys()
    assert answer["contacts"] == theirs["contacts"]
    assert answer["messages"][0]["id"].startswith("wamid.")


async def test_a_message_to_a_user_id_is_answered_without_a_phone_number(world: World) -> None:
    theirs = json.loads((PAYLOADS / "meta-bsuid-send-response.json").read_text())
    answer = await world.send_text(recipient="US.13491208655302741918")
    assert answer.json()["contacts"] == theirs["contacts"]


@pytest.mark.parametrize(
    ("typed", "wa_id"),
    [
        ("+55 31 98765-4321", "553187654321"),
        ("+52 55 1234 5678", "5215512345678"),
        ("+54 11 2345-6789", "5491123456789"),
        ("+254 700 000 101", "254700000101"),
    ],
)
async def test_the_account_number_may_differ_from_the_number_dialed(
    world: World, typed: str, wa_id: str
) -> None:
    answer = await world.send_text(to=typed)
    assert answer.json()["contacts"] == [{"input": typed, "wa_id": wa_id}]


async def test_the_pair_rate_limit_lets_a_burst_through_and_then_one_in_six_seconds() -> None:
    async with open_world(pair_burst=45) as world:
        await world.inbound(text="Hi")
        for _ in range(45):
            assert (await world.send_text()).status_code == 200
        refused = await world.send_text()
        assert (refused.status_code, error_code(refused)) == (400, 131056)
        assert (await world.send_text(to="+254700000101")).status_code == 200
        world.clock.advance(5.9)
        assert (await world.send_text()).status_code == 400
        world.clock.advance(0.2)
        assert (await world.send_text()).status_code == 200
        assert (await world.send_text()).status_code == 400


async def test_a_number_sends_80_messages_in_a_second_and_no_more(world: World) -> None:
    for n in range(80):
        assert (await world.send_text(to=f"+2547000{n:05d}")).status_code == 200
    refused = await world.send_text()
    theirs = json.loads((PAYLOADS / "meta-error-130429.json").read_text())["error"]
    ours = refused.json()["error"]
    assert refused.status_code == 400
    assert refused.headers["Retry-After"] == "1"
    assert {k: ours[k] for k in ("message", "type", "code", "error_data")} == {
        k: theirs[k] for k in ("message", "type", "code", "error_data")
    }
    world.clock.advance(1)
    assert (await world.send_text()).status_code == 200


async def test_only_a_registered_number_sends(world: World) -> None:
    await world.graph("POST", f"{PHONE_NUMBER_ID}/deregister")
    assert error_code(await world.send_text()) == 133010
    body = {"messaging_product": "whatsapp", "pin": "123456"}
    await world.graph("POST", f"{PHONE_NUMBER_ID}/register", json=body)
    assert (await world.send_text()).status_code == 200


async def test_reading_marks_the_message_and_all_before_it(world: World) -> None:
    for _ in range(2):
        await world.inbound(text="Hi")
    ids = [message["id"] for message in world.business.messages]
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": ids[1]}
    path = f"{PHONE_NUMBER_ID}/messages"
    assert (await world.graph("POST", path, json=receipt)).json() == {"success": True}
    statuses = [world.app.state.carrier.state.messages[wamid].status for wamid in ids]
    assert statuses == ["read", "read"]
    assert await world.received() == []


async def test_reading_a_message_of_nobody_is_refused(world: World) -> None:
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"}
    answer = await world.graph("POST", f"{PHONE_NUMBER_ID}/messages", json=receipt)
    assert (answer.status_code, error_code(answer)) == (400, 100)


async def test_uploaded_media_is_sent_shown_and_deleted(world: World) -> None:
    media_id = (await upload(world, b"picture", "image/png")).json()["id"]
    assert (await world.send(type="image", image={"id": media_id})).status_code == 200
    shown = (await world.graph("GET", media_id)).json()
    assert (shown["mime_type"], shown["file_size"]) == ("image/png", 7)
    assert shown["sha256"] == base64.b64encode(hashlib.sha256(b"picture").digest()).decode()
    assert (await world.graph("DELETE", media_id)).json() == {"success": True}
    assert error_code(await world.graph("GET", media_id)) == 100


async def test_the_address_of_media_needs_the_token_and_lives_five_minutes(world: World) -> None:
    media_id = (await upload(world, b"picture", "image/png")).json()["id"]
    url = (await world.graph("GET", media_id)).json()["url"]
    headers = {"Authorization": "Bearer token-of-the-first"}
    assert (await world.client.get(url)).status_code == 401
    assert (await world.client.get(url, headers=headers)).content == b"picture"
    forged = url[:-1] + ("0" if url[-1] != "0" else "1")
    assert (await world.client.get(forged, headers=headers)).status_code == 404
    world.clock.advance(301)
    assert (await world.client.get(url, headers=headers)).status_code == 404


async def test_a_document_may_be_larger_than_other_requests(world: World) -> None:
    answer = await upload(world, bytes(12 * MEGABYTE), "application/pdf")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("mime_type", "most", "start"),
    [
        ("image/jpeg", 5 * MEGABYTE, b""),
        ("image/png", 5 * MEGABYTE, b""),
        ("audio/ogg", 16 * MEGABYTE, b""),
        ("video/mp4", 16 * MEGABYTE, b""),
        ("application/pdf", 100 * MEGABYTE, b""),
        ("image/webp", 100 * 1024, b"RIFF"),
        ("image/webp", 500 * 1024, b"RIFF....WEBPVP8X..........ANIM"),
    ],
)
def test_media_has_a_size_limit_by_type(mime_type: str, most: int, start: bytes) -> None:
    check_upload(mime_type, start.ljust(most, b"\0"))
    with pytest.raises(GraphError) as refused:
        check_upload(mime_type, start.ljust(most + 1, b"\0"))
    assert refused.value.code == 131053


@pytest.mark.parametrize("mime_type", ["image/gif", "video/quicktime", ""])
def test_media_of_other_types_is_refused(mime_type: str) -> None:
    with pytest.raises(GraphError) as refused:
        check_upload(mime_type, b"")
    assert refused.value.code == 100


async def test_an_upload_without_a_file_is_refused(world: World) -> None:
    path = f"{PHONE_NUMBER_ID}/media"
    answer = await world.graph("POST", path, data={"messaging_product": "whatsapp"})
    assert error_code(answer) in {100, 131008}


async def test_a_number_shows_the_fields_asked_for(world: World) -> None:
    params = {"fields": "verified_name,status"}
    answer = await world.graph("GET", PHONE_NUMBER_ID, params=params)
    wanted = {"id": PHONE_NUMBER_ID, "verified_name": "Lucky Shrub", "status": "CONNECTED"}
    assert answer.json() == wanted
    refused = await world.graph("GET", PHONE_NUMBER_ID, params={"fields": "shoe_size"})
    assert error_code(refused) == 100


async def test_a_business_lists_its_own_numbers(world: World) -> None:
    answer = await world.graph("GET", f"{WABA_ID}/phone_numbers")
    assert [number["id"] for number in answer.json()["data"]] == [PHONE_NUMBER_ID]
    assert "next" not in answer.json()["paging"]


async def test_the_business_profile_is_kept(world: World) -> None:
    path = f"{PHONE_NUMBER_ID}/whatsapp_business_profile"
    body = {"messaging_product": "whatsapp", "about": "Plants", "websites": ["https://shop.test"]}
    await world.graph("POST", path, json=body)
    shown = await world.graph("GET", path, params={"fields": "about"})
    assert shown.json() == {"data": [{"about": "Plants", "messaging_product": "whatsapp"}]}
    too_long = body | {"about": "x" * 140}
    assert error_code(await world.graph("POST", path, json=too_long)) == 100


async def test_management_calls_are_limited_by_the_hour() -> None:
    async with open_world(management_calls_per_hour=2) as world:
        for _ in range(2):
            assert (await world.graph("GET", f"{WABA_ID}/phone_numbers")).status_code == 200
        assert error_code(await world.graph("GET", f"{WABA_ID}/phone_numbers")) == 80007
        world.clock.advance(3600)
        assert (await world.graph("GET", f"{WABA_ID}/phone_numbers")).status_code == 200


async def test_each_shopper_has_a_steady_user_id(world: World) -> None:
    for _ in range(2):
        await world.inbound(**{"from": f"+{SHOPPER}"}, text="Hi")
    first, second = world.business.messages
    assert first["from_user_id"] == second["from_user_id"]
    assert first["from_user_id"].startswith("US.")
    assert first["from"] == SHOPPER
