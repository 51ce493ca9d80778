"""Payments through v4: token, customer, payment method, charge, look-ups."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tradewind import AwaitPhone, Money, ProviderFault, Redirect
from tradewind_flutterwave import FlutterwaveProvider
from tradewind_flutterwave.v4 import Tokens

REF = "018f5b2e-0000-7000-8000-000000000001"
ACCOUNT = {"api": "v4", "client_id": "id", "client_secret": "secret"}
GHANA = {"currency": "GHS", "inputs": {"phone": "0241234567", "network": "MTN"}}
Captured = Callable[[str], bytes]


@pytest.fixture
def account(context: Callable[..., Any]) -> Callable[..., Any]:
    return lambda peer, **changes: context(peer, **{**ACCOUNT, **changes})


@pytest.fixture
def start(
    provider: FlutterwaveProvider, account: Callable[..., Any], payment: Callable[..., Any]
) -> Any:
    async def begin(peer: Any, method: str = "mpesa", **changes: Any) -> Any:
        return await provider.start(account(peer), payment(method, **changes))

    return begin


@pytest.fixture
def fetch(provider: FlutterwaveProvider, account: Callable[..., Any]) -> Any:
    async def ask(peer: Any, ref: str | None = None, operation: str = REF) -> Any:
        return await provider.fetch(account(peer), operation, ref)

    return ask


def charging(bank: Any, answer: httpx.Response) -> Callable[[httpx.Request], Any]:
    """The bank, except that charges are answered as a fixture has it."""

    def respond(request: httpx.Request) -> Any:
        posted = (request.method, request.url.path) == ("POST", "/charges")
        return answer if posted else bank(request)

    return respond


async def test_a_payment_is_a_customer_a_payment_method_and_a_charge(
    start: Any, new_bank: Any
) -> None:
    result = await start(new_bank)
    assert (result.status, result.provider_ref) == ("pending", "chg_0")
    assert result.action == AwaitPhone(text="Please authorise this payment.")
    assert result.data == {"tx_ref": REF}
    customer, method, charge = [json.loads(one.content) for one in new_bank.writes]
    assert customer == {
        "email": "ada@example.com",
        "name": {"first": "Ada", "last": "Okoro"},
        "phone": {"country_code": "254", "number": "700000101"},
    }
    assert method["mobile_money"] == {
        "country_code": "254",
        "network": "MPESA",
        "phone_number": "700000101",
    }
    assert (charge["reference"], charge["amount"], charge["currency"]) == (REF, 1250, "KES")
    assert (charge["customer_id"], charge["payment_method_id"]) == ("cus_0", "pmd_1")
    assert new_bank.writes[0].url == "https://f4bexperience.flutterwave.com/customers"


async def test_a_customer_who_is_known_is_found_by_mail(start: Any, new_bank: Any) -> None:
    new_bank.customers["ada@example.com"] = "cus_before"
    assert (await start(new_bank)).status == "pending"
    assert json.loads(new_bank.writes[-1].content)["customer_id"] == "cus_before"


async def test_a_repeated_start_is_the_same_charge(start: Any, new_bank: Any) -> None:
    first, second = await start(new_bank), await start(new_bank)
    assert first.provider_ref == second.provider_ref
    assert len(new_bank.charges) == 1
    assert len({one.headers["x-idempotency-key"] for one in new_bank.writes}) == 3


@pytest.mark.parametrize(
    ("fixture", "action"),
    [
        ("v4-charge-pending-instruction", AwaitPhone),
        ("v4-charge-pending-redirect", Redirect),
    ],
)
async def test_what_the_payer_must_do_is_what_the_charge_waits_for(
    fixture: str, action: Any, start: Any, new_bank: Any, captured: Captured
) -> None:
    body = captured(fixture)
    peer = charging(new_bank, httpx.Response(201, content=body))
    result = await start(peer, "mobile_money_gh", **GHANA)
    told = json.loads(body)["data"]
    step = told["next_action"]
    assert isinstance(result.action, action)
    assert result.provider_ref == told["id"]
    if action is Redirect:
        assert result.action.url == step["redirect_url"]["url"] == result.data["link"]
    else:
        assert result.action.text == step["payment_instruction"]["note"]


@pytest.mark.parametrize("kind", ["requires_pin", "requires_otp", "requires_additional_fields"])
async def test_what_only_a_form_of_our_own_could_ask_for_is_declined(
    kind: str, start: Any, new_bank: Any
) -> None:
    new_bank.next_action = {"type": kind, kind: {}}
    result = await start(new_bank)
    assert (result.status, result.code) == ("failed", "not_supported")


async def test_a_charge_without_a_next_action_waits_for_the_phone(
    start: Any, new_bank: Any
) -> None:
    new_bank.next_action = None
    assert isinstance((await start(new_bank)).action, AwaitPhone)


async def test_a_charge_that_is_done_at_once_is_looked_up_before_it_is_believed(
    start: Any, new_bank: Any, captured: Captured
) -> None:
    peer = charging(new_bank, httpx.Response(201, content=captured("v4-charge-succeeded")))
    result = await start(peer, "mobile_money_gh", **GHANA)
    assert (result.status, result.trusted) == ("pending", False)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("insufficient_funds", "insufficient_funds"),
        ("do_not_honor", "declined"),
        (None, "declined"),
    ],
)
async def test_a_charge_that_failed_at_once_is_a_decline(
    said: str | None, code: str, start: Any, new_bank: Any
) -> None:
    data = {
        "id": "chg_9",
        "amount": 1,
        "currency": "KES",
        "status": "failed",
        "processor_response": {"type": said} if said else None,
    }
    result = await start(charging(new_bank, httpx.Response(201, json={"data": data})))
    assert (result.status, result.code, result.provider_ref) == ("failed", code, "chg_9")


async def test_a_refusal_is_a_decline_with_flutterwaves_code(
    start: Any, new_bank: Any, captured: Captured
) -> None:
    peer = charging(new_bank, httpx.Response(400, content=captured("v4-error-10400")))
    result = await start(peer)
    assert (result.status, result.code) == ("failed", "10400")
    assert result.message == "Currency not supported for GH Mobile Money."


async def test_a_charge_whose_answer_was_lost_is_found_again(start: Any, new_bank: Any) -> None:
    new_bank.lose = "/charges"
    result = await start(new_bank)
    assert (result.status, result.provider_ref) == ("pending", "chg_0")
    assert len(new_bank.charges) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_charge_that_nobody_knows_of_is_unknown(
    status: int, start: Any, new_bank: Any
) -> None:
    assert (await start(charging(new_bank, httpx.Response(status)))).status == "unknown"


@pytest.mark.parametrize("path", ["/customers", "/payment-methods"])
async def test_before_the_charge_a_lost_answer_has_cost_nothing(
    path: str, start: Any, new_bank: Any
) -> None:
    new_bank.lose = path
    with pytest.raises(ProviderFault) as raised:
        await start(new_bank)
    assert not raised.value.permanent
    assert not new_bank.charges
    assert (await start(new_bank)).status == "pending"


async def test_a_reference_that_is_taken_is_the_charge_of_before(start: Any, new_bank: Any) -> None:
    new_bank.add(REF, 1250)
    error = {"type": "CHARGE_ALREADY_EXISTS", "code": "1100409", "message": "exists"}
    peer = charging(new_bank, httpx.Response(409, json={"status": "failed", "error": error}))
    assert (await start(peer)).provider_ref == "chg_0"


@pytest.mark.parametrize(
    ("method", "changes", "code"),
    [
        ("hosted", {}, "method_not_offered"),
        ("mobile_money_zm", {"currency": "ZMW"}, "method_not_offered"),
        ("mpesa", {"inputs": {"phone": "12"}}, "invalid_phone"),
        ("mpesa", {"inputs": {"phone": "0700000101", "network": "MTN"}}, "unknown_network"),
    ],
)
async def test_what_v4_does_not_have_is_declined_without_a_call(
    method: str, changes: dict[str, Any], code: str, start: Any, new_bank: Any
) -> None:
    result = await start(new_bank, method, **changes)
    assert (result.status, result.code) == ("failed", code)
    assert not new_bank.writes


async def test_the_token_is_asked_for_with_the_clients_credentials(
    start: Any, new_bank: Any, captured: Captured
) -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> Any:
        if not request.url.path.endswith("/token"):
            request.headers["authorization"] = "Bearer token-0"
            return new_bank(request)
        asked.append(request)
        new_bank(request)
        return httpx.Response(200, content=captured("v4-token"))

    await start(respond)
    (request,) = asked
    assert request.url.host == "idp.flutterwave.com"
    assert request.content == b"client_id=id&client_secret=secret&grant_type=client_credentials"


async def test_however_many_ask_at_once_one_token_is_fetched(
    provider: FlutterwaveProvider, account: Callable[..., Any], new_bank: Any
) -> None:
    async def slowly(request: httpx.Request) -> Any:
        await asyncio.sleep(0)
        return new_bank(request)

    asked = account(slowly)
    await asyncio.gather(*(provider.fetch(asked, REF, None) for _ in range(20)))
    assert len(new_bank.tokens) == 1


async def test_a_refused_token_does_not_cost_the_one_that_replaced_it(
    account: Callable[..., Any], new_bank: Any
) -> None:
    asked, tokens = account(new_bank), Tokens()
    old = await tokens.token(asked)
    tokens.forget(asked, old)
    new = await tokens.token(asked)
    tokens.forget(asked, old)
    assert await tokens.token(asked) == new != old


async def test_a_token_is_replaced_one_minute_before_it_ends(
    provider: FlutterwaveProvider, account: Callable[..., Any], new_bank: Any
) -> None:
    asked = account(new_bank)
    for seconds, tokens in ((0, 1), (539, 1), (2, 2)):
        asked.clock.advance(seconds)
        await provider.fetch(asked, REF, None)
        assert len(new_bank.tokens) == tokens


async def test_a_token_that_is_refused_before_its_time_is_replaced_once(
    provider: FlutterwaveProvider, account: Callable[..., Any], new_bank: Any
) -> None:
    asked = account(new_bank)
    await provider.fetch(asked, REF, None)
    new_bank.tokens.append("revoked elsewhere")
    assert (await provider.fetch(asked, REF, None)).status == "pending"
    assert len(new_bank.tokens) == 3


async def test_new_credentials_are_used_at_once(
    provider: FlutterwaveProvider, account: Callable[..., Any], new_bank: Any
) -> None:
    await provider.fetch(account(new_bank), REF, None)
    await provider.fetch(account(new_bank, client_secret="another"), REF, None)
    assert len(new_bank.tokens) == 2


@pytest.mark.parametrize("status", [400, 401])
async def test_credentials_that_are_wrong_are_a_lasting_fault(status: int, start: Any) -> None:
    with pytest.raises(ProviderFault) as raised:
        await start(lambda _: httpx.Response(status, json={"error": "invalid_client"}))
    assert raised.value.permanent
    assert "secret-" not in raised.value.detail


async def test_an_account_that_may_not_do_this_is_a_lasting_fault(
    start: Any, new_bank: Any, captured: Captured
) -> None:
    peer = charging(new_bank, httpx.Response(401, content=captured("v4-error-10401")))
    with pytest.raises(ProviderFault) as raised:
        await start(peer)
    assert raised.value.permanent


async def test_a_charge_that_succeeded_is_a_capture(
    fetch: Any, new_bank: Any, captured: Captured
) -> None:
    body = captured("v4-charge-succeeded")

    def respond(request: httpx.Request) -> Any:
        at_charge = request.url.path == "/charges/chg_xdSlPfGXSp"
        return httpx.Response(200, content=body) if at_charge else new_bank(request)

    operation = "69a26371-53d1-4b34-8dfa-ae7a33092b9b"
    result = await fetch(respond, "chg_xdSlPfGXSp", operation)
    assert result.status == "succeeded"
    (fact,) = result.facts
    assert (fact.kind, fact.object_id, fact.status) == ("capture", "chg_xdSlPfGXSp", "succeeded")
    assert (fact.amount, fact.fee) == (Money(20_000, "GHS"), 0)
    assert fact.at == datetime(2025, 1, 30, 12, 32, 40, 207870, UTC)


async def test_without_its_id_a_charge_is_found_by_our_reference(fetch: Any, new_bank: Any) -> None:
    assert (await fetch(new_bank)).status == "pending"
    new_bank.add(REF, "1250.50", status="succeeded")
    result = await fetch(new_bank)
    assert (result.status, result.provider_ref) == ("succeeded", "chg_0")
    assert (result.facts[0].amount, result.facts[0].fee) == (Money(125_050, "KES"), 149)


async def test_a_charge_under_another_reference_is_not_believed(fetch: Any, new_bank: Any) -> None:
    new_bank.add("somebody-elses", 1250, status="succeeded")
    result = await fetch(new_bank, "chg_0")
    assert result.status == "pending"
    assert not result.facts


async def test_a_list_that_is_not_filtered_brings_only_our_own(fetch: Any, new_bank: Any) -> None:
    new_bank.add("somebody-elses", 1250, status="succeeded")
    theirs, *_ = new_bank.charges

    def unfiltered(request: httpx.Request) -> Any:
        if request.url.path == "/charges":
            return httpx.Response(200, json={"data": [{**theirs, "amount": 1, "fees": []}]})
        return new_bank(request)

    assert (await fetch(unfiltered)).status == "pending"


async def test_a_charge_that_is_not_there_yet_is_pending(fetch: Any, new_bank: Any) -> None:
    assert (await fetch(new_bank, "chg_7")).status == "pending"


@pytest.mark.parametrize(
    ("word", "status"),
    [("failed", "failed"), ("voided", "failed"), ("pending", "pending"), ("new", "pending")],
)
async def test_what_the_words_for_a_charge_mean(
    word: str, status: str, fetch: Any, new_bank: Any
) -> None:
    new_bank.add(REF, 1250, status=word)
    assert (await fetch(new_bank, "chg_0")).status == status


@pytest.mark.parametrize("odd", [{"amount": "NaN"}, {"currency": ""}, {"status": 7}], ids=str)
async def test_an_answer_that_makes_no_sense_is_a_passing_fault(
    odd: Any, fetch: Any, new_bank: Any
) -> None:
    new_bank.add(REF, 1250, status="succeeded").update(odd)
    with pytest.raises(ProviderFault) as raised:
        await fetch(new_bank, "chg_0")
    assert not raised.value.permanent
