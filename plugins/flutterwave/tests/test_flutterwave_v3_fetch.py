"""What v3 knows of a payment: all transactions under its reference, and nothing else."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tradewind import Fact, Money, ProviderFault
from tradewind_flutterwave import FlutterwaveProvider

REF = "018f5b2e-0000-7000-8000-000000000001"


@pytest.fixture
def fetch(provider: FlutterwaveProvider, context: Callable[..., Any]) -> Any:
    async def ask(peer: Any, ref: str | None = REF) -> Any:
        return await provider.fetch(context(peer), REF, ref)

    return ask


def only(body: bytes, tx_ref: str = REF) -> Callable[[httpx.Request], httpx.Response]:
    """A peer that lists nothing and knows one transaction by its reference."""
    answer = json.loads(body)
    answer["data"]["tx_ref"] = tx_ref

    def respond(request: httpx.Request) -> httpx.Response:
        if "verify" in request.url.path:
            return httpx.Response(200, json=answer)
        return httpx.Response(404 if "transactions" in request.url.path else 200, json={"data": []})

    return respond


def captures(result: Any) -> dict[str, str]:
    return {fact.object_id: fact.status for fact in result.facts if fact.kind == "capture"}


async def test_before_the_payer_has_begun_nothing_is_decided(fetch: Any, bank: Any) -> None:
    result = await fetch(bank, None)
    assert (result.status, result.facts, result.provider_ref) == ("pending", [], None)
    assert result.trusted


@pytest.mark.parametrize("status", [400, 404])
async def test_a_reference_that_flutterwave_does_not_know_yet_is_pending(
    status: int, fetch: Any
) -> None:
    envelope = {"status": "error", "message": "No transaction was found", "data": None}
    result = await fetch(lambda _: httpx.Response(status, json=envelope))
    assert result.status == "pending"


@pytest.mark.parametrize(
    ("fixture", "number", "minor", "fee"),
    [
        ("v3-verify-by-reference", "8415006", 250_000, 3_500),
        ("v3-verify-card-successful", "288200108", 10_000, 140),
    ],
)
async def test_a_successful_transaction_is_a_capture(
    fixture: str, number: str, minor: int, fee: int, fetch: Any, captured: Callable[[str], bytes]
) -> None:
    body = captured(fixture)
    result = await fetch(only(body))
    created = datetime.fromisoformat(json.loads(body)["data"]["created_at"])
    assert result.status == "succeeded"
    assert result.facts == [
        Fact(
            kind="capture",
            object_id=number,
            status="succeeded",
            amount=Money(minor, "NGN"),
            at=created.astimezone(UTC),
            fee=fee,
        )
    ]


async def test_a_transaction_under_another_reference_is_not_believed(
    fetch: Any, captured: Callable[[str], bytes]
) -> None:
    result = await fetch(only(captured("v3-verify-by-reference"), "somebody-elses"))
    assert (result.status, result.facts) == ("pending", [])


async def test_a_list_that_is_not_filtered_brings_only_our_own(fetch: Any, bank: Any) -> None:
    bank.add("another", 10, status="successful")
    ours = bank.add(REF, 20, status="successful")
    bank.of = lambda _: bank.transactions
    result = await fetch(bank)
    assert captures(result) == {str(ours["id"]): "succeeded"}


async def test_every_attempt_under_a_reference_counts_by_itself(fetch: Any, bank: Any) -> None:
    bank.add(REF, 1250, status="failed", processor_response="Insufficient funds")
    bank.add(REF, 1250, status="successful")
    bank.add(REF, 1250, status="successful")
    result = await fetch(bank)
    assert result.status == "succeeded"
    amounts = [one.amount.amount for one in result.facts if one.status == "succeeded"]
    assert amounts == [125_000, 125_000]
    assert [one.code for one in result.facts if one.status == "failed"] == ["insufficient_funds"]


async def test_what_came_is_told_as_it_is_whatever_was_asked(fetch: Any, bank: Any) -> None:
    bank.add(REF, "0.01", currency="NGN", status="successful")
    result = await fetch(bank)
    assert result.facts[0].amount == Money(1, "NGN")


async def test_a_failed_try_on_the_hosted_page_leaves_the_payment_open(
    fetch: Any, bank: Any
) -> None:
    failed = bank.add(REF, 1250, status="failed")
    result = await fetch(bank)
    assert result.status == "pending"
    assert captures(result) == {str(failed["id"]): "failed", REF: "pending"}


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        ("failed", "Request cancelled by user", "customer_canceled"),
        ("failed", "DS timeout", "no_answer"),
        ("failed", "Something else", "declined"),
        ("failed", None, "declined"),
        ("cancelled", None, "customer_canceled"),
    ],
)
async def test_a_direct_charge_that_failed_is_over(
    status: str, said: str | None, code: str, fetch: Any, bank: Any
) -> None:
    number = str(bank.add(REF, 1250, status=status, processor_response=said)["id"])
    result = await fetch(bank, number)
    assert (result.status, result.code) == ("failed", code)
    assert result.provider_ref == number
    assert set(captures(result)) == {number}


async def test_a_direct_charge_is_not_over_while_one_is_open(fetch: Any, bank: Any) -> None:
    bank.add(REF, 1250, status="failed")
    number = str(bank.add(REF, 1250)["id"])
    assert (await fetch(bank, number)).status == "pending"


async def test_a_direct_charge_that_is_not_listed_is_verified_by_its_number(
    fetch: Any, captured: Callable[[str], bytes]
) -> None:
    result = await fetch(only(captured("v3-verify-card-successful")), "288200108")
    assert result.status == "succeeded"


@pytest.mark.parametrize("said", ["pending", "PENDING", "something new", ""])
async def test_prose_does_not_make_a_payment(said: str, fetch: Any, bank: Any) -> None:
    bank.add(REF, 1250, status=said, processor_response="Successful")
    assert (await fetch(bank)).status == "pending"


@pytest.mark.parametrize(
    "odd",
    [
        {"amount": "NaN"},
        {"amount": None},
        {"amount": -1},
        {"currency": "shillings"},
        {"status": None},
        {"id": None},
    ],
    ids=str,
)
async def test_an_answer_that_makes_no_sense_is_a_passing_fault(
    odd: Any, fetch: Any, bank: Any
) -> None:
    bank.add(REF, 1250, status="successful").update(odd)
    with pytest.raises(ProviderFault) as raised:
        await fetch(bank)
    assert not raised.value.permanent


@pytest.mark.parametrize("when", ["2026-11-21T14:59:00+03:00", "2026-11-21T11:59:00"])
async def test_times_are_utc(when: str, fetch: Any, bank: Any) -> None:
    bank.add(REF, 1250, status="successful", created_at=when)
    (fact,) = (await fetch(bank)).facts
    assert fact.at.isoformat() == "2026-11-21T11:59:00+00:00"


@pytest.mark.parametrize("when", [None, "", "yesterday"])
async def test_a_capture_without_a_time_happened_now(when: Any, fetch: Any, bank: Any) -> None:
    bank.add(REF, 1250, status="successful", created_at=when)
    (fact,) = (await fetch(bank)).facts
    assert fact.at.tzinfo is not None


@pytest.mark.parametrize(
    ("status", "permanent"), [(401, True), (429, False), (500, False), (503, False)]
)
async def test_a_look_up_that_fails_tells_whether_it_passes(
    *, status: int, permanent: bool, fetch: Any, captured: Callable[[str], bytes]
) -> None:
    with pytest.raises(ProviderFault) as raised:
        await fetch(lambda _: httpx.Response(status, content=captured("v3-timeout-503")))
    assert raised.value.permanent is permanent


@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "Invalid parameter: tx_ref"), (409, "Conflict"), (422, "from is not a date")],
)
async def test_a_refusal_that_is_not_about_the_reference_tells_nothing(
    status: int, message: str, fetch: Any
) -> None:
    envelope = {"status": "error", "message": message, "data": None}
    with pytest.raises(ProviderFault, match=message) as raised:
        await fetch(lambda _: httpx.Response(status, json=envelope), None)
    assert not raised.value.permanent


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_money_that_came_is_known_also_while_refunds_cannot_be_told(
    status: int, fetch: Any, bank: Any
) -> None:
    bank.add(REF, 1250, status="successful")

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/refunds"):
            return httpx.Response(status, json={"status": "error", "message": "Not now"})
        answer: httpx.Response = bank(request)
        return answer

    result = await fetch(respond)
    assert (result.status, result.code) == ("unknown", "refunds_unknown")
    assert list(captures(result).values()) == ["succeeded"]


async def test_a_list_of_refunds_that_does_not_end_is_not_taken_for_all(
    fetch: Any, bank: Any
) -> None:
    bank.add(REF, 1250, status="successful")

    def respond(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = bank(request)
        if not request.url.path.endswith("/refunds"):
            return answer
        meta = {"page_info": {"total": 9_999, "current_page": 1, "total_pages": 999}}
        return httpx.Response(200, json={"status": "success", "data": [], "meta": meta})

    assert (await fetch(respond)).status == "unknown"
