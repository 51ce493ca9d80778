"""Faults of Flutterwave: on its webhooks, on both its APIs, on its tokens; never on its pages."""

import json
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.integration.sandbox.flutterwave import Till
from tests.integration.sandbox.world import fault, faults

LONG = 3_600_000


def told(till: Till) -> list[str]:
    return [json.loads(request.content)["data"]["tx_ref"] for request in till.heard]


async def test_without_faults_the_store_is_told_once(till: Till) -> None:
    await till.link()
    await till.settle()
    assert told(till) == ["ref-1"]


@pytest.mark.parametrize(("kind", "times"), [("drop", 0), ("duplicate", 2), ("delay", 1)])
async def test_the_webhook_of_a_payment_can_go_wrong(till: Till, kind: str, times: int) -> None:
    await fault(till.world, peer="flutterwave", kind=kind, count=1, milliseconds=0)
    await till.link()
    assert (await till.settle()).status_code == 200
    assert (await till.by_reference()).json()["data"]["status"] == "successful"
    assert told(till) == ["ref-1"] * times


async def test_webhooks_of_two_payments_change_places(till: Till) -> None:
    await till.link("ref-1")
    await till.link("ref-2")
    await fault(till.world, peer="flutterwave", kind="reorder", count=1, milliseconds=LONG)
    door, body = "/flutterwave/settle", {"status": "successful"}
    await till.world.client.post(door, json={**body, "tx_ref": "ref-1"})
    await till.settle("ref-2")
    assert told(till) == ["ref-2", "ref-1"]


async def ask_v3(till: Till) -> httpx.Response:
    return await till.charge()


async def ask_v4(till: Till) -> httpx.Response:
    return await till.v4("GET", "/charges")


async def ask_token(till: Till) -> httpx.Response:
    return await till.token()


Ask = Callable[[Till], Awaitable[httpx.Response]]


@pytest.mark.parametrize("ask", [ask_v3, ask_v4, ask_token])
@pytest.mark.parametrize("status", [429, 500])
async def test_a_call_is_refused_and_then_goes_well(till: Till, ask: Ask, status: int) -> None:
    await ask_v4(till)
    await fault(till.world, peer="flutterwave", kind=f"status_{status}", count=1)
    assert (await ask(till)).status_code == status
    assert await till.books() == {"Lucky Shrub": [], "Second Shrub": []}
    assert (await ask(till)).status_code < 400


async def test_a_refused_charge_has_no_effect_and_one_without_an_answer_has(till: Till) -> None:
    await fault(till.world, peer="flutterwave", kind="status_500", count=1)
    assert (await till.charge(tx_ref="refused")).status_code == 500
    await fault(
        till.world, peer="flutterwave", kind="timeout_after_effect", count=1, milliseconds=0
    )
    assert (await till.charge(tx_ref="unknown")).status_code == 503
    (ours, _) = (await till.books()).values()
    assert [transaction["tx_ref"] for transaction in ours] == ["unknown"]


async def test_the_hosted_page_is_never_hit(till: Till) -> None:
    link = await till.link()
    await fault(till.world, peer="flutterwave", kind="status_500")
    assert (await till.world.client.get(link)).status_code == 200
    assert (await till.press(link, "pay")).status_code < 500
    assert (await faults(till.world))["injected"] == {}
