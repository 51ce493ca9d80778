"""The door: the handshake, signatures over raw bytes, and whose an item is."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from tradewind import (
    Accepted,
    Answer,
    Challenge,
    Decision,
    Directory,
    Item,
    Refused,
    WebhookRequest,
)
from tradewind_whatsapp import WhatsApp, WhatsAppSettings
from tradewind_whatsapp.door import LARGEST_BODY

Signed = Callable[..., WebhookRequest]
Settings = Callable[..., WhatsAppSettings]
Accounts = Callable[..., Directory[WhatsAppSettings]]

NUMBER = "106540352242922"
OTHER_NUMBER = "206540352242922"


def delivery(*values: dict[str, Any], field: str = "messages", waba_id: str = "1") -> bytes:
    changes = [{"field": field, "value": value} for value in values]
    entry = [{"id": waba_id, "time": 1751247548, "changes": changes}]
    return msgspec.json.encode({"object": "whatsapp_business_account", "entry": entry})


def texts(number: str, *refs: str) -> dict[str, Any]:
    shared = {"type": "text", "text": {"body": "hi"}, "from": "254700000101"}
    messages = [{"id": ref, **shared} for ref in refs]
    return {"metadata": {"phone_number_id": number}, "messages": messages}


async def items(request: WebhookRequest, directory: Directory[WhatsAppSettings]) -> Sequence[Item]:
    decision = await WhatsApp().accept(request, directory)
    assert isinstance(decision, Accepted), decision
    return decision.items


async def status(request: WebhookRequest, directory: Directory[WhatsAppSettings]) -> int:
    decision = await WhatsApp().accept(request, directory)
    assert isinstance(decision, Refused), decision
    return decision.status


def handshake(token: str, **changes: str) -> WebhookRequest:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": token}
    return WebhookRequest(method="GET", query={**query, **changes}, headers={}, body=b"")


async def handshake_with(
    directory: Directory[WhatsAppSettings], request: WebhookRequest
) -> Decision:
    return await WhatsApp().accept(request, directory)


@pytest.mark.parametrize("token", ["sesame", "second-word"])
async def test_the_handshake_returns_exactly_the_challenge(
    directory: Accounts, settings: Settings, token: str
) -> None:
    second = settings(phone_number_id=OTHER_NUMBER, verify_token="second-word")
    decision = await handshake_with(directory(settings(), second), handshake(token))
    answer = Answer(status=200, body=b"1158201444", media_type="text/plain")
    assert decision == Challenge(answer=answer)


@pytest.mark.parametrize(
    "request_",
    [
        handshake("wrong"),
        handshake(""),
        handshake("sésame"),
        handshake("\ud800"),
        handshake("sesame", **{"hub.mode": "unsubscribe"}),
        WebhookRequest(method="GET", query={}, headers={}, body=b""),
    ],
)
async def test_a_wrong_handshake_is_refused(
    directory: Accounts, settings: Settings, request_: WebhookRequest
) -> None:
    assert await status(request_, directory(settings())) == 403


async def test_an_empty_verify_token_opens_nothing(directory: Accounts, settings: Settings) -> None:
    assert await status(handshake(""), directory(settings(verify_token=""))) == 403


async def test_a_handshake_that_names_a_store_needs_that_store_s_token(
    directory: Accounts, settings: Settings
) -> None:
    second = settings(phone_number_id=OTHER_NUMBER, verify_token="second-word")
    request = msgspec.structs.replace(handshake("sesame"), store_slug="store-1")
    assert await status(request, directory(settings(), second)) == 403


async def test_the_signature_vector_is_accepted(
    captured: Callable[[str], bytes], directory: Accounts, settings: Settings
) -> None:
    vector = dict(
        line.split(": ", 1)
        for line in captured("signature-vector.txt").decode().splitlines()
        if line
    )
    request = WebhookRequest(
        method="POST",
        query={},
        headers={"x-hub-signature-256": vector["X-Hub-Signature-256"]},
        body=captured("signature-vector.body"),
    )
    found = await items(request, directory(settings(app_secret=vector["secret"])))
    assert [item.dedupe_key for item in found] == [f"m:{NUMBER}:wamid.SIGVECTOR"]


async def test_the_same_json_in_other_bytes_is_refused(
    captured: Callable[[str], bytes], signed: Signed, directory: Accounts, settings: Settings
) -> None:
    request = signed(captured("signature-vector.body"))
    other = json.dumps(json.loads(request.body)).encode()
    assert await status(msgspec.structs.replace(request, body=other), directory(settings())) == 401


@pytest.mark.parametrize(
    "header", ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "sha256=" + "Z" * 64]
)
async def test_a_missing_or_wrong_signature_is_refused(
    directory: Accounts, settings: Settings, header: str
) -> None:
    headers = {"x-hub-signature-256": header} if header else {}
    body = delivery(texts(NUMBER, "wamid.1"))
    request = WebhookRequest(method="POST", query={}, headers=headers, body=body)
    assert await status(request, directory(settings())) == 401


async def test_a_truncated_body_is_refused(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    request = signed(delivery(texts(NUMBER, "wamid.1")))
    cut = msgspec.structs.replace(request, body=request.body[:-7])
    assert await status(cut, directory(settings())) == 401


@pytest.mark.parametrize("body", [b"hello", b"", b'{"object":', b'"\xff"', b"[" * 200_000])
async def test_a_signed_body_that_is_no_json_is_refused_as_such(
    signed: Signed, directory: Accounts, settings: Settings, body: bytes
) -> None:
    assert await status(signed(body), directory(settings())) == 400
    assert await status(signed(body, "wrong"), directory(settings())) == 401


async def test_an_oversized_body_is_refused(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    assert await status(signed(b" " * (LARGEST_BODY + 1)), directory(settings())) == 413


async def test_other_methods_are_refused(directory: Accounts, settings: Settings) -> None:
    request = WebhookRequest(method="PUT", query={}, headers={}, body=b"")
    assert await status(request, directory(settings())) == 405


@pytest.mark.parametrize("body", [b"{}", b"[]", b"7", b'{"object":"page","entry":[{"id":"1"}]}'])
async def test_news_of_other_products_is_acknowledged_and_left(
    signed: Signed, directory: Accounts, settings: Settings, body: bytes
) -> None:
    assert await items(signed(body), directory(settings())) == ()


async def test_an_empty_secret_signs_nothing(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    request = signed(delivery(texts(NUMBER, "wamid.1")), "")
    assert await status(request, directory(settings(app_secret=""))) == 401


async def test_the_previous_secret_still_signs(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    request = signed(delivery(texts(NUMBER, "wamid.1")), "old-secret")
    assert await items(request, directory(settings(app_secret_previous="old-secret")))


async def test_one_delivery_of_two_stores_is_split_to_both(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    statuses = [
        {"id": "wamid.9", "status": status, "recipient_id": "254700000102"}
        for status in ("sent", "delivered")
    ]
    both = {"metadata": {"phone_number_id": OTHER_NUMBER}, "statuses": statuses}
    body = delivery(texts(NUMBER, "wamid.1", "wamid.2"), both)
    accounts = directory(settings(), settings(phone_number_id=OTHER_NUMBER))
    found = await items(signed(body), accounts)
    assert [(item.address, item.dedupe_key, item.lane) for item in found] == [
        (NUMBER, f"m:{NUMBER}:wamid.1", "254700000101"),
        (NUMBER, f"m:{NUMBER}:wamid.2", "254700000101"),
        (OTHER_NUMBER, f"s:{OTHER_NUMBER}:wamid.9:sent", "254700000102"),
        (OTHER_NUMBER, f"s:{OTHER_NUMBER}:wamid.9:delivered", "254700000102"),
    ]


async def test_the_secret_of_one_app_moves_no_number_of_another(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    theirs = settings(phone_number_id=OTHER_NUMBER, app_secret="their-secret", waba_id="2")
    accounts = directory(settings(waba_id="1"), theirs)
    alone = signed(delivery(texts(NUMBER, "wamid.1")), "their-secret")
    assert await status(alone, accounts) == 401
    mixed = delivery(texts(OTHER_NUMBER, "wamid.1"), texts(NUMBER, "wamid.2"))
    found = await items(signed(mixed, "their-secret"), accounts)
    assert [item.address for item in found] == [OTHER_NUMBER, f"unverified:{NUMBER}"]
    news = delivery({"event": "DISABLED_UPDATE"}, field="account_update", waba_id="1")
    assert [item.address for item in await items(signed(news, "their-secret"), accounts)] == [
        "waba:1"
    ]


async def test_items_of_unknown_numbers_keep_their_address(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    found = await items(signed(delivery(texts("999", "wamid.1"))), directory(settings()))
    assert [item.address for item in found] == ["999"]


async def test_few_numbers_are_looked_up_before_the_signature_is_verified(
    signed: Signed, settings: Settings, directory: Callable[..., Any]
) -> None:
    body = delivery(*(texts(str(1000 + n), "wamid.1") for n in range(50)), texts(NUMBER, "wamid.2"))
    accounts = directory(settings())
    assert await status(signed(body, "wrong"), accounts) == 401
    assert len(accounts.looked_up) == 20
    assert NUMBER in {item.address for item in await items(signed(body), accounts)}


async def test_news_of_an_account_reaches_every_store_in_it(
    captured: Callable[[str], bytes], signed: Signed, directory: Accounts, settings: Settings
) -> None:
    elsewhere = settings(phone_number_id="3", waba_id="77")
    accounts = directory(settings(), settings(phone_number_id=OTHER_NUMBER), elsewhere)
    found = await items(signed(captured("meta-template-status-approved.json")), accounts)
    assert [item.address for item in found] == [NUMBER, OTHER_NUMBER]
    assert {item.dedupe_key for item in found} == {
        "t:message_template_status_update:1689556908129832:APPROVED:1751247548"
    }


async def test_news_that_names_no_account_is_nobody_s(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    news = delivery({"event": "DISABLED_UPDATE"}, field="account_update", waba_id="")
    found = await items(signed(news), directory(settings(waba_id="")))
    assert [item.address for item in found] == ["waba:"]


async def test_quality_news_reaches_only_the_number_it_names(
    captured: Callable[[str], bytes], signed: Signed, directory: Accounts, settings: Settings
) -> None:
    first = settings(display_phone_number="+1 555-078-3881")
    second = settings(phone_number_id=OTHER_NUMBER, display_phone_number="+1 555 000 0000")
    body = captured("meta-phone-number-quality-update.json")
    found = await items(signed(body), directory(first, second))
    assert [item.address for item in found] == [NUMBER]


async def test_a_person_has_one_lane_for_messages_and_statuses(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    metadata = {"phone_number_id": NUMBER}
    contacts = [{"wa_id": "254700000101", "user_id": "KE.1"}]
    written = {"metadata": metadata, "contacts": contacts, "messages": [{"from_user_id": "KE.1"}]}
    reached = {
        "metadata": metadata,
        "statuses": [{"recipient_id": "254700000101", "recipient_user_id": "KE.1"}],
    }
    found = await items(signed(delivery(written, reached)), directory(settings()))
    assert [item.lane for item in found] == ["254700000101", "254700000101"]


async def test_a_repetition_grouped_otherwise_has_the_same_keys(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    together = await items(
        signed(delivery(texts(NUMBER, "wamid.1", "wamid.2"))), directory(settings())
    )
    apart = [
        item.dedupe_key
        for ref in ("wamid.1", "wamid.2")
        for item in await items(signed(delivery(texts(NUMBER, ref))), directory(settings()))
    ]
    assert [item.dedupe_key for item in together] == apart


async def test_an_item_keeps_the_bytes_of_its_part(
    captured: Callable[[str], bytes], signed: Signed, directory: Accounts, settings: Settings
) -> None:
    (item,) = await items(signed(captured("signature-vector.body")), directory(settings()))
    assert rb"caf\u00e9 \ud83d\udc4d https:\/\/shop.example\/p\/1" in item.body


async def test_ids_of_any_length_and_content_make_keys_that_can_be_stored(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    body = delivery(texts(NUMBER, "w" * 5000, "nul\x00"))
    keys = [item.dedupe_key for item in await items(signed(body), directory(settings()))]
    assert all(len(key) <= 240 and "\x00" not in key for key in keys)


async def test_half_an_emoji_does_not_cost_the_other_messages(
    signed: Signed, directory: Accounts, settings: Settings
) -> None:
    body = delivery(texts(NUMBER, "wamid.1", "wamid.2")).replace(b'"hi"', b'"hi \\ud83d"', 1)
    assert len(await items(signed(body), directory(settings()))) == 2
