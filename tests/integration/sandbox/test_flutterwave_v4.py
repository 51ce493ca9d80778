"""v4: tokens, customers, payment methods, charges in every shape, refunds, idempotency keys."""

import json
from typing import Any

import httpx
import pytest

from tests.integration.sandbox.flutterwave import FIRST, RETURN, SECOND, Till, sample, signature
from tests.integration.sandbox.world import PHONE_NUMBER_ID

CUSTOMER = {
    "email": "amina@example.com",
    "name": {"first": "Amina", "last": "Otieno"},
    "phone": {"country_code": "233", "number": "901234567"},
    "address": {"city": "Accra", "country": "GH", "line1": "1 Ring Road"},
}
WALLET = {"country_code": "233", "network": "MTN", "phone_number": "901234567"}
MOMO = {"type": "mobile_money", "mobile_money": WALLET}
PHONE = "233901234567"
CARD = {"type": "card", "card": {"encrypted_card_number": "x", "nonce": "y"}}


def wallet(**changes: str) -> dict[str, Any]:
    """The change that makes a payment method with a wrong wallet."""
    return {"payment_method": {"type": "mobile_money", "mobile_money": WALLET | changes}}


async def direct(
    till: Till,
    reference: str = "ref-1",
    headers: dict[str, str] | None = None,
    **changes: Any,
) -> httpx.Response:
    """Charge with customer and payment method inline."""
    body = {
        "amount": 200,
        "currency": "GHS",
        "reference": reference,
        "customer": CUSTOMER,
        "payment_method": MOMO,
        **changes,
    }
    return await till.v4("POST", "/orchestration/direct-charges", headers, json=body)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, after checking that it has v4's shape."""
    body = answer.json()
    assert body.keys() == {"status", "error"}
    assert body["status"] == "failed"
    like = sample("flw4-api-error-10400" if answer.status_code == 400 else "flw4-api-error-10401")
    assert body["error"].keys() == like["error"].keys()
    return answer.status_code, body["error"]["code"]


def told(till: Till) -> Any:
    """The newest webhook's body."""
    return json.loads(till.heard[-1].content)


async def test_a_token_has_flutterwaves_shape_and_lives_ten_minutes(till: Till) -> None:
    answer = await till.token()
    like = sample("flw4-api-token")
    assert answer.json().keys() == like.keys()
    assert answer.json() | {"access_token": "SAMPLE_TOKEN"} == like
    assert (await till.v4("GET", "/charges")).status_code == 200
    till.world.clock.advance(599)
    assert (await till.v4("GET", "/charges")).status_code == 200
    till.world.clock.advance(1)
    assert refusal(await till.v4("GET", "/charges")) == (401, "10401")


async def test_wrong_credentials_get_no_token(till: Till) -> None:
    wrong = await till.token(client_secret="guess")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (await till.token(grant_type="password")).status_code == 400
    till.bearer = "guess"
    assert refusal(await till.v4("GET", "/charges")) == (401, "10401")


async def test_the_general_flow_leads_from_customer_to_charge(till: Till) -> None:
    customer = (await till.v4("POST", "/customers", json=CUSTOMER)).json()["data"]
    method = (await till.v4("POST", "/payment-methods", json=MOMO)).json()["data"]
    body = {
        "amount": "12.34",
        "currency": "GHS",
        "reference": "ref-1",
        "customer_id": customer["id"],
        "payment_method_id": method["id"],
        "meta": {"payment_id": "pay_1"},
    }
    answer = await till.v4("POST", "/charges", json=body)
    assert answer.status_code == 201
    charge, like = answer.json(), sample("flw4-api-charge-pending-instruction")
    assert charge.keys() == like.keys()
    assert charge["data"].keys() == like["data"].keys()
    assert charge["data"]["next_action"].keys() == like["data"]["next_action"].keys()
    details = charge["data"]["payment_method_details"]
    assert details.keys() == like["data"]["payment_method_details"].keys()
    assert charge["data"]["amount"] == 12.34
    assert charge["data"]["meta"] == {"payment_id": "pay_1"}
    for path, known in (("customers", customer), ("payment-methods", method)):
        assert (await till.v4("GET", f"/{path}/{known['id']}")).json()["data"] == known
        assert (await till.v4("GET", f"/{path}")).json()["data"] == [known]
        assert refusal(await till.v4("GET", f"/{path}/nothing")) == (404, "10404")


async def test_mobile_money_asks_the_phone(till: Till) -> None:
    charge = (await direct(till)).json()["data"]
    assert PHONE in charge["next_action"]["payment_instruction"]["note"]
    query = {"account": PHONE_NUMBER_ID, "shopper": PHONE}
    thread = await till.world.client.get("/phone/thread", params=query)
    [prompt] = thread.json()["prompts"]
    assert "Pay GHS 200 to Lucky Shrub?" in prompt["html"]
    body = {"shopper": PHONE, "prompt_id": prompt["id"], "approved": True}
    assert (await till.world.client.post("/phone/prompt", json=body)).status_code == 200
    await till.world.settle()
    found = (await till.v4("GET", f"/charges/{charge['id']}")).json()
    like = sample("flw4-api-charge-succeeded")
    assert found.keys() == like.keys()
    assert found["data"].keys() == like["data"].keys()
    for name in ("status", "processor_response", "currency", "amount", "fees"):
        assert found["data"][name] == like["data"][name]


async def test_the_webhook_has_flutterwaves_shape_and_one_signature(till: Till) -> None:
    await direct(till)
    await till.settle()
    [request] = till.heard
    body, like = told(till), sample("flw4-charge.completed-mobile_money-gh")
    assert body.keys() == like.keys()
    assert body["data"].keys() == like["data"].keys()
    for part in ("customer", "payment_method"):
        assert body["data"][part].keys() == like["data"][part].keys()
    assert (body["type"], body["data"]["status"]) == ("charge.completed", "succeeded")
    assert request.headers["flutterwave-signature"] == signature(request.content)
    assert "verif-hash" not in request.headers
    assert str(request.url) == FIRST.webhook_url


async def test_an_ignored_push_fails_after_two_minutes(till: Till) -> None:
    charge = (await direct(till)).json()["data"]
    await till.world.client.post("/clock", json={"advance_seconds": 120})
    await till.world.settle()
    assert told(till)["data"]["status"] == "failed"
    till.bearer = ""
    found = (await till.v4("GET", f"/charges/{charge['id']}")).json()["data"]
    assert (found["status"], found["processor_response"]["type"]) == ("failed", "timed_out")
    assert "next_action" not in found


async def test_a_scenario_key_sends_the_payer_to_a_page(till: Till) -> None:
    answer = await direct(
        till, headers={"X-Scenario-Key": "scenario:auth_redirect"}, redirect_url=RETURN
    )
    charge, like = answer.json()["data"], sample("flw4-api-charge-pending-redirect")["data"]
    assert charge.keys() - {"created_datetime"} == like.keys()
    assert charge["next_action"].keys() == like["next_action"].keys()
    page = charge["next_action"]["redirect_url"]["url"]
    assert "GHS 200" in (await till.world.client.get(page)).text
    back = await till.press(page, "pay")
    assert back.headers["Location"] == f"{RETURN}&status=succeeded&reference=ref-1"
    assert told(till)["data"]["status"] == "succeeded"
    assert (await till.press(page, "pay")).status_code == 409


@pytest.mark.parametrize(
    ("issuer", "status", "code"),
    [("approved", "succeeded", "00"), ("insufficient_funds", "failed", "51")],
)
async def test_a_card_without_checks_ends_at_once(
    till: Till, issuer: str, status: str, code: str
) -> None:
    key = {"X-Scenario-Key": f"scenario:noauth&issuer:{issuer}"}
    charge = (await direct(till, headers=key, payment_method=CARD)).json()["data"]
    await till.world.settle()
    assert (charge["status"], charge["processor_response"]["code"]) == (status, code)
    assert told(till)["data"]["id"] == charge["id"]


async def test_a_card_may_ask_for_a_pin_and_a_password(till: Till) -> None:
    key = {"X-Scenario-Key": "scenario:auth_pin&issuer:approved"}
    charge = (await direct(till, headers=key, payment_method=CARD)).json()["data"]
    assert charge["next_action"]["type"] == "requires_pin"
    path = f"/charges/{charge['id']}"
    early = await till.v4("PUT", path, json={"authorization": {"type": "otp"}})
    assert refusal(early) == (400, "10400")
    asked = await till.v4("PUT", path, json={"authorization": {"type": "pin"}})
    assert asked.json()["data"]["next_action"]["type"] == "requires_otp"
    done = await till.v4("PUT", path, json={"authorization": {"type": "otp"}, "meta": {"a": 1}})
    assert (done.json()["data"]["status"], done.json()["data"]["meta"]) == ("succeeded", {"a": 1})


async def test_a_key_that_means_nothing_leaves_the_charge_pending(till: Till) -> None:
    charge = (await direct(till, headers={"X-Scenario-Key": "scenario:moon"})).json()["data"]
    assert charge["status"] == "pending"
    till.world.clock.advance(121)
    assert (await till.v4("GET", f"/charges/{charge['id']}")).json()["data"]["status"] == "pending"


async def test_a_charge_is_found_by_its_reference(till: Till) -> None:
    empty = await till.v4("GET", "/charges", params={"reference": "ref-1"})
    assert (empty.status_code, empty.json()["data"]) == (200, [])
    first = (await direct(till)).json()["data"]["id"]
    await direct(till, "ref-2")
    found = (await till.v4("GET", "/charges", params={"reference": "ref-1"})).json()
    assert [charge["id"] for charge in found["data"]] == [first]
    assert found["meta"]["page_info"] == {"total": 1, "current_page": 1, "total_pages": 1}


async def test_a_reference_cannot_be_charged_twice(till: Till) -> None:
    await direct(till)
    assert refusal(await direct(till)) == (409, "1100409")
    assert len((await till.books())["Lucky Shrub"]) == 1


async def test_the_same_key_answers_as_before_and_does_nothing_more(till: Till) -> None:
    key = {"X-Idempotency-Key": "0197a3c0aaaabbbbccccddddeeeeffff"}
    first, again = await direct(till, headers=key), await direct(till, headers=key)
    assert again.content == first.content
    assert again.status_code == first.status_code == 201
    assert again.headers["X-Idempotency-Cache-Hit"] == "true"
    assert "X-Idempotency-Cache-Hit" not in first.headers
    assert len((await till.books())["Lucky Shrub"]) == 1
    assert refusal(await direct(till, "ref-2", headers=key)) == (409, "10409")
    other_path = await till.v4("POST", "/customers", key, json=CUSTOMER)
    assert refusal(other_path) == (409, "10409")


@pytest.mark.parametrize("key", ["short", "x" * 256, "with space in it"])
async def test_a_bad_idempotency_key_is_refused(till: Till, key: str) -> None:
    assert refusal(await direct(till, headers={"X-Idempotency-Key": key})) == (400, "10400")


async def test_an_email_address_makes_one_customer(till: Till) -> None:
    known = (await till.v4("POST", "/customers", json=CUSTOMER)).json()["data"]
    assert refusal(await till.v4("POST", "/customers", json=CUSTOMER)) == (409, "10409")
    search = {"email": "AMINA@example.com"}
    found = (await till.v4("POST", "/customers/search", json=search)).json()["data"]
    assert found == [known]
    assert (await direct(till)).json()["data"]["customer_id"] == known["id"]


async def test_a_refund_has_flutterwaves_shape_and_is_told(till: Till) -> None:
    charge = (await direct(till)).json()["data"]["id"]
    body = {"charge_id": charge, "amount": "50.5", "reason": "requested_by_customer"}
    assert refusal(await till.v4("POST", "/refunds", json=body)) == (400, "10400")
    await till.settle()
    key = {"X-Idempotency-Key": "refund0000000001"}
    answer = await till.v4("POST", "/refunds", key, json=body)
    await till.world.settle()
    like = sample("flw4-api-refund-created")
    assert answer.json().keys() == like.keys()
    assert answer.json()["data"].keys() == like["data"].keys()
    assert answer.json()["data"]["amount_refunded"] == 50.5
    again = await till.v4("POST", "/refunds", key, json=body)
    assert again.content == answer.content
    assert told(till)["type"] == "refund.completed"
    listed = (await till.v4("GET", "/refunds", params={"from": "2026-11-21T12:00:00Z"})).json()
    assert listed.keys() == sample("flw4-api-refund-list").keys()
    [one] = listed["data"]
    assert one["status"] == "succeeded"
    assert (await till.v4("GET", f"/refunds/{one['id']}")).json()["data"] == one
    later = await till.v4("GET", "/refunds", params={"from": "2026-11-21T12:00:01"})
    assert later.json()["data"] == []
    wrong = await till.v4("GET", "/charges", params={"to": "yesterday"})
    assert refusal(wrong) == (400, "10400")
    too_much = await till.v4("POST", "/refunds", json={**body, "amount": 150})
    assert refusal(too_much) == (400, "10400")
    assert [r["amount"] for r in (await till.books())["Lucky Shrub"][0]["refunds"]] == [50.5]


async def test_mobile_networks_are_listed_by_country(till: Till) -> None:
    answer = await till.v4("GET", "/mobile-networks", params={"country": "GH"})
    assert [n["network"] for n in answer.json()["data"]] == ["airteltigo", "mtn", "vodafone"]
    assert refusal(await till.v4("GET", "/mobile-networks")) == (400, "10400")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": None}, "amount"),
        ({"currency": "ghs"}, "currency"),
        ({"reference": ""}, "reference"),
        ({"customer": {}}, "customer.email"),
        ({"customer": {"email": "nobody"}}, "email"),
        ({"payment_method": {"type": "mobile_money"}}, "mobile_money"),
        ({"payment_method": {"type": "shells"}}, "payment_method.type"),
        (wallet(network="x"), "mobile_money.network"),
        (wallet(country_code="1"), "mobile_money.country_code"),
        (wallet(phone_number="+233"), "mobile_money.phone_number"),
    ],
)
async def test_a_bad_field_is_named(till: Till, changes: dict[str, Any], field: str) -> None:
    assert (await direct(till, "good")).status_code == 201
    answer = await direct(till, **changes)
    assert refusal(answer) == (400, "10400")
    [bad] = answer.json()["error"]["validation_errors"]
    assert bad["field_name"] == field


async def test_a_currency_that_the_country_does_not_have_is_refused(till: Till) -> None:
    answer = await direct(till, currency="KES")
    assert refusal(answer) == (400, "10400")
    assert answer.json() == sample("flw4-api-error-10400")


async def test_an_address_that_is_none_is_refused(till: Till) -> None:
    assert refusal(await direct(till, redirect_url="javascript:alert(1)")) == (400, "1141400")


async def test_another_stores_token_opens_nothing(till: Till) -> None:
    charge = (await direct(till)).json()["data"]
    assert (await till.v4("GET", f"/charges/{charge['id']}")).status_code == 200
    till.bearer = (await till.token(SECOND)).json()["access_token"]
    assert refusal(await till.v4("GET", f"/charges/{charge['id']}")) == (404, "10404")
    assert (await till.v4("GET", "/customers")).json()["data"] == []
    assert (await direct(till)).status_code == 201


async def test_the_versions_do_not_show_each_others_money(till: Till) -> None:
    charge = (await direct(till)).json()["data"]["id"]
    assert (await till.by_reference()).status_code == 400
    await till.link(tx_ref="ref-3")
    number = (await till.settle("ref-3")).json()["id"]
    assert refusal(await till.v4("GET", f"/charges/{number}")) == (404, "10404")
    assert [t["id"] for t in (await till.books())["Lucky Shrub"]] == [charge, number]
