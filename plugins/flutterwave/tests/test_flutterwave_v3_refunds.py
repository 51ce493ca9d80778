"""Giving money back through v3: once for each operation, of the right transaction, truly told."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tradewind import Change, Money, ProviderFault
from tradewind_flutterwave import FlutterwaveProvider

REF = "018f5b2e-0000-7000-8000-000000000001"


def change(operation: str = "op-1", amount: int = 50_000, **changes: Any) -> Change:
    usual: dict[str, Any] = {
        "operation_id": operation,
        "payment_id": UUID(REF),
        "provider_ref": REF,
        "amount": Money(amount, changes.pop("currency", "KES")),
        "reason": "Out of stock",
    }
    return Change(**{**usual, **changes})


@pytest.fixture
def refund(provider: FlutterwaveProvider, context: Callable[..., Any]) -> Any:
    async def give(peer: Any, asked: Change) -> Any:
        return await provider.refund(context(peer), asked)

    return give


@pytest.fixture
def paid(bank: Any) -> str:
    """The number of a transaction of KES 1,250 that was paid."""
    return str(bank.add(REF, 1250, status="successful")["id"])


async def test_a_refund_is_taken_from_the_capture_that_is_named(
    refund: Any, bank: Any, paid: str
) -> None:
    bank.add(REF, 1250, status="successful")
    result = await refund(bank, change(object_id=paid))
    assert result.status == "succeeded"
    (fact,) = result.facts
    assert (fact.kind, fact.object_id, fact.status) == ("refund", "75000", "succeeded")
    assert fact.amount == Money(50_000, "KES")
    (request,) = bank.writes
    assert request.url.path == f"/v3/transactions/{paid}/refund"
    assert json.loads(request.content) == {"amount": 500, "comments": "[op-1] Out of stock"}


async def test_the_same_operation_is_refunded_once(refund: Any, bank: Any, paid: str) -> None:
    first = await refund(bank, change(object_id=paid))
    again = await refund(bank, change(object_id=paid))
    assert len(bank.writes) == len(bank.refunds) == 1
    assert again.status == first.status == "succeeded"
    assert again.facts == first.facts


async def test_a_refund_whose_answer_was_lost_is_found_and_not_repeated(
    refund: Any, bank: Any, paid: str
) -> None:
    bank.lose = True
    assert (await refund(bank, change(object_id=paid))).status == "unknown"
    assert (await refund(bank, change(object_id=paid))).status == "succeeded"
    assert len(bank.refunds) == 1


async def test_two_operations_with_equal_amounts_are_two_refunds(
    refund: Any, bank: Any, paid: str
) -> None:
    first = await refund(bank, change("op-1", object_id=paid))
    second = await refund(bank, change("op-11", object_id=paid))
    third = await refund(bank, change("op-1", object_id=paid))
    assert len(bank.refunds) == 2
    assert first.facts[0].object_id == third.facts[0].object_id != second.facts[0].object_id


async def test_a_refund_far_down_a_list_that_is_not_filtered_is_found(
    refund: Any, bank: Any, paid: str
) -> None:
    await refund(bank, change(object_id=paid))
    others = [{**bank.refunds[0], "id": 9, "transaction_id": 9}] * 40

    def paged(request: httpx.Request) -> Any:
        if request.url.path != "/v3/refunds":
            return bank(request)
        page = int(request.url.params["page"])
        rows = (others + bank.refunds)[(page - 1) * 20 : page * 20]
        meta = {"page_info": {"total": 41, "current_page": page, "total_pages": 3}}
        return httpx.Response(200, json=json.loads(_text({"meta": meta, "data": rows})))

    assert (await refund(paged, change(object_id=paid))).facts[0].object_id == "75000"
    assert len(bank.refunds) == 1


def _text(tree: Any) -> str:
    return json.dumps(tree, default=int)


async def test_where_it_cannot_be_told_whether_it_was_refunded_nothing_is(
    refund: Any, bank: Any, paid: str
) -> None:
    def endless(request: httpx.Request) -> Any:
        if request.url.path != "/v3/refunds":
            return bank(request)
        meta = {"page_info": {"total": 9_999, "current_page": 1, "total_pages": 500}}
        return httpx.Response(200, json={"meta": meta, "data": []})

    with pytest.raises(ProviderFault) as raised:
        await refund(endless, change(object_id=paid))
    assert raised.value.permanent
    assert not bank.writes


@pytest.mark.parametrize("status", [400, 500, 503])
async def test_a_list_that_cannot_be_read_stops_the_refund(
    status: int, refund: Any, bank: Any, paid: str
) -> None:
    def broken(request: httpx.Request) -> Any:
        return httpx.Response(status) if request.url.path == "/v3/refunds" else bank(request)

    with pytest.raises(ProviderFault) as raised:
        await refund(broken, change(object_id=paid))
    assert not raised.value.permanent
    assert not bank.writes


@pytest.mark.parametrize(
    ("said", "status", "fact"),
    [
        ("completed", "succeeded", "succeeded"),
        ("completed-momo", "succeeded", "succeeded"),
        ("completed-bank-transfer", "succeeded", "succeeded"),
        ("successful", "succeeded", "succeeded"),
        ("pending", "pending", "pending"),
        ("new", "pending", "pending"),
        ("failed", "failed", "failed"),
    ],
)
async def test_what_the_words_for_a_refund_mean(
    said: str,
    status: str,
    fact: str,
    refund: Any,
    bank: Any,
    paid: str,
    provider: Any,
    context: Any,
) -> None:
    await refund(bank, change(object_id=paid))
    bank.refunds[0]["status"] = said
    result = await refund(bank, change(object_id=paid))
    assert (result.status, result.facts[0].status) == (status, fact)
    assert result.code == ("refund_failed" if status == "failed" else "")
    known = await provider.fetch(context(bank), REF, REF)
    assert [(one.object_id, one.status) for one in known.facts if one.kind == "refund"] == [
        ("75000", fact)
    ]


async def test_the_answer_as_it_is_documented_is_understood(
    refund: Any, bank: Any, paid: str, captured: Callable[[str], bytes]
) -> None:
    def documented(request: httpx.Request) -> Any:
        if request.method == "POST":
            return httpx.Response(200, content=captured("v3-refund"))
        return bank(request)

    (fact,) = (await refund(documented, change(object_id=paid))).facts
    assert (fact.object_id, fact.amount) == ("75923", Money(690_000, "KES"))
    assert fact.at.isoformat() == "2021-01-24T09:18:37.366000+00:00"


async def test_more_than_is_left_is_refused_in_flutterwaves_words(
    refund: Any, bank: Any, paid: str
) -> None:
    await refund(bank, change("op-1", 100_000, object_id=paid))
    result = await refund(bank, change("op-2", 100_000, object_id=paid))
    assert (result.status, result.code) == ("failed", "refused")
    assert result.message == "Refund amount is more than what is left"
    assert not result.facts


async def test_without_a_named_capture_one_that_is_large_enough_is_taken(
    refund: Any, bank: Any
) -> None:
    bank.add(REF, 1250, status="failed")
    bank.add(REF, 10, status="successful")
    large = bank.add(REF, 1250, status="successful")
    assert (await refund(bank, change())).status == "succeeded"
    assert bank.refunds[0]["transaction_id"] == large["id"]


async def test_a_direct_charge_is_refunded_by_its_own_number(
    refund: Any, bank: Any, paid: str
) -> None:
    assert (await refund(bank, change(provider_ref=paid))).status == "succeeded"


@pytest.mark.parametrize(
    "other",
    [{"tx_ref": "somebody-elses"}, {"currency": "NGN"}, {"status": "failed"}],
    ids=str,
)
async def test_a_transaction_that_is_not_this_payments_is_not_touched(
    other: dict[str, str], refund: Any, bank: Any, paid: str
) -> None:
    bank.one(paid).update(other)
    result = await refund(bank, change(object_id=paid))
    assert (result.status, result.code) == ("failed", "not_refundable")
    assert not bank.writes


async def test_what_did_not_come_is_not_asked_about(
    bank: Any, provider: FlutterwaveProvider, context: Callable[..., Any]
) -> None:
    bank.add(REF, 1250, status="failed")
    bank.add(REF, 1250)
    asked = context(bank)
    await provider.fetch(asked, REF, REF)
    assert [one.url.path for one in asked.world.requests] == ["/v3/transactions"]


async def test_a_refund_list_that_fails_keeps_nobody_from_knowing_that_money_came(
    bank: Any, paid: str, provider: FlutterwaveProvider, context: Callable[..., Any]
) -> None:
    def broken(request: httpx.Request) -> Any:
        return httpx.Response(500) if request.url.path == "/v3/refunds" else bank(request)

    result = await provider.fetch(context(broken), REF, REF)
    assert result.status == "unknown"
    assert [one.kind for one in result.facts] == ["capture"]
