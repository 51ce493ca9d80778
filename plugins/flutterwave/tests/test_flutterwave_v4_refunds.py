"""Refunds through v4, and payments made before an account was switched."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tradewind import Change, Money
from tradewind_flutterwave import FlutterwaveProvider

REF = "018f5b2e-0000-7000-8000-000000000001"
ACCOUNT = {"api": "v4", "client_id": "id", "client_secret": "secret"}
Captured = Callable[[str], bytes]


@pytest.fixture
def account(context: Callable[..., Any]) -> Callable[..., Any]:
    return lambda peer, **changes: context(peer, **{**ACCOUNT, **changes})


@pytest.fixture
def fetch(provider: FlutterwaveProvider, account: Callable[..., Any]) -> Any:
    async def ask(peer: Any, ref: str | None = None, operation: str = REF) -> Any:
        return await provider.fetch(account(peer), operation, ref)

    return ask


def change(operation: str = "op-1", **changes: Any) -> Change:
    usual: dict[str, Any] = {
        "operation_id": operation,
        "payment_id": UUID(REF),
        "provider_ref": "chg_0",
        "object_id": "chg_0",
        "amount": Money(50_000, "KES"),
    }
    return Change(**{**usual, **changes})


@pytest.fixture
def refund(provider: FlutterwaveProvider, account: Callable[..., Any]) -> Any:
    async def give(peer: Any, asked: Change) -> Any:
        return await provider.refund(account(peer), asked)

    return give


async def test_a_refund_is_done_once_for_each_operation(refund: Any, new_bank: Any) -> None:
    first = await refund(new_bank, change("op-1"))
    again = await refund(new_bank, change("op-1"))
    other = await refund(new_bank, change("op-2"))
    assert first.status == "succeeded"
    assert first.facts == again.facts
    assert first.facts[0].object_id != other.facts[0].object_id
    assert first.facts[0].at.year == 2026
    assert len(new_bank.refunds) == 2
    assert json.loads(new_bank.writes[0].content) == {
        "charge_id": "chg_0",
        "amount": 500,
        "reason": "requested_by_customer",
    }


async def test_a_refund_whose_answer_was_lost_is_done_once(refund: Any, new_bank: Any) -> None:
    new_bank.lose = "/refunds"
    assert (await refund(new_bank, change())).status == "unknown"
    assert (await refund(new_bank, change())).status == "succeeded"
    assert len(new_bank.refunds) == 1


async def test_the_answer_to_a_refund_as_it_is_documented_is_understood(
    refund: Any, new_bank: Any, captured: Captured
) -> None:
    def respond(request: httpx.Request) -> Any:
        if request.url.path == "/refunds":
            return httpx.Response(201, content=captured("v4-refund-created"))
        return new_bank(request)

    (fact,) = (await refund(respond, change())).facts
    assert (fact.object_id, fact.status) == ("rfd_eHwAkSdZ48", "succeeded")
    assert fact.amount == Money(200_000, "KES")


async def test_a_refused_refund_is_a_result_in_flutterwaves_words(
    refund: Any, new_bank: Any, captured: Captured
) -> None:
    def respond(request: httpx.Request) -> Any:
        if request.url.path == "/refunds":
            return httpx.Response(400, content=captured("v4-error-10400"))
        return new_bank(request)

    result = await refund(respond, change())
    assert (result.status, result.code, result.facts) == ("failed", "10400", ())


@pytest.mark.parametrize(
    ("word", "status"),
    [("new", "pending"), ("pending", "pending"), ("succeeded", "succeeded"), ("failed", "failed")],
)
async def test_a_refund_is_followed_by_looking_its_payment_up(
    word: str, status: str, refund: Any, fetch: Any, new_bank: Any
) -> None:
    new_bank.add(REF, 1250, status="succeeded")
    await refund(new_bank, change())
    new_bank.refunds += [{**new_bank.refunds[0], "id": "x", "charge_id": "chg_9"}] * 60
    new_bank.refunds[0]["status"] = word
    found = [one for one in (await fetch(new_bank, "chg_0")).facts if one.kind == "refund"]
    assert [(one.object_id, one.status) for one in found] == [("rfd_0", status)]


async def test_the_documented_list_of_refunds_is_understood(
    fetch: Any, new_bank: Any, captured: Captured
) -> None:
    new_bank.add(REF, 5000, status="succeeded", id="chg_ujfv5xWlpX")

    def respond(request: httpx.Request) -> Any:
        if request.url.path == "/refunds":
            return httpx.Response(200, content=captured("v4-refund-list"))
        return new_bank(request)

    _, refunded = (await fetch(respond, "chg_ujfv5xWlpX")).facts
    assert (refunded.object_id, refunded.amount) == ("rfd_VBwFTccOHT", Money(200_000, "KES"))


async def test_a_refund_list_that_fails_keeps_nobody_from_knowing_that_money_came(
    fetch: Any, new_bank: Any
) -> None:
    new_bank.add(REF, 1250, status="succeeded")

    def respond(request: httpx.Request) -> Any:
        return httpx.Response(500) if request.url.path == "/refunds" else new_bank(request)

    result = await fetch(respond, "chg_0")
    assert [one.kind for one in result.facts] == ["capture"]


async def test_payments_made_before_an_account_was_switched_are_still_looked_up(
    provider: FlutterwaveProvider, context: Callable[..., Any], bank: Any, new_bank: Any
) -> None:
    bank.add(REF, 1250, status="successful")
    new_bank.add(REF, 1250, status="succeeded")
    now_v4 = context(bank, **ACCOUNT)
    now_v3 = context(new_bank, client_id="id", client_secret="secret")
    assert (await provider.fetch(now_v4, REF, REF)).status == "succeeded"
    assert (await provider.fetch(now_v3, REF, "chg_0")).status == "succeeded"
    assert (await provider.refund(now_v3, change())).status == "succeeded"


async def test_the_operators_address_is_that_of_the_chosen_api_alone(
    provider: FlutterwaveProvider, context: Callable[..., Any], bank: Any
) -> None:
    asked = context(bank, api_base="http://127.0.0.1:9/v4", **ACCOUNT)
    await provider.fetch(asked, REF, REF)
    assert {one.url.host for one in asked.world.requests} == {"api.flutterwave.com"}
