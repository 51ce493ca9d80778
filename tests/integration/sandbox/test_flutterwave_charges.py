"""v3's direct charges: the push on the phone, other countries' pages, and time that runs out."""

import json
from typing import Any

import pytest

from tests.integration.sandbox.flutterwave import FIRST, PAYER, RETURN, Till, sample
from tests.integration.sandbox.world import PHONE_NUMBER_ID


async def prompts(till: Till, shopper: str = PAYER) -> list[dict[str, Any]]:
    """What a phone is asked now, as its page learns it."""
    query = {"account": PHONE_NUMBER_ID, "shopper": shopper}
    answer = await till.world.client.get("/phone/thread", params=query)
    found: list[dict[str, Any]] = answer.json()["prompts"]
    return found


async def respond(till: Till, prompt_id: str, *, approved: bool, shopper: str = PAYER) -> int:
    """Tap Approve or Reject; the HTTP status of the answer."""
    body = {"shopper": shopper, "prompt_id": prompt_id, "approved": approved}
    answer = await till.world.client.post("/phone/prompt", json=body)
    await till.world.settle()
    return answer.status_code


def last_told(till: Till) -> Any:
    return json.loads(till.heard[-1].content)["data"]


async def test_mpesa_is_pending_and_has_flutterwaves_shape(till: Till) -> None:
    answer = await till.charge()
    body, like = answer.json(), sample("flw3-api-charge-mpesa-pending")
    assert body.keys() == like.keys()
    assert body["data"].keys() == like["data"].keys()
    assert body["data"]["customer"].keys() == like["data"]["customer"].keys()
    for name in ("status", "auth_model", "payment_type", "processor_response", "currency"):
        assert body["data"][name] == like["data"][name]
    assert (await till.by_reference()).json()["data"]["status"] == "pending"
    assert till.heard == []


async def test_the_phone_is_asked_and_approving_pays(till: Till) -> None:
    await till.charge(phone_number="0700 000 101")
    [prompt] = await prompts(till)
    assert "Pay KES 1,250 to Lucky Shrub?" in prompt["html"]
    assert await prompts(till, "254700000102") == []
    assert await respond(till, prompt["id"], approved=True) == 200
    assert last_told(till)["status"] == "successful"
    assert (await till.by_reference()).json()["data"]["status"] == "successful"
    assert await prompts(till) == []


async def test_rejecting_fails_with_its_reason(till: Till) -> None:
    await till.charge()
    [prompt] = await prompts(till)
    assert await respond(till, prompt["id"], approved=False) == 200
    told = last_told(till)
    assert (told["status"], told["processor_response"]) == ("failed", "Request cancelled by user")


async def test_nobody_elses_phone_can_answer(till: Till) -> None:
    await till.charge()
    [prompt] = await prompts(till)
    assert await respond(till, prompt["id"], approved=True, shopper="254700000102") == 404
    assert (await till.by_reference()).json()["data"]["status"] == "pending"


async def test_after_two_minutes_the_prompt_is_gone_and_the_payment_failed(till: Till) -> None:
    await till.charge()
    [prompt] = await prompts(till)
    till.world.clock.advance(119)
    assert await prompts(till) == [prompt]
    till.world.clock.advance(1)
    assert await prompts(till) == []
    assert await respond(till, prompt["id"], approved=True) == 404
    told = last_told(till)
    assert (told["status"], told["processor_response"]) == ("failed", "Request timed out")
    assert len(till.heard) == 1


async def test_moving_the_clock_lets_a_prompt_run_out_though_nobody_looks(till: Till) -> None:
    await till.charge()
    await till.world.client.post("/clock", json={"advance_seconds": 120})
    await till.world.settle()
    assert last_told(till)["processor_response"] == "Request timed out"


async def test_several_prompts_wait_on_one_phone(till: Till) -> None:
    await till.charge()
    await till.charge(tx_ref="ref-2", amount="99.50")
    first, second = await prompts(till)
    assert "KES 99.50" in second["html"]
    await respond(till, second["id"], approved=True)
    assert [p["id"] for p in await prompts(till)] == [first["id"]]


async def test_what_a_store_says_does_not_become_markup(till: Till) -> None:
    await till.charge(tx_ref="<img src=x>")
    [prompt] = await prompts(till)
    assert "<img" not in prompt["html"]


@pytest.mark.parametrize(
    ("kind", "currency", "network"),
    [
        ("mobile_money_ghana", "GHS", "VODAFONE"),
        ("mobile_money_rwanda", "RWF", "MTN"),
        ("mobile_money_uganda", "UGX", "AIRTEL"),
        ("mobile_money_zambia", "ZMW", "ZAMTEL"),
    ],
)
async def test_some_countries_answer_with_a_page_and_no_data(
    till: Till, kind: str, currency: str, network: str
) -> None:
    answer = await till.charge(kind, currency=currency, network=network, redirect_url=RETURN)
    body, like = answer.json(), sample("flw3-api-charge-mobilemoney-redirect")
    assert body.keys() == like.keys()
    assert body["meta"]["authorization"].keys() == like["meta"]["authorization"].keys()
    page = body["meta"]["authorization"]["redirect"]
    assert f"{currency} 1,250" in (await till.world.client.get(page)).text
    back = await till.press(page, "pay")
    assert back.headers["Location"].startswith(f"{RETURN}&status=completed&tx_ref=ref-1&")
    assert last_told(till)["status"] == "successful"
    assert (await till.press(page, "pay")).status_code == 409


async def test_without_an_address_to_return_to_the_page_says_how_it_ended(till: Till) -> None:
    answer = await till.charge("mobile_money_ghana", currency="GHS", network="mtn")
    page = answer.json()["meta"]["authorization"]["redirect"]
    back = await till.press(page, "fail")
    assert page.endswith(back.headers["Location"])
    assert "can no longer" in (await till.world.client.get(page)).text
    assert last_told(till)["payment_type"] == "mobilemoneygh"


async def test_tanzania_answers_with_a_push(till: Till) -> None:
    answer = await till.charge(
        "mobile_money_tanzania", currency="TZS", network="VODACOM", phone_number="0700000101"
    )
    assert answer.json()["data"]["status"] == "pending"
    assert "meta" not in answer.json()
    assert len(await prompts(till, "255700000101")) == 1


async def test_francophone_money_waits_without_an_address(till: Till) -> None:
    answer = await till.charge(
        "mobile_money_franco",
        currency="XAF",
        country="CM",
        network="MTN",
        phone_number="237650000020",
    )
    body, like = answer.json(), sample("flw3-api-charge-franco-callback")
    assert body.keys() == like.keys()
    assert body["data"].keys() == like["data"].keys()
    assert body["meta"] == like["meta"]
    assert len(await prompts(till, "237650000020")) == 1


async def test_francophone_wave_sends_to_a_page_and_gives_data_too(till: Till) -> None:
    answer = await till.charge(
        "mobile_money_franco", currency="XOF", country="SN", network="wave", redirect_url=RETURN
    )
    authorization = answer.json()["meta"]["authorization"]
    assert authorization["mode"] == "redirect"
    assert answer.json()["data"]["status"] == "pending"
    back = await till.press(authorization["redirect_url"], "cancel")
    assert "transaction_id" not in back.headers["Location"]
    assert (await till.by_reference()).json()["data"]["status"] == "pending"
    assert till.heard == []


@pytest.mark.parametrize(
    ("kind", "changes", "named"),
    [
        ("carrier_pigeon", {}, "charge type"),
        ("mpesa", {"currency": "UGX"}, "currency"),
        ("mpesa", {"network": "MTN"}, "network"),
        ("mpesa", {"email": "nobody"}, "email"),
        ("mpesa", {"phone_number": None}, "phone_number"),
        ("mobile_money_franco", {"currency": "XAF"}, "country"),
        ("mobile_money_franco", {"currency": "XAF", "country": "KE"}, "country"),
        ("mobile_money_franco", {"currency": "XAF", "country": "CM", "network": "WAVE"}, "network"),
    ],
)
async def test_a_charge_that_cannot_be_is_refused(
    till: Till, kind: str, changes: dict[str, Any], named: str
) -> None:
    assert (await till.charge()).status_code == 200
    answer = await till.charge(kind, **changes)
    assert answer.status_code == 400
    assert named in answer.json()["message"]


async def test_a_reference_used_twice_asks_the_phone_twice(till: Till) -> None:
    first, second = await till.charge(), await till.charge()
    assert first.json()["data"]["id"] != second.json()["data"]["id"]
    assert len(await prompts(till)) == 2


async def test_a_direct_charge_does_not_give_its_meta_back(till: Till) -> None:
    await till.charge(meta={"payment_id": "pay_1"})
    await till.settle()
    assert "meta_data" not in json.loads(till.heard[0].content)
    assert (await till.by_reference()).json()["data"]["meta"] is None
    assert till.heard[0].headers["verif-hash"] == FIRST.secret_hash
