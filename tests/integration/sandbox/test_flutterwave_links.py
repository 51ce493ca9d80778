"""v3's hosted link: from the call that makes it to the page, the webhook and the look-up."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.integration.sandbox.flutterwave import (
    FIRST,
    RETURN,
    SECOND,
    Till,
    sample,
    signature,
)


def told(location: str) -> dict[str, str]:
    """What a redirect to the store says, after checking where it goes."""
    parts = urlsplit(location)
    assert location.startswith(RETURN)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query.pop("order") == "7"
    return query


async def test_a_link_leads_to_a_page_that_tells_what_is_to_be_paid(till: Till) -> None:
    page = await till.world.client.get(await till.link(tx_ref="<ref>&1"))
    assert page.status_code == 200
    for shown in (
        "Lucky Shrub",
        "KES 1,250",
        "&lt;ref&gt;&amp;1",
        "Card",
        "M-Pesa",
        'name="viewport"',
    ):
        assert shown in page.text
    assert "<script" not in page.text
    for test_id in ("pay", "fail", "cancel", "method", "amount"):
        assert f'data-testid="{test_id}"' in page.text
    style = re.search(r'href="(/flutterwave/static/[^"]+)"', page.text)
    assert style
    assert (await till.world.client.get(style[1])).status_code == 200


async def test_nothing_is_found_before_somebody_has_paid(till: Till) -> None:
    await till.link()
    answer = await till.by_reference()
    assert answer.status_code == 400
    assert answer.json().keys() == {"status", "message", "data"}
    assert answer.json()["status"] == "error"


async def test_paying_by_card_sends_the_payer_back_and_tells_the_store(till: Till) -> None:
    link = await till.link(meta={"payment_id": "pay_1"})
    answer = await till.press(link, "pay", method="card")
    assert answer.status_code == 303
    [request] = till.heard
    body = json.loads(request.content)
    assert told(answer.headers["Location"]) == {
        "status": "successful",
        "tx_ref": "ref-1",
        "transaction_id": str(body["data"]["id"]),
    }
    assert body["meta_data"] == {"payment_id": "pay_1"}
    assert body["event.type"] == "CARD_TRANSACTION"
    verified = (await till.by_reference()).json()
    like = sample("flw3-api-verify-by-reference")
    assert verified.keys() == like.keys()
    assert verified["data"].keys() == like["data"].keys()
    for part in ("card", "customer"):
        assert verified["data"][part].keys() == like["data"][part].keys()
    assert verified["data"]["status"] == "successful"
    assert verified["data"]["amount"] == 1250
    assert verified["data"]["amount_settled"] == 1250 - verified["data"]["app_fee"]


async def test_mpesa_on_the_page_is_told_as_flutterwave_tells_it(till: Till) -> None:
    answer = await till.press(await till.link(), "pay", method="mpesa")
    assert told(answer.headers["Location"])["status"] == "completed"
    [request] = till.heard
    body, like = json.loads(request.content), sample("flw3-charge.completed-mpesa")
    assert body.keys() == like.keys()
    assert body["data"].keys() == like["data"].keys()
    assert body["data"]["customer"].keys() == like["data"]["customer"].keys()
    for kind in ("id", "amount", "charged_amount", "app_fee"):
        assert isinstance(body["data"][kind], int | float)
    assert body["event.type"] == like["event.type"]


async def test_a_webhook_bears_the_secret_hash_and_a_signature_of_its_bytes(till: Till) -> None:
    await till.press(await till.link(), "pay")
    [request] = till.heard
    assert str(request.url) == FIRST.webhook_url
    assert request.headers["verif-hash"] == FIRST.secret_hash
    assert request.headers["flutterwave-signature"] == signature(request.content)
    assert request.headers["flutterwave-signature"] != signature(request.content + b" ")


async def test_an_account_with_plain_signatures_sends_the_hash_itself(till: Till) -> None:
    body = {
        "tx_ref": "ref-2",
        "amount": 5,
        "redirect_url": RETURN,
        "customer": {"email": "b@example.com"},
    }
    answer = await till.v3("POST", "/payments", SECOND.secret_key, json=body)
    await till.press(answer.json()["data"]["link"], "pay")
    [request] = till.heard
    assert request.headers["flutterwave-signature"] == SECOND.secret_hash
    assert json.loads(request.content)["data"]["currency"] == "NGN"


async def test_failing_is_told_too_and_may_be_tried_again(till: Till) -> None:
    link = await till.link(max_retry_attempt=1)
    assert told((await till.press(link, "fail")).headers["Location"])["status"] == "failed"
    assert json.loads(till.heard[0].content)["data"]["status"] == "failed"
    assert "try again" in (await till.world.client.get(link)).text
    assert told((await till.press(link, "pay")).headers["Location"])["status"] == "successful"
    listed = await till.v3("GET", "/transactions", params={"tx_ref": "ref-1"})
    assert [t["status"] for t in listed.json()["data"]] == ["successful", "failed"]
    assert len({t["id"] for t in listed.json()["data"]}) == 2


async def test_after_the_last_try_the_link_is_closed(till: Till) -> None:
    link = await till.link(max_retry_attempt=1)
    for _ in range(2):
        assert (await till.press(link, "fail")).status_code == 303
    assert (await till.press(link, "pay")).status_code == 409
    page = await till.world.client.get(link)
    assert 'data-testid="pay"' not in page.text
    assert len(till.heard) == 2


async def test_when_its_time_is_over_the_link_is_closed(till: Till) -> None:
    link = await till.link(session_duration=30)
    till.world.clock.advance(30 * 60 - 1)
    assert 'data-testid="pay"' in (await till.world.client.get(link)).text
    till.world.clock.advance(1)
    assert 'data-testid="pay"' not in (await till.world.client.get(link)).text
    assert (await till.press(link, "pay")).status_code == 409
    assert till.heard == []


async def test_a_paid_link_cannot_be_paid_twice(till: Till) -> None:
    link = await till.link()
    await till.press(link, "pay")
    page = await till.press(link, "pay")
    assert page.status_code == 409
    assert "complete" in page.text
    assert len(till.heard) == 1


async def test_canceling_tells_the_store_nothing_and_names_no_transaction(till: Till) -> None:
    link = await till.link()
    location = (await till.press(link, "cancel")).headers["Location"]
    assert told(location) == {"status": "cancelled", "tx_ref": "ref-1"}
    assert till.heard == []
    assert (await till.by_reference()).status_code == 400
    assert (await till.press(link, "pay")).status_code == 303


async def test_the_same_reference_makes_two_links_and_two_transactions(till: Till) -> None:
    first, second = await till.link(), await till.link()
    assert first != second
    for link in (first, second):
        assert (await till.press(link, "pay")).status_code == 303
    [books] = [stores for name, stores in (await till.books()).items() if name == "Lucky Shrub"]
    assert [t["status"] for t in books] == ["successful", "successful"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tx_ref": "x" * 101}, "tx_ref"),
        ({"tx_ref": 7}, "tx_ref"),
        ({"amount": 0}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "12.345"}, "amount"),
        ({"amount": "lots"}, "amount"),
        ({"currency": "kes"}, "currency"),
        ({"customer": {"name": "A"}}, "customer.email"),
        ({"customer": {"email": "nobody"}}, "email"),
        ({"redirect_url": "javascript:alert(1)"}, "redirect_url"),
        ({"redirect_url": "http://["}, "redirect_url"),
        ({"max_retry_attempt": -1}, "max_retry_attempt"),
        ({"session_duration": 1441}, "session_duration"),
    ],
)
async def test_what_no_payment_can_be_made_of_is_refused(
    till: Till, changes: dict[str, object], named: str
) -> None:
    body = {
        "tx_ref": "r",
        "amount": 1,
        "redirect_url": RETURN,
        "customer": {"email": "a@b.example"},
    }
    assert (await till.v3("POST", "/payments", json=body)).status_code == 200
    answer = await till.v3("POST", "/payments", json={**body, **changes})
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"
    assert answer.json()["data"] is None
    assert named in answer.json()["message"]


async def test_only_a_stores_own_key_opens_anything(till: Till) -> None:
    await till.press(await till.link(), "pay")
    known = (await till.by_reference()).json()["data"]["id"]
    assert (await till.v3("GET", f"/transactions/{known}/verify")).status_code == 200
    other = await till.v3("GET", f"/transactions/{known}/verify", SECOND.secret_key)
    assert other.status_code == 400
    for key in ("", "FLWSECK_TEST-nobody-X"):
        assert (await till.v3("GET", "/transactions", key)).status_code == 401
    assert (await till.v3("POST", "/payments", content=b"{")).status_code == 400
    assert (await till.v3("POST", "/payments", content=b"[]")).status_code == 400


async def test_an_unknown_page_is_not_found(till: Till) -> None:
    assert (await till.world.client.get("/flutterwave/pay/nothing")).status_code == 404


async def test_a_webhook_that_is_not_answered_with_200_comes_again(till: Till) -> None:
    till.world.business.answers = [500, 302]
    await till.press(await till.link(), "pay")
    assert len(till.heard) == 3
    assert len({request.content for request in till.heard}) == 1


async def test_a_store_may_ask_for_a_webhook_again(till: Till) -> None:
    await till.press(await till.link(), "pay")
    known = json.loads(till.heard[0].content)["data"]["id"]
    answer = await till.v3("POST", f"/transactions/{known}/resend-hook")
    await till.world.settle()
    assert answer.json()["status"] == "success"
    assert till.heard[1].content == till.heard[0].content
