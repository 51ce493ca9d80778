"""Beginning to pay through v3: what is sent, every shape of answer, and every way to get none."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tradewind import AwaitPhone, Payer, ProviderFault, Redirect
from tradewind_flutterwave import FlutterwaveProvider, payers

REF = "018f5b2e-0000-7000-8000-000000000001"
LINK = "https://checkout.example/v3/hosted/pay/1"
GHANA = {"currency": "GHS", "inputs": {"phone": "0241234567", "network": "MTN"}}
SENEGAL = {"currency": "XOF", "inputs": {"phone": "771234567", "network": "wave"}}


class Script:
    """Answers: the first to writing calls in turn, nothing known to reading ones."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers: Iterator[httpx.Response | Exception] = iter(answers)
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404, content=b'{"status": "error", "data": null}')
        self.sent.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def body(self) -> Any:
        return json.loads(self.sent[-1].content, parse_float=Decimal)


@pytest.fixture
def script(captured: Callable[[str], bytes]) -> Callable[..., Script]:
    """A script of fixtures by name, statuses, and faults."""

    def make(*answers: str | int | Exception) -> Script:
        return Script(
            *(
                httpx.Response(200, content=captured(one))
                if isinstance(one, str)
                else httpx.Response(one, content=captured("v3-timeout-503"))
                if isinstance(one, int)
                else one
                for one in answers
            )
        )

    return make


@pytest.fixture
def start(
    provider: FlutterwaveProvider, context: Callable[..., Any], payment: Callable[..., Any]
) -> Any:
    async def begin(peer: Any, method: str = "hosted", **changes: Any) -> Any:
        return await provider.start(context(peer), payment(method, **changes))

    return begin


# --- hosted page ---------------------------------------------------------------------------------


async def test_the_hosted_page_is_a_redirect_under_our_reference(start: Any, bank: Any) -> None:
    result = await start(bank)
    assert result.status == "pending"
    assert result.action == Redirect(url=LINK)
    assert result.provider_ref == REF
    assert result.data == {"tx_ref": REF, "link": LINK}


async def test_what_the_page_is_told(start: Any, bank: Any) -> None:
    await start(bank, amount=125_050)
    (request,) = bank.writes
    assert request.url == "https://api.flutterwave.com/v3/payments"
    assert request.headers["authorization"] == "Bearer FLWSECK_TEST-key-X"
    assert b'"amount":1250.50' in request.content
    told = json.loads(request.content)
    assert (told["tx_ref"], told["currency"], told["session_duration"]) == (REF, "KES", 30)
    assert told["redirect_url"] == "https://shop.example/return"
    assert told["customer"]["email"] == "ada@example.com"
    assert told["customer"]["name"] == "Ada Okoro"
    assert told["customizations"]["title"] == "Store under test"
    assert "payment_options" not in told


async def test_the_page_lasts_no_longer_than_the_payment(
    provider: FlutterwaveProvider,
    context: Callable[..., Any],
    payment: Callable[..., Any],
    bank: Any,
) -> None:
    asked = context(bank, session_minutes=45, payment_options="card, mpesa")
    soon = asked.clock.now() + timedelta(minutes=12, seconds=30)
    await provider.start(asked, payment(expires_at=soon))
    told = json.loads(bank.writes[0].content)
    assert (told["session_duration"], told["payment_options"]) == (12, "card, mpesa")


async def test_a_payer_without_mail_gets_an_address_of_the_shop(start: Any, bank: Any) -> None:
    await start(bank, payer=Payer(phone="+254700000101"))
    assert json.loads(bank.writes[0].content)["customer"]["email"] == "254700000101@shop.example"


@pytest.mark.parametrize(
    ("site", "domain", "expected"),
    [
        ("https://shop.example", "", "shop.example"),
        ("https://shop.example", "mail.example", "mail.example"),
        ("http://127.0.0.1:8123", "", "example.com"),
        ("http://localhost:8123", "", "example.com"),
        ("", "", "example.com"),
    ],
)
async def test_stand_in_addresses_have_a_domain_that_exists(
    site: str, domain: str, expected: str, payment: Any, context: Any
) -> None:
    asked = context(placeholder_email_domain=domain)
    asked.public_url = site
    assert payers.email(asked, payment(payer=Payer(phone="+254 700"))) == f"254700@{expected}"
    assert payers.email(asked, payment(payer=Payer())) == f"{REF}@{expected}"


async def test_the_operators_address_is_asked_instead_of_flutterwaves(
    provider: FlutterwaveProvider,
    context: Callable[..., Any],
    payment: Callable[..., Any],
    bank: Any,
) -> None:
    asked = context(bank, api_base="http://127.0.0.1:9/v3/")
    await provider.start(asked, payment())
    assert bank.writes[0].url == "http://127.0.0.1:9/v3/payments"


async def test_a_lost_link_is_asked_for_once_more(start: Any, bank: Any) -> None:
    bank.lose = True
    assert (await start(bank)).action == Redirect(url=LINK)
    assert len(bank.writes) == 2


async def test_two_lost_answers_leave_the_outcome_unknown(
    start: Any, script: Callable[..., Script]
) -> None:
    peer = script(httpx.ReadTimeout("late"), 503)
    assert (await start(peer)).status == "unknown"
    assert len(peer.sent) == 2


async def test_a_link_that_is_none_is_not_handed_on(start: Any, bank: Any) -> None:
    def odd(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"status": "success", "data": {"link": "javascript:x"}})

    with pytest.raises(ProviderFault):
        await start(odd)


# --- direct charges: four shapes of answer -------------------------------------------------------


async def test_mpesa_rings_the_phone(start: Any, script: Callable[..., Script]) -> None:
    peer = script("v3-charge-mpesa-pending")
    result = await start(peer, "mpesa")
    assert result.status == "pending"
    assert isinstance(result.action, AwaitPhone)
    assert result.provider_ref == "4193428"
    assert result.data == {"tx_ref": REF}
    assert not result.facts
    assert str(peer.sent[0].url).endswith("/charges?type=mpesa")
    assert peer.body["phone_number"] == "254700000101"
    assert peer.body["network"] == "SAFARICOM"
    assert peer.body["amount"] == 1250


async def test_a_page_without_a_transaction_is_a_redirect(
    start: Any, script: Callable[..., Script], captured: Callable[[str], bytes]
) -> None:
    peer = script("v3-charge-mobilemoney-redirect")
    result = await start(peer, "mobile_money_gh", **GHANA)
    page = json.loads(captured("v3-charge-mobilemoney-redirect"))["meta"]["authorization"]
    assert result.action == Redirect(url=page["redirect"])
    assert result.provider_ref == REF
    assert result.data == {"tx_ref": REF, "link": page["redirect"]}
    assert str(peer.sent[0].url).endswith("type=mobile_money_ghana")
    assert peer.body["phone_number"] == "233241234567"


async def test_a_page_that_is_null_means_to_wait_for_the_phone(
    start: Any, script: Callable[..., Script]
) -> None:
    peer = script("v3-charge-franco-callback")
    result = await start(peer, "mobile_money_sn", **SENEGAL)
    assert isinstance(result.action, AwaitPhone)
    assert result.provider_ref == "4193429"
    assert (peer.body["country"], peer.body["network"]) == ("SN", "WAVE")


async def test_a_page_under_its_other_name_is_a_redirect(start: Any) -> None:
    page = {"mode": "redirect", "redirect_url": "https://wave.example/pay"}
    answer = {"status": "success", "meta": {"authorization": page}}
    result = await start(Script(httpx.Response(200, json=answer)), "mobile_money_sn", **SENEGAL)
    assert result.action == Redirect(url="https://wave.example/pay")


async def test_a_charge_without_a_number_is_looked_up_by_our_reference(
    start: Any, bank: Any
) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        answer = bank(request)
        return (
            answer if request.method == "GET" else httpx.Response(200, json={"status": "success"})
        )

    result = await start(silent, "mpesa")
    assert result.status == "pending"
    assert isinstance(result.action, AwaitPhone)
    assert result.provider_ref == str(bank.transactions[0]["id"])


async def test_a_charge_that_failed_at_once_is_a_decline(start: Any) -> None:
    data = {"id": 7, "status": "failed", "processor_response": "Insufficient balance"}
    answer = httpx.Response(200, json={"status": "success", "data": data})
    result = await start(Script(answer), "mpesa")
    assert (result.status, result.code) == ("failed", "insufficient_funds")
    assert result.provider_ref == "7"


async def test_a_charge_that_succeeded_at_once_is_looked_up_before_it_is_believed(
    start: Any,
) -> None:
    answer = httpx.Response(
        200, json={"status": "success", "data": {"id": 7, "status": "successful"}}
    )
    result = await start(Script(answer), "mpesa")
    assert (result.status, result.trusted) == ("pending", False)


# --- once only -----------------------------------------------------------------------------------


async def test_a_repeated_start_does_not_ring_twice(start: Any, bank: Any) -> None:
    first, second = await start(bank, "mpesa"), await start(bank, "mpesa")
    assert len(bank.writes) == len(bank.transactions) == 1
    assert first.provider_ref == second.provider_ref
    assert isinstance(second.action, AwaitPhone)


async def test_a_charge_whose_answer_was_lost_is_found_again(start: Any, bank: Any) -> None:
    bank.lose = True
    result = await start(bank, "mpesa")
    assert result.provider_ref == str(bank.transactions[0]["id"])
    assert len(bank.writes) == 1


@pytest.mark.parametrize(
    "fault",
    [503, 502, 504, httpx.ReadTimeout("late"), httpx.ReadError("cut"), httpx.WriteError("cut")],
    ids=repr,
)
async def test_a_charge_that_may_have_been_taken_is_unknown_and_not_repeated(
    fault: Any, start: Any, script: Callable[..., Script]
) -> None:
    peer = script(fault)
    assert (await start(peer, "mpesa")).status == "unknown"
    assert len(peer.sent) == 1


async def test_an_answer_that_cannot_be_read_is_unknown(start: Any) -> None:
    result = await start(Script(httpx.Response(200, content=b"<html>")), "mpesa")
    assert result.status == "unknown"


# --- no ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["hosted", "mpesa"])
async def test_a_refusal_is_a_decline_in_flutterwaves_words(method: str, start: Any) -> None:
    answer = httpx.Response(
        400, json={"status": "error", "message": "Invalid currency", "data": None}
    )
    result = await start(Script(answer), method)
    assert (result.status, result.code) == ("failed", "refused")
    assert result.message == "Invalid currency"


@pytest.mark.parametrize("method", ["hosted", "mpesa"])
@pytest.mark.parametrize(
    ("fault", "permanent"),
    [(401, True), (403, True), (429, False), (500, False), (301, False)],
)
async def test_faults_tell_whether_they_pass(
    *, method: str, fault: int, permanent: bool, start: Any, script: Callable[..., Script]
) -> None:
    with pytest.raises(ProviderFault) as raised:
        await start(script(fault, fault), method)
    assert raised.value.permanent is permanent
    assert "FLWSECK" not in raised.value.detail


async def test_a_host_that_cannot_be_reached_has_taken_nothing(
    start: Any, script: Callable[..., Script]
) -> None:
    with pytest.raises(ProviderFault) as raised:
        await start(script(httpx.ConnectError("no route")), "mpesa")
    assert not raised.value.permanent


@pytest.mark.parametrize(
    ("method", "changes", "code"),
    [
        ("hosted", {"currency": "KWD"}, "method_not_offered"),
        ("mpesa", {"currency": "UGX"}, "method_not_offered"),
        ("bitcoin", {}, "method_not_offered"),
        ("mpesa", {"inputs": {"phone": "12"}}, "invalid_phone"),
        ("mpesa", {"inputs": {"phone": "0700000101", "network": "MTN"}}, "unknown_network"),
        ("hosted", {"intent": "authorize"}, "not_supported"),
        ("hosted", {"intent": "save_only"}, "not_supported"),
    ],
)
async def test_what_cannot_be_done_is_declined_without_a_call(
    method: str, changes: dict[str, Any], code: str, start: Any, bank: Any
) -> None:
    result = await start(bank, method, **changes)
    assert (result.status, result.code) == ("failed", code)
    assert not bank.writes


async def test_without_a_key_there_is_a_fault_and_no_call(
    provider: FlutterwaveProvider, context: Callable[..., Any], payment: Callable[..., Any]
) -> None:
    with pytest.raises(ProviderFault) as raised:
        await provider.start(context(secret_key=""), payment())
    assert raised.value.permanent
